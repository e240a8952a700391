"""The last message is true: an end that comes back is told again, one that is none any more taken back."""

from __future__ import annotations

from datetime import date

import pytest

from icaccess.notices.gather import Due
from icaccess.notices.interface import Notice
from icaccess.notices.send import send
from icaccess.notices.words import Words
from icaccess.store import notices as recorded
from tests.notices.test_send import ScriptedChannel

DAY = date(2028, 6, 1)
WORDS = Words(None, {})
JUNE, JULY = "2028-06-30", "2028-07-15"


def notice(kind: str, fact: str, **values: object) -> Notice:
    return Notice(
        kind=kind,
        recipient="000001",
        fact=fact,
        as_of=DAY,
        address="p@example.org",
        values={"valid_through": "2030-06-30", **values},
    )


def ends(day: str, lead: int = 60, codes: str = "not_employed", *, recertify: bool = False) -> Notice:
    fact = f"{day} {codes} {lead}"
    return notice(
        "access_ending",
        fact,
        last_day=day,
        days_left=lead,
        reasons=[],
        recertify=recertify,
        recertification_opens="2028-01-01",
    )


def kept(day: str) -> Notice:
    return notice("access_kept", day, last_day=day)


RECERTIFIED = notice("recertified", "2030-06-30")
GIVEN = notice("access_given", "run 1.1", since="2028-06-01", locations=["210"])
DOWN = "down"


def tell(store, channel: ScriptedChannel, *notices: Notice) -> list[str]:
    """The facts that go out on a day on which these are due."""
    before = len(channel.taken)
    send(store, Due(as_of=DAY, notices=notices), [channel], WORDS, limit=None)
    return [one.first.fact for one in channel.taken[before:]]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        pytest.param(
            [ends(JUNE), ends(JULY), ends(JUNE), ends(JUNE)],
            [f"{JUNE} not_employed 60", f"{JULY} not_employed 60", f"{JUNE} again 2 not_employed 60"],
            id="another day and back",
        ),
        pytest.param(
            [ends(JUNE), ends(JULY), ends(JUNE), ends(JUNE, 14), ends(JULY), ends(JUNE, 14)],
            [
                f"{JUNE} not_employed 60",
                f"{JULY} not_employed 60",
                f"{JUNE} again 2 not_employed 60",
                f"{JUNE} again 2 not_employed 14",
                f"{JULY} again 2 not_employed 60",
                f"{JUNE} again 3 not_employed 14",
            ],
            id="to and fro",
        ),
        pytest.param(
            [ends(JUNE), ends(JUNE, codes="role_not_eligible"), ends(JUNE)],
            [f"{JUNE} not_employed 60", f"{JUNE} role_not_eligible 60", f"{JUNE} again 2 not_employed 60"],
            id="another reason and back",
        ),
        pytest.param(
            [ends(JUNE), DOWN, ends(JULY), ends(JUNE)],
            [f"{JUNE} not_employed 60"],
            id="another day, untold",
        ),
        pytest.param(
            [ends(JUNE, 60), ends(JUNE, 14), ends(JUNE, 60)],
            [f"{JUNE} not_employed 60", f"{JUNE} not_employed 14"],
            id="never gone",
        ),
        pytest.param(
            [ends(JUNE), kept(JUNE), kept(JUNE), ends(JUNE), kept(JUNE), kept(JUNE)],
            [
                f"{JUNE} not_employed 60",
                JUNE,
                f"{JUNE} again 2 not_employed 60",
                f"{JUNE} again 2",
            ],
            id="taken back twice",
        ),
        pytest.param(
            [ends(JUNE), ends(JULY), kept(JUNE)],
            [f"{JUNE} not_employed 60", f"{JULY} not_employed 60"],
            id="only the last end",
        ),
        pytest.param([kept(JUNE)], [], id="nothing to take back"),
        pytest.param(
            [ends(JUNE, recertify=True), (RECERTIFIED, kept(JUNE)), kept(JUNE), ends(JUNE, recertify=True)],
            [f"{JUNE} not_employed 60", "2030-06-30", f"{JUNE} again 2 not_employed 60"],
            id="recertified",
        ),
        pytest.param(
            [ends(JUNE), RECERTIFIED, ends(JUNE), kept(JUNE)],
            [f"{JUNE} not_employed 60", "2030-06-30", JUNE],
            id="recertified, and leaving",
        ),
        pytest.param(
            [ends(JUNE), (kept(JUNE), GIVEN), kept(JUNE)],
            [f"{JUNE} not_employed 60", "run 1.1"],
            id="given",
        ),
    ],
)
def test_last_message(store, days, told):
    channel = ScriptedChannel()
    found: list[str] = []
    for day in days:
        if day == DOWN:
            channel.script.append(DOWN)
        else:
            found += tell(store, channel, *(day if isinstance(day, tuple) else (day,)))
    assert found == told
    ids = [one.id for one in channel.taken]
    assert len(ids) == len(set(ids))


def test_each_channel_has_its_own_last_message(sqlite_store):
    mail, hook = ScriptedChannel("", "down"), ScriptedChannel()
    hook.name = "webhook"
    for day in (ends(JUNE), ends(JULY), ends(JUNE), kept(JUNE)):
        send(sqlite_store, Due(as_of=DAY, notices=(day,)), [mail, hook], WORDS, limit=None)
    assert [one.first.fact for one in mail.taken] == [f"{JUNE} not_employed 60", JUNE]
    assert [one.first.kind for one in hook.taken] == [*["access_ending"] * 3, "access_kept"]


def test_what_was_not_sent_is_dropped_under_the_number_that_it_had(sqlite_store):
    channel = ScriptedChannel("", "", "down")
    for day in (ends(JUNE), ends(JULY), ends(JUNE), ends(JULY)):
        tell(sqlite_store, channel, day)
    with sqlite_store.reading() as connection:
        states = {one.fact: one.state for one in recorded.of_recipient(connection, "000001")}
    assert states == {
        f"{JUNE} not_employed 60": "sent",
        f"{JULY} not_employed 60": "sent",
        f"{JUNE} again 2 not_employed 60": "dropped",
    }


def test_an_end_that_was_taken_back_foretells_no_removal(sqlite_store):
    channel = ScriptedChannel()
    later = date(2028, 7, 20)
    for day, foretold in ((ends(JUNE), 1), (kept(JUNE), 0), (ends(JUNE), 1)):
        tell(sqlite_store, channel, day)
        with sqlite_store.reading() as connection:
            notices = recorded.endings(connection, ["000001"]).get("000001", [])
        assert len(recorded.foretelling(notices, ["not_employed"], later)) == foretold
