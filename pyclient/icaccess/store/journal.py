"""The journal: each run, and each change written before it is made and settled after.

Everything here works within the caller's transaction and appends to the audit record in it, so that the two
can never tell different stories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, func, insert, select, update

from icaccess.models import Access, Change
from icaccess.store import audit, holders
from icaccess.store.audit import Draft
from icaccess.store.database import instant
from icaccess.store.schema import audit as audit_table
from icaccess.store.schema import change as change_table
from icaccess.store.schema import run as run_table

ChangeState = Literal["intended", "made", "pending", "verified", "failed", "dropped"]
"""`intended` is written before a change is made; `made` is the target's word, `verified` what it was seen to
show. `pending`: somebody else carries it out. `failed`: it was not made, and why is noted. `dropped`: it was
found not to have been made after an interruption, or is no longer wanted; if it is due, the next plan has it
again."""

NOT_SHOWN = "the target does not show it"
"""How the note of a change begins that failed because the target, read back, did not show it."""

FORETOLD = "foretold"
"""The name, among a run's counts, of the revocations whose day had been known long before."""

_COMPARED = {"policy": "policy_revision", "policy data": "data_revision", "configuration": "settings_digest"}


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked to do, by whom, and on what it rests; digests identify each part."""

    kind: Literal["adopt", "apply"]
    by: str
    target: str
    as_of: date
    plan_digest: str | None = None
    policy_revision: str | None = None
    data_revision: str | None = None
    facts_digest: str | None = None
    settings_digest: str | None = None
    people: int | None = None
    counts: Mapping[str, int] | None = None
    sources: tuple[Mapping[str, Any], ...] = ()
    """What became of the rows of each source of facts."""


class Written(Change, frozen=True, kw_only=True):
    """A change as the journal holds it."""

    run_id: int
    n: int
    target: str
    state: ChangeState
    note: str
    batch: str
    intended_at: str
    due_on: date | None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Changes that a target is asked for together: the run, the batch's name, and its first change's number.

    `due_on` is the day by which changes that somebody else carries out are to show.
    """

    run_id: int
    target: str
    name: str
    first: int
    due_on: date | None


class Settlement(msgspec.Struct, frozen=True):
    """What has become of a change that the journal holds."""

    written: Written
    state: ChangeState
    note: str


def begin(connection: Connection, at: str, origin: Origin) -> int:
    """Open a run and give its number; what changed since the run before is recorded by its digests."""
    last = audit.newest(connection, "run_started")
    before = last.body if last else {}
    body = msgspec.to_builtins(origin)
    # The record alone has the rest.
    row = {name: value for name, value in body.items() if name in run_table.c}
    if origin.counts is not None:
        row["counts"] = audit.canonical(origin.counts).decode()
    result = connection.execute(insert(run_table).values(**row, started_at=at, state="running"))
    run_id = int(result.inserted_primary_key[0])  # type: ignore[index]  # a row was inserted
    drafts = [Draft(kind="run_started", run_id=run_id, body=body)]
    for what, key in _COMPARED.items():
        was, now = before.get(key), body[key]
        if was and now and was != now:
            told = {"what": what, "before": was, "now": now}
            drafts.append(Draft(kind="changed", run_id=run_id, body=told))
    audit.append(connection, at, drafts)
    return run_id


def finish(
    connection: Connection, at: str, run_id: int, summary: Mapping[str, int], *, left: int = 0
) -> None:
    """Close a run with what came of it, by state; one that has changes `left` was interrupted."""
    state = "interrupted" if left else "finished"
    connection.execute(update(run_table).where(run_table.c.id == run_id).values(state=state, finished_at=at))
    body = {**summary, "left": left} if left else dict(summary)
    audit.append(connection, at, [Draft(kind=f"run_{state}", run_id=run_id, body=body)])


def stop(connection: Connection, at: str, plan_digest: str, findings: Sequence[str]) -> None:
    """Record that the guard stopped a plan, once for the same plan and findings."""
    body = {"plan_digest": plan_digest, "findings": list(findings)}
    before = audit.newest(connection, "guard_stopped")
    if before is None or before.body != body:
        audit.append(connection, at, [Draft(kind="guard_stopped", body=body)])


def interrupt_open_runs(connection: Connection, at: str) -> None:
    """Close the runs that ended without a word. Call it under the lock alone, when no run can be going on."""
    is_open = run_table.c.state == "running"
    open_runs = connection.scalars(select(run_table.c.id).where(is_open)).all()
    connection.execute(update(run_table).where(is_open).values(state="interrupted", finished_at=at))
    drafts = [Draft(kind="run_interrupted", run_id=run_id, body={}) for run_id in open_runs]
    audit.append(connection, at, drafts)


def intend(connection: Connection, at: str, batch: Batch, changes: Sequence[Change]) -> list[Written]:
    """Write down changes that are about to be made; the audit record has all that each of them says."""
    written = [
        Written(
            **{name: getattr(change, name) for name in Change.__struct_fields__},
            run_id=batch.run_id,
            n=n,
            target=batch.target,
            state="intended",
            note="",
            batch=batch.name,
            intended_at=at,
            due_on=batch.due_on,
        )
        for n, change in enumerate(changes, batch.first)
    ]
    if written:
        connection.execute(insert(change_table), [_row(one) for one in written])
        asked = {"target": batch.target, "batch": batch.name, "due_on": batch.due_on}
        drafts = [
            Draft(
                kind="intent",
                run_id=batch.run_id,
                employee_id=change.employee_id,
                body={**asked, "n": n, **msgspec.to_builtins(change)},
            )
            for n, change in enumerate(changes, batch.first)
        ]
        audit.append(connection, at, drafts)
    return written


def adopt(connection: Connection, at: str, origin: Origin, held: Mapping[str, tuple[str, Access]]) -> None:
    """Record who was found to hold access on the first day, as `{account: (employee id, access)}`."""
    run_id = begin(connection, at, origin)
    holders.record(connection, at, origin.target, held)
    drafts = [
        Draft(kind="adopted", run_id=run_id, employee_id=employee_id, body=msgspec.to_builtins(access))
        for _, (employee_id, access) in sorted(held.items())
    ]
    audit.append(connection, at, drafts)
    finish(connection, at, run_id, {"adopted": len(held)})


def settle(connection: Connection, at: str, settlements: Sequence[Settlement]) -> None:
    """Write what has become of changes."""
    if not settlements:
        return
    statement = (
        update(change_table)
        .where(change_table.c.run_id == bindparam("run"), change_table.c.n == bindparam("number"))
        .values(state=bindparam("to"), note=bindparam("said"), settled_at=bindparam("at"))
    )
    rows, drafts = [], []
    for written, state, note in map(msgspec.structs.astuple, settlements):
        rows.append({"run": written.run_id, "number": written.n, "to": state, "said": note, "at": at})
        body = {
            "n": written.n,
            "action": written.action,
            "account": written.account,
            "after": msgspec.to_builtins(written.after),
            "note": note,
        }
        drafts.append(Draft(kind=state, run_id=written.run_id, employee_id=written.employee_id, body=body))
    connection.execute(statement, rows)
    audit.append(connection, at, drafts)


def lost_since(connection: Connection, target: str, since: datetime) -> bool:
    """Whether a run has found since an instant that access at a target was taken outside this system."""
    query = select(audit_table.c.body).where(
        audit_table.c.kind == "drift",
        audit_table.c.at >= instant(since),
        audit_table.c.run_id.in_(select(run_table.c.id).where(run_table.c.target == target)),
    )
    return any(msgspec.json.decode(body)["kind"] != "given" for body in connection.scalars(query))


def unsettled(connection: Connection, target: str) -> list[Written]:
    """The changes of a target whose end is not known yet, oldest first: interrupted ones and pending ones."""
    c = change_table.c
    return _changes(connection, c.target == target, c.state.in_(["intended", "made", "pending"]))


def unseen(connection: Connection, target: str) -> list[Written]:
    """The changes of the newest run on a target that failed since it did not show them; it may be late."""
    newest = select(func.max(run_table.c.id)).where(run_table.c.target == target).scalar_subquery()
    c = change_table.c
    return _changes(connection, c.run_id == newest, c.state == "failed", c.note.startswith(NOT_SHOWN))


def _changes(connection: Connection, *conditions: ColumnElement[bool]) -> list[Written]:
    query = select(change_table).where(*conditions).order_by(change_table.c.run_id, change_table.c.n)
    return [_written(row) for row in connection.execute(query).mappings()]


def _row(written: Written) -> dict[str, Any]:
    row = msgspec.structs.asdict(written)
    for side in ("before", "after"):
        row[side] = None if row[side] is None else audit.canonical(row[side]).decode()
    return row | {"due_on": written.due_on.isoformat() if written.due_on else None}


def _written(row: RowMapping) -> Written:
    values = {name: row[name] for name in Written.__struct_fields__}
    for side in ("before", "after"):
        values[side] = None if row[side] is None else _access(row[side])
    return msgspec.convert(values, Written)


def _access(text: str) -> dict[str, Any]:
    """What is held, as this version writes it or as an older one did, which had no `held`."""
    found = {"held": True, **msgspec.json.decode(text)}
    found.pop("partial", None)
    return found
