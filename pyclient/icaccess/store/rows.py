"""Proves rows of the store that no entry of the audit record holds in full.

`record` writes digests of rows into the record, so `icaccess.store.verify` finds each row that somebody
edited, added or deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select, tuple_

from icaccess.batches import batches
from icaccess.store import audit
from icaccess.store.audit import Draft
from icaccess.store.schema import basis, feed, notice, waiting

KIND = "rows"
"""The kind of entry that holds digests: `{table, rows: [[key…, digest]…], gone: [[key…]…]}`."""
RECORDED = {str(table.name): table for table in (basis, feed, notice, waiting)}
"""The tables whose rows have their digests in the record."""

_TOGETHER = 1000
_SIZE = 16
"""The bytes of a digest."""
_encode = msgspec.json.Encoder().encode


def record(connection: Connection, at: str, table: Table, keys: Iterable[Sequence[Any]]) -> None:
    """Append the digests of the rows with these primary keys, as they stand in this transaction.

    A key without a row is recorded as gone.
    """
    drafts = []
    for some in batches(map(tuple, keys), _TOGETHER):
        found = connection.execute(select(table).where(tuple_(*table.primary_key).in_(some)))
        rows = [digested(table, row) for row in found]
        gone = sorted(set(some) - {tuple(key) for *key, _ in rows})
        drafts.append(Draft(kind=KIND, body={"table": str(table.name), "rows": rows, "gone": gone}))
    audit.append(connection, at, drafts)


def digested(table: Table, row: Row[Any]) -> list[Any]:
    """A row's primary key, which comes first in each of the tables, and the digest of the whole row."""
    digest = hashlib.blake2b(_encode(list(row)), digest_size=_SIZE).hexdigest()
    return [*row[: len(table.primary_key)], digest]
