"""Rows that the record holds by their digests, and cached decisions by their codes: every edit is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from icaccess.audit.keys import signing_key
from icaccess.decisions import DecisionCache
from icaccess.errors import StoreError
from icaccess.models import SourceSize
from icaccess.store import consents, feeds, history, notices
from icaccess.store.database import Store, open_store
from icaccess.store.holders import StoredBasis, remember
from icaccess.store.notices import RecordedNotice
from icaccess.store.verify import verify
from tests.scripted import DAY, REVISIONS, ScriptedClient, people

DAYS = [f"2026-01-0{day}T07:00:00.000Z" for day in range(1, 6)]
EDITED, DELETED = "the row was edited", "its row was deleted"
ADDED = "the audit record does not have it"


def notice(state: notices.NoticeState = "intended") -> RecordedNotice:
    return RecordedNotice(
        channel="mail", recipient="1", kind="access_ending", fact="2026-06-30", address="one@example.org",
        as_of=DAY, state=state, note="", message_id="m", subject="s", text="t", about={}, intended_at=DAYS[0],
    )  # fmt: skip


def fill(store: Store) -> None:
    """Rows of every table, written in the ways in which a run writes them, some of them more than once."""
    with store.writing() as connection:
        remember(connection, DAYS[0], "t", {one: StoredBasis("{}", "2026-06-30", DAYS[0]) for one in "12"})
        remember(connection, DAYS[0], "t", {"2": StoredBasis("{}", "2028-06-30", DAYS[0])})
        feeds.remember(connection, DAYS[0], {"hr": SourceSize(10, 10, date(2026, 1, 1), {"id": 10})})
        consents.wait(connection, DAYS[0], "t", DAY, ["1", "2"])
        consents.wait(connection, DAYS[1], "t", DAY, ["2", "3"])
        notices.intend(connection, DAYS[1], [notice()])
        notices.settle(connection, DAYS[2], [notice().key], "handed_over")
        notices.settle(connection, DAYS[3], [notice().key], "sent")
        for at, role in zip(DAYS[3:], ("Clerk", "Teacher"), strict=True):
            document = f'{{"facts":{{"id":"1","role":"{role}"}},"decision":{{}}}}'.encode()
            history.keep(connection, at, {"1": document})


TAMPERINGS = [
    ("UPDATE basis SET valid_through = '2030-06-30' WHERE account = '2'", f"basis, row 2 at t: .*{EDITED}"),
    ("UPDATE basis SET noted_on = NULL WHERE account = '1'", EDITED),
    ("DELETE FROM basis WHERE account = '1'", f"basis, row 1 at t: .*{DELETED}"),
    ("INSERT INTO basis (target, account, basis) VALUES ('t', '9', '{}')", f"row 9 at t: .*{ADDED}"),
    ("UPDATE feed SET people = 3", f"table feed, row hr: .*{EDITED}"),
    ("DELETE FROM feed", f"table feed, row hr: .*{DELETED}"),
    ("UPDATE waiting SET since = '2020-01-01' WHERE employee_id = '3'", f"waiting, row 3 at t: .*{EDITED}"),
    ("DELETE FROM waiting WHERE employee_id = '2'", f"waiting, row 2 at t: .*{DELETED}"),
    ("INSERT INTO waiting VALUES ('t', '1', '2020-01-01')", f"waiting, row 1 at t: .*{ADDED}"),
    ("UPDATE notice SET state = 'failed'", f"table notice, row 1: .*{EDITED}"),
    ("UPDATE notice SET text = 'other'", EDITED),
    ("DELETE FROM notice", f"table notice, row 1: .*{DELETED}"),
    ("UPDATE history SET at = at - 1", r"history of 2026-01-04T06:59:59\.999Z: differs from the audit"),
    ("DELETE FROM history WHERE at = (SELECT min(at) FROM history)", "differs from|was deleted"),
    ("DELETE FROM history", r"2026-01-04T07:00:00\.000Z: is in the audit record, and was deleted"),
    ("UPDATE history SET employee_id = '7'", "history of .* differs from the audit record"),
    ("UPDATE content SET data = substr(data, 1, 3)", "what is kept of 1 was changed"),
    ("DELETE FROM content", "what is kept of 1 was changed"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "said"), TAMPERINGS, ids=map(str, range(len(TAMPERINGS))))
def test_an_edit_of_any_row_is_named(store: Store, statement: str, said: str) -> None:
    fill(store)
    with store.reading() as connection:
        verify(connection)
    with store.writing() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    with store.reading() as connection, pytest.raises(StoreError, match=said):
        verify(connection)


def test_a_row_that_came_before_the_first_run_is_named(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("INSERT INTO waiting VALUES ('t', '1', '2025-01-01')"))
    with store.reading() as connection, pytest.raises(StoreError, match=f"waiting, row 1 at t: .*{ADDED}"):
        verify(connection)


def test_what_is_deleted_after_its_years_is_no_gap(store: Store) -> None:
    for at, role in zip(DAYS, "ABCDE", strict=True):
        with store.writing() as connection:
            history.keep(connection, at, {one: f'{{"{one}":"{role}"}}'.encode() for one in "12"})
    with store.writing() as connection:
        history.prune(connection, DAYS[4], DAYS[3])
    with store.reading() as connection:
        verify(connection)


EDITS = [
    "recheck_on = '2030-01-01'", "outcome = 'allow', action = 'keep'",
    "essence = essence || 'x'", "decided_on = '2020-01-01'", "seal = seal || '0'", "seal = substr(seal, 2)",
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=map(str, range(len(EDITS))))
def test_an_edited_cached_decision_is_named_before_use(store_url: str, tmp_path: Path, edit: str) -> None:
    key = signing_key(tmp_path / "key.pem", make=True)
    with open_store(store_url, key=key) as store:
        cache = DecisionCache(ScriptedClient({}), store, keep=True)
        list(cache.decide_json(people("1"), DAY, revisions=REVISIONS))
        with store.reading() as connection:
            verify(connection, key=key)
        with store.writing() as connection:
            connection.execute(text(f"UPDATE decision SET {edit}"))  # noqa: S608 (one of the list above)
        with (
            store.reading() as connection,
            pytest.raises(StoreError, match="1': somebody edited this cached"),
        ):
            verify(connection, key=key)
        again = DecisionCache(ScriptedClient({}), store, keep=True)
        with pytest.raises(StoreError, match=r"1': somebody edited this cached decision .* apply --full"):
            list(again.decide_json(people("1"), DAY, revisions=REVISIONS))
        whole = DecisionCache(ScriptedClient({}), store, keep=True, full=True)
        assert len(list(whole.decide_json(people("1"), DAY, revisions=REVISIONS))) == 1
        with store.reading() as connection:
            verify(connection, key=key)


def test_a_code_of_somebody_else_or_none_does_not_count(store_url: str, tmp_path: Path) -> None:
    key = signing_key(tmp_path / "key.pem", make=True)
    with open_store(store_url, key=key) as store:
        first = DecisionCache(ScriptedClient({}), store, keep=True)
        list(first.decide_json(people("1", "2"), DAY, revisions=REVISIONS))
        with store.writing() as connection:
            connection.execute(text("UPDATE decision SET seal = ''"))
        again = DecisionCache(ScriptedClient({}), store, keep=True)
        list(again.decide_json(people("1", "2"), DAY, revisions=REVISIONS))
        assert again.used == 0
        with store.writing() as connection:
            other = "SELECT seal FROM decision WHERE employee_id = '2'"
            connection.execute(text(f"UPDATE decision SET seal = ({other}) WHERE employee_id = '1'"))  # noqa: S608 (as above)
        third = DecisionCache(ScriptedClient({}), store, keep=True)
        with pytest.raises(StoreError, match="1': somebody edited this cached decision"):
            list(third.decide_json(people("1", "2"), DAY, revisions=REVISIONS))
