"""Fills a report: facts and target as a plan takes them, OPA's decisions, and what the store remembers."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec
from msgspec import UNSET

from icaccess import __version__, changes
from icaccess.apply import expected
from icaccess.config.policy_data import load_policy_data
from icaccess.errors import UsageError
from icaccess.models import Access, Assignment, Decision, Employee, InvalidRecord, Record
from icaccess.opa.client import AccessClient
from icaccess.opa.undecided import no_employee_record
from icaccess.pipeline import Request
from icaccess.plan import Join, Plan, draw_up, state_digest
from icaccess.review import report_store
from icaccess.review.report_data import (
    Change,
    Drift,
    Evidence,
    Held,
    Job,
    Month,
    Person,
    Population,
    Report,
    Since,
    Source,
    Standing,
)
from icaccess.review.report_settled import read_settled
from icaccess.store.database import Store
from icaccess.targets.interface import Holding, Target

_decision = msgspec.json.Decoder(Decision).decode
_UNREADABLE = "The record cannot be read; what is wrong in it is left out here, since it may name a person."


def gather(request: Request, records: Iterable[Record], *, earlier: Report | None, personal: bool) -> Report:
    """The report for a request; nothing is changed and nothing written.

    It holds everybody in memory. Errors are those of the facts, the engine, the target and the store; a part
    that is merely not there is null in the report, which says why.
    """
    policy_data = load_policy_data(request.config_directory)
    with changes.opened(request, read_only=True) as (store, target), request.client() as client:
        has_history = report_store.has_history(store, target.identity)
        if target.is_store and not has_history:
            records = list(records)
            current = dict(_held_by_records(records))
            seen_at = ""
        else:
            current = target.current()
            seen_at = target.identity
        collected = _Collected(current, personal=personal)
        plan = _decide(request, records, client, target, store, current, collected)
        collected.add_unclaimed(plan, target)
        absent: dict[str, str] = {}
        removals = audit = drift = None
        if has_history:
            removals = report_store.removals(store, target, request.settings.zone, collected.last_days)
            audit = report_store.audit_end(store)
        else:
            why = f"The store {store.name} holds no run for the target {target.identity} yet."
            absent.update(removals=why, audit=why)
        if target.is_store:
            absent["drift"] = (
                "The target is the ledger, which this system keeps itself: nothing else could differ from it."
            )
        else:
            drift = tuple(collected.drift(plan))
        settled = read_settled(request.policy_directory, policy_data.requirements)
        if settled is None:
            absent["settled"] = f"{request.policy_directory} holds no settled.yaml."
        opa_version = client.status()[0].version or "unknown"
    if earlier is None:
        absent["since"] = "No earlier report was given; give the report.json of one with --since."
    absent["upcoming"] = "No forecast was made."
    absent["clauses"] = "The policy was not traced."
    people = tuple(collected.people)
    return Report(
        as_of=request.day,
        created_at=datetime.now(request.settings.zone).isoformat(timespec="seconds"),
        personal=personal,
        evidence=Evidence(
            policy_revision=plan.policy_revision,
            data_revision=plan.data_revision,
            opa_version=opa_version,
            icaccess_version=__version__,
            target=seen_at,
        ),
        population=Population(
            records=plan.people,
            answered=collected.answered,
            unreadable=collected.unreadable,
            without_record=len(people) - plan.people,
            facts_digest=plan.facts_digest,
            sources=tuple(_sources(request.facts)),
        ),
        people=people,
        places={one: place.name for one, place in policy_data.locations.items() if place.name},
        expiries=expiries(people, request.day),
        settled=settled,
        since=None if earlier is None else compare(earlier, people),
        drift=drift,
        removals=removals,
        audit=audit,
        absent=absent,
    )


def select(report: Report, ids: Iterable[str]) -> Report:
    """The report with only the people asked for; `UsageError` names those who are not in it.

    Everything that is counted over the whole population stays as it is.
    """
    wanted = list(dict.fromkeys(ids))
    known = {person.id: person for person in report.people}
    unknown = [one for one in wanted if one not in known]
    if unknown:
        raise UsageError(f"no employee has the id {', '.join(unknown[:5])}; ids are as in `icaccess facts`")
    return msgspec.structs.replace(report, people=tuple(known[one] for one in wanted))


def compare(earlier: Report, people: Iterable[Person]) -> Since:
    """Who stands differently than in an earlier report: outcome, access held, or the codes of the reasons."""
    before = {person.id: _standing(person) for person in earlier.people}
    now = {person.id: _standing(person) for person in people}
    return Since(
        as_of=earlier.as_of,
        created_at=earlier.created_at,
        policy_revision=earlier.evidence.policy_revision,
        data_revision=earlier.evidence.data_revision,
        facts_digest=earlier.population.facts_digest,
        records=earlier.population.records,
        changes=tuple(
            Change(id=one, before=before.get(one), after=now.get(one))
            for one in [*now, *(one for one in before if one not in now)]
            if before.get(one) != now.get(one)
        ),
    )


def expiries(people: Iterable[Person], as_of: date) -> tuple[Month, ...]:
    """How many certifications of people who are allowed end in each month, from the month of `as_of` on."""
    valid: Counter[str] = Counter()
    recertify: Counter[str] = Counter()
    for person in people:
        if person.outcome == "allow" and person.expiry is not None:
            ends_in = f"{person.expiry.valid_through:%Y-%m}"
            (recertify if person.expiry.state == "recertify" else valid)[ends_in] += 1
    last = max([*valid, *recertify], default="")
    found = []
    year, month = as_of.year, as_of.month
    while (name := f"{year:04}-{month:02}") <= last:
        found.append(Month(month=name, valid=valid[name], recertify=recertify[name]))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return tuple(found)


class _Collected:
    """People as their decisions come by, on their way from OPA into the plan."""

    def __init__(self, current: dict[str, Holding], *, personal: bool) -> None:
        self.people: list[Person] = []
        self.answered = 0
        self.unreadable = 0
        self.last_days: dict[str, list[date]] = {}
        """The last days of each person's employments that end."""
        self._personal = personal
        self._shown = dict(current)
        self._sent: deque[Record] = deque()
        self._strangers: dict[str, str] = {}

    def records(self, source: Iterable[Record]) -> Iterator[Record]:
        """The same records, remembered until they are answered."""
        for record in source:
            self._sent.append(record)
            yield record

    def answers(self, source: Iterable[bytes | msgspec.Raw]) -> Iterator[bytes | msgspec.Raw]:
        """The same answers, each made a person of the report."""
        for answer in source:
            self.answered += 1
            self._add(self._sent.popleft(), _decision(answer))
            yield answer

    def add_unclaimed(self, plan: Plan, target: Target) -> None:
        """Add those who hold access and have no employee record."""
        known = {person.id for person in self.people}
        for one in plan.undecided:
            if one.employee_id in known:
                continue
            shown = self._stranger(one.employee_id, target)
            answer = no_employee_record(one.employee_id, plan.as_of)
            self.people.append(_person(answer, shown, held=_held(self._shown[one.employee_id])))

    def drift(self, plan: Plan) -> Iterator[Drift]:
        """The plan's drift; holders without a record are named as in `people`."""
        for one in plan.drift:
            yield Drift(
                id=self._strangers.get(one.employee_id, one.employee_id),
                kind=one.kind,
                expected=_held(one.expected) if one.expected else None,
                found=_held(one.found) if one.found else None,
                outcome=one.outcome,
                action=one.action,
            )

    def _stranger(self, account: str, target: Target) -> str:
        """An account that is a name or an address is personal; a number stands for it then."""
        if self._personal or target.match == "id":
            return account
        return self._strangers.setdefault(account, f"holder without record {len(self._strangers) + 1}")

    def _add(self, record: Record, decision: Decision) -> None:
        if isinstance(record, InvalidRecord):
            self.unreadable += 1
            holding = self._shown.get(record.id)
            person = _person(decision, record.id, held=_held(holding) if holding else None)
            if not self._personal:
                hidden = tuple(msgspec.structs.replace(one, message=_UNREADABLE) for one in person.reasons)
                person = msgspec.structs.replace(person, reasons=hidden)
            self.people.append(person)
            return
        if record.employment is not UNSET:
            self.last_days[record.id] = [one.end for one in record.employment if isinstance(one.end, date)]
        jobs = () if record.assignments is UNSET else record.assignments
        person = _person(
            decision,
            record.id,
            jobs=tuple(_jobs(jobs, decision.as_of)),
            held=_held_of(record.access) if isinstance(record.access, Access) else None,
        )
        if self._personal:
            person = msgspec.structs.replace(
                person, name=record.name or "", username=record.username or "", email=record.email or ""
            )
        self.people.append(person)


def _decide(
    request: Request,
    records: Iterable[Record],
    client: AccessClient,
    target: Target,
    store: Store,
    current: dict[str, Holding],
    collected: _Collected,
) -> Plan:
    """Decide everybody just as a plan does, so that the report and the plan cannot differ."""
    digest = state_digest(current)
    join = Join(current, target.match)
    revisions = client.revisions()
    sent = collected.records(join.records(records))
    return draw_up(
        join,
        collected.answers(client.decide_json(sent, request.day, revisions=revisions)),
        expected(store, target, request.day),
        as_of=request.day,
        target=target.identity,
        target_digest=digest,
        revisions=(revisions.policy, revisions.data),
    )


def _person(decision: Decision, shown_id: str, *, held: Held | None, jobs: tuple[Job, ...] = ()) -> Person:
    return Person(
        id=shown_id,
        jobs=jobs,
        held=held,
        outcome=decision.outcome,
        action=decision.action,
        reasons=decision.reasons,
        warnings=decision.warnings,
        locations=decision.locations,
        expiry=decision.expiry,
        requirements_met_on=decision.requirements_met_on,
        grant_due_by=decision.grant_due_by,
        escalate=decision.escalate,
        recheck_on=decision.recheck_on,
        basis=decision.basis,
    )


def _jobs(assignments: Iterable[Assignment], day: date) -> Iterator[Job]:
    """The assignments that the facts show on the day, for the reader; which of them count is the policy's."""
    yield from dict.fromkeys(
        Job(role=one.role, location=one.location)
        for one in assignments
        if one.start <= day and not (isinstance(one.end, date) and one.end < day)
    )


def _held_by_records(records: Iterable[Record]) -> Iterator[tuple[str, Holding]]:
    """Who holds access by the records themselves: all there is to go by before the ledger's first day."""
    for record in records:
        if isinstance(record, Employee) and isinstance(record.access, Access) and record.access.held:
            held = _held_of(record.access)
            assert held is not None  # noqa: S101 (the line above)
            yield record.id, Holding(locations=held.locations, since=held.since)


def _held_of(access: Access) -> Held | None:
    if not access.held:
        return None
    return Held(
        since=access.since if isinstance(access.since, date) else None,
        locations=access.locations if isinstance(access.locations, tuple) else None,
    )


def _held(holding: Holding) -> Held:
    return Held(since=holding.since, locations=holding.locations)


def _standing(person: Person) -> Standing:
    return Standing(
        outcome=person.outcome,
        held=person.held is not None,
        reasons=tuple(reason.code for reason in person.reasons),
    )


def _sources(paths: Iterable[Path]) -> Iterator[Source]:
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield Source(name=str(file), digest=hashlib.sha256(file.read_bytes()).hexdigest())
