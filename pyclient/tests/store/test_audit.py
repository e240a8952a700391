"""The audit record: whatever is done to it behind its back is found."""

# ruff: noqa: S608 (the tampering is written as SQL, with nothing of anybody else in it)

from __future__ import annotations

import pytest
from sqlalchemy import text

from icaccess.errors import StoreError
from icaccess.store import audit
from icaccess.store.audit import GENESIS, Draft, Head
from icaccess.store.database import open_store
from icaccess.store.verify import verify
from tests.naming import mostly_slow

AT = "2025-09-10T12:00:00.000Z"


def write(store, count, kind="note"):
    with store.writing() as connection:
        drafts = [
            Draft(kind=kind, run_id=number % 7, employee_id=f"{number:06}", body={"n": number, "note": "é"})
            for number in range(count)
        ]
        audit.append(connection, AT, drafts)


def test_an_empty_record_is_whole(store):
    with store.reading() as connection:
        assert verify(connection) == Head(0, GENESIS)


def test_entries_come_back_as_they_were_written(store):
    write(store, 3)
    with store.reading() as connection:
        found = list(audit.entries(connection))
        assert [(one.seq, one.at, one.kind, one.body["n"]) for one in found] == [
            (1, AT, "note", 0),
            (2, AT, "note", 1),
            (3, AT, "note", 2),
        ]
        assert [one.seq for one in audit.entries(connection, "000001")] == [2]
        assert verify(connection) == Head(3, found[-1].hash)


def test_the_record_is_undone_with_its_transaction(store):
    write(store, 2)
    with pytest.raises(RuntimeError), store.writing() as connection:
        audit.append(connection, AT, [Draft(kind="note", body={})])
        raise RuntimeError
    with store.reading() as connection:
        assert verify(connection).seq == 2


@pytest.fixture(scope="module", params=mostly_slow([100, 1000]))
def long_record(request, tmp_path_factory):
    """A record of many rows, and its head."""
    path = tmp_path_factory.mktemp("audit") / "long.db"
    with open_store(f"sqlite:///{path}") as store:
        write(store, request.param)
        with store.reading() as connection:
            end = verify(connection)
        yield store, end


def tampered(store, end, *statements):
    """Whether the record is found out after the statements, which are then undone."""
    with store.engine.connect() as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount != 0, statement
        try:
            verify(connection, end)
        except StoreError:
            return True
        finally:
            connection.rollback()
    return False


def test_every_edit_of_every_row_is_found(long_record):
    store, end = long_record
    edits = [
        "at = '2025-09-11T12:00:00.000Z'",
        "kind = 'other'",
        "run_id = 99",
        "run_id = NULL",
        "employee_id = '999999'",
        "body = replace(body, 'é', 'e')",
        "hash = replace(hash, substr(hash, 1, 1), 'x')",
    ]
    for row in range(1, end.seq + 1):
        edit = edits[row % len(edits)]
        assert tampered(store, end, f"UPDATE audit SET {edit} WHERE seq = {row}"), (row, edit)


def test_every_edit_of_one_row_is_found(long_record):
    store, end = long_record
    for edit in ("at = ''", "kind = ''", "run_id = NULL", "employee_id = NULL", "body = '{}'", "hash = ''"):
        assert tampered(store, end, f"UPDATE audit SET {edit} WHERE seq = 50"), edit


def test_every_deletion_is_found(long_record):
    store, end = long_record
    for row in range(1, end.seq + 1):
        assert tampered(store, end, f"DELETE FROM audit WHERE seq = {row}"), row


def test_every_deletion_that_closes_the_gap_is_found(long_record):
    store, end = long_record
    for row in range(1, end.seq + 1, 37):
        # in two steps, since rows are renumbered one after another
        renumbered = (
            f"UPDATE audit SET seq = -seq WHERE seq > {row} OR seq = {end.seq}",
            "UPDATE audit SET seq = -seq - 1 WHERE seq < 0",
        )
        deleted = f"DELETE FROM audit WHERE seq = {row}"
        assert tampered(store, end, deleted, *(renumbered if row < end.seq else ())), row


def test_every_swap_of_neighbours_is_found(long_record):
    store, end = long_record
    for row in range(1, end.seq):
        assert tampered(
            store,
            end,
            f"UPDATE audit SET seq = -1 WHERE seq = {row}",
            f"UPDATE audit SET seq = {row} WHERE seq = {row + 1}",
            f"UPDATE audit SET seq = {row + 1} WHERE seq = -1",
        ), row


def test_every_truncation_is_found_against_the_exported_head(long_record):
    store, end = long_record
    for row in range(1, end.seq + 1):
        assert tampered(store, end, f"DELETE FROM audit WHERE seq >= {row}"), row


def test_the_exported_head_finds_a_rewritten_record(store):
    write(store, 5)
    with store.reading() as connection:
        end = audit.head(connection)
    with store.writing() as connection:
        connection.execute(text("DELETE FROM audit"))
    write(store, 6, kind="other")
    with store.reading() as connection:
        assert verify(connection).seq == 6
        with pytest.raises(StoreError, match="entry 5: is not the one that was exported"):
            verify(connection, end)


def test_an_edited_body_that_is_no_json_is_one_line(store):
    write(store, 1)
    with store.writing() as connection:
        connection.execute(text("UPDATE audit SET body = 'x'"))
    with store.reading() as connection, pytest.raises(StoreError, match="entry 1: its body is not JSON"):
        list(audit.entries(connection))
