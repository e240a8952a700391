"""Notices as the store holds them: written before they are sent, settled after, once for each fact.

Everything here works within the caller's transaction. What was sent, and what could not be, is appended to
the audit record in it, without address and text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, exists, func, insert, select, tuple_, update

from icaccess.batches import batches
from icaccess.models import ChangeAction
from icaccess.store import audit, rows
from icaccess.store.audit import Draft
from icaccess.store.database import Store
from icaccess.store.past_runs import run_day
from icaccess.store.schema import change as change_table
from icaccess.store.schema import notice as table
from icaccess.store.schema import run as run_table

NoticeState = Literal["intended", "handed_over", "sent", "failed", "dropped"]
"""`intended` is written before a notice is sent. `handed_over` is written when the mail server has all of it
but the last line, and stays where nobody heard what the server said to that. `sent`: the other side took it.
`failed`: it refused it for good, and why is noted. `dropped`: it was not sent, and is not true any more."""

_TOLD = ("sent", "handed_over")
_ENDING = "access_ending"
_KEPT = "access_kept"
_LATE = timedelta(days=92)
"""A removal that comes so long after the day that a notice named is not the one that it foretold."""
_CHUNK = 400  # stays under SQLite's limit of bound variables


class NoticeKey(NamedTuple):
    """What a notice is told once for: a channel, a recipient, and a fact of some kind."""

    channel: str
    recipient: str
    kind: str
    fact: str


class RecordedNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as the store holds it; instants are in UTC."""

    channel: str
    recipient: str
    kind: str
    fact: str
    address: str
    as_of: date
    state: NoticeState
    note: str
    message_id: str
    subject: str
    text: str
    about: dict[str, Any]
    intended_at: str
    settled_at: str | None = None
    id: int = 0

    @property
    def key(self) -> NoticeKey:
        """What it is told once for."""
        return NoticeKey(self.channel, self.recipient, self.kind, self.fact)


class VerifiedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of somebody's access that a target was seen to show."""

    run_id: int
    n: int
    action: str
    employee_id: str
    as_of: date


def of_recipients(connection: Connection, recipients: Collection[str]) -> dict[NoticeKey, RecordedNotice]:
    """All notices to these recipients."""
    found: dict[NoticeKey, RecordedNotice] = {}
    for some in batches(sorted(recipients), _CHUNK):
        query = select(table).where(table.c.recipient.in_(some))
        found.update((one.key, one) for one in map(_read, connection.execute(query)))
    return found


def of_recipient(connection: Connection, recipient: str) -> list[RecordedNotice]:
    """All notices to one recipient, oldest first."""
    query = select(table).where(table.c.recipient == recipient).order_by(table.c.intended_at, table.c.id)
    return [_read(row) for row in connection.execute(query)]


def untold(
    connection: Connection, revoked: Mapping[str, tuple[str, Collection[str]]], day: date
) -> frozenset[str]:
    """The people whose revocation a date foretold, and who were not told; nobody where no notice ever was.

    `revoked` has the outcome and the codes of the reasons of each planned revocation, by employee id.
    """
    if not has_any(connection):
        return frozenset()
    notices = endings(connection, revoked)
    found = set()
    for employee_id, (outcome, codes) in revoked.items():
        foretold_by = foretelling(notices.get(employee_id, ()), codes, day)
        if (foretold_by or outcome == "expired") and not any(map(has_reached, foretold_by)):
            found.add(employee_id)
    return frozenset(found)


def has_any(connection: Connection) -> bool:
    """Whether a notice was ever recorded."""
    return bool(connection.scalar(select(exists(table.c.id))))


def endings(connection: Connection, recipients: Collection[str]) -> dict[str, list[RecordedNotice]]:
    """The notices of an end of access to these recipients, by recipient, but for those taken back later."""
    notices = of_recipients(connection, recipients).values()
    kept: dict[tuple[str, str, str], str] = {}
    for one in notices:
        if one.kind == _KEPT and has_reached(one):
            about = one.channel, one.recipient, one.about["last_day"]
            kept[about] = max(kept.get(about, ""), one.settled_at or "")
    found: dict[str, list[RecordedNotice]] = {}
    for one in notices:
        if one.kind == _ENDING:
            taken_back = kept.get((one.channel, one.recipient, one.about["last_day"]), "")
            if not has_reached(one) or (one.settled_at or "") > taken_back:
                found.setdefault(one.recipient, []).append(one)
    return found


def foretelling(
    notices: Iterable[RecordedNotice], codes: Iterable[str], removed_on: date
) -> list[RecordedNotice]:
    """The notices that foretold a removal: for a day before it, and for no reason that it does not have."""
    return [
        one
        for one in notices
        if one.state != "dropped"
        and removed_on - _LATE <= date.fromisoformat(one.about["last_day"]) < removed_on
        and {reason["code"] for reason in one.about["reasons"]} <= set(codes)
    ]


def has_reached(one: RecordedNotice) -> bool:
    """Whether the other side took a notice, or may have."""
    return one.state in _TOLD


def intended(connection: Connection, kinds: Collection[str]) -> list[RecordedNotice]:
    """The notices of these kinds that were to be sent and were not, oldest first."""
    query = select(table).where(table.c.state == "intended", table.c.kind.in_(kinds)).order_by(table.c.id)
    return [_read(row) for row in connection.execute(query)]


def latest_facts(connection: Connection, kind: str) -> dict[str, str]:
    """The greatest fact of a kind that each recipient was told."""
    query = select(table.c.recipient, func.max(table.c.fact)).group_by(table.c.recipient)
    told = connection.execute(query.where(table.c.kind == kind, table.c.state.in_(_TOLD)))
    return {row[0]: row[1] for row in told}


def told_ends(connection: Connection, since: date) -> dict[str, set[date]]:
    """The last days of access, from `since` on, that each recipient was told."""
    query = select(table.c.recipient, table.c.fact).where(
        table.c.kind == _ENDING, table.c.state.in_(_TOLD), table.c.fact >= since.isoformat()
    )
    found: dict[str, set[date]] = {}
    for recipient, fact in connection.execute(query):
        found.setdefault(recipient, set()).add(date.fromisoformat(fact.partition(" ")[0]))
    return found


def has_settled(connection: Connection, kind: str, fact: str) -> bool:
    """Whether somebody was told a fact, or could not be told for good, and nobody still waits for it."""
    states = set(connection.scalars(select(table.c.state).where(table.c.kind == kind, table.c.fact == fact)))
    return bool(states - {"dropped"}) and "intended" not in states


def count_of_day(connection: Connection, day: date, kinds: Collection[str]) -> int:
    """How many notices of these kinds were sent for a day, whatever the channel."""
    c = table.c
    query = select(c.recipient, c.kind, c.fact).distinct()
    query = query.where(c.as_of == day.isoformat(), c.kind.in_(kinds), c.state.in_(_TOLD))
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def intend(connection: Connection, at: str, notices: Sequence[RecordedNotice]) -> None:
    """Write down notices that are about to be sent, each in the place of an earlier attempt."""
    for one in notices:
        values = msgspec.to_builtins(one) | {"about": audit.canonical(one.about).decode()}
        del values["id"]
        done = connection.execute(_where(one.key).values(**values))
        if not done.rowcount:
            connection.execute(insert(table).values(**values))
    _record(connection, at, [one.key for one in notices])


def settle(
    connection: Connection, at: str, keys: Iterable[NoticeKey], state: NoticeState, note: str = ""
) -> None:
    """Write what has become of notices; what was sent or refused goes into the audit record too."""
    drafts = []
    keys = list(keys)
    for key in keys:
        connection.execute(_where(key).values(state=state, note=note, settled_at=at))
        if state in ("sent", "failed"):
            body = {"state": state, "note": note, **key._asdict()}
            drafts.append(Draft(kind="notice", employee_id=key.recipient, body=body))
    audit.append(connection, at, drafts)
    _record(connection, at, keys)


def verified_changes(
    connection: Connection, target: str, actions: Collection[ChangeAction], since: date = date.min
) -> list[VerifiedChange]:
    """The verified changes at a target of runs for the day `since` or later, in the order of their making."""
    c, r = change_table.c, run_table.c
    query = (
        select(c.run_id, c.n, c.action, c.employee_id, r.as_of)
        .join(run_table, r.id == c.run_id)
        .where(c.target == target, c.state == "verified", c.action.in_(actions))
        .where(r.as_of >= since.isoformat())
        .order_by(c.run_id, c.n)
    )
    return [
        VerifiedChange(**row._asdict() | {"as_of": run_day(row.run_id, row.as_of)})
        for row in connection.execute(query)
    ]


def last_changes(connection: Connection, target: str, since: date) -> dict[str, VerifiedChange]:
    """Each employee's last verified change at a target, of runs for the day `since` or later.

    Grants and revocations alone: to hold access at other locations is no news.
    """
    changes = verified_changes(connection, target, ["grant", "revoke"], since)
    return {one.employee_id: one for one in changes}


def reasons_of(store: Store, one: VerifiedChange) -> list[dict[str, Any]]:
    """The reasons of a change, as the audit record keeps them; none where it has no entry."""
    with store.reading() as connection:
        for entry in audit.entries(connection, one.employee_id):
            if entry.kind == "intent" and entry.run_id == one.run_id and entry.body.get("n") == one.n:
                return list(entry.body.get("reasons", ()))
    return []


def _record(connection: Connection, at: str, keys: Sequence[NoticeKey]) -> None:
    """Append the digests of notices to the audit record."""
    c = table.c
    for some in batches(keys, _CHUNK):
        named = tuple_(c.channel, c.recipient, c.kind, c.fact).in_(some)
        ids = connection.execute(select(c.id).where(named).order_by(c.id)).all()
        rows.record(connection, at, table, map(tuple, ids))


def _where(key: NoticeKey) -> Any:
    return update(table).where(*(table.c[name] == value for name, value in key._asdict().items()))


def _read(row: Row[Any]) -> RecordedNotice:
    values = {str(name): value for name, value in row._mapping.items()}
    values["about"] = msgspec.json.decode(values["about"])
    return msgspec.convert(values, RecordedNotice)
