"""The people of a report: each record, what the target shows, and the decision, put together as they pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.diff import Subject
from icaccess.gather import access_in
from icaccess.models import (
    Access,
    Assignment,
    BasisApproval,
    Decision,
    DecisionJson,
    Employee,
    InvalidRecord,
    Record,
    decoded,
)
from icaccess.opa.answers import no_employee_record
from icaccess.opa.client import AccessClient
from icaccess.plan import Plan
from icaccess.review.report_data import Given, Held, Job, ReportedApproval, ReportedDrift, ReportedPerson
from icaccess.targets.interface import Match

_decision = msgspec.json.Decoder(Decision).decode
_QUOTING = {"invalid_record", "no_decision"}
_LEFT_OUT = "What is wrong in this record is left out here, since it may name a person."
_PERSON = set(ReportedPerson.__struct_fields__)
_SOMEBODY = "somebody without an employee record"


class Collected:
    """People as their decisions come by, on their way from OPA into the plan."""

    def __init__(self, current: Mapping[str, Access], match: Match, *, personal: bool) -> None:
        self.joined: list[Record] = []
        """The records as they were sent and answered, with the access that the target shows."""
        self._people: list[ReportedPerson] = []
        self._known: set[str] = set()
        self._match = match
        self._personal = personal
        self._shown = dict(current)
        self._strangers: dict[str, str] = {}

    def taking(
        self, decided: Iterable[tuple[Subject, DecisionJson]]
    ) -> Iterator[tuple[Subject, DecisionJson]]:
        """The same people and answers, each made a person of the report."""
        for one, answer in decided:
            record = decoded(one.record)
            self.joined.append(record)
            self._add(record, _decision(answer))
            yield one, answer

    @property
    def unreadable(self) -> int:
        """How many records are wrong in themselves."""
        return sum(isinstance(record, InvalidRecord) for record in self.joined)

    def last_days(self) -> dict[str, list[date]]:
        """The last days of each person's employments that end."""
        return {
            record.id: [one.end for one in record.employment if isinstance(one.end, date)]
            for record in self.joined
            if isinstance(record, Employee) and record.employment is not UNSET
        }

    def everybody(
        self, plan: Plan, given: Mapping[str, Given], since: Mapping[str, str]
    ) -> tuple[ReportedPerson, ...]:
        """All people of the plan, those who hold access and have no employee record at the end.

        `given` tells by id what gave the access that is held, and `since` from which day on somebody waits
        for a consent; who is not in it waits from the plan's day on.
        """
        for one in plan.undecided:
            if one.employee_id not in self._known:
                answer = no_employee_record(one.employee_id, plan.as_of)
                held = self._shown[one.employee_id]
                self._people.append(_person(answer, self._name(one.employee_id), held))
        gone = {one.employee_id: one.gone for one in plan.of("revoke") if one.needs_consent}

        def whole(person: ReportedPerson) -> ReportedPerson:
            if person.held:
                person = replace(person, given=given.get(person.id))
            if person.id in gone:
                began = date.fromisoformat(since.get(person.id, str(plan.as_of)))
                person = replace(person, waits_since=began, gone=gone[person.id])
            return person if self._personal else self._impersonal(person)

        return tuple(map(whole, self._people))

    def drift(self, plan: Plan) -> Iterator[ReportedDrift]:
        """The plan's drift; holders without a record are named as in `people`."""
        for one in plan.drift:
            yield ReportedDrift(
                id=self._name(one.employee_id),
                kind=one.kind,
                expected=_held(one.expected),
                found=_held(one.found),
                outcome=one.outcome,
                action=one.action,
            )

    def approver(self, identifier: str) -> str:
        """An approver's id; words in its place where it is of no employee, and so may be an address."""
        return identifier if self._personal or identifier in self._known else _SOMEBODY

    def elsewhere(self, client: AccessClient, day: date) -> Iterator[ReportedApproval]:
        """The approvals of those whom no Principal or Manager of their own location approved."""
        people = (one for one in self.joined if isinstance(one, Employee))
        for one, approvals in client.approved_elsewhere(people, day):
            for approval in approvals:
                said = msgspec.structs.asdict(approval) | {"approver": self.approver(approval.approver)}
                yield ReportedApproval(id=one, **said)

    def _name(self, account: str) -> str:
        """An account that is no id is a name or an address, and so personal; a number stands for it then."""
        if self._personal or self._match == "id" or account in self._known:
            return account
        return self._strangers.setdefault(account, f"holder without record {len(self._strangers) + 1}")

    def _add(self, record: Record, decision: Decision) -> None:
        self._known.add(record.id)
        if isinstance(record, InvalidRecord):
            self._people.append(_person(decision, record.id, self._shown.get(record.id)))
            return
        jobs = () if record.assignments is UNSET else record.assignments
        person = _person(decision, record.id, access_in(record), tuple(_jobs(jobs, decision.as_of)))
        if self._personal:
            person = replace(
                person, name=record.name or "", username=record.username or "", email=record.email or ""
            )
        self._people.append(person)

    def _impersonal(self, person: ReportedPerson) -> ReportedPerson:
        """Without what quotes a record, nor an approver who is no employee and so may be an address."""
        reasons = tuple(
            replace(one, message=_LEFT_OUT) if one.code in _QUOTING else one for one in person.reasons
        )
        basis, given = person.basis, person.given
        if basis is not None:
            basis = replace(basis, approval=self._known_approver(basis.approval))
        if given is not None and given.approval is not None:
            given = replace(given, approval=self._known_approver(given.approval))
        return replace(person, reasons=reasons, basis=basis, given=given)

    def _known_approver(self, approval: BasisApproval) -> BasisApproval:
        return replace(approval, approver=self.approver(approval.approver))


def _person(
    decision: Decision, shown_id: str, held: Access | None, jobs: tuple[Job, ...] = ()
) -> ReportedPerson:
    said = {name: value for name, value in msgspec.structs.asdict(decision).items() if name in _PERSON}
    return ReportedPerson(id=shown_id, jobs=jobs, held=_held(held), **said)


def _jobs(assignments: Iterable[Assignment], day: date) -> Iterator[Job]:
    """The assignments that the facts show on the day, for the reader; which of them count is the policy's."""
    yield from dict.fromkeys(
        Job(role=one.role, location=one.location)
        for one in assignments
        if one.start <= day and not (isinstance(one.end, date) and one.end < day)
    )


def held_by_records(records: Iterable[Record]) -> Iterator[tuple[str, Access]]:
    """Who holds access by the records themselves: all there is to go by before the ledger's first day."""
    for record in records:
        if (access := access_in(record)) is not None:
            yield record.id, access


def _held(access: Access | None) -> Held | None:
    if access is None:
        return None
    return Held(
        since=access.since if isinstance(access.since, date) else None,
        locations=access.locations if isinstance(access.locations, tuple) else None,
    )
