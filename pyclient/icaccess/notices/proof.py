"""Proof: for each removal that a date foretold, when the person was told, and who was not."""

from __future__ import annotations

from datetime import date

import msgspec

from icaccess.store import audit
from icaccess.store.database import Store
from icaccess.store.notices import (
    RecordedNotice,
    endings,
    foretelling,
    has_any,
    has_reached,
    verified_changes,
)


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
        removals = verified_changes(connection, target, ["revoke"])
        entries = audit.entries(connection, kind="intent")
        intents = {(one.run_id, one.body["n"]): one.body for one in entries if one.body["action"] == "revoke"}
        notices = endings(connection, {one.employee_id for one in removals})
    found = []
    for removal in removals:
        body = intents.get((removal.run_id, removal.n), {})
        codes = tuple(reason["code"] for reason in body.get("reasons", ()))
        foretold_by = foretelling(notices.get(removal.employee_id, ()), codes, removal.as_of)
        if foretold_by or body.get("outcome") == "expired":
            found.append(
                ForetoldRemoval(
                    employee_id=removal.employee_id,
                    run_id=removal.run_id,
                    removed_on=removal.as_of,
                    reasons=codes,
                    told=tuple(_telling(one) for one in foretold_by if has_reached(one)),
                )
            )
    return found


def _telling(one: RecordedNotice) -> Telling:
    return Telling(
        last_day=date.fromisoformat(one.about["last_day"]),
        days_before=one.about["days_left"],
        told_at=one.settled_at or one.intended_at,
        channel=one.channel,
        confirmed=one.state == "sent",
    )
