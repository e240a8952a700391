"""The one list of steps: gather, decide, plan, guard, apply, verify. Every command stops at its step.

    with start(request) as run, run.changing("icaccess apply"):
        plan = run.plan()                # gather, decide, plan
        result = run.guard(plan)         # guard
        summary = run.apply(plan, …)     # apply, verify

What a step needs is opened when it is first used, so `decide` on complete records needs neither store nor
target.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache, partial
from itertools import tee
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.batches import batches
from icaccess.errors import ChangesFailed, FactsError, IcaccessError, PlanError, UsageError
from icaccess.facts.interface import Facts, digest
from icaccess.guard import SHORT, GuardResult, GuardSettings, Known, check
from icaccess.models import Access, AnyRecord, DecisionJson, Employee, InvalidRecord, Outcome, Record, Unread
from icaccess.request import Request
from icaccess.targets.interface import Listing, Match, Target, account_of

if TYPE_CHECKING:  # a single decision needs no database
    from sqlalchemy import Connection

    from icaccess.apply import Summary
    from icaccess.audit.heads import Receipt
    from icaccess.diff import Subject
    from icaccess.opa.client import AccessClient
    from icaccess.opa.transport import Revisions
    from icaccess.plan import Plan
    from icaccess.store.consents import Consent
    from icaccess.store.database import Store
    from icaccess.store.holders import StoredBasis
    from icaccess.store.lock import Lock

_TOGETHER = 1000
"""How many people are counted, joined and remembered together."""
_FORESEEN = timedelta(days=30)
"""How long before the end of a validity it must have been known, for its removal to be foretold."""
_encode = msgspec.json.Encoder(order="sorted").encode

T = TypeVar("T")
Decided = Iterator[tuple["Subject", DecisionJson]]
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
            day_is_today=request.at is None,
            settings_digest=request.settings.digest,
            hand_over=opened.hand_over,
            document=None if read_only else opened.document,
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
    day_is_today: bool = False
    """True where the day is the clock's, and was not given by a person."""
    settings_digest: str = ""
    hand_over: Callable[[], tuple[Receipt, ...]] = tuple
    document: Callable[[AnyRecord, dict[str, Any]], bytes] | None = None
    receipts: tuple[Receipt, ...] = ()
    """What the witnesses of the audit record answered at the end of `changing`."""
    not_adopted: list[str] = field(default_factory=list)
    """Whose record is wrong, so that an adoption into the ledger could not tell whether they hold access."""
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
        named = (
            record for record in self._counted(self.parts.facts.records()) if not ids or record.id in ids
        )
        for batch in batches(named, _TOGETHER):
            wanted.difference_update(record.id for record in batch)
            open_ = [one for one in batch if isinstance(one, Employee) and one.access is UNSET]
            if open_ and held is None:
                held = {} if self.parts.nobody_yet else self.parts.target.listing().held
            accounts = {one.id: account_in(self.parts.target.match, one) for one in open_ if held}
            known = self._evidence(account for account in accounts.values() if held and account in held)
            for record in batch:
                account = accounts.get(record.id, "")
                access = held.get(account) if held and account else None
                yield (
                    record
                    if access is None
                    else with_access(record, _rests(access, account, known.get(account)))
                )
        if wanted:
            raise UsageError(
                f"no employee {', '.join(sorted(wanted))} in the facts; check the id, it is a text"
            )

    def gather(self, held: dict[str, Access]) -> Iterator[Subject]:
        """Everybody, each with what the target shows for their account, whatever the record says.

        What a record claims is taken from `held`; in the end it has the accounts that no record names.
        """
        from icaccess.diff import Subject

        match = self.parts.target.match
        for batch in batches(self._counted(self.parts.facts.unread()), _TOGETHER):
            records = batch
            if match != "id":
                records = [one.read() if isinstance(one, Unread) else one for one in batch]
            accounts = [one.id if isinstance(one, Unread) else account_in(match, one) for one in records]
            known = self._evidence(account for account in accounts if account in held)
            for record, account in zip(records, accounts, strict=True):
                access = held.pop(account, None) if account else None
                evidence = None if access is None else known.get(account)
                joined: AnyRecord
                if isinstance(record, Unread):
                    own = record.digest
                    read = partial(_read, record, account, access, evidence)
                    joined = Unread(record.id, own + _mark(access, evidence), read)
                else:
                    own = digest(_encode(record))
                    joined = with_access(record, _rests(access, account, evidence))
                yield Subject(joined, account, access, own, evidence)

    def _evidence(self, accounts: Iterable[str]) -> dict[str, StoredBasis]:
        """What is remembered of the decisions that allowed what these accounts hold."""
        held = list(accounts)
        if not held:
            return {}
        from icaccess.store import holders

        with self.parts.store.reading() as connection:
            return holders.evidence(connection, self.parts.target.identity, held)

    def _counted(self, records: Iterable[T]) -> Iterator[T]:
        number = 0
        for number, record in enumerate(records, 1):
            yield record
            if not number % _TOGETHER:
                self.progress("people", _TOGETHER)
        self.progress("people", number % _TOGETHER)

    # decide

    def decide(self, people: Iterator[Subject], revisions: Revisions, *, full: bool = False) -> Decided:
        """The decision for each, in their order; with `full`, none that was cached is used."""
        from icaccess.decisions import DecisionCache

        decider = DecisionCache(
            self.parts.client, self.parts.store, full=full, keep=self.lock is not None, document=self.document
        )
        people, asked = tee(people)
        answers = decider.decide_json((one.record for one in asked), self.day, revisions=revisions)
        return zip(people, answers, strict=True)

    def _remembering(self, decided: Decided, revisions: Revisions) -> Decided:
        """The same; within `changing`, the store remembers what each decision that allows access rests on."""
        from icaccess.store import holders

        if self.lock is None:
            yield from decided
            return
        for batch in batches(decided, _TOGETHER):
            held = [(person, _allowed(answer)) for person, answer in batch if person.held is not None]
            allowed = [(person, answer) for person, answer in held if answer.outcome == "allow"]
            # A cached decision has no basis: the store has it, or, where it was lost, OPA is asked again.
            lost = [one for one, answer in allowed if not answer.is_whole and one.evidence is None]
            asked = self.parts.client.decide_json([one.record for one in lost], self.day, revisions=revisions)
            allowed += [(person, _allowed(answer)) for person, answer in zip(lost, asked, strict=True)]
            found = {
                person.account: evidence
                for person, answer in allowed
                if answer.is_whole
                for evidence in [self._evidence_of(answer, person.evidence)]
                if evidence != person.evidence
            }
            if found:
                with self.parts.store.writing() as connection:
                    self._held_lock.check(connection)
                    holders.remember(connection, self.parts.store.now(), self.parts.target.identity, found)
            yield from batch

    def _evidence_of(self, answer: _Allowed, before: StoredBasis | None) -> StoredBasis:
        """What is to be remembered of a decision; the day on which its validity was noted first stays."""
        from icaccess.store.holders import StoredBasis

        through = answer.expiry.valid_through if answer.expiry else None
        noted = before.noted_on if before and before.valid_through == through else None
        return StoredBasis(bytes(answer.basis).decode(), through, noted or self.day.isoformat())

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
        plan = self.compare(
            held, revisions, lambda people: self.decide(people, revisions, full=full), listing
        )
        due_since = min(listing.waiting.values(), default=None)
        return replace(plan, unnamed=listing.unnamed, export_due_since=due_since).sealed()

    def compare(
        self,
        held: dict[str, Access],
        revisions: Revisions,
        decide: Callable[[Iterator[Subject]], Decided],
        listing: Listing | None = None,
    ) -> Plan:
        """The plan that follows where `held` is what the target shows and `decide` decides.

        `listing` tells which changes that are under way it can prove.
        """
        from icaccess.apply import expected
        from icaccess.diff import blank_plan, diff

        target = self.parts.target
        blank = blank_plan(self.day, target.identity, held, (revisions.policy, revisions.data))
        decided = self._remembering(decide(self.gather(held)), revisions)
        known = expected(self.parts.store, target, self.day, listing)
        plan = diff(decided, held, known, blank, self._gone)
        if not plan.people:
            raise FactsError(
                "the facts hold nobody, and an empty population is never believed; check the sources"
            )
        facts = self.parts.facts
        # When a source was made is no part of a plan: the same rows, fetched again, are the same plan.
        sources = tuple(replace(one, as_of=None) for one in facts.reports())
        return replace(plan, sources=sources, leaning=facts.leaning).sealed()

    def _gone(self, record: AnyRecord) -> tuple[str, ...]:
        """What the policy says has gone of the evidence on which somebody's access rested."""
        record = record.read() if isinstance(record, Unread) else record
        return () if isinstance(record, InvalidRecord) else self.parts.client.evidence(record, self.day)

    # guard

    def guard(self, plan: Plan) -> GuardResult:
        """What stops the plan, and which changes wait for a consent; nothing where a consent stands."""
        from icaccess.store import consents, journal

        store = self.parts.store
        with store.reading() as connection:
            known = self._known(connection, plan)
            consented = consents.stands(connection, store.moment(), plan.digest)
            since = consents.waiting(connection, plan.target)
        result = replace(check(plan, self.limits, known), since=since)
        if consented is not None:
            left = tuple(one for one in result.waiting if one.employee_id not in consented)
            result = replace(result, stops=(), waiting=left)
        if result.stops and self.lock is not None:
            with store.writing() as connection:
                journal.stop(connection, store.now(), plan.digest, result.stops)
        return result

    def _known(self, connection: Connection, plan: Plan) -> Known:
        """What the guard compares a plan with."""
        from icaccess.store import holders, journal, notices
        from icaccess.store.database import instant

        now, made = self.parts.store.moment(), self.parts.facts.as_of
        last = journal.last_run(connection, plan.target)
        window = instant(now - timedelta(hours=self.limits.window_hours))
        day, before = plan.as_of.isoformat(), (plan.as_of - _FORESEEN).isoformat()
        foreseen = 0
        ended = [one.account for one in plan.of("revoke") if one.outcome == "expired"]
        for accounts in batches(ended, _TOGETHER):
            for one in holders.evidence(connection, plan.target, accounts).values():
                foreseen += (one.valid_through or day) < day and (one.noted_on or day) <= before
        return Known(
            is_new=not journal.has_run(connection, plan.target),
            people_before=last.people if last else None,
            last_day=last.as_of if last and self.day_is_today else None,
            removed=journal.removed_since(connection, plan.target, window),
            foreseen=foreseen,
            facts_age=None if made is None else now - made,
            untold=notices.untold(connection, plan.of("revoke"), plan.as_of),
        )

    def consent(self, consent: Consent, result: GuardResult) -> None:
        """Record a consent to the plan of a guard's result; `PlanError` where it is to another plan."""
        from icaccess.store import consents

        if len(consent.plan) < SHORT or not result.plan_digest.startswith(consent.plan):
            raise PlanError(
                f"the consent names the plan {consent.plan}, and this one is "
                f"{result.plan_digest[:SHORT]}; look at it and name it"
            )
        waiting = {one.employee_id for one in result.waiting}
        if strangers := sorted(set(consent.people) - waiting):
            raise PlanError(
                f"{', '.join(strangers)}: no revocation waits for a consent; look at the plan again"
            )
        consent = replace(consent, people=tuple(sorted(set(consent.people) or waiting)))
        findings = [*result.stops, *(f"{one}: revocation" for one in consent.people)]
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

        target, store = self.parts.target, self.parts.store
        summary = Application(
            store=store,
            lock=self._held_lock,
            target=target,
            by=by,
            settings_digest=self.settings_digest,
            due_on=self.parts.client.due_after(self.day) if target.deferred else None,
            foretold=result.foretold,
            stopping=stopping,
        ).carry_out(plan, result.waiting)
        if summary.counts:
            made = ", ".join(f"{count} {state}" for state, count in sorted(summary.counts.items()))
            self.done = f"run {summary.run_id} made changes and recorded them ({made})"
        if not summary.left:
            with store.writing() as connection:
                self._held_lock.check(connection)
                self._remember_sources(connection)
        return summary

    def adopt(self, *, by: str) -> int:
        """The first day: take over who holds access now, and give how many do.

        For the ledger that is what the records' `access` says; another target is asked itself. Everybody is
        decided, and what each decision that allows access rests on is remembered. `UsageError` when holders
        were taken over before, or access was given already.
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
        revisions = self.parts.client.revisions()
        found, asked = tee(self._adopted(shown))
        answers = self.parts.client.decide_json((one.record for one in asked), self.day, revisions=revisions)
        for person, _ in self._remembering(zip(found, answers, strict=True), revisions):
            people += 1
            if person.held is not None:
                held[person.account] = (person.record.id, person.held)
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
            self._remember_sources(connection)
        self.done = f"the access of {len(held)} people was adopted and recorded"
        return len(held)

    def _adopted(self, shown: Mapping[str, Access]) -> Iterator[Subject]:
        """Everybody, each with what they hold: as the target shows it, or, for the ledger, as records say."""
        from icaccess.diff import Subject

        target = self.parts.target
        for record in self._counted(self.parts.facts.records()):
            account = account_in(target.match, record)
            access = shown.get(account)
            if target.is_store and isinstance(record, InvalidRecord):
                self.not_adopted.append(record.id)
            if target.is_store and isinstance(record, Employee) and record.access and record.access.held:
                access = replace(record.access, basis=UNSET)
            yield Subject(with_access(record, access), account, access, b"")

    def _remember_sources(self, connection: Connection) -> None:
        """Remember how large each source was, at the end of a good run."""
        from icaccess.store import feeds

        reports = self.parts.facts.reports()
        sizes = {one.name: one.size for one in reports if not one.failure}
        feeds.remember(connection, self.parts.store.now(), sizes)

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


def _rests(access: Access | None, account: str, evidence: StoredBasis | None) -> Access | None:
    """What is held, with the basis of the last decision that allowed it, where one is remembered."""
    if access is None or evidence is None:
        return access
    return replace(access, basis=evidence.read(account))


@lru_cache(10_000)  # most people hold what others hold too
def _shared_mark(access: Access | None) -> bytes:
    return digest(_encode(access))


def _mark(access: Access | None, evidence: StoredBasis | None) -> bytes:
    shown = _shared_mark(access)
    return shown if evidence is None else digest(shown + evidence.basis.encode())


def _read(unread: Unread, account: str, access: Access | None, evidence: StoredBasis | None) -> Record:
    return with_access(unread.read(), _rests(access, account, evidence))


class _Validity(msgspec.Struct, frozen=True):
    valid_through: str


class _Allowed(msgspec.Struct, frozen=True):
    """The parts of a decision that are remembered where it allows what is held."""

    outcome: Outcome
    basis: msgspec.Raw = msgspec.Raw(b"null")
    expiry: _Validity | None = None

    @property
    def is_whole(self) -> bool:
        """False for a cached decision, which is outcome and action alone."""
        return bytes(self.basis) != b"null"


_allowed = msgspec.json.Decoder(_Allowed).decode
