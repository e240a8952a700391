"""Carries a plan out: intent before each change, result after, and the target read back at the end.

Killed at any point, `recover` settles what was under way by looking at the target, so that nothing is lost
and nothing is done twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from icaccess.diff import Expected
from icaccess.errors import ChangesFailed, IcaccessError, TargetError
from icaccess.models import Access, Change
from icaccess.plan import Drift, Pending, Plan, PlannedChange, shows
from icaccess.store import audit, consents, feeds, holders, journal
from icaccess.store.audit import Draft
from icaccess.store.database import Store
from icaccess.store.journal import Batch, Settlement, Written
from icaccess.store.lock import Lock
from icaccess.targets.interface import Listing, Result, Target


class FailedChange(msgspec.Struct, frozen=True):
    """One change that could not be made, and why."""

    change: Change
    note: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of carrying a plan out."""

    run_id: int
    counts: dict[str, int]
    """How many changes ended in which state of the journal."""
    failures: tuple[FailedChange, ...] = ()
    waiting: int = 0
    """How many revocations wait for a consent."""
    left: int = 0
    """How many changes were not begun, because the target stopped taking any; the next run has them."""
    stopped: str = ""
    """Why the target stopped taking changes, where it did."""
    to_do: tuple[str, ...] = ()
    """What a person has to do so that changes that are pending are made."""

    @property
    def complete(self) -> bool:
        """Whether every change was made and verified, or is under way."""
        return not self.failures and not self.left


def look(store: Store, target: Target) -> Listing:
    """Who holds access at the target, compared with what the store knows of the last run.

    An account with a change under way, or one that may show late, may show anything, so it is not expected.
    An export in which an earlier run has missed somebody proves no removal in a later run either, though
    nobody is missed then.
    """
    if target.is_store:
        return target.listing()
    with store.reading() as connection:
        expected = holders.everybody(connection, target.identity)
        for one in (
            *journal.unsettled(connection, target.identity),
            *journal.unseen(connection, target.identity),
        ):
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

    A change that was interrupted either shows, and is verified, or does not, and is dropped: where it is
    still due, the next plan has it again. A pending one that shows is verified, another stays pending. One
    that failed since the target did not show it is verified when it shows now: a target may be late.
    """
    with store.writing() as connection:
        lock.check(connection)
        at = store.now()
        journal.interrupt_open_runs(connection, at)
        settled: list[Settlement] = []
        for written in journal.unsettled(connection, target.identity):
            if written.state == "pending" and not listing.proves(written.action, written.batch):
                continue
            if _was_made(written, listing):
                settled.append(Settlement(written, "verified", "seen at the target"))
            elif written.state == "intended" and target.handed_over(written.batch):
                settled.append(Settlement(written, "pending", "the list had been handed over"))
            elif written.state != "pending":
                settled.append(Settlement(written, "dropped", "interrupted, and the target does not show it"))
        settled += [
            Settlement(written, "verified", "seen at the target after its run")
            for written in journal.unseen(connection, target.identity)
            if _was_made(written, listing)
        ]
        _remember(connection, at, target, settled, listing)
        journal.settle(connection, at, settled)


def _was_made(written: Written, listing: Listing) -> bool:
    """Whether a listing shows for certain what a change was to leave."""
    found = listing.held.get(written.account)
    return shows(found, written.after) and listing.tells(written.account)


def expected(store: Store, target: Target, as_of: date, listing: Listing | None = None) -> Expected | None:
    """What the store knows of a target besides what it shows; None where the store is the target."""
    if target.is_store:
        return None
    with store.reading() as connection:
        held = holders.everybody(connection, target.identity)
        open_changes = journal.unsettled(connection, target.identity)
        late = [
            one
            for one in journal.unseen(connection, target.identity)
            if listing is not None and _was_made(one, listing)
        ]
    return Expected(
        held=held,
        pending={
            one.account: _pending(one, as_of, listing) for one in open_changes if one.state == "pending"
        },
        unsettled=frozenset(one.account for one in (*open_changes, *late)),
        hidden=frozenset(one for one in held if listing is not None and not listing.tells(one)),
    )


@dataclass(frozen=True)
class Application:
    """Where a plan is carried out, for whom, and how it is stopped.

    `due_on` is the day by which changes that somebody else carries out are to show; `foretold` is how many of
    the revocations the guard counted apart. Once `stopping` is true no more changes are begun; what was made
    is verified, and the rest is left to the next run.
    """

    store: Store
    lock: Lock
    target: Target
    by: str
    settings_digest: str = ""
    due_on: date | None = None
    foretold: int = 0
    stopping: Callable[[], bool] = lambda: False

    def carry_out(self, plan: Plan, waiting: Sequence[PlannedChange] = ()) -> Summary:
        """Make every change of a plan but those that wait, verify each by reading back, and journal all.

        A change that could not be made is in the summary; it never stops the others.
        """
        run = _Run(self, self._begin(plan, waiting), plan.as_of)
        left_out = {change.employee_id for change in waiting}
        wanted = [change for change in plan.changes if change.employee_id not in left_out]
        size = self.target.batch_size or max(len(wanted), 1)
        stopped = ""
        try:
            try:
                for start in range(0, len(wanted), size):
                    if self.stopping():
                        stopped = "this run was asked to stop"
                        break
                    run.make(wanted[start : start + size])
            except TargetError as error:
                stopped = str(error)
            run.verify()
            left = len(wanted) - run.begun
            with self.store.writing() as connection:
                self.lock.check(connection)
                journal.finish(connection, self.store.now(), run.id, dict(run.counts), left=left)
        except (IcaccessError, OSError) as error:
            if not run.begun:
                raise
            raise ChangesFailed(
                f"run {run.id} began {run.begun} of {len(wanted)} changes, and could not record what came of "
                f"them: {error}; correct that, and run again: it looks at the target first"
            ) from error
        return Summary(
            run_id=run.id,
            counts=dict(run.counts),
            failures=tuple(run.failures),
            waiting=len(waiting),
            left=left,
            stopped=stopped,
            to_do=tuple(run.to_do),
        )

    def _begin(self, plan: Plan, waiting: Iterable[PlannedChange]) -> int:
        """Open the run, and record what was found that the plan itself does not change."""
        with self.store.writing() as connection:
            self.lock.check(connection)
            at = self.store.now()
            origin = _origin(plan, self.by, self.settings_digest, self.foretold)
            run_id = journal.begin(connection, at, origin)
            new = consents.wait(connection, at, plan.target, plan.as_of, {one.employee_id for one in waiting})
            found: list[tuple[str, Drift | PlannedChange]] = [("drift", one) for one in plan.drift]
            found += [("held_back", one) for one in waiting if one.employee_id in new]
            audit.append(
                connection,
                at,
                [
                    Draft(
                        kind=kind, run_id=run_id, employee_id=one.employee_id, body=msgspec.to_builtins(one)
                    )
                    for kind, one in found
                ],
            )
            seen = {one.account: (one.employee_id, one.found) for one in plan.drift}
            holders.record(connection, at, self.target.identity, seen)
            _withdraw(connection, at, plan)
        return run_id


def _withdraw(connection: Connection, at: str, plan: Plan) -> None:
    """Close what is pending and no longer wanted; if it is carried out later, that is drift."""
    accounts = {one.account for one in plan.pending if not one.wanted}
    journal.settle(
        connection,
        at,
        [
            Settlement(written, "dropped", "no longer wanted")
            for written in (journal.unsettled(connection, plan.target) if accounts else ())
            if written.state == "pending" and written.account in accounts
        ],
    )


class _Run:
    """The changes of one run: made, then verified."""

    def __init__(self, place: Application, run_id: int, as_of: date) -> None:
        self.id = run_id
        self.counts: Counter[str] = Counter()
        self.failures: list[FailedChange] = []
        self.begun = 0
        self.to_do: list[str] = []
        self._place = place
        self._as_of = as_of
        self._made: list[Settlement] = []
        """What is verified if the target shows it, with what leaves that in doubt as the note."""

    def make(self, changes: Sequence[PlannedChange]) -> None:
        """Write the intents, make the changes, write the results."""
        target, store = self._place.target, self._place.store
        first = self.begun + 1
        name = f"{self._as_of:%Y%m%d}-{self.id:06d}"
        if target.batch_size is not None:
            name += f"-{first:06d}"
        batch = Batch(
            run_id=self.id, target=target.identity, name=name, first=first, due_on=self._place.due_on
        )
        with store.writing() as connection:
            self._place.lock.check(connection)
            written = journal.intend(connection, store.now(), batch, changes)
        self.begun += len(changes)
        results = [Result("failed", change.problem) if change.problem else None for change in changes]
        open_ = [index for index, result in enumerate(results) if result is None]
        try:
            answers = target.apply([changes[index] for index in open_], name)
            for index, result in zip(open_, answers, strict=True):
                results[index] = result
        finally:
            self._settle(list(zip(written, results, strict=True)))
        if any(result is not None and result.state == "pending" for result in results):
            self.to_do.append(target.to_do(name, self._place.due_on))

    def verify(self) -> None:
        """Read the target back; a change that it does not show has failed, whatever it said."""
        if not self._made:
            return
        target, store = self._place.target, self._place.store
        try:
            listing = look(store, target)
        except TargetError as error:
            # Left open: the next run settles them by looking.
            self.counts["unverified"] += len(self._made)
            note = f"could not be verified: {error}"
            self.failures += [FailedChange(made.written, note) for made in self._made]
            return
        settled = [self._seen(made, listing) for made in self._made]
        with store.writing() as connection:
            self._place.lock.check(connection)
            at = store.now()
            _remember(connection, at, target, settled, listing)
            journal.settle(connection, at, settled)

    def _seen(self, made: Settlement, listing: Listing) -> Settlement:
        """What has become of a change, by what the target shows now."""
        if not _was_made(made.written, listing):
            note = f"{journal.NOT_SHOWN}{f' ({made.note})' if made.note else ''}"
            made = Settlement(made.written, "failed", note)
            self.failures.append(FailedChange(made.written, note))
        self.counts[made.state] += 1
        return made

    def _settle(self, results: Sequence[tuple[Written, Result | None]]) -> None:
        """Write the results; a change without an answer may still have been made, and reading back tells."""
        answered = [
            Settlement(one, result.state, result.note)
            for one, result in results
            if result is not None and result.state != "unclear"
        ]
        with self._place.store.writing() as connection:
            self._place.lock.check(connection)
            journal.settle(connection, self._place.store.now(), answered)
        for one, result in results:
            if result is None or result.state in ("made", "unclear"):
                doubt = result.note if result else "the target stopped answering"
                self._made.append(Settlement(one, "verified", doubt))
                continue
            self.counts[result.state] += 1
            if result.state == "failed":
                self.failures.append(FailedChange(one, result.note))


def _remember(
    connection: Connection,
    at: str,
    target: Target,
    settled: Sequence[Settlement],
    listing: Listing,
) -> None:
    """Remember what changes left the accounts holding, with the day that this system gave it.

    A change that was made in part is this system's doing as well, and what it left is no drift. Where nobody
    can tell what an account holds, what it held before is remembered on.
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


def _origin(plan: Plan, by: str, settings_digest: str, foretold: int) -> journal.Origin:
    return journal.Origin(
        kind="apply",
        by=by,
        target=plan.target,
        as_of=plan.as_of,
        plan_digest=plan.digest,
        policy_revision=plan.policy_revision,
        data_revision=plan.data_revision,
        facts_digest=plan.facts_digest,
        settings_digest=settings_digest,
        people=plan.people,
        counts=plan.counts | ({journal.FORETOLD: foretold} if foretold else {}),
        sources=tuple(msgspec.to_builtins(one) for one in plan.sources),
    )


def _pending(written: Written, as_of: date, listing: Listing | None) -> Pending:
    return Pending(
        action=written.action,
        employee_id=written.employee_id,
        account=written.account,
        before=written.before,
        after=written.after,
        batch=written.batch,
        due_on=written.due_on,
        overdue=written.due_on is not None and as_of > written.due_on,
        wanted=True,
        proved=listing is None or listing.proves(written.action, written.batch),
    )
