"""Proof: for each removal that a date foretold, when the person was told, and who was not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from icaccess.store.database import Store
from icaccess.store.notices import RecordedNotice, endings, foretelling, has_any, has_reached
from icaccess.store.schema import audit as audit_table
from icaccess.store.schema import change as change_table
from icaccess.store.schema import run as run_table


class Telling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One notice that reached a person before a removal: for which day, when, and by which channel."""

    last_day: date
    days_before: int
    told_at: str
    channel: str
    confirmed: bool
    """False where the mail server had the message, and nobody heard whether it took it."""


class ForetoldRemoval(msgspec.Struct, frozen=True, kw_only=True):
    """One removal that a date foretold, and when the person was told of it; `told` is empty for nobody."""

    employee_id: str
    run_id: int
    removed_on: date
    reasons: tuple[str, ...]
    told: tuple[Telling, ...]


def foretold_removals(store: Store, target: str) -> list[ForetoldRemoval]:
    """Every verified removal at a target that a date foretold, in the order in which they were made.

    A date foretold it when a notice of the ending was due, or when all that was left was to recertify. A
    removal that followed from facts which changed is none: nobody could have been told. Where no notice was
    ever recorded there is nothing to prove, and the list is empty.
    """
    with store.reading() as connection:
        if not has_any(connection):
            return []
        query = (
            select(change_table.c.run_id, change_table.c.n, change_table.c.employee_id, run_table.c.as_of)
            .join(run_table, run_table.c.id == change_table.c.run_id)
            .where(change_table.c.target == target, change_table.c.action == "revoke")
            .where(change_table.c.state == "verified")
            .order_by(change_table.c.run_id, change_table.c.n)
        )
        rows = connection.execute(query).all()
        intents = _intents(connection)
        notices = endings(connection, {row.employee_id for row in rows})
    found = []
    for row in rows:
        body = intents.get((row.run_id, row.n), {})
        codes = tuple(reason["code"] for reason in body.get("reasons", ()))
        removed_on = date.fromisoformat(row.as_of)
        foretold_by = foretelling(notices.get(row.employee_id, ()), codes, removed_on)
        if foretold_by or body.get("outcome") == "expired":
            found.append(
                ForetoldRemoval(
                    employee_id=row.employee_id,
                    run_id=row.run_id,
                    removed_on=removed_on,
                    reasons=codes,
                    told=tuple(_telling(one) for one in foretold_by if has_reached(one)),
                )
            )
    return found


def _intents(connection: Connection) -> dict[tuple[int, int], Mapping[str, Any]]:
    query = select(audit_table.c.run_id, audit_table.c.body).where(audit_table.c.kind == "intent")
    found = {}
    for run_id, text in connection.execute(query):
        body = msgspec.json.decode(text)
        if body["action"] == "revoke":
            found[run_id, body["n"]] = body
    return found


def _telling(one: RecordedNotice) -> Telling:
    return Telling(
        last_day=date.fromisoformat(one.about["last_day"]),
        days_before=one.about["days_left"],
        told_at=one.settled_at or one.intended_at,
        channel=one.channel,
        confirmed=one.state == "sent",
    )
