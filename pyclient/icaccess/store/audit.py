"""The audit record: canonical JSON in a hash chain, appended in the transaction of what it records.

Each row's hash is SHA-256 over the hash before it and what the row says, so an edit, a removal, an insertion
or a swap anywhere breaks the chain from there on. Where the record has a key, the last row of a transaction
is signed, and the signature before it with it, so nobody without the key can add rows or take a signature
away. Whether rows are missing at the end shows against a head
that is kept elsewhere (`icaccess.audit.heads`). `icaccess.store.verify` checks all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, insert, or_, select, text

from icaccess.errors import StoreError
from icaccess.store.schema import audit as audit_table

GENESIS = "0" * 64
"""The hash before the first entry."""

UNSIGNED = "somebody without the record's key wrote it, or removed its signature"
FORGED = "it was forged, or signed with another key, or a signature before it was removed"
"""Why an entry has no signature, or a wrong one."""

_APPEND_LOCK = 0x1CACCE51


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of the record at some moment: how many entries, and the last one's hash."""

    seq: int
    hash: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry of the record; `at` is an instant in UTC, `body` what the kind of entry says.

    `signature` covers the record up to this entry and the signature before it, and is there on the last entry
    of each transaction.
    """

    seq: int
    at: str
    kind: str
    run_id: int | None
    employee_id: str | None
    body: dict[str, Any]
    hash: str
    signature: str | None = None


class KeyCheck(Protocol):
    """What tells signatures of the record's key from others."""

    id: str

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether a signature over a message is this key's."""


@runtime_checkable
class RecordKey(KeyCheck, Protocol):
    """What signs the record, kept apart from the store."""

    secret: bytes
    """32 bytes that nobody without the key has, which code what is too small to be signed."""

    def sign(self, message: bytes) -> str:
        """The signature over a message."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An entry to be appended: the chain gives it its place and its hash."""

    kind: str
    body: Mapping[str, Any]
    run_id: int | None = None
    employee_id: str | None = None


def canonical(value: object) -> bytes:
    """JSON with sorted keys and without spaces: the same value is always the same bytes."""
    return msgspec.json.encode(value, order="sorted")


def sign(key: RecordKey, entry_hash: str, earlier: str | None) -> str:
    """The signature of the entry with this hash; it covers `earlier` too, the signature before it."""
    return key.sign(_signed_text(entry_hash, earlier))


def is_signed_by(key: KeyCheck, entry_hash: str, signature: str | None, earlier: str | None) -> bool:
    """Whether an entry's signature is the key's, and `earlier` the signature before it."""
    return signature is not None and key.signed(_signed_text(entry_hash, earlier), signature)


def _signed_text(entry_hash: str, earlier: str | None) -> bytes:
    return f"icaccess audit entry {entry_hash} after {earlier or 'no signature'}".encode()


def link(before: str, seq: int, at: str, kind: str, run: int | None, employee: str | None, body: str) -> str:
    """The hash of an entry: over the hash before it and everything that it says."""
    return hashlib.sha256(canonical([before, seq, at, kind, run, employee, body])).hexdigest()


def head(connection: Connection) -> Head:
    """Where the record ends now; an empty one ends at 0 with `GENESIS`."""
    row = _last(connection)
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def append(connection: Connection, at: str, drafts: Sequence[Draft]) -> None:
    """Add entries at the end, within the transaction of what they record, so both are kept or neither is.

    With a key (see `open_store`), they are signed. `StoreError` is raised when the entry before them was not
    written with the same key, or is of a later time.
    """
    if not drafts:
        return
    if connection.dialect.name == "postgresql":  # SQLite's writers are one at a time anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK})
    key = key_of(connection)
    seq, last, signature = _end(connection, at, key)
    rows: list[dict[str, Any]] = []
    for draft in drafts:
        seq += 1
        body = canonical(draft.body).decode()
        last = link(last, seq, at, draft.kind, draft.run_id, draft.employee_id, body)
        said = msgspec.structs.asdict(draft) | {"body": body}
        rows.append({"seq": seq, "at": at, **said, "hash": last, "signature": None})
    if key is not None:
        rows[-1]["signature"] = sign(key, last, signature)
    connection.execute(insert(audit_table), rows)


def _end(connection: Connection, at: str, key: RecordKey | None) -> tuple[int, str, str | None]:
    """The last entry's number, hash and signature, when an entry of the instant `at` may follow it."""
    row = _last(connection)
    if row is None:
        return 0, GENESIS, None
    if row.at > at:
        raise StoreError(
            f"the clock is wrong: it is {at}, and the newest audit entry is of {row.at}; correct it"
        )
    if key is None and row.signature is not None:
        raise StoreError("the audit record is signed, and no key is given; set audit.key in icaccess.yaml")
    if key is not None and (row.signature is not None or is_signed(connection)):
        if row.signature is None:
            raise StoreError(f"audit entry {row.seq}: is not signed; {UNSIGNED}")
        earlier = connection.execute(_signature_before(row.seq)).scalar()
        if not is_signed_by(key, row.hash, row.signature, earlier):
            raise StoreError(f"audit entry {row.seq}: is not signed with the key {key.id}; {FORGED}")
    return row.seq, row.hash, row.signature


def _last(connection: Connection) -> Any:
    c = audit_table.c
    return connection.execute(
        select(c.seq, c.at, c.hash, c.signature).order_by(c.seq.desc()).limit(1)
    ).first()


def _signature_before(seq: int | ColumnElement[int]) -> Select[Any]:
    """The last signature before an entry."""
    before = audit_table.alias()
    query = select(before.c.signature).where(before.c.seq < seq, before.c.signature.is_not(None))
    return query.order_by(before.c.seq.desc()).limit(1)


def entries(
    connection: Connection, employee_id: str | None = None, *, kind: str | None = None
) -> Generator[Entry]:
    """The entries in order: all, those of one person, or those of one kind."""
    query = select(audit_table).order_by(audit_table.c.seq)
    if employee_id is not None:
        query = query.where(audit_table.c.employee_id == employee_id)
    if kind is not None:
        query = query.where(audit_table.c.kind == kind)
    yield from _read(connection, query)


def starts(connection: Connection, run_ids: set[int]) -> dict[int, Entry]:
    """The entry with which each of these runs started."""
    query = select(audit_table).where(audit_table.c.kind == "run_started", audit_table.c.run_id.in_(run_ids))
    return {entry.run_id: entry for entry in _read(connection, query) if entry.run_id is not None}


def newest(connection: Connection, kind: str) -> Entry | None:
    """The newest entry of a kind."""
    query = select(audit_table).where(audit_table.c.kind == kind).order_by(audit_table.c.seq.desc()).limit(1)
    return next(_read(connection, query), None)


def key_of(connection: Connection) -> RecordKey | None:
    """The key that the store was opened with."""
    key: RecordKey | None = connection.get_execution_options().get("icaccess_key")
    return key


def is_signed(connection: Connection) -> bool:
    """Whether any entry is signed, or a head was made, from which on every entry has to be signed."""
    columns = audit_table.c
    query = select(columns.seq).where(or_(columns.signature.is_not(None), columns.kind == "head")).limit(1)
    return connection.execute(query).first() is not None


def newest_run(connection: Connection) -> int | None:
    """The number of the newest run that the record tells of."""
    columns = audit_table.c
    query = select(columns.run_id).where(columns.run_id.is_not(None)).order_by(columns.seq.desc()).limit(1)
    found: int | None = connection.execute(query).scalar()
    return found


def hashes(connection: Connection, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The hashes of the entries from number `start` + 1 through `end`, in order."""
    query = select(audit_table.c.hash).where(audit_table.c.seq > start).order_by(audit_table.c.seq)
    if end is not None:
        query = query.where(audit_table.c.seq <= end)
    with connection.execute(query.execution_options(yield_per=1000)) as rows:
        for (text_hash,) in rows:
            yield bytes.fromhex(text_hash)


def holds(connection: Connection, kind: str, body: Mapping[str, Any]) -> bool:
    """Whether an entry of this kind says all of `body`, fits its place, and is signed where there is a key.

    With a key, the transaction that the entry was written in has to be signed.
    """
    key = key_of(connection)
    before = audit_table.alias()
    earlier = _signature_before(audit_table.c.seq).scalar_subquery().label("earlier")
    query = select(audit_table, before.c.hash.label("before"), earlier).join_from(
        audit_table, before, before.c.seq == audit_table.c.seq - 1, isouter=True
    )
    with connection.execute(query.where(audit_table.c.kind == kind)) as rows:
        return any(
            body.items() <= msgspec.json.decode(row.body).items()
            and row.hash
            == link(row.before or GENESIS, row.seq, row.at, row.kind, row.run_id, row.employee_id, row.body)
            and (key is None or is_signed_by(key, row.hash, row.signature, row.earlier))
            for row in rows
        )


def entry(row: Row[Any]) -> Entry:
    """A row of the record as an entry; `StoreError` for a body that is not JSON."""
    try:
        body = msgspec.json.decode(row.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise StoreError(
            f"audit entry {row.seq}: its body is not JSON; it was edited: run `icaccess audit verify`"
        ) from error
    return Entry(**row._asdict() | {"body": body})


def _read(connection: Connection, query: Select[Any]) -> Iterator[Entry]:
    with connection.execute(query.execution_options(yield_per=1000)) as rows:
        yield from map(entry, rows)
