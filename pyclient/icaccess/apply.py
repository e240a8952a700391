"""Carries out a plan: intent before each change, result after, and the target read back at the end.

If it is killed at any point, the next run settles what was under way (`icaccess.recovery`), so that nothing
is lost and nothing is done twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec
from sqlalchemy import Connection

from icaccess.batches import batches
from icaccess.errors import ChangesFailed, IcaccessError, TargetError
from icaccess.models import Change
from icaccess.plan import Drift, Plan, PlannedChange
from icaccess.recovery import look, remember, was_made
from icaccess.store import audit, consents, holders, journal
from icaccess.store.audit import Draft
from icaccess.store.database import Store
from icaccess.store.journal import Batch, Settlement, Written
from icaccess.store.lock import Lock
from icaccess.targets.interface import Listing, Result, Target
from icaccess.text import how_many


class FailedChange(msgspec.Struct, frozen=True):
    """One change that failed, and why."""

    change: Change
    note: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The result of carrying out a plan."""

    run_id: int
    counts: dict[str, int]
    """How many changes ended in each state of the journal."""
    failures: tuple[FailedChange, ...] = ()
    waiting: int = 0
    """How many revocations wait for a consent."""
    left: int = 0
    """How many changes were not begun because the target stopped accepting them; the next run has them."""
    stopped: str = ""
    """Why the target stopped accepting changes, if it did."""
    to_do: tuple[str, ...] = ()
    """What a person has to do to complete the pending changes."""

    @property
    def complete(self) -> bool:
        """Whether every change was made and verified, or is under way."""
        return not self.failures and not self.left


@dataclass
class Application:
    """Carries out one plan: where, for whom, and how to stop.

    `due_on` is the day by which changes that somebody else makes should show; `foretold` is how many of the
    revocations the guard counted separately. Once `stopping` is true no more changes begin; those made are
    verified, and the next run makes the rest.
    """

    store: Store
    lock: Lock
    target: Target
    by: str
    settings_digest: str = ""
    due_on: date | None = None
    foretold: int = 0
    stopping: Callable[[], bool] = lambda: False
    _counts: Counter[str] = field(default_factory=Counter, init=False)
    _failures: list[FailedChange] = field(default_factory=list, init=False)
    _to_do: list[str] = field(default_factory=list, init=False)
    _begun: int = field(default=0, init=False)
    _made: list[Settlement] = field(default_factory=list, init=False)
    """What counts as verified if the target shows it; the note says what leaves doubt."""

    def carry_out(self, plan: Plan, waiting: Sequence[PlannedChange] = ()) -> Summary:
        """Make every change of a plan except those that wait, verify each by reading back, and journal all.

        The summary has each change that failed; it never stops the others.
        """
        run_id = self._begin(plan, waiting)
        left_out = {change.employee_id for change in waiting}
        wanted = [change for change in plan.changes if change.employee_id not in left_out]
        stopped = ""
        try:
            try:
                for some in batches(wanted, self.target.batch_size or max(len(wanted), 1)):
                    if self.stopping():
                        stopped = "this run was asked to stop"
                        break
                    self._make(run_id, plan.as_of, some)
            except TargetError as error:
                stopped = str(error)
            self._verify()
            left = len(wanted) - self._begun
            with self.lock.writing() as connection:
                journal.finish(connection, self.store.now(), run_id, dict(self._counts), left=left)
        except (IcaccessError, OSError) as error:
            if not self._begun:
                raise
            raise ChangesFailed(
                f"run {run_id} began {self._begun} of {how_many(len(wanted), 'change')}, and could not "
                f"record the results: {error}; correct that, and run again: it looks at the target first"
            ) from error
        return Summary(
            run_id=run_id,
            counts=dict(self._counts),
            failures=tuple(self._failures),
            waiting=len(waiting),
            left=left,
            stopped=stopped,
            to_do=tuple(self._to_do),
        )

    def _begin(self, plan: Plan, waiting: Iterable[PlannedChange]) -> int:
        """Open the run, and record what the plan found but does not change itself."""
        with self.lock.writing() as connection:
            at = self.store.now()
            run_id = journal.begin(connection, at, self._origin(plan))
            new = consents.wait(connection, at, plan.target, plan.as_of, {one.employee_id for one in waiting})
            found: list[tuple[str, Drift | PlannedChange]] = [("drift", one) for one in plan.drift]
            found += [("held_back", one) for one in waiting if one.employee_id in new]
            drafts = [
                Draft(kind=kind, run_id=run_id, employee_id=one.employee_id, body=msgspec.to_builtins(one))
                for kind, one in found
            ]
            audit.append(connection, at, drafts)
            seen = {one.account: (one.employee_id, one.found) for one in plan.drift}
            holders.record(connection, at, self.target.identity, seen)
            _withdraw(connection, at, plan)
        return run_id

    def _origin(self, plan: Plan) -> journal.Origin:
        return journal.Origin(
            kind="apply",
            by=self.by,
            target=plan.target,
            as_of=plan.as_of,
            plan_digest=plan.digest,
            policy_revision=plan.policy_revision,
            data_revision=plan.data_revision,
            facts_digest=plan.facts_digest,
            settings_digest=self.settings_digest,
            people=plan.people,
            counts=plan.counts | ({journal.FORETOLD: self.foretold} if self.foretold else {}),
            sources=tuple(msgspec.to_builtins(one) for one in plan.sources),
        )

    def _make(self, run_id: int, as_of: date, changes: Sequence[PlannedChange]) -> None:
        """Write the intents, make the changes, write the results."""
        first = self._begun + 1
        name = f"{as_of:%Y%m%d}-{run_id:06d}"
        if self.target.batch_size is not None:
            name += f"-{first:06d}"
        batch = Batch(run_id=run_id, target=self.target.identity, name=name, first=first, due_on=self.due_on)
        with self.lock.writing() as connection:
            written = journal.intend(connection, self.store.now(), batch, changes)
        self._begun += len(changes)
        results = [Result("failed", change.problem) if change.problem else None for change in changes]
        open_ = [index for index, result in enumerate(results) if result is None]
        try:
            answers = self.target.apply([changes[index] for index in open_], name)
            for index, result in zip(open_, answers, strict=True):
                results[index] = result
        except TargetError as error:
            results = [Result("unclear", str(error)) if one is None else one for one in results]
            raise
        finally:
            self._settle(list(zip(written, results, strict=True)))
        if any(result is not None and result.state == "pending" for result in results):
            self._to_do.append(self.target.to_do(name, self.due_on))

    def _settle(self, results: Sequence[tuple[Written, Result | None]]) -> None:
        """Write the results; a change without an answer may have happened, and reading back shows it."""
        answered = [
            Settlement(one, result.state, result.note)
            for one, result in results
            if result is not None and result.state != "unclear"
        ]
        with self.lock.writing() as connection:
            journal.settle(connection, self.store.now(), answered)
        for one, result in results:
            if result is None or result.state in ("made", "unclear"):
                doubt = result.note if result else "the target stopped answering"
                self._made.append(Settlement(one, "verified", doubt))
                continue
            self._counts[result.state] += 1
            if result.state == "failed":
                self._failures.append(FailedChange(one, result.note))

    def _verify(self) -> None:
        """Read the target back; a change that it does not show has failed, whatever the target answered."""
        if not self._made:
            return
        try:
            listing = look(self.store, self.target)
        except TargetError as error:
            # Left open: the next run settles them by looking.
            self._counts["unverified"] += len(self._made)
            note = f"could not be verified: {error}"
            self._failures += [FailedChange(made.written, note) for made in self._made]
            return
        settled = [self._seen(made, listing) for made in self._made]
        with self.lock.writing() as connection:
            at = self.store.now()
            remember(connection, at, self.target, settled, listing)
            journal.settle(connection, at, settled)

    def _seen(self, made: Settlement, listing: Listing) -> Settlement:
        """What became of a change, according to what the target shows now."""
        if not was_made(made.written, listing):
            note = f"{journal.NOT_SHOWN}{f' ({made.note})' if made.note else ''}"
            made = Settlement(made.written, "failed", note)
            self._failures.append(FailedChange(made.written, note))
        self._counts[made.state] += 1
        return made


def _withdraw(connection: Connection, at: str, plan: Plan) -> None:
    """Close what is pending and no longer wanted; if somebody makes the change later, that is drift."""
    accounts = {one.account for one in plan.pending if not one.wanted}
    dropped = [
        Settlement(written, "dropped", "no longer wanted")
        for written in (journal.unsettled(connection, plan.target) if accounts else ())
        if written.state == "pending" and written.account in accounts
    ]
    journal.settle(connection, at, dropped)
