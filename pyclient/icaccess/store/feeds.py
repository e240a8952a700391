"""How large each source of facts, and each target, was in the last good run, by which the next is judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
from sqlalchemy import Connection, select

from icaccess.models import SourceSize
from icaccess.store import rows
from icaccess.store.audit import canonical
from icaccess.store.database import upsert
from icaccess.store.schema import feed

_filled = msgspec.json.Decoder(dict[str, int]).decode


def sizes(connection: Connection) -> dict[str, SourceSize]:
    """The size of each source in its last good run, by name."""
    return {
        name: SourceSize(rows, people, date.fromisoformat(newest) if newest else None, _filled(filled))
        for name, rows, people, newest, filled in connection.execute(select(feed))
    }


def remember(connection: Connection, at: str, found: Mapping[str, SourceSize]) -> None:
    """Write the sizes of sources at the end of a good run; those that are not named stay."""
    written = [
        {"name": name, **msgspec.to_builtins(size), "filled": canonical(size.filled).decode()}
        for name, size in found.items()
    ]
    if written:
        upsert(connection, feed, written)
        rows.record(connection, at, feed, ((name,) for name in found))


def accounts(connection: Connection, target: str) -> int:
    """How many accounts a target knew in the last good run; 0 where nobody counted them."""
    query = select(feed.c.people).where(feed.c.name == _of_target(target))
    return connection.execute(query).scalar() or 0


def remember_accounts(connection: Connection, at: str, target: str, count: int) -> None:
    """Write how many accounts a target knew, at the end of a good run."""
    remember(connection, at, {_of_target(target): SourceSize(rows=count, people=count)})


def _of_target(target: str) -> str:
    return f"accounts: {target}"
