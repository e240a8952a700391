"""Who holds access, as the store knows it: the truth for the ledger, the last sight of other targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection, bindparam, delete, func, select

from icaccess.errors import StoreError
from icaccess.models import Access, Basis
from icaccess.store import audit, rows
from icaccess.store.audit import Draft
from icaccess.store.database import upsert
from icaccess.store.schema import access
from icaccess.store.schema import basis as basis_table

_encode = msgspec.json.Encoder(order="sorted").encode


class StoredBasis(msgspec.Struct, frozen=True, gc=False):
    """What the last decision rested on that allowed what an account holds, as the store keeps it."""

    basis: str
    """The basis as OPA wrote it."""
    valid_through: str | None = None
    """How long that decision said that access is valid, and the day of the decision that said so first."""
    noted_on: str | None = None

    def read(self, account: str) -> Basis:
        """The basis; `StoreError` when somebody edited it."""
        try:
            return msgspec.json.decode(self.basis, type=Basis)
        except msgspec.DecodeError as error:
            raise StoreError(
                f"the basis of the account {account} in the store was edited ({error}); restore a backup, or "
                "delete its row of the table basis"
            ) from error


_TOGETHER = 1000
"""How many accounts one entry of the audit record tells of."""


def everybody(connection: Connection, target: str) -> dict[str, Access]:
    """What each account holds at a target. People who hold the same share one value, to save memory."""
    shared: dict[tuple[str | None, str | None], Access] = {}
    found: dict[str, Access] = {}
    query = select(access.c.account, access.c.since, access.c.locations).where(access.c.target == target)
    with connection.execute(query.execution_options(yield_per=10_000)) as holding:
        for account, since, locations in holding:
            held = shared.get((since, locations))
            if held is None:
                held = shared[since, locations] = _read(account, since, locations)
            found[account] = held
    return found


def owners(connection: Connection, target: str, accounts: Sequence[str]) -> dict[str, str]:
    """Whose each of these accounts was when last seen, by employee id; unknown accounts are left out."""
    query = select(access.c.account, access.c.employee_id)
    query = query.where(access.c.target == target, access.c.account.in_(accounts))
    return {str(account): str(employee_id) for account, employee_id in connection.execute(query)}


def is_empty(connection: Connection, target: str) -> bool:
    """True when nobody is recorded to hold access at a target."""
    return connection.execute(select(func.count()).where(access.c.target == target)).scalar() == 0


def record(
    connection: Connection, at: str, target: str, held: Mapping[str, tuple[str, Access | None]]
) -> None:
    """Write what accounts hold now, as `{account: (employee id, access or None for nothing)}`.

    The audit record gets the same rows, by which `icaccess.store.verify` finds what somebody edited. The
    basis of what is held is written where `access` has it, and goes with the access.
    """
    gone = [account for account, (_, found) in held.items() if found is None]
    for table in (access, basis_table) if gone else ():
        query = delete(table).where(table.c.target == target, table.c.account == bindparam("gone"))
        connection.execute(query, [{"gone": account} for account in gone])
    rows.record(connection, at, basis_table, ((target, account) for account in gone))
    holding = [
        {
            "target": target,
            "account": account,
            "employee_id": employee_id,
            "since": found.since.isoformat() if found.since else None,
            "locations": None
            if found.locations is UNSET
            else msgspec.json.encode(sorted(found.locations)).decode(),
        }
        for account, (employee_id, found) in held.items()
        if found is not None
    ]
    if holding:
        upsert(connection, access, holding)
    known = {
        account: StoredBasis(_encode(found.basis).decode())
        for account, (_, found) in held.items()
        if found is not None and found.basis
    }
    remember(connection, at, target, known)
    for start in range(0, max(len(holding), len(gone)), _TOGETHER):
        some = {str(row["account"]): _facts(row) for row in holding[start : start + _TOGETHER]}
        body = {"target": target, "held": some, "gone": gone[start : start + _TOGETHER]}
        audit.append(connection, at, [Draft(kind="access", body=body)])


def evidence(connection: Connection, target: str, accounts: Sequence[str]) -> dict[str, StoredBasis]:
    """What is remembered of these accounts, at most some thousands; those without a basis are left out."""
    c = basis_table.c
    query = select(c.account, c.basis, c.valid_through, c.noted_on)
    known = connection.execute(query.where(c.target == target, c.account.in_(accounts))).all()
    return {account: StoredBasis(*values) for account, *values in known}


def remember(connection: Connection, at: str, target: str, found: Mapping[str, StoredBasis]) -> None:
    """Write what the last decisions rested on that allowed what these accounts hold."""
    known = [
        {"target": target, "account": account, **msgspec.structs.asdict(one)}
        for account, one in found.items()
    ]
    if known:
        upsert(connection, basis_table, known)
        rows.record(connection, at, basis_table, ((target, account) for account in found))


def _facts(row: Mapping[str, object]) -> dict[str, object]:
    """What a row says apart from its key."""
    return {name: value for name, value in row.items() if name not in ("target", "account")}


def _read(account: str, since: str | None, locations: str | None) -> Access:
    try:
        return Access(
            held=True,
            since=UNSET if since is None else date.fromisoformat(since),
            locations=UNSET if locations is None else msgspec.json.decode(locations, type=tuple[str, ...]),
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError(
            f"the store's row of the account {account} was edited ({error}); correct it or restore a backup"
        ) from error
