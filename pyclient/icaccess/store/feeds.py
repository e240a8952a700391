"""How large each source of facts was in the last good run, by which the next run judges it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
from sqlalchemy import Connection, select

from icaccess.models import SourceSize
from icaccess.store import rows
from icaccess.store.database import upsert
from icaccess.store.schema import feed


def sizes(connection: Connection) -> dict[str, SourceSize]:
    """The size of each source in its last good run, by name."""
    return {
        row.name: SourceSize(
            row.rows,
            row.people,
            date.fromisoformat(row.newest) if row.newest else None,
            msgspec.json.decode(row.filled, type=dict[str, int]),
        )
        for row in connection.execute(select(feed))
    }


def remember(connection: Connection, at: str, found: Mapping[str, SourceSize]) -> None:
    """Write the sizes of sources at the end of a good run; those that are not named stay."""
    written = [
        {
            "name": name,
            "rows": size.rows,
            "people": size.people,
            "newest": size.newest.isoformat() if size.newest else None,
            "filled": msgspec.json.encode(size.filled, order="sorted").decode(),
        }
        for name, size in found.items()
    ]
    if written:
        upsert(connection, feed, written)
        rows.record(connection, at, feed, ((name,) for name in found))
