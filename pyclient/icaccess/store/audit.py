"""The audit record: canonical JSON in a hash chain, appended in the transaction of what it records.

Each row's hash is SHA-256 over the hash before it and every column of the row, so that an edit, a removal, an
insertion or a swap anywhere breaks the chain from there on. That rows are missing at the end shows against a
`Head` that was exported and is kept elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, insert, select, text

from icaccess.errors import StoreError
from icaccess.store.schema import audit as audit_table
from icaccess.store.schema import run as run_table

GENESIS = "0" * 64
"""The hash before the first entry."""

_APPEND_LOCK = 0x1CACCE51


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of the record at some moment: how many entries, and the last one's hash."""

    seq: int
    hash: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the record; `at` is an instant in UTC, `body` what the kind of entry says."""

    seq: int
    at: str
    kind: str
    run_id: int | None
    employee_id: str | None
    body: dict[str, Any]
    hash: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An entry to be appended: the chain gives it its place and its hash."""

    kind: str
    body: Mapping[str, Any]
    run_id: int | None = None
    employee_id: str | None = None


def canonical(value: object) -> bytes:
    """JSON with sorted keys and without spaces: the same value is always the same bytes."""
    return msgspec.json.encode(value, order="sorted")


def _link(before: str, seq: int, at: str, kind: str, run: int | None, employee: str | None, body: str) -> str:
    return hashlib.sha256(canonical([before, seq, at, kind, run, employee, body])).hexdigest()


def head(connection: Connection) -> Head:
    """Where the record ends now; an empty one ends at 0 with `GENESIS`."""
    row = connection.execute(
        select(audit_table.c.seq, audit_table.c.hash).order_by(audit_table.c.seq.desc()).limit(1)
    ).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def append(connection: Connection, at: str, drafts: list[Draft]) -> None:
    """Add entries at the end, within the transaction of what they record, so that both stand or fall."""
    if not drafts:
        return
    if connection.dialect.name == "postgresql":  # SQLite's writers are one at a time anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK})
    end = head(connection)
    rows = []
    seq, last = end.seq, end.hash
    for draft in drafts:
        seq += 1
        body = canonical(draft.body).decode()
        last = _link(last, seq, at, draft.kind, draft.run_id, draft.employee_id, body)
        rows.append(
            {
                "seq": seq,
                "at": at,
                "kind": draft.kind,
                "run_id": draft.run_id,
                "employee_id": draft.employee_id,
                "body": body,
                "hash": last,
            }
        )
    connection.execute(insert(audit_table), rows)


def entries(connection: Connection, employee_id: str | None = None) -> Iterator[Entry]:
    """The entries in order, all of them or one person's. `StoreError` for a body that is not JSON."""
    query = select(audit_table).order_by(audit_table.c.seq)
    if employee_id is not None:
        query = query.where(audit_table.c.employee_id == employee_id)
    yield from _read(connection, query)


def starts(connection: Connection, run_ids: set[int]) -> dict[int, Entry]:
    """The entry with which each of these runs started."""
    query = select(audit_table).where(audit_table.c.kind == "run_started", audit_table.c.run_id.in_(run_ids))
    return {entry.run_id: entry for entry in _read(connection, query) if entry.run_id is not None}


def holds(connection: Connection, kind: str, body: Mapping[str, Any]) -> bool:
    """Whether an entry of this kind says all of `body` and fits its place in the chain."""
    before = audit_table.alias()
    query = select(audit_table, before.c.hash.label("before")).join_from(
        audit_table, before, before.c.seq == audit_table.c.seq - 1, isouter=True
    )
    with connection.execute(query.where(audit_table.c.kind == kind)) as rows:
        return any(
            body.items() <= msgspec.json.decode(row.body).items()
            and row.hash
            == _link(row.before or GENESIS, row.seq, row.at, row.kind, row.run_id, row.employee_id, row.body)
            for row in rows
        )


def verify(connection: Connection, against: Head | None = None) -> Head:
    """Check the whole chain and give its end; `StoreError` names the first entry that does not fit.

    `against` is a head that was exported earlier: the record has to contain that very entry.
    """
    seq, last = 0, GENESIS
    met = against is None or (against.seq == 0 and against.hash == GENESIS)
    query = select(audit_table).order_by(audit_table.c.seq).execution_options(yield_per=1000)
    with connection.execute(query) as rows:
        for row in rows:
            if row.seq != seq + 1:
                raise StoreError(f"audit entry {seq + 1}: is missing; the record was tampered with there")
            seq = row.seq
            last = _link(last, seq, row.at, row.kind, row.run_id, row.employee_id, row.body)
            if row.hash != last:
                raise StoreError(f"audit entry {seq}: does not match its hash: it was changed")
            if against is not None and seq == against.seq:
                if row.hash != against.hash:
                    raise StoreError(
                        f"audit entry {seq}: is not the one whose hash was exported; the record was rewritten"
                    )
                met = True
    if against is not None and not met:
        raise StoreError(
            f"the audit record ends at entry {seq}, yet entry {against.seq} was exported: its end was cut off"
        )
    if (run_id := _unrecorded_run(connection)) is not None:
        raise StoreError(f"the audit record has no entry of run {run_id}, which the journal has: it was cut")
    return Head(seq, last)


def _unrecorded_run(connection: Connection) -> int | None:
    """The first run of the journal with whose start the record does not begin to tell of it."""
    told = select(audit_table.c.run_id).where(audit_table.c.kind == "run_started")
    query = select(run_table.c.id).where(run_table.c.id.not_in(told)).order_by(run_table.c.id).limit(1)
    return connection.execute(query).scalar()


def _read(connection: Connection, query: Select[Any]) -> Iterator[Entry]:
    with connection.execute(query.execution_options(yield_per=1000)) as rows:
        for row in rows:
            try:
                body = msgspec.json.decode(row.body, type=dict[str, Any])
            except msgspec.DecodeError as error:
                raise StoreError(
                    f"audit entry {row.seq}: its body is not JSON; it was edited: run `icaccess audit verify`"
                ) from error
            yield Entry(
                seq=row.seq,
                at=row.at,
                kind=row.kind,
                run_id=row.run_id,
                employee_id=row.employee_id,
                body=body,
                hash=row.hash,
            )
