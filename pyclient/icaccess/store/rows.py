"""Proves rows of the store that no entry of the audit record holds in full.

`record` writes digests of rows into the record, so `icaccess.store.verify` finds each row that somebody
edited, added or deleted. Cached decisions are too many for that, and each stays true for its facts and rules:
`sealer` codes each with a secret of the record's key, and a row whose code is wrong is never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select, tuple_

from icaccess.batches import batches
from icaccess.errors import StoreError
from icaccess.store import audit
from icaccess.store.audit import Draft, RecordKey
from icaccess.store.schema import audit as audit_table
from icaccess.store.schema import basis, decision, feed, notice, waiting

KIND = "rows"
"""The kind of entry that holds digests: `{table, rows: [[key…, digest]…], gone: [[key…]…]}`."""
RECORDED = {str(table.name): table for table in (basis, feed, notice, waiting)}
"""The tables whose rows have their digests in the record."""

_TOGETHER = 1000
_SIZE = 16
"""The bytes of a digest or code."""
_encode = msgspec.json.Encoder().encode


def record(connection: Connection, at: str, table: Table, keys: Iterable[Sequence[Any]]) -> None:
    """Append the digests of the rows with these primary keys, as they stand in this transaction.

    A key without a row is recorded as gone. The first call on a store records the rows of all tables.
    """
    given = list(map(tuple, keys))
    if not given:
        return
    drafts: Iterable[Draft]
    if has_begun(connection):
        drafts = _changed(connection, table, given)
    else:
        drafts = (_draft(one, some, []) for one in RECORDED.values() for some in _whole(connection, one))
    audit.append(connection, at, list(drafts))


def has_begun(connection: Connection) -> bool:
    """Whether the record holds digests of rows; it does from the first run on."""
    query = select(audit_table.c.seq).where(audit_table.c.kind == KIND).order_by(audit_table.c.seq).limit(1)
    return connection.execute(query).first() is not None


def digested(table: Table, row: Row[Any]) -> list[Any]:
    """A row's primary key, which comes first in each of the tables, and the digest of the whole row."""
    digest = hashlib.blake2b(_encode(list(row)), digest_size=_SIZE).hexdigest()
    return [*row[: len(table.primary_key)], digest]


def _changed(connection: Connection, table: Table, keys: list[tuple[Any, ...]]) -> Iterator[Draft]:
    for some in batches(keys, _TOGETHER):
        found = connection.execute(select(table).where(tuple_(*table.primary_key).in_(some)))
        rows = [digested(table, row) for row in found]
        yield _draft(table, rows, sorted(set(some) - {tuple(key) for *key, _ in rows}))


def _whole(connection: Connection, table: Table) -> Iterator[list[list[Any]]]:
    with connection.execute(select(table).execution_options(yield_per=_TOGETHER)) as found:
        yield from batches((digested(table, row) for row in found), _TOGETHER)


def _draft(table: Table, rows: list[list[Any]], gone: list[tuple[Any, ...]]) -> Draft:
    return Draft(kind=KIND, body={"table": str(table.name), "rows": rows, "gone": gone})


def sealer(key: RecordKey, *said: str | None) -> Callable[[str, str], str]:
    """What codes cached decisions of the same rules, days, outcome and action.

    It takes a row's digest of the facts with the employee's id after it, and its digest of the decision.
    """
    begun = hashlib.blake2b(_encode(said), key=key.secret, digest_size=_SIZE)

    def seal(person: str, essence: str) -> str:
        code = begun.copy()
        code.update(_encode((person, essence)))
        return code.hexdigest()

    return seal


def check_cached(connection: Connection, key: RecordKey) -> None:
    """`StoreError` names the first cached decision that somebody edited or added.

    Rows without a code are of a time before there was a key, and are not used.
    """
    c = decision.c
    query = select(
        c.rules, c.decided_on, c.recheck_on, c.outcome, c.action, c.employee_id, c.facts, c.essence, c.seal
    ).where(c.seal != "")
    sealers: dict[tuple[str | None, ...], Callable[[str, str], str]] = {}
    with connection.execute(query.execution_options(yield_per=_TOGETHER)) as found:
        for *said, employee_id, facts, essence, seal in found:
            code = sealers.get(tuple(said)) or sealers.setdefault(tuple(said), sealer(key, *said))
            if code(f"{facts}{employee_id}", essence) != seal:
                raise StoreError(edited(employee_id))


def edited(employee_id: str) -> str:
    """What is said of a cached decision whose code is wrong."""
    return (
        f"{employee_id!r}: somebody edited this cached decision in the store, or the record has another key "
        "now, so it is not used; find out which, and run `icaccess apply --full`, which uses none"
    )
