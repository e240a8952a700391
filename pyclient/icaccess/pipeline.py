"""The one list of steps: gather, decide, plan, guard, apply, verify. Every command stops at its step.

    with start(request) as run, run.changing("icaccess apply"):
        plan = run.plan()                # gather, decide, plan
        result = run.guard(plan)         # guard
        summary = run.apply(plan, …)     # apply, verify

Each part opens when a step first uses it, so `decide` on complete records needs neither store nor target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import tee
from typing import TYPE_CHECKING

from msgspec.structs import replace

from icaccess.errors import ChangesFailed, FactsError, IcaccessError, UsageError
from icaccess.gather import Gatherer
from icaccess.guard import GuardResult, GuardSettings, check, checked_consent, gather_known
from icaccess.models import Access, DecisionJson, InvalidRecord
from icaccess.request import Opened, Request
from icaccess.targets.interface import Listing
from icaccess.text import how_many

if TYPE_CHECKING:  # a single decision needs no database
    from sqlalchemy import Connection

    from icaccess.apply import Summary
    from icaccess.audit.heads import Receipt
    from icaccess.diff import Subject
    from icaccess.opa.bundles import Revisions
    from icaccess.plan import Plan
    from icaccess.store.consents import Consent
    from icaccess.store.lock import Lock

Decided = Iterator[tuple["Subject", DecisionJson]]
"""People in the order of the facts, each with the decision as OPA wrote it."""


@contextmanager
def start(request: Request, *, read_only: bool = False) -> Iterator[Run]:
    """A run on the parts that a request and its configuration name; with `read_only` it can only plan."""
    with request.open(read_only=read_only) as opened:
        limits = request.settings.section("guard", GuardSettings)
        run = Run(opened, request.day, limits, request.progress, day_is_today=request.at is None)
        try:
            yield run
        except BrokenPipeError:
            raise
        except (IcaccessError, OSError) as error:
            if not run.done or (isinstance(error, IcaccessError) and error.exit_code != 1):
                raise
            raise ChangesFailed(f"{run.done}, and then: {error}") from error


@dataclass
class Run:
    """One pass through the steps on one day, each a method, in their order."""

    parts: Opened
    day: date
    limits: GuardSettings = field(default_factory=GuardSettings)
    progress: Callable[[str, int], None] = lambda _what, _count: None
    lock: Lock | None = None
    day_is_today: bool = False
    """True if the day comes from the clock, and no person gave it."""
    receipts: tuple[Receipt, ...] = ()
    """What the witnesses of the audit record answered at the end of `changing`."""
    listing: Listing | None = None
    """What the target showed in the listing for the plan or the adoption."""
    not_adopted: list[str] = field(default_factory=list)
    """People with a wrong record: an adoption into the ledger cannot tell whether they hold access."""
    done: str = ""
    """What this run changed, in words; an error after that must not say "nothing was changed"."""

    # gather

    @property
    def people(self) -> Gatherer:
        """The facts, joined with what the target shows."""
        return Gatherer(self.parts, self.progress)

    # decide

    def decide(self, people: Iterator[Subject], revisions: Revisions, *, full: bool = False) -> Decided:
        """The decision for each, in their order; `full` uses no cached decision."""
        from icaccess.decisions import DecisionCache

        parts, keep = self.parts, self.lock is not None
        decider = DecisionCache(parts.client, parts.store, full=full, keep=keep, document=parts.document)
        people, asked = tee(people)
        answers = decider.decide_json((one.record for one in asked), self.day, revisions=revisions)
        return zip(people, answers, strict=True)

    def _remembered(self, decided: Decided, revisions: Revisions) -> Decided:
        """The same; within `changing`, the store remembers what each allowing decision rests on."""
        if self.lock is None:
            return decided
        from icaccess.basis import remember_bases

        return remember_bases(decided, self.parts, self.day, revisions, self.lock)

    # plan

    def plan(self, *, full: bool = False) -> Plan:
        """What would change at the target, and why; changes nothing.

        Within `changing`, it first settles interrupted runs. `FactsError` when there is nobody;
        `TargetError`, `EngineError` and `StoreError` when the target, OPA or the store cannot answer.
        """
        from icaccess.recovery import look, recover

        self.listing = listing = look(self.parts.store, self.parts.target)
        if self.lock is not None:
            recover(self.parts.store, self.lock, self.parts.target, listing)
        revisions = self.parts.client.revisions()
        return self.compare(
            listing.held, revisions, lambda people: self.decide(people, revisions, full=full), listing
        )

    def compare(
        self,
        held: dict[str, Access],
        revisions: Revisions,
        decide: Callable[[Iterator[Subject]], Decided],
        listing: Listing | None = None,
    ) -> Plan:
        """The plan that follows when the target shows `held` and `decide` decides.

        `listing` says which changes under way it can prove, whom it cannot name, and what it waits for.
        """
        from icaccess.diff import blank_plan, diff, with_doubts
        from icaccess.recovery import expected

        target = self.parts.target
        blank = blank_plan(self.day, target.identity, held, (revisions.policy, revisions.data))
        decided = self._remembered(decide(self.people.everybody(held)), revisions)
        known = expected(self.parts.store, target, self.day, listing)
        plan = diff(decided, held, known, blank, lambda records: self.people.gone(records, self.day))
        if not plan.people:
            raise FactsError(
                "the facts hold nobody, and no plan rests on an empty population; check the sources"
            )
        facts = self.parts.facts
        # The time of a source is not part of a plan: the same rows, fetched again, give the same plan.
        sources = tuple(replace(one, as_of=None) for one in facts.reports())
        plan = with_doubts(plan, facts.doubts(), self.people.former_owners(held))
        plan = replace(plan, sources=sources, leaning=facts.leaning)
        if listing is not None:
            due_since = min(listing.waiting.values(), default=None)
            plan = replace(plan, unnamed=listing.unnamed, export_due_since=due_since)
        return plan.sealed()

    # guard

    def guard(self, plan: Plan) -> GuardResult:
        """What stops the plan, and which changes wait for a consent; nothing if a valid consent exists."""
        from icaccess.store import consents, journal

        store = self.parts.store
        with store.reading() as connection:
            known = gather_known(connection, plan, self.limits, store.moment(), self.parts.facts.as_of)
            consented = consents.stands(connection, store.moment(), plan.digest)
            since = consents.waiting(connection, plan.target)
        if not self.day_is_today:
            known = replace(known, last_day=None)
        result = replace(check(plan, self.limits, known), since=since)
        if consented is not None:
            left = tuple(one for one in result.waiting if one.employee_id not in consented)
            result = replace(result, stops=(), waiting=left)
        if result.stops and self.lock is not None:
            with store.writing() as connection:
                journal.stop(connection, store.now(), plan.digest, result.stops)
        return result

    def consent(self, consent: Consent, result: GuardResult) -> None:
        """Record a consent to the plan of a guard's result; `PlanError` if they do not match."""
        from icaccess.store import consents

        consent = checked_consent(consent, result)
        findings = [*result.stops, *(f"{one}: revocation" for one in consent.people)]
        store, hours = self.parts.store, self.limits.consent_hours
        with self._held_lock.writing() as connection:
            consents.give(connection, store.moment(), consent, result.plan_digest, hours, findings)

    # apply and verify

    @contextmanager
    def changing(self, purpose: str) -> Iterator[None]:
        """Hold the lock for changing access; `StoreLockedError` when another run has it."""
        from icaccess.store.lock import applying

        with applying(self.parts.store, purpose) as self.lock:
            try:
                yield
            finally:
                self.receipts = self.parts.hand_over()
                self.lock = None

    def apply(
        self, plan: Plan, result: GuardResult, *, by: str, stopping: Callable[[], bool] = lambda: False
    ) -> Summary:
        """Make the changes that do not wait, verify each by reading back, and journal all.

        Once `stopping` is true it begins no more changes.
        """
        from icaccess.apply import Application

        target, store = self.parts.target, self.parts.store
        summary = Application(
            store=store,
            lock=self._held_lock,
            target=target,
            by=by,
            settings_digest=self.parts.settings_digest,
            due_on=self.parts.client.due_after(self.day) if target.deferred else None,
            foretold=result.foretold,
            stopping=stopping,
        ).carry_out(plan, result.waiting)
        if summary.counts:
            made = ", ".join(f"{count} {state}" for state, count in sorted(summary.counts.items()))
            self.done = f"run {summary.run_id} made changes and recorded them ({made})"
        if not summary.left:
            with self._held_lock.writing() as connection:
                self._remember_sources(connection)
        return summary

    def adopt(self, *, by: str) -> int:
        """The first day: take over who holds access now, and give how many do.

        For the ledger it reads the records' `access`; it asks another target itself. It decides everybody and
        remembers what each allowing decision rests on. `UsageError` after an earlier adoption, or when the
        ledger already has access.
        """
        from icaccess.store import holders, journal, past_runs

        store, target = self.parts.store, self.parts.target
        with store.reading() as connection:
            if past_runs.was_adopted(connection, target.identity):
                raise UsageError(f"the holders of {target.identity} were taken over before; adopt only once")
            if not holders.is_empty(connection, target.identity):
                raise UsageError(
                    f"{target.identity} is not empty: somebody already has access; go on with `icaccess plan`"
                )
        self.listing = target.listing()
        shown = {} if target.is_store else self.listing.held
        held = {account: (account, access) for account, access in shown.items()}
        people = 0
        revisions = self.parts.client.revisions()
        found, asked = tee(self.people.adopted(shown))
        answers = self.parts.client.decide_json((one.record for one in asked), self.day, revisions=revisions)
        for person, _ in self._remembered(zip(found, answers, strict=True), revisions):
            people += 1
            if target.is_store and isinstance(person.record, InvalidRecord):
                self.not_adopted.append(person.record.id)
            if person.held is not None:
                held[person.account] = (person.record.id, person.held)
        origin = journal.Origin(
            kind="adopt",
            by=by,
            target=target.identity,
            as_of=self.day,
            people=people,
            settings_digest=self.parts.settings_digest,
        )
        with self._held_lock.writing() as connection:
            journal.adopt(connection, store.now(), origin, held)
            self._remember_sources(connection)
        self.done = f"the access of {how_many(len(held), 'person', 'people')} was adopted and recorded"
        return len(held)

    def _remember_sources(self, connection: Connection) -> None:
        """Remember how large each source was, at the end of a good run."""
        from icaccess.store import feeds

        reports = self.parts.facts.reports()
        at, sizes = self.parts.store.now(), {one.name: one.size for one in reports if not one.failure}
        feeds.remember(connection, at, sizes)
        if self.listing is not None and self.listing.accounts is not None:
            feeds.remember_accounts(connection, at, self.parts.target.identity, len(self.listing.accounts))

    @property
    def _held_lock(self) -> Lock:
        if self.lock is None:
            raise RuntimeError("nothing is changed outside `changing`")
        return self.lock
