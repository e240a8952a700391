"""Settles what earlier runs left at a target, by what the target shows now, and remembers the result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace
from sqlalchemy import Connection

from icaccess.diff import Expected
from icaccess.models import Access, Change
from icaccess.plan import Pending, shows
from icaccess.store import feeds, holders, journal
from icaccess.store.database import Store
from icaccess.store.journal import Settlement, Written
from icaccess.store.lock import Lock
from icaccess.targets.interface import Listing, Target


def look(store: Store, target: Target) -> Listing:
    """Who holds access at the target, compared with what the store knows of the last run.

    An account with a change under way, or one that may show late, may show anything, so nothing is expected
    of it. An export that lacked somebody in an earlier run proves no removal in a later run either, even if
    that run misses nobody.
    """
    if target.is_store:
        return target.listing()
    with store.reading() as connection:
        expected = holders.everybody(connection, target.identity)
        open_changes = journal.unsettled(connection, target.identity)
        for one in open_changes + journal.unseen(connection, target.identity):
            expected.pop(one.account, None)
        accounts_before = feeds.accounts(connection, target.identity)
    listing = target.listing(expected, accounts_before)
    if listing.exported_at is not None:
        with store.reading() as connection:
            if journal.lost_since(connection, target.identity, listing.exported_at):
                return replace(listing, removals_show=False)
    return listing


def recover(store: Store, lock: Lock, target: Target, listing: Listing) -> None:
    """Settle what earlier runs left open, by what the target shows now.

    An interrupted change that shows is verified; one that does not show is dropped, and if it is still due,
    the next plan has it again. A pending change that shows is verified; any other stays pending. A change
    that failed because the target did not show it is verified when it shows now: a target may be late.
    """
    with lock.writing() as connection:
        at = store.now()
        journal.interrupt_open_runs(connection, at)
        settled: list[Settlement] = []
        for written in journal.unsettled(connection, target.identity):
            if written.state == "pending" and not listing.proves(written.action, written.batch):
                continue
            if was_made(written, listing):
                settled.append(Settlement(written, "verified", "seen at the target"))
            elif written.state == "intended" and target.handed_over(written.batch):
                settled.append(Settlement(written, "pending", "the list had been handed over"))
            elif written.state != "pending":
                settled.append(Settlement(written, "dropped", "interrupted, and the target does not show it"))
        settled += [
            Settlement(written, "verified", "seen at the target after its run")
            for written in journal.unseen(connection, target.identity)
            if was_made(written, listing)
        ]
        remember(connection, at, target, settled, listing)
        journal.settle(connection, at, settled)


def was_made(written: Written, listing: Listing) -> bool:
    """Whether a listing shows for certain the result of a change."""
    found = listing.held.get(written.account)
    return shows(found, written.after) and listing.tells(written.account)


def expected(store: Store, target: Target, as_of: date, listing: Listing | None) -> Expected | None:
    """What the store knows about a target besides what it shows; None if the store is the target."""
    if target.is_store or listing is None:
        return None
    with store.reading() as connection:
        held = holders.everybody(connection, target.identity)
        open_changes = journal.unsettled(connection, target.identity)
        late = [one for one in journal.unseen(connection, target.identity) if was_made(one, listing)]
    return Expected(
        held=held,
        pending={
            one.account: _pending(one, as_of, listing) for one in open_changes if one.state == "pending"
        },
        unsettled=frozenset(one.account for one in (*open_changes, *late)),
        hidden=frozenset(one for one in held if not listing.tells(one)),
    )


def remember(
    connection: Connection, at: str, target: Target, settled: Sequence[Settlement], listing: Listing
) -> None:
    """Remember what the accounts hold after changes, with the day on which this system gave it.

    This system also made a partial change, and its result is not drift. If nobody can tell what an account
    holds, the store keeps what it held before.
    """
    if target.is_store:
        return
    held: dict[str, tuple[str, Access | None]] = {}
    for one in settled:
        account, before, after = one.written.account, one.written.before, one.written.after
        found = listing.held.get(account)
        if one.state == "verified":
            if found is not None and after is not None:
                found = replace(found, since=after.since or found.since, basis=after.basis)
        elif one.state == "pending" or shows(found, before) or not listing.tells(account):
            continue
        elif found is not None and before is not None:
            found = replace(found, since=before.since)
        held[account] = (one.written.employee_id, found)
    holders.record(connection, at, target.identity, held)


def _pending(written: Written, as_of: date, listing: Listing) -> Pending:
    return Pending(
        **{name: getattr(written, name) for name in Change.__struct_fields__},
        batch=written.batch,
        due_on=written.due_on,
        overdue=written.due_on is not None and as_of > written.due_on,
        wanted=True,
        proved=listing.proves(written.action, written.batch),
    )
