"""Works out what is due now: one pass over the facts, one plan, and the days ahead of all who hold access."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from icaccess.batches import batches
from icaccess.diff import Subject
from icaccess.errors import IcaccessError
from icaccess.models import ApprovalsDue, Employee, Record, decoded
from icaccess.notices import due
from icaccess.notices.interface import Notice
from icaccess.notices.settings import APPROVER_KINDS, OPERATOR_KINDS, PERSON_KINDS, NoticeSettings
from icaccess.opa.client import AccessClient
from icaccess.pipeline import Run, start
from icaccess.recovery import look
from icaccess.request import Request
from icaccess.store import notices as recorded
from icaccess.timeline import timelines

_TOGETHER = 2000
"""People whose days ahead are decided together, so that memory does not grow with their number."""


class Failure(NamedTuple):
    """How a run failed: the name of its error, and the message."""

    error: str
    message: str


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What is due on a day, in the order of people, approvers and operators.

    `problem` says why people and approvers are not told anything now; it is empty when they are.
    """

    as_of: date
    notices: tuple[Notice, ...]
    problem: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that were worked out; of these, what is not among `notices` is not due."""
        people = () if self.problem else (*PERSON_KINDS, *APPROVER_KINDS)
        return (*people, *OPERATOR_KINDS)


def gather(request: Request, settings: NoticeSettings, failure: Failure | None = None) -> Due:
    """What is due on the day of a request, by its facts, its target and what the store knows.

    After a run that ended with `failure`, operators are told of it. Where the guard stops the plan the facts
    are not to be believed, and people and approvers are told nothing of them.
    """
    try:
        with start(request, read_only=True) as run:
            return _gather(run, settings, failure)
    except IcaccessError as error:
        failure = failure or Failure(type(error).__name__, str(error))
        told = _operators(settings, request.day, [_failed(request.day, failure)])
        return Due(as_of=request.day, notices=told, problem=failure.message)


def _gather(run: Run, settings: NoticeSettings, failure: Failure | None) -> Due:
    day, people = run.day, settings.people
    store, target, client = run.parts.store, run.parts.target, run.parts.client
    weekday = settings.approvers.weekday
    digest = None if weekday is None else due.digest_day(day, weekday)
    with store.reading() as connection:
        since = day - timedelta(days=people.changes_of_days)
        last = recorded.last_changes(connection, target.identity, since)
        told_of = recorded.latest_facts(connection, "recertification_open")
        told_ends = recorded.told_ends(connection, since)
        if digest and recorded.has_settled(connection, "approver_digest", str(digest)):
            digest = None
    seen = _Seen(last, day, digest, client)
    revisions = client.revisions()
    listing = look(store, target)
    plan = run.compare(
        listing.held, revisions, lambda passing: run.decide(seen.passing(passing), revisions), listing
    )
    result = run.guard(plan)
    told: list[tuple[str, str, str]] = list(due.for_operators(plan, result))
    if failure is not None and not result.stops:  # a stop has a notice of its own
        told.append(_failed(day, failure))
    problem = "; ".join(result.stops)
    if problem:
        problem = f"the guard stops the changes, so the facts are not believed: {problem}"
        return Due(as_of=day, notices=_operators(settings, day, told), problem=problem)
    notices: list[Notice] = []
    endings: list[tuple[Record, due.Ending]] = []
    ahead = day + timedelta(days=max(people.days_before, default=0) + 1)
    for some in batches(seen.records, _TOGETHER):
        # What an earlier setting told longer before is looked at, too.
        named = (end + timedelta(days=1) for one in some for end in told_ends.get(one.id, ()))
        for timeline in timelines(client, some, day, max([ahead, *named])):
            one = timeline.record.id
            asked_by = told_of.get(one)
            notices += due.for_person(
                timeline,
                people,
                None if asked_by is None else date.fromisoformat(asked_by),
                sorted(told_ends.get(one, ())),
                last.get(one),
                lambda change: recorded.reasons_of(store, change),
            )
            ending = due.ending_of(timeline)
            if ending is not None and ending.last_day < ahead:
                endings.append((timeline.record, ending))
    if digest is not None:
        notices += due.for_approvers(endings, seen.approvals_due(), seen.people)
    return Due(as_of=day, notices=(*notices, *_operators(settings, day, told)))


@dataclass(eq=False)
class _Seen:
    """What is remembered of the facts as they pass: those who hold or held access; for a digest, of everybody
    an empty notice, and the approvals due."""

    changed: Collection[str]
    day: date
    digest: date | None
    client: AccessClient
    records: list[Employee] = field(default_factory=list, init=False)
    people: dict[str, Notice] = field(default_factory=dict, init=False)
    _unasked: list[Employee] = field(default_factory=list, init=False)
    _approvals: dict[str, ApprovalsDue] = field(default_factory=dict, init=False)

    def passing(self, people: Iterable[Subject]) -> Iterator[Subject]:
        """The same people, looked at as they pass."""
        for person in people:
            wanted = person.held is not None or person.record.id in self.changed
            if wanted or self.digest is not None:
                record = decoded(person.record)
                if isinstance(record, Employee):
                    self._look(record, wanted=wanted)
            yield person

    def approvals_due(self) -> dict[str, ApprovalsDue]:
        """Who waits for an approval, and who may give one, of all who have passed."""
        self._approvals.update(self.client.approvals_due(self._unasked, self.day))
        self._unasked.clear()
        return self._approvals

    def _look(self, record: Employee, *, wanted: bool) -> None:
        if wanted:
            self.records.append(record)
        if self.digest is not None:
            self.people[record.id] = due.addressed(record, "approver_digest", str(self.digest), self.day, {})
            self._unasked.append(record)
            if len(self._unasked) == _TOGETHER:
                self.approvals_due()


def _failed(day: date, failure: Failure) -> tuple[str, str, str]:
    return "run_failed", f"{day} {failure.error}", f"The run of {day} failed: {failure.message}"


def _operators(
    settings: NoticeSettings, day: date, told: Iterable[tuple[str, str, str]]
) -> tuple[Notice, ...]:
    facts = [one for one in told if one[0] in settings.operators.about]
    return tuple(
        Notice(kind=kind, recipient=address, fact=fact, as_of=day, address=address, values={"text": text})
        for address in settings.operators.addresses
        for kind, fact, text in facts
    )
