"""Who holds access, as the store knows it: the truth for the ledger, the last sight of other targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec
from sqlalchemy import Connection, delete, func, select

from icaccess.errors import StoreError
from icaccess.store.database import upsert
from icaccess.store.schema import access
from icaccess.targets.interface import Holding

_CHUNK = 400  # stays under SQLite's limit of bound variables


def holdings(connection: Connection, target: str) -> dict[str, Holding]:
    """What each account holds at a target. People who hold the same share one value, to save memory."""
    shared: dict[tuple[str | None, str | None], Holding] = {}
    found: dict[str, Holding] = {}
    query = select(access.c.account, access.c.since, access.c.locations).where(access.c.target == target)
    with connection.execute(query.execution_options(yield_per=10_000)) as rows:
        for account, since, locations in rows:
            holding = shared.get((since, locations))
            if holding is None:
                holding = shared[since, locations] = _read(account, since, locations)
            found[account] = holding
    return found


def employees(connection: Connection, target: str, accounts: Iterable[str]) -> dict[str, str]:
    """Whose account it was when it was last recorded, for those of the accounts that are known."""
    found: dict[str, str] = {}
    for chunk in _chunks(accounts):
        query = select(access.c.account, access.c.employee_id).where(
            access.c.target == target, access.c.account.in_(chunk)
        )
        found.update((row.account, row.employee_id) for row in connection.execute(query))
    return found


def is_empty(connection: Connection, target: str) -> bool:
    """True when nobody is recorded to hold access at a target."""
    return connection.execute(select(func.count()).where(access.c.target == target)).scalar() == 0


def record(connection: Connection, target: str, held: Mapping[str, tuple[str, Holding | None]]) -> None:
    """Write what accounts hold now, as `{account: (employee id, holding or None for nothing)}`."""
    gone = [account for account, (_, holding) in held.items() if holding is None]
    for chunk in _chunks(gone):
        connection.execute(delete(access).where(access.c.target == target, access.c.account.in_(chunk)))
    rows = [
        {
            "target": target,
            "account": account,
            "employee_id": employee_id,
            "since": holding.since.isoformat() if holding.since else None,
            "locations": None
            if holding.locations is None
            else msgspec.json.encode(sorted(holding.locations)).decode(),
        }
        for account, (employee_id, holding) in held.items()
        if holding is not None
    ]
    if rows:
        upsert(connection, access, rows)


def _read(account: str, since: str | None, locations: str | None) -> Holding:
    try:
        return Holding(
            locations=None if locations is None else msgspec.json.decode(locations, type=tuple[str, ...]),
            since=None if since is None else date.fromisoformat(since),
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError(
            f"the store's row of the account {account} was edited ({error}); correct it or restore a backup"
        ) from error


def _chunks(accounts: Iterable[str]) -> Iterable[list[str]]:
    everything = list(accounts)
    for start in range(0, len(everything), _CHUNK):
        yield everything[start : start + _CHUNK]
