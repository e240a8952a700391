"""The one list of steps: gather, decide, plan, guard, apply, verify. Every command stops at its step.

    with start(request) as run, run.changing("icaccess apply"):
        plan = run.plan()                # gather, decide, plan
        result = run.guard(plan)         # guard
        summary = run.apply(plan, …)     # apply, verify

What a step needs is opened when it is first used, so `decide` on complete records needs neither store nor
target.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from itertools import tee
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.errors import ChangesFailed, FactsError, IcaccessError, PlanError, UsageError
from icaccess.facts.interface import Facts, digest
from icaccess.guard import SHORT, GuardResult, GuardSettings, check
from icaccess.models import Access, AnyRecord, DecisionJson, Employee, InvalidRecord, Record, Unread
from icaccess.request import Request
from icaccess.targets.interface import Match, Target, account_of

if TYPE_CHECKING:  # a single decision needs no database
    from icaccess.apply import Summary
    from icaccess.audit.heads import Receipt
    from icaccess.diff import Person
    from icaccess.opa.client import AccessClient
    from icaccess.opa.transport import Revisions
    from icaccess.plan import Plan
    from icaccess.store.consents import Consent
    from icaccess.store.database import Store
    from icaccess.store.lock import Lock

_TOGETHER = 1000
"""How many people are counted, or adopted, together."""
_encode = msgspec.json.Encoder(order="sorted").encode

T = TypeVar("T")
Decided = Iterator[tuple["Person", DecisionJson]]
"""People in the order of the facts, each with the decision as OPA wrote it."""


class Parts(Protocol):
    """What a run works with: `request.Opened`, or what a test puts in its place."""

    @property
    def facts(self) -> Facts:
        """Where the facts come from."""

    @property
    def client(self) -> AccessClient:
        """OPA."""

    @property
    def nobody_yet(self) -> bool:
        """Whether surely nobody holds access yet, so that the target need not be asked."""

    @property
    def store(self) -> Store:
        """What icaccess remembers."""

    @property
    def target(self) -> Target:
        """The system that holds the access."""


@contextmanager
def start(request: Request, *, read_only: bool = False) -> Iterator[Run]:
    """A run on what a request and its configuration name; with `read_only` it can only plan."""
    with request.open(read_only=read_only) as opened:
        limits = request.settings.section("guard", GuardSettings)
        run = Run(
            opened,
            request.day,
            limits,
            request.progress,
            settings_digest=request.settings.digest,
            hand_over=opened.hand_over,
            document=opened.document,
        )
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

    parts: Parts
    day: date
    limits: GuardSettings = field(default_factory=GuardSettings)
    progress: Callable[[str, int], None] = lambda _what, _count: None
    lock: Lock | None = None
    settings_digest: str = ""
    hand_over: Callable[[], tuple[Receipt, ...]] = tuple
    document: Callable[[AnyRecord, dict[str, Any]], bytes] | None = None
    receipts: tuple[Receipt, ...] = ()
    """What the witnesses of the audit record answered at the end of `changing`."""
    done: str = ""
    """What this run changed, in words, once it did: an error after that is no "nothing was changed"."""

    # gather

    def people(self, ids: Collection[str] = ()) -> Iterator[Record]:
        """The records of `ids`, or of everybody, in the order of the facts, for `decide` and what-ifs.

        A record without `access` is completed by what the target shows, which is asked only where there is
        such a record. `UsageError` names the ids without facts once all records have passed.
        """
        wanted = set(ids)
        held: dict[str, Access] | None = None
        for record in self._counted(self.parts.facts.records()):
            if ids and record.id not in ids:
                continue
            wanted.discard(record.id)
            if isinstance(record, Employee) and record.access is UNSET:
                if held is None:
                    held = {} if self.parts.nobody_yet else self.parts.target.listing().held
                account = account_in(self.parts.target.match, record) if held else ""
                yield with_access(record, held.get(account))
            else:
                yield record
        if wanted:
            raise UsageError(
                f"no employee {', '.join(sorted(wanted))} in the facts; check the id, it is a text"
            )

    def gather(self, held: dict[str, Access]) -> Iterator[Person]:
        """Everybody, each with what the target shows for their account, whatever the record says.

        What a record claims is taken from `held`; in the end it has the accounts that no record names.
        """
        from icaccess.diff import Person

        match = self.parts.target.match
        for record in self._counted(self.parts.facts.unread()):
            if match == "id":
                account = record.id
            else:
                record = record.read() if isinstance(record, Unread) else record
                account = account_in(match, record)
            access = held.pop(account, None) if account else None
            own = record.digest if isinstance(record, Unread) else digest(_encode(record))
            joined: AnyRecord
            if isinstance(record, Unread):
                joined = Unread(record.id, own + _mark(access), partial(_read, record, access))
            else:
                joined = with_access(record, access)
            yield Person(joined, account, access, own)

    def _counted(self, records: Iterable[T]) -> Iterator[T]:
        number = 0
        for number, record in enumerate(records, 1):
            yield record
            if not number % _TOGETHER:
                self.progress("people", _TOGETHER)
        self.progress("people", number % _TOGETHER)

    # decide

    def decide(self, people: Iterator[Person], revisions: Revisions, *, full: bool = False) -> Decided:
        """The decision for each, in their order; with `full`, none that was cached is used."""
        from icaccess.decisions import DecisionCache

        decider = DecisionCache(
            self.parts.client, self.parts.store, full=full, keep=self.lock is not None, document=self.document
        )
        people, asked = tee(people)
        answers = decider.decide_json((one.record for one in asked), self.day, revisions=revisions)
        return zip(people, answers, strict=True)

    # plan

    def plan(self, *, full: bool = False) -> Plan:
        """What would change at the target, and why; nothing is changed.

        Within `changing`, interrupted runs are settled first. `FactsError` when there is nobody;
        `TargetError`, `EngineError` and `StoreError` when the target, OPA or the store cannot be asked.
        """
        from icaccess.apply import look, recover

        listing = look(self.parts.store, self.parts.target)
        held = listing.held
        if self.lock is not None:
            recover(self.parts.store, self.lock, self.parts.target, listing)
        revisions = self.parts.client.revisions()
        return self.compare(held, revisions, lambda people: self.decide(people, revisions, full=full))

    def compare(
        self,
        held: dict[str, Access],
        revisions: Revisions,
        decide: Callable[[Iterator[Person]], Decided],
    ) -> Plan:
        """The plan that follows where `held` is what the target shows and `decide` decides."""
        from icaccess.apply import expected
        from icaccess.diff import blank_plan, diff

        target = self.parts.target
        blank = blank_plan(self.day, target.identity, held, (revisions.policy, revisions.data))
        decided = decide(self.gather(held))
        plan = diff(decided, held, expected(self.parts.store, target, self.day), blank)
        if not plan.people:
            raise FactsError(
                "the facts hold nobody, and an empty population is never believed; check the sources"
            )
        return plan

    # guard

    def guard(self, plan: Plan) -> GuardResult:
        """What stops the plan, and which changes wait for a consent; nothing where a consent stands."""
        from icaccess.store import consents, journal

        store, made = self.parts.store, self.parts.facts.as_of
        with store.reading() as connection:
            people_before = journal.last_people(connection, plan.target)
            consented = consents.stands(connection, store.moment(), plan.digest)
        if consented:
            return GuardResult(plan_digest=plan.digest)
        age = None if made is None else store.moment() - made
        result = check(plan, self.limits, people_before=people_before, facts_age=age)
        if result.stops and self.lock is not None:
            with store.writing() as connection:
                journal.stop(connection, store.now(), plan.digest, result.stops)
        return result

    def consent(self, consent: Consent, result: GuardResult) -> None:
        """Record a consent to the plan of a guard's result; `PlanError` where it is to another plan."""
        from icaccess.store import consents

        if len(consent.plan) < SHORT or not result.plan_digest.startswith(consent.plan):
            raise PlanError(
                f"the consent names the plan {consent.plan}, and this one is "
                f"{result.plan_digest[:SHORT]}; look at it and name it"
            )
        findings = [*result.stops, *(f"{one.employee_id}: revocation" for one in result.waiting)]
        store = self.parts.store
        with store.writing() as connection:
            self._held_lock.check(connection)
            consents.give(
                connection,
                store.moment(),
                consent,
                result.plan_digest,
                self.limits.consent_hours,
                findings,
            )

    # apply and verify

    @contextmanager
    def changing(self, purpose: str) -> Iterator[None]:
        """Hold the one right to change access; `StoreLockedError` when another run has it."""
        from icaccess.store.lock import applying

        with applying(self.parts.store, purpose) as self.lock:
            try:
                yield
            finally:
                self.receipts = self.hand_over()
                self.lock = None

    def apply(
        self, plan: Plan, result: GuardResult, *, by: str, stopping: Callable[[], bool] = lambda: False
    ) -> Summary:
        """Make the changes that do not wait, verify each by reading back, and journal all.

        Once `stopping` is true no more changes are begun.
        """
        from icaccess.apply import Application

        target = self.parts.target
        summary = Application(
            store=self.parts.store,
            lock=self._held_lock,
            target=target,
            by=by,
            settings_digest=self.settings_digest,
            due_on=self.parts.client.due_after(self.day) if target.deferred else None,
            stopping=stopping,
        ).carry_out(plan, result.waiting)
        if summary.counts:
            made = ", ".join(f"{count} {state}" for state, count in sorted(summary.counts.items()))
            self.done = f"run {summary.run_id} made changes and recorded them ({made})"
        return summary

    def adopt(self, *, by: str) -> int:
        """The first day: take over who holds access now, and give how many do.

        For the ledger that is what the records' `access` says; another target is asked itself. `UsageError`
        when holders were taken over before, or access was given already.
        """
        from icaccess.store import holders, journal

        store, target = self.parts.store, self.parts.target
        with store.reading() as connection:
            if journal.was_adopted(connection, target.identity):
                raise UsageError(
                    f"the holders of {target.identity} were taken over before; that is done once"
                )
            if not holders.is_empty(connection, target.identity):
                raise UsageError(f"{target.identity} is not empty: somebody was given access already")
        shown = {} if target.is_store else target.listing().held
        held = {account: (account, access) for account, access in shown.items()}
        people = 0
        for people, record in enumerate(self._counted(self.parts.facts.records()), 1):  # noqa: B007
            account = account_in(target.match, record)
            if account in shown:
                held[account] = (record.id, shown[account])
            elif target.is_store and isinstance(record, Employee) and record.access and record.access.held:
                held[record.id] = (record.id, record.access)
        origin = journal.Origin(
            kind="adopt",
            by=by,
            target=target.identity,
            as_of=self.day,
            people=people,
            settings_digest=self.settings_digest,
        )
        with store.writing() as connection:
            self._held_lock.check(connection)
            journal.adopt(connection, store.now(), origin, held)
        self.done = f"the access of {len(held)} people was adopted and recorded"
        return len(held)

    @property
    def _held_lock(self) -> Lock:
        if self.lock is None:
            raise RuntimeError("nothing is changed outside `changing`")
        return self.lock


def check_day(plan: Plan | None, request: Request, target: Target) -> None:
    """Raise `PlanError` unless a run for a request's day may change `target` today.

    Only the ledger takes changes as of another day, and a saved plan for another day only when the day is
    given again.
    """
    day, today = request.day, request.today
    if plan is not None and plan.as_of != day:
        again = "" if request.at else f"; give --at {plan.as_of} again if that is meant"
        raise PlanError(f"the plan is for {plan.as_of}, and this run is for {day}{again}")
    if day != today and not target.is_store:
        raise PlanError(f"{target.identity} is changed as of today ({today}) alone, not as of {day}")


def account_in(match: Match, record: Record) -> str:
    """The account that a record names, empty where it names none."""
    if match == "id":
        return record.id
    value = UNSET if isinstance(record, InvalidRecord) else getattr(record, match)
    return "" if value is UNSET else account_of(match, value)


def with_access(record: Record, access: Access | None) -> Record:
    """The record with `access` as a target shows it, absent where nothing is held."""
    if isinstance(record, InvalidRecord) or (access is None and record.access is UNSET):
        return record
    return replace(record, access=UNSET if access is None else access)


@lru_cache(10_000)  # most people hold what others hold too
def _mark(access: Access | None) -> bytes:
    return digest(_encode(access))


def _read(unread: Unread, access: Access | None) -> Record:
    return with_access(unread.read(), access)
