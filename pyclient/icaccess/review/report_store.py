"""What the store remembers, for the report: removals, what became of them, and where the audit ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from icaccess.errors import StoreError
from icaccess.review.report_data import Audit, Removal
from icaccess.store import audit
from icaccess.store.database import Store
from icaccess.store.schema import audit as audit_table
from icaccess.store.schema import change, run
from icaccess.targets.interface import Target


class _Reason(msgspec.Struct):
    code: str


class _Intent(msgspec.Struct):
    """The part of an audit entry about an intent that tells why something was removed."""

    n: int
    action: str
    reasons: tuple[_Reason, ...] = ()


def has_history(store: Store, target: str) -> bool:
    """Whether any run, an adoption among them, was ever made at a target."""
    with store.reading() as connection:
        return connection.execute(select(run.c.id).where(run.c.target == target).limit(1)).first() is not None


def removals(
    store: Store, target: Target, zone: ZoneInfo, last_days: Mapping[str, Sequence[date]]
) -> tuple[Removal, ...]:
    """Every removal at a target, newest first; days are counted in the district's zone.

    `last_days` gives the last days of people's employments by id. A departure belongs to a removal where the
    policy's own reason for it was `not_employed`: the last one before the day of that decision.
    """
    query = (
        select(change, run.c.as_of)
        .join(run, run.c.id == change.c.run_id)
        .where(change.c.target == target.identity, change.c.action == "revoke")
        .order_by(change.c.run_id.desc(), change.c.n)
    )
    intents = select(audit_table.c.run_id, audit_table.c.body).where(audit_table.c.kind == "intent")
    with store.reading() as connection:
        reasons: dict[tuple[int, int], tuple[str, ...]] = {}
        for run_id, body in connection.execute(intents.execution_options(yield_per=1000)):
            intent = msgspec.json.decode(body, type=_Intent)
            if intent.action == "revoke":
                reasons[run_id, intent.n] = tuple(reason.code for reason in intent.reasons)
        found = []
        for row in connection.execute(query):
            why = reasons.get((row.run_id, row.n), ())
            asked_on = date.fromisoformat(row.as_of)
            settled_on = _day(row.settled_at, zone) if row.settled_at else None
            ends = [day for day in last_days.get(row.employee_id, ()) if day < asked_on]
            departed_on = max(ends) if ends and "not_employed" in why else None
            days = None
            if row.state == "verified" and settled_on is not None and departed_on is not None:
                days = (settled_on - departed_on).days
            found.append(
                Removal(
                    id=row.employee_id,
                    run=row.run_id,
                    reasons=why,
                    asked_on=asked_on,
                    state=row.state,
                    settled_on=settled_on,
                    departed_on=departed_on,
                    days=days,
                    note=row.note,
                )
            )
    return tuple(found)


def audit_end(store: Store) -> Audit:
    """Where the audit record ends, its chain checked; what is wrong with it is in `problem`."""
    with store.reading() as connection:
        try:
            head = audit.verify(connection)
        except StoreError as error:
            end = audit.head(connection)
            return Audit(entries=end.seq, head=end.hash, problem=str(error))
    return Audit(entries=head.seq, head=head.hash)


def _day(instant: str, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(instant).astimezone(zone).date()
