"""Consents: who let which plan past the guard, why, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, insert, select

from icaccess.store import audit
from icaccess.store.audit import Draft
from icaccess.store.database import instant
from icaccess.store.schema import consent

_RECORDED = ("plan_digest", "given_at", "by", "reason", "expires_at")


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One person's word for one plan; `plan` is the beginning of its digest."""

    plan: str
    by: str
    reason: str


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
    }
    connection.execute(insert(consent).values(**values))
    audit.append(
        connection, instant(now), [Draft(kind="consent", body={**values, "findings": list(findings)})]
    )


def stands(connection: Connection, now: datetime, plan_digest: str) -> bool:
    """Whether a consent to this very plan was given, stands in the audit record, and has not run out."""
    query = select(consent).where(consent.c.plan_digest == plan_digest, consent.c.expires_at > instant(now))
    return any(
        audit.holds(connection, "consent", {name: row[name] for name in _RECORDED})
        for row in connection.execute(query).mappings()
    )
