"""Sending: each notice once, whatever ends in the middle, on both kinds of store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from icaccess.errors import NoticeError, StoreLockedError, UsageError
from icaccess.notices.gather import Due
from icaccess.notices.interface import Channel, Message, Notice, RefusedError, UnconfirmedError
from icaccess.notices.send import look, send
from icaccess.notices.words import Words
from icaccess.store import audit
from icaccess.store import notices as recorded
from icaccess.store.consents import Consent
from icaccess.store.database import Store
from icaccess.store.lock import applying
from icaccess.store.verify import verify

DAY = date(2028, 5, 1)
WORDS = Words(None, {})


class Killed(BaseException):
    """Stands for the end of the process."""


class ScriptedChannel(Channel):
    """Takes messages by a script: for each the moment of an end or an error, or nothing."""

    name = "mail"
    needs_address = True

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.taken: list[Message] = []

    def check(self) -> str:
        return "fine"

    def send(self, message: Message, handed_over: Callable[[], None]) -> None:
        what = self.script.pop(0) if self.script else ""
        if what == "down":
            raise NoticeError("the mail server is down")
        if what == "refused":
            raise RefusedError("550 no such user", for_good=True)
        if what == "later":
            raise RefusedError("450 later", for_good=False)
        if what == "killed before":
            raise Killed
        handed_over()
        self.taken.append(message)
        if what == "killed after":
            raise Killed
        if what == "lost":
            raise UnconfirmedError("the connection ended")

    def close(self) -> None:
        pass

    @property
    def told(self) -> list[str]:
        return [one.recipient for message in self.taken for one in message.notices]


def recertify(number: int, fact: str = "2028-06-30", address: str | None = None) -> Notice:
    return Notice(
        kind="recertification_open",
        recipient=f"{number:06}",
        fact=fact,
        as_of=DAY,
        name="Sample Person",
        address=f"p{number}@example.org" if address is None else address,
        values={"valid_through": fact, "recertification_opens": "2028-01-01"},
    )


def operator(kind: str, fact: str) -> Notice:
    to = "d@example.org"
    return Notice(kind=kind, recipient=to, fact=fact, as_of=DAY, address=to, values={"text": fact})


def due(*notices: Notice, problem: str = "") -> Due:
    return Due(as_of=DAY, notices=notices, problem=problem)


def tell(store: Store, channel: Channel, *notices: Notice, limit: int | None = None, problem: str = ""):
    return send(store, due(*notices, problem=problem), [channel], WORDS, limit=limit)


def states(store: Store, recipient: str) -> list[tuple[str, str]]:
    with store.reading() as connection:
        return [(one.state, one.note) for one in recorded.of_recipient(connection, recipient)]


def test_each_is_told_once(store):
    channel = ScriptedChannel()
    assert tell(store, channel, recertify(1), recertify(2)).counts == {"sent": 2}
    assert tell(store, channel, recertify(1), recertify(2)).counts == {}
    assert tell(store, channel, recertify(1, "2030-06-30")).counts == {"sent": 1}
    assert channel.told == ["000001", "000002", "000001"]
    with store.reading() as connection:
        told = [entry for entry in audit.entries(connection, "000001") if entry.kind == "notice"]
        assert [entry.body["fact"] for entry in told] == ["2028-06-30", "2030-06-30"]
        assert "example.org" not in str(told)
        verify(connection)


@pytest.mark.parametrize("number", [1, 50, 130])
@pytest.mark.parametrize("moment", ["killed before", "killed after"])
def test_the_next_run_settles_a_killed_one(sqlite_store, number, moment):
    people = [recertify(one) for one in range(1, 150)]
    channel = ScriptedChannel(*[""] * (number - 1), moment)
    with pytest.raises(Killed):
        tell(sqlite_store, channel, *people)
    tell(sqlite_store, channel, *people)
    assert sorted(channel.told) == sorted(one.recipient for one in people)
    state = "handed_over" if moment == "killed after" else "sent"
    assert states(sqlite_store, f"{number:06}") == [(state, "")]


def test_a_server_that_is_down_is_left_to_the_next_run(store):
    channel = ScriptedChannel("", "down")
    told = tell(store, channel, recertify(1), recertify(2), recertify(3))
    assert told.counts == {"sent": 1, "waiting": 2}
    assert told.problems == ("the mail server is down; 2 messages wait for the next run",)
    assert states(store, "000002") == [("intended", "the mail server is down")]
    assert tell(store, channel, recertify(1), recertify(2), recertify(3)).counts == {"sent": 2}
    assert channel.told == ["000001", "000002", "000003"]


def test_a_refused_recipient_is_tried_at_a_new_address(store):
    channel = ScriptedChannel("refused")
    told = tell(store, channel, recertify(1), recertify(2))
    assert told.counts == {"failed": 1, "sent": 1}
    assert told.refusals == ("000001: 550 no such user",)
    assert tell(store, channel, recertify(1), recertify(2)).counts == {}
    assert tell(store, channel, recertify(1, address="new@example.org")).counts == {"sent": 1}


def test_after_three_refused_for_now_in_a_row_all_wait(store):
    channel = ScriptedChannel("later", "", "later", "later", "later")
    told = tell(store, channel, *(recertify(one) for one in range(1, 9)))
    assert told.counts == {"sent": 1, "waiting": 7}
    assert told.problems == ("mail: 3 messages in a row were not taken; 3 more wait for the next run",)
    assert tell(store, channel, *(recertify(one) for one in range(1, 9))).counts == {"sent": 7}


def test_a_server_that_refuses_all_loses_nothing(store):
    people = [recertify(one) for one in range(1, 6)]
    told = tell(store, ScriptedChannel(*["refused"] * 5), *people)
    assert told.counts == {"waiting": 5}
    assert told.problems == ("mail: all of 5 messages were refused; they wait for the next run",)
    assert tell(store, ScriptedChannel(), *people).counts == {"sent": 5}


def test_an_unconfirmed_message_is_told_not_repeated(store):
    channel = ScriptedChannel("lost")
    told = tell(store, channel, recertify(1), recertify(2))
    assert told.counts == {"sent": 1, "unconfirmed": 1}
    assert told.refusals == ("000001: the connection ended",)
    assert tell(store, channel, recertify(1), recertify(2)).counts == {}
    assert states(store, "000001") == [("handed_over", "the connection ended")]


def test_a_server_that_dies_each_time_is_left_alone(store):
    people = [recertify(one) for one in range(1, 9)]
    told = tell(store, ScriptedChannel(*["lost"] * 8), *people)
    assert told.counts == {"unconfirmed": 3, "waiting": 5}
    assert told.problems == ("mail: 3 messages in a row were not taken; 5 more wait for the next run",)
    assert tell(store, ScriptedChannel(), *people).counts == {"sent": 5}


def test_what_is_not_true_is_dropped_until_it_is_again(store):
    channel = ScriptedChannel("down")
    tell(store, channel, recertify(1))
    tell(store, channel, recertify(2))
    assert channel.told == ["000002"]
    assert states(store, "000001") == [("dropped", "not true any more")]
    tell(store, channel, recertify(1), recertify(2))
    assert channel.told == ["000002", "000001"]


def test_nothing_is_dropped_while_the_truth_is_unknown(store):
    channel = ScriptedChannel("down")
    tell(store, channel, recertify(1))
    tell(store, channel, problem="the facts cannot be read")
    assert states(store, "000001") == [("intended", "the mail server is down")]


def test_those_without_an_address_are_counted_once(store):
    channel = ScriptedChannel()
    told = tell(store, channel, recertify(1, address=""), recertify(2, address=""), recertify(3))
    assert told.counts == {"sent": 1, "without an address": 2}
    assert told.warnings == ("2 recipients have no e-mail address in the facts and are told nothing",)
    assert tell(store, channel, recertify(1, address=""), recertify(3)).counts == {}
    assert tell(store, channel, recertify(1)).counts == {"sent": 1}


def test_more_than_the_limit_waits_for_consent_to_it(store):
    channel = ScriptedChannel()
    people = [recertify(1), recertify(2), recertify(3)]
    told = tell(store, channel, *people, operator("guard_stop", "now"), limit=2)
    assert "3 notices to people and approvers: more than the 2 allowed in a day" in told.stopped
    assert channel.told == ["d@example.org"]  # operators are told all the same
    lot = look(store, due(*people), [channel]).digest
    with pytest.raises(UsageError, match="the consent names the lot 000000000000"):
        consent = Consent(plan="0" * 12, by="Sample", reason="looked")
        send(store, due(*people), [channel], WORDS, limit=2, consent=consent)
    consent = Consent(plan=lot[:12], by="Sample", reason="looked")
    assert send(store, due(*people), [channel], WORDS, limit=2, consent=consent).counts == {"sent": 3}
    with store.reading() as connection:
        assert audit.holds(connection, "consent", {"by": "Sample", "plan_digest": lot})


def test_a_consent_to_another_lot_says_which_waits(store):
    consent = Consent(plan="0" * 12, by="Sample", reason="looked")
    with pytest.raises(UsageError, match="names the lot 000000000000, and no notices wait; look with"):
        send(store, due(), [ScriptedChannel()], WORDS, limit=2, consent=consent)
    channel = ScriptedChannel()
    lot = look(store, due(recertify(1)), [channel]).short
    with pytest.raises(UsageError, match=f"names the lot 000000000000, and this one is {lot}; look with"):
        send(store, due(recertify(1)), [channel], WORDS, limit=2, consent=consent)
    assert not channel.told
    consent = Consent(plan=lot, by="Sample", reason="looked")
    assert send(store, due(recertify(1)), [channel], WORDS, limit=2, consent=consent).counts == {"sent": 1}
    with store.reading() as connection:
        assert not audit.holds(connection, "consent", {"by": "Sample"})  # the limit asked for none


def test_the_limit_counts_what_would_go_out(store):
    people = [recertify(1), recertify(2), *(recertify(one, address="") for one in range(3, 9))]
    found = look(store, due(*people), [ScriptedChannel()])
    assert (found.over(2), found.without_address) == ("", 6)
    assert found.over(1).startswith("2 notices to people and approvers: more than the 1 allowed")
    told = tell(store, ScriptedChannel(), *people, limit=2)
    assert (told.stopped, told.counts) == ("", {"sent": 2, "without an address": 6})


def test_the_limit_counts_what_went_out_that_day(store):
    channel = ScriptedChannel()
    assert tell(store, channel, recertify(1), recertify(2), limit=3).counts == {"sent": 2}
    told = tell(store, channel, recertify(1), recertify(2), recertify(3), recertify(4), limit=3)
    assert told.stopped.startswith(
        "2 notices to people and approvers, after 2 today: more than the 3 allowed"
    )
    assert channel.told == ["000001", "000002"]


def test_an_operator_gets_all_news_in_one_message(store):
    channel = ScriptedChannel()
    tell(store, channel, operator("guard_stop", "a"), operator("run_failed", "b"))
    tell(store, channel, operator("guard_stop", "a"), operator("grant_overdue", "c"))
    assert [[one.fact for one in message.notices] for message in channel.taken] == [["a", "b"], ["c"]]


def test_two_processes_never_send_at_once(store):
    with applying(store, "test"), pytest.raises(StoreLockedError):
        tell(store, ScriptedChannel(), recertify(1))
