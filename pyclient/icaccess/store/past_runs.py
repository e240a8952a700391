"""What the store knows of earlier runs on a target."""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from icaccess.errors import StoreError
from icaccess.store.journal import FORETOLD
from icaccess.store.schema import change as change_table
from icaccess.store.schema import consent as consent_table
from icaccess.store.schema import run as run_table


class LastRun(msgspec.Struct, frozen=True):
    """The last finished run on a target: its day, and how many people its facts held."""

    as_of: date
    people: int | None


def last_run(connection: Connection, target: str) -> LastRun | None:
    """The last finished run on a target; None before the first."""
    c = run_table.c
    query = select(c.id, c.as_of, c.people).where(c.target == target, c.state == "finished")
    row = connection.execute(query.order_by(c.id.desc()).limit(1)).first()
    return None if row is None else LastRun(run_day(row.id, row.as_of), row.people)


def run_day(run_id: int, as_of: str) -> date:
    """The day of a run; `StoreError` when somebody edited it."""
    try:
        return date.fromisoformat(as_of)
    except ValueError as error:
        raise StoreError(
            f"run {run_id}: its day was edited in the store ({error}); restore a backup, and see "
            "`icaccess audit verify`"
        ) from error


def has_run(connection: Connection, target: str) -> bool:
    """Whether a run was ever begun on a target."""
    return _has(connection, run_table.c.target == target)


def removed_since(connection: Connection, target: str, at: str) -> int:
    """How many revocations were begun at the instant `at` or later, apart from what a person let through.

    Those of a run that had been foretold are not among them.
    """
    c, r = change_table.c, run_table.c
    query = (
        select(r.counts, func.count())
        .join_from(change_table, run_table, r.id == c.run_id)
        .where(c.target == target, c.action == "revoke", c.intended_at >= at)
        .where(c.state.not_in(["failed", "dropped"]))
        .where(or_(r.plan_digest.is_(None), r.plan_digest.not_in(select(consent_table.c.plan_digest))))
        .group_by(r.id, r.counts)
    )
    return sum(
        max(number - msgspec.json.decode(counts or "{}").get(FORETOLD, 0), 0)
        for counts, number in connection.execute(query)
    )


def finished_between(connection: Connection, target: str, begin: str, end: str, as_of: date) -> bool:
    """Whether a run that began between two instants, for the day `as_of` or later, was finished."""
    c = run_table.c
    return _has(
        connection,
        c.target == target,
        c.kind == "apply",
        c.state == "finished",
        c.started_at.between(begin, end),
        c.as_of >= as_of.isoformat(),
    )


def was_adopted(connection: Connection, target: str) -> bool:
    """Whether a target's holders were taken over already."""
    c = run_table.c
    return _has(connection, c.target == target, c.kind == "adopt", c.state == "finished")


def _has(connection: Connection, *conditions: ColumnElement[bool]) -> bool:
    return bool(connection.scalar(select(exists().where(*conditions))))
