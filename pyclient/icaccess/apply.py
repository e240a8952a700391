"""Carries a plan out: intent before each change, result after, and the target read back at the end.

Killed at any point, `recover` settles what was under way by looking at the target, so that nothing is lost
and nothing is done twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection

from icaccess.batches import batches
from icaccess.diff import Expected
from icaccess.errors import TargetError
from icaccess.packed import Packed
from icaccess.plan import Drift, Pending, Plan, PlannedChange, shows
from icaccess.store import audit, holders, journal
from icaccess.store.audit import Draft
from icaccess.store.database import Store
from icaccess.store.journal import Settlement, Written
from icaccess.store.lock import Lock
from icaccess.targets.interface import Holding, Listing, Result, Target

_TOGETHER = 1000
"""How many changes are verified together, so that memory does not grow with their number."""
_GROUNDS = ("outcome", "reasons", "basis", "requirements_met_on", "grant_due_by", "escalate", "warnings")


class Failure(msgspec.Struct, frozen=True):
    """One change that could not be made, and why."""

    change: PlannedChange | Written
    note: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of carrying a plan out."""

    run_id: int
    counts: dict[str, int]
    """How many changes ended in which state of the journal."""
    failures: tuple[Failure, ...]
    held_back: int = 0
    """How many changes the guard held back."""
    left: int = 0
    """How many changes were not begun, because the target stopped taking any; the next run has them."""
    stopped: str = ""
    """Why the target stopped taking changes, where it did."""

    @property
    def complete(self) -> bool:
        """Whether every change was made and verified, or is under way."""
        return not self.failures and not self.left


def look(store: Store, target: Target) -> Listing:
    """Who holds access at the target, held against what the store knows of the last run.

    An account with a change under way may show anything, so it is not expected.
    """
    if target.is_store:
        return target.listing()
    with store.reading() as connection:
        expected = holders.holdings(connection, target.identity)
        for one in journal.unsettled(connection, target.identity):
            expected.pop(one.account, None)
    return target.listing(expected)


def recover(store: Store, lock: Lock, target: Target, listing: Listing) -> list[Settlement]:
    """Settle what earlier runs left open, by what the target shows now.

    A change that was interrupted either shows, and is verified, or does not, and is dropped: where it is
    still due, the next plan has it again. A pending one that shows is verified, another stays pending.
    """
    current = listing.held
    with store.writing() as connection:
        lock.check(connection)
        at = store.now()
        journal.interrupt_open_runs(connection, at)
        settled: list[Settlement] = []
        for written in journal.unsettled(connection, target.identity):
            if not listing.proves(written.action, written.batch) and written.state == "pending":
                continue
            if shows(current.get(written.account), written.after):
                settled.append(Settlement(written, "verified", "seen at the target"))
            elif written.state == "intended" and target.handed_over(written.batch):
                settled.append(Settlement(written, "pending", "the list had been handed over"))
            elif written.state != "pending":
                settled.append(Settlement(written, "dropped", "interrupted, and the target does not show it"))
        _believe(connection, target, settled, current)
        journal.settle(connection, at, settled)
    return settled


def expected(store: Store, target: Target, as_of: date) -> Expected | None:
    """What the store knows of a target besides what it shows; None where the store is the target."""
    if target.is_store:
        return None
    with store.reading() as connection:
        held = holders.holdings(connection, target.identity)
        open_changes = journal.unsettled(connection, target.identity)
    return Expected(
        held=held,
        pending={one.account: _pending(one, as_of) for one in open_changes if one.state == "pending"},
        unsettled=frozenset(one.account for one in open_changes),
    )


def carry_out(
    store: Store,
    lock: Lock,
    target: Target,
    plan: Plan,
    *,
    by: str,
    held_back: Sequence[PlannedChange] = (),
    due_on: date | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Summary:
    """Make every change of a plan but those held back, verify each by reading back, and journal all of it.

    What could not be made is in the summary; it never stops the others. `due_on` is the day by which changes
    that somebody else carries out are to show. Once `stopping` is true no more changes are begun; what was
    made is verified, and the rest is left to the next run.
    """
    with store.writing() as connection:
        lock.check(connection)
        at = store.now()
        run_id = journal.begin(connection, at, _origin(plan, by))
        audit.append(connection, at, [_drift_entry(run_id, one) for one in plan.drift])
        audit.append(connection, at, [_held_back_entry(run_id, one) for one in held_back])
        seen = {one.account: (one.employee_id, one.found) for one in plan.drift}
        holders.record(connection, target.identity, seen)
        _withdraw(connection, at, plan)
    run = _Run(store, lock, target, run_id, plan.as_of, due_on)
    left_out = set(held_back)
    wanted = (change for change in plan.changes if change not in left_out)
    count = len(plan.changes) - len(left_out)
    stopped = ""
    try:
        for batch in batches(wanted, target.batch_size or max(count, 1)):
            if stopping():
                stopped = "this run was asked to stop"
                break
            run.make(batch)
    except TargetError as error:
        stopped = str(error)
    run.verify()
    with store.writing() as connection:
        lock.check(connection)
        journal.finish(connection, store.now(), run_id, dict(run.counts), left=count - run.begun)
    return Summary(
        run_id=run_id,
        counts=dict(run.counts),
        failures=tuple(run.failures),
        held_back=len(held_back),
        left=count - run.begun,
        stopped=stopped,
    )


def _withdraw(connection: Connection, at: str, plan: Plan) -> None:
    """Close what is pending and no longer wanted; should it be carried out yet, that is drift."""
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

    def __init__(
        self, store: Store, lock: Lock, target: Target, run_id: int, as_of: date, due_on: date | None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.failures: list[Failure] = []
        self.begun = 0
        self._store = store
        self._lock = lock
        self._target = target
        self._run_id = run_id
        self._as_of = as_of
        self._due_on = due_on
        self._made = Packed(Settlement)
        """What is verified if the target shows it, with what leaves that in doubt as the note."""

    def make(self, batch: Sequence[PlannedChange]) -> None:
        """Write the intents, make the changes, write the results."""
        first = self.begun + 1
        name = f"{self._as_of:%Y%m%d}-{self._run_id:06d}"
        if self._target.batch_size is not None:
            name += f"-{first:06d}"
        with self._store.writing() as connection:
            self._lock.check(connection)
            written = journal.intend(
                connection,
                self._store.now(),
                self._run_id,
                self._target.identity,
                name,
                first,
                self._due_on,
                [(change.as_change(), _grounds(change)) for change in batch],
            )
        self.begun += len(batch)
        results = [Result("failed", change.problem) if change.problem else None for change in batch]
        open_ = [index for index, result in enumerate(results) if result is None]
        try:
            answers = self._target.apply([batch[index].as_change() for index in open_], name)
            for index, result in zip(open_, answers, strict=True):
                results[index] = result
        finally:
            self._settle(list(zip(written, batch, results, strict=True)))

    def verify(self) -> None:
        """Read the target back; what it does not show has failed, whatever it said."""
        if not self._made:
            return
        try:
            current = look(self._store, self._target).held
        except TargetError as error:
            # Left as they are: the next run settles them by looking.
            for made in self._made:
                self.counts["unverified"] += 1
                self.failures.append(Failure(made.written, f"could not be verified: {error}"))
            return
        with self._store.writing() as connection:
            self._lock.check(connection)
            for some in batches(self._made, _TOGETHER):
                settled = [self._seen(made, current) for made in some]
                _believe(connection, self._target, settled, current)
                journal.settle(connection, self._store.now(), settled)

    def _seen(self, made: Settlement, current: Mapping[str, Holding]) -> Settlement:
        """What has become of a change, by what the target shows now."""
        if not shows(current.get(made.written.account), made.written.after):
            note = f"the target does not show it{f' ({made.note})' if made.note else ''}"
            made = Settlement(made.written, "failed", note)
            self.failures.append(Failure(made.written, note))
        self.counts[made.state] += 1
        return made

    def _settle(self, batch: Sequence[tuple[Written, PlannedChange, Result | None]]) -> None:
        """Write the results; what was not answered may still have been made, and reading back tells."""
        with self._store.writing() as connection:
            self._lock.check(connection)
            journal.settle(
                connection,
                self._store.now(),
                [
                    Settlement(one, result.state, result.note)
                    for one, _, result in batch
                    if result is not None and result.state != "unclear"
                ],
            )
        for one, change, result in batch:
            if result is None or result.state in ("made", "unclear"):
                doubt = result.note if result else "the target stopped answering"
                self._made.add(Settlement(one, "verified", doubt))
                continue
            self.counts[result.state] += 1
            if result.state == "failed":
                self.failures.append(Failure(change, result.note))


def _believe(
    connection: Connection, target: Target, settled: Sequence[Settlement], current: Mapping[str, Holding]
) -> None:
    """Remember what verified changes left the accounts holding, with the day that this system gave it."""
    if target.is_store:
        return
    held: dict[str, tuple[str, Holding | None]] = {}
    for one in settled:
        if one.state != "verified":
            continue
        found = current.get(one.written.account)
        since = one.written.after.since if one.written.after else None
        held[one.written.account] = (
            one.written.employee_id,
            None if found is None else Holding(locations=found.locations, since=since or found.since),
        )
    holders.record(connection, target.identity, held)


def _grounds(change: PlannedChange) -> dict[str, Any]:
    """What a change rests on, for the record: the reasons, or the job, the completions and the approval."""
    grounds = msgspec.to_builtins(change)
    return {name: grounds[name] for name in _GROUNDS if name in grounds}


def _origin(plan: Plan, by: str) -> journal.Origin:
    return journal.Origin(
        kind="apply",
        by=by,
        target=plan.target,
        as_of=plan.as_of,
        plan_digest=plan.digest,
        policy_revision=plan.policy_revision,
        data_revision=plan.data_revision,
        facts_digest=plan.facts_digest,
        people=plan.people,
        counts=plan.counts,
    )


def _drift_entry(run_id: int, drift: Drift) -> Draft:
    return Draft(kind="drift", run_id=run_id, employee_id=drift.employee_id, body=msgspec.to_builtins(drift))


def _held_back_entry(run_id: int, change: PlannedChange) -> Draft:
    body = {"action": change.action, "account": change.account, **_grounds(change)}
    return Draft(kind="held_back", run_id=run_id, employee_id=change.employee_id, body=body)


def _pending(written: Written, as_of: date) -> Pending:
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
    )
