"""Consents: who let which plan past the guard, why, and until when; and who waits for one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from icaccess.store import audit, rows
from icaccess.store.audit import Draft
from icaccess.store.database import instant
from icaccess.store.schema import consent
from icaccess.store.schema import waiting as waiting_table
from icaccess.text import DIGITS


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One person's word for one plan; `plan` is the beginning of its digest.

    `people` are the ids of those whose waiting revocations it lets through; none stands for all who wait.
    """

    plan: str
    by: str
    reason: str
    people: tuple[str, ...] = ()

    def names(self, digest: str) -> bool:
        """Whether it is for the plan, or the lot of notices, with this digest."""
        return len(self.plan) >= DIGITS and digest.startswith(self.plan)


def give(
    connection: Connection,
    now: datetime,
    given: Consent,
    plan_digest: str,
    hours: float,
    findings: Sequence[str],
) -> None:
    """Record a consent to a plan, and what the guard had found in it."""
    values = {
        "plan_digest": plan_digest,
        "given_at": instant(now),
        "by": given.by,
        "reason": given.reason,
        "expires_at": instant(now + timedelta(hours=hours)),
        "people": audit.canonical(given.people).decode(),
    }
    connection.execute(insert(consent).values(**values))
    audit.append(
        connection, instant(now), [Draft(kind="consent", body={**values, "findings": list(findings)})]
    )


def stands(connection: Connection, now: datetime, plan_digest: str) -> frozenset[str] | None:
    """Whose waiting revocations consents to this very plan let through; None where no consent stands.

    A consent stands that is in the audit record as well, and has not run out.
    """
    query = select(consent).where(consent.c.plan_digest == plan_digest, consent.c.expires_at > instant(now))
    standing = [
        msgspec.json.decode(row["people"], type=list[str])
        for row in connection.execute(query).mappings()
        if audit.holds(connection, "consent", dict(row))
    ]
    return frozenset().union(*standing) if standing else None


def waiting(connection: Connection, target: str) -> dict[str, str]:
    """Whose revocation waits for a consent at a target, and since which day, by employee id."""
    query = select(waiting_table.c.employee_id, waiting_table.c.since).where(waiting_table.c.target == target)
    return {row.employee_id: row.since for row in connection.execute(query)}


def wait(connection: Connection, at: str, target: str, day: date, people: Collection[str]) -> set[str]:
    """Write who waits now and forget everybody else; gives those who did not wait before."""
    before = waiting(connection, target)
    gone = [{"gone": one} for one in before if one not in people]
    if gone:
        c = waiting_table.c
        connection.execute(
            delete(waiting_table).where(c.target == target, c.employee_id == bindparam("gone")), gone
        )
    new = set(people) - before.keys()
    if new:
        begun = [{"target": target, "employee_id": one, "since": day.isoformat()} for one in sorted(new)]
        connection.execute(insert(waiting_table), begun)
    changed = sorted(before.keys() ^ set(people))
    rows.record(connection, at, waiting_table, ((target, one) for one in changed))
    return new
