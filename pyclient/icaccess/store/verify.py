"""Verifies the audit record by itself, and every row of the store that it tells of against it.

The entries alone say which runs, changes, consents and holders there are, so a row that somebody edited,
added or deleted differs from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select

from icaccess.errors import StoreError
from icaccess.store import audit, decisions, history
from icaccess.store.audit import GENESIS, Entry, Head, KeyCheck, RecordKey
from icaccess.store.rows import KIND as ROWS
from icaccess.store.rows import RECORDED, digested
from icaccess.store.schema import access, change, consent, run
from icaccess.store.schema import audit as audit_table

_RUN = set(run.c.keys()) - {"id", "started_at", "state", "finished_at"}
_CHANGE = set(change.c.keys()) - {"run_id", "n", "state", "note", "intended_at", "settled_at"}
"""What the entry that begins a run, or a change, says of it; the rest follows from the entries' order."""
_CONSENT = consent.c.keys()
_JSON = ("counts", "before", "after")
_SETTLED = ("made", "pending", "verified", "failed", "dropped")


def verify(connection: Connection, against: Head | None = None, key: KeyCheck | None = None) -> Head:
    """Check the whole record and the rows that it tells of, and give its end.

    `against` is a head that was exported earlier: the record has to contain that very entry. With `key`, the
    record has to be signed from its first signed entry on. `StoreError` names the first entry or row that is
    wrong.
    """
    rows = _Rows()
    end = Head(0, GENESIS)
    with closing(_chain(connection, against, key)) as chain:
        for entry in chain:
            try:
                rows.replay(entry)
            except (KeyError, TypeError, AttributeError) as error:
                raise StoreError(
                    f"audit entry {entry.seq}: does not say what an entry of its kind says; it was forged"
                ) from error
            end = Head(entry.seq, entry.hash)
    if against is not None and end.seq < against.seq:
        raise StoreError(
            f"the audit record ends at entry {end.seq}, yet entry {against.seq} was exported: "
            "its end was cut off"
        )
    rows.compare(connection)
    if isinstance(key, RecordKey):
        decisions.check(connection, key)
    return end


def _chain(
    connection: Connection, against: Head | None, key: KeyCheck | None
) -> Generator[Entry, None, None]:
    """Every entry, once it is known to be in its place."""
    before = Entry(seq=0, at="", kind="", run_id=None, employee_id=None, body={}, hash=GENESIS)
    unsigned: int | None = None
    signed, earlier = False, None
    query = select(audit_table).order_by(audit_table.c.seq).execution_options(yield_per=1000)
    with connection.execute(query) as rows:
        for row in rows:
            entry = _entry(row, before)
            if against is not None and entry.seq == against.seq and entry.hash != against.hash:
                raise StoreError(
                    f"audit entry {entry.seq}: is not the one that was exported; the record was rewritten"
                )
            if entry.signature is not None and key is not None:
                if not audit.is_signed_by(key, entry.hash, entry.signature, earlier):
                    raise StoreError(
                        f"audit entry {entry.seq}: is not signed with the key {key.id}; {audit.FORGED}"
                    )
                signed, unsigned, earlier = True, None, entry.signature
            elif entry.signature is None and unsigned is None:
                unsigned = entry.seq
            signed = signed or (entry.kind == "head" and key is not None)
            yield entry
            before = entry
    if signed and unsigned is not None:
        raise StoreError(f"audit entry {unsigned}: is not signed; {audit.UNSIGNED}")


def _entry(row: Row[Any], before: Entry) -> Entry:
    if row.seq != before.seq + 1:
        raise StoreError(f"audit entry {before.seq + 1}: is missing; the record was tampered with there")
    if row.hash != audit.link(before.hash, row.seq, row.at, row.kind, row.run_id, row.employee_id, row.body):
        raise StoreError(f"audit entry {row.seq}: does not match its hash: it was changed")
    if row.at < before.at:
        raise StoreError(f"audit entry {row.seq}: is of {row.at}, before the entry before it, of {before.at}")
    return audit.entry(row)


class _Rows:
    """What the store's tables have to hold by the entries: each row as a digest, by its key."""

    def __init__(self) -> None:
        self._runs: dict[tuple[int], dict[str, Any]] = {}
        self._changes: dict[tuple[int, int], dict[str, Any]] = {}
        self._access: dict[tuple[str, str], bytes] = {}
        self._consents: set[bytes] = set()
        self._digests: dict[str, dict[tuple[Any, ...], str]] = {name: {} for name in RECORDED}
        self._history: dict[int, str | None] = {}

    def replay(self, entry: Entry) -> None:
        """Take in what one entry says of the tables."""
        body, run_id = entry.body, entry.run_id or 0
        if entry.kind == "run_started":
            self._runs[run_id,] = {
                **{name: body.get(name) for name in _RUN},
                "started_at": entry.at,
                "state": "running",
                "finished_at": None,
            }
        elif entry.kind in ("run_finished", "run_interrupted"):
            self._runs.setdefault((run_id,), {}).update(state=entry.kind[4:], finished_at=entry.at)
        elif entry.kind == "intent":
            self._changes[run_id, body["n"]] = {
                **{name: body.get(name) for name in _CHANGE},
                "state": "intended",
                "note": "",
                "intended_at": entry.at,
                "settled_at": None,
            }
        elif entry.kind in _SETTLED:
            self._changes.setdefault((run_id, body["n"]), {}).update(
                state=entry.kind, note=body["note"], settled_at=entry.at
            )
        elif entry.kind == "access":
            for account in body["gone"]:
                self._access.pop((body["target"], account), None)
            for account, held in body["held"].items():
                self._access[body["target"], account] = _digest(held)
        elif entry.kind == "consent":
            self._consents.add(_digest({name: body.get(name) for name in _CONSENT}))
        else:
            self._replay_digests(entry)

    def _replay_digests(self, entry: Entry) -> None:
        """Take in what an entry says of rows by their digests alone."""
        body = entry.body
        if entry.kind == ROWS:
            digests = self._digests[body["table"]]
            for place in body["gone"]:
                digests.pop(tuple(place), None)
            digests.update((tuple(place), digest) for *place, digest in body["rows"])
        elif entry.kind == history.KIND:
            self._history[body["at"]] = body["digest"]

    def compare(self, connection: Connection) -> None:
        """Hold the tables against what was taken in."""
        _compare(connection, "run", run, self._runs, _values)
        _compare(connection, "change", change, self._changes, _values)
        held = self._access
        _compare(connection, "the access of", access, held, lambda table, row: _digest(_values(table, row)))
        for row in connection.execute(select(consent)).mappings():
            if _digest(dict(row)) not in self._consents:
                raise StoreError(
                    f"the consent of {row['given_at']} to the plan {row['plan_digest'][:12]}: is not in the "
                    "audit record; somebody wrote it into the store"
                )
        for name, digests in self._digests.items():
            table = RECORDED[name]
            _compare(connection, f"table {name}, row", table, digests, lambda *one: digested(*one)[-1])
        history.check(connection, self._history)


def _compare(
    connection: Connection,
    what: str,
    table: Table,
    wanted: Mapping[tuple[Any, ...], Any],
    read: Callable[[Table, Row[Any]], Any],
) -> None:
    """Hold each row, as `read` gives it, against what is wanted at its primary key, which comes first."""
    left = dict(wanted)
    with connection.execute(select(table).execution_options(yield_per=1000)) as rows:
        for row in rows:
            place = tuple(row[: len(table.primary_key)])
            expected = left.pop(place, None)
            if expected is None:
                raise StoreError(
                    f"{what} {_named(place)}: is in the store, and the audit record does not have it; "
                    "somebody wrote it into the store, or cut the record"
                )
            if expected != read(table, row):
                raise StoreError(f"{what} {_named(place)}: differs from the audit record; the row was edited")
    if left:
        place = next(iter(left))
        raise StoreError(f"{what} {_named(place)}: is in the audit record, and its row was deleted")


def _values(table: Table, row: Row[Any]) -> dict[str, Any]:
    """What a row says apart from its primary key."""
    return {
        name: _json(value) if name in _JSON else value
        for name, value in row._asdict().items()
        if name not in table.primary_key.columns
    }


def _json(text: str | None) -> Any:
    try:
        return None if text is None else msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _digest(value: object) -> bytes:
    return hashlib.sha256(audit.canonical(value)).digest()


def _named(place: tuple[Any, ...]) -> str:
    if len(place) == 1:
        return str(place[0])
    first, second = place
    return f"{second} at {first}" if isinstance(first, str) else f"{second} of run {first}"
