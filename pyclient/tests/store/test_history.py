"""What past decisions rested on: each content once, found by instant, deleted after its time."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import func, select, update

from icaccess.errors import StoreError
from icaccess.store import history
from icaccess.store.database import Store
from icaccess.store.schema import content
from icaccess.store.schema import history as history_table
from icaccess.store.verify import verify

DAYS = [f"2026-01-{day:02}T07:00:00.000Z" for day in range(1, 6)]


def document(role: str, outcome: str = "allow") -> bytes:
    facts = {"id": "1", "assignments": [{"role": role, "start": "2020-01-01"}]}
    return msgspec.json.encode({"decision": {"outcome": outcome}, "facts": facts})


def rows(store: Store) -> tuple[int | None, int | None]:
    with store.reading() as connection:
        return tuple(  # type: ignore[return-value]  # two counts
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (history_table, content)
        )


def test_only_changes_are_kept_and_each_day_is_found(store: Store) -> None:
    for at, role in zip(DAYS, ("Clerk", "Clerk", "Teacher", "Clerk", "Clerk"), strict=True):
        with store.writing() as connection:
            history.keep(connection, at, {"1": document(role), "2": document("Clerk")})
    assert rows(store) == (4, 2)  # Clerk, Teacher, Clerk and the other person's; two contents
    with store.reading() as connection:
        found = [history.find(connection, "1", at) for at in DAYS]
        assert [one and one.facts["assignments"][0]["role"] for one in found] == [
            "Clerk", "Clerk", "Teacher", "Clerk", "Clerk",
        ]  # fmt: skip
        assert history.find(connection, "1", "2025-12-31T00:00:00.000Z") is None
        assert history.find(connection, "3", DAYS[0]) is None


def test_who_is_absent_has_nothing_kept(store: Store) -> None:
    with store.writing() as connection:
        history.keep(connection, DAYS[0], {one: document("Clerk") for one in "123"})
        assert sorted(history.keep_absent(connection, DAYS[1], {"2"})) == ["1", "3"]
        assert history.keep_absent(connection, DAYS[2], {"2"}) == []
        history.keep(connection, DAYS[3], {"1": document("Clerk")})
    with store.reading() as connection:
        found = {one: [history.find(connection, one, at) is not None for at in DAYS[:4]] for one in "123"}
        verify(connection)
    assert found == {
        "1": [True, False, False, True],
        "2": [True, True, True, True],
        "3": [True, False, False, False],
    }


def test_old_versions_are_deleted_but_not_current_ones(store: Store) -> None:
    for at, role in zip(DAYS, ("A", "B", "C", "C", "D"), strict=True):
        with store.writing() as connection:
            history.keep(connection, at, {"1": document(role)})
    with store.writing() as connection:
        history.keep_content(connection, "policy", b"package x")
        history.prune(connection, DAYS[4], DAYS[3])
        assert history.find(connection, "1", DAYS[1]) is None
        assert [history.find(connection, "1", at) is not None for at in DAYS[2:]] == [True, True, True]
        assert history.read_content(connection, "policy") == b"package x"
        assert history.read_content(connection, "another") is None


def test_nothing_is_kept_for_who_has_gone(store: Store) -> None:
    """What says that a person is gone is kept for ever, so it rests on nobody's facts."""
    with store.writing() as connection:
        history.keep(connection, DAYS[0], {"1": document("Clerk")})
        history.keep_absent(connection, DAYS[1], set())
        history.prune(connection, DAYS[4], DAYS[3])
        history.keep(connection, DAYS[4], {"1": document("Teacher")})
        found = history.find(connection, "1", DAYS[4])
        assert found is not None
        assert found.facts["assignments"][0]["role"] == "Teacher"
    assert rows(store) == (2, 2)


def test_bytes_after_what_is_kept_are_found(store: Store) -> None:
    with store.writing() as connection:
        for at, role in zip(DAYS, "ABC", strict=False):
            history.keep(connection, at, {"1": document(role)})
    with store.reading() as connection:
        digests = list(connection.execute(select(content.c.digest)).scalars())
    assert len(digests) == 3
    for digest in digests:
        for change in (lambda data: data + b"\x00", lambda data: data[:-1]):
            with store.engine.connect() as connection:
                row = content.c.digest == digest
                data = connection.execute(select(content.c.data).where(row)).scalar_one()
                connection.execute(update(content).where(row).values(data=change(data)))
                with pytest.raises(StoreError, match="what is kept of 1 was changed"):
                    verify(connection)
                connection.rollback()


def test_what_somebody_changed_is_named(store: Store) -> None:
    with store.writing() as connection:
        history.keep(connection, DAYS[0], {"1": document("A")})
        connection.execute(update(content).values(data=b"\x03\x00"))
    with store.reading() as connection, pytest.raises(StoreError, match="what is kept of 1 was changed"):
        history.find(connection, "1", DAYS[0])
