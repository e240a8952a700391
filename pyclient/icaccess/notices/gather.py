"""Works out what is due now: one pass over the facts, one plan, and the days ahead of all who hold access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

import msgspec

from icaccess import changes
from icaccess.batches import batches
from icaccess.errors import IcaccessError
from icaccess.facts.interface import RecordBatch
from icaccess.guard import GuardSettings
from icaccess.join import account_in, with_access
from icaccess.models import Employee, Record
from icaccess.notices import due
from icaccess.notices.interface import Notice
from icaccess.notices.settings import NoticeSettings
from icaccess.opa.client import AccessClient
from icaccess.pipeline import Request
from icaccess.store import notices as recorded
from icaccess.store.database import Store
from icaccess.store.notices import VerifiedChange
from icaccess.targets.interface import Holding, Match, Target
from icaccess.timeline import timelines

_TOGETHER = 2000
"""People whose days ahead are decided together, so that memory does not grow with their number."""


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
        people = () if self.problem else (*due.PERSON_KINDS, *due.APPROVER_KINDS)
        return (*people, *due.OPERATOR_KINDS)

    @property
    def without_address(self) -> int:
        """How many recipients have no e-mail address in the facts."""
        return len({one.recipient for one in self.notices if not one.address})


def gather(request: Request, settings: NoticeSettings, store: Store, failure: Exception | None = None) -> Due:
    """What is due on the day of a request, by its facts, its target and what the store knows.

    After a run that failed with `failure`, operators are told of it. Where the guard stops the plan the facts
    are not to be believed, and people and approvers are told nothing of them.
    """
    try:
        with changes.opened(request, read_only=True) as (_, target), request.client() as client:
            return _gather(request, settings, store, target, client, failure)
    except IcaccessError as error:
        problem = failure or error
        told = _operators(settings, request.day, [_failed(request.day, problem)])
        return Due(as_of=request.day, notices=told, problem=str(problem))


def _gather(
    request: Request,
    settings: NoticeSettings,
    store: Store,
    target: Target,
    client: AccessClient,
    failure: Exception | None,
) -> Due:
    day, people = request.day, settings.people
    since = day - timedelta(days=people.changes_of_days)
    weekday = settings.approvers.weekday
    digest = None if weekday is None else due.digest_day(day, weekday)
    with store.reading() as connection:
        last = recorded.last_changes(connection, target.identity, since)
        told_of = recorded.latest_facts(connection, "recertification_open")
        if digest and recorded.has_settled(connection, "approver_digest", str(digest)):
            digest = None
    seen = _Seen(target.current(), target.match, last, day, digest)
    plan = changes.plan(seen.passing(request.batches()), client, target, store, day)
    verdict = changes.examine(
        plan, store, request.settings.section("guard", GuardSettings), request.facts_age()
    )
    told: list[tuple[str, str, str]] = list(due.for_operators(plan, verdict))
    if failure is not None:
        told.append(_failed(day, failure))
    problem = "; ".join(finding.message for finding in verdict.stops)
    if problem:
        problem = f"the guard stops the changes, so the facts are not believed: {problem}"
        return Due(as_of=day, notices=_operators(settings, day, told), problem=problem)
    notices: list[Notice] = []
    endings: list[tuple[Record, due.Ending]] = []
    ahead = timedelta(days=max(people.days_before, default=0) + 1)
    for some in batches(seen.records, _TOGETHER):
        for timeline in timelines(client, some, day, day + ahead):
            one = timeline.record.id
            asked_by = told_of.get(one)
            notices += due.for_person(
                timeline,
                people,
                None if asked_by is None else date.fromisoformat(asked_by),
                last.get(one),
                lambda change: recorded.reasons_of(store, change),
            )
            ending = due.ending_of(timeline)
            if ending is not None:
                endings.append((timeline.record, ending))
    if digest is not None:
        notices += due.for_approvers(endings, seen.approvers)
    return Due(as_of=day, notices=(*notices, *_operators(settings, day, told)))


class _Seen:
    """What is remembered of the facts as they pass: those who hold or held access, and who could approve."""

    def __init__(
        self,
        held: Mapping[str, Holding],
        match: Match,
        changed: Mapping[str, VerifiedChange],
        day: date,
        digest: date | None,
    ) -> None:
        self.records: list[Employee] = []
        self.approvers: dict[str, Notice] = {}
        self._held = held
        self._match: Match = match
        self._changed = changed
        self._day = day
        self._digest = digest

    def passing(self, source: Iterable[RecordBatch]) -> Iterator[RecordBatch]:
        """The same batches, looked at as they pass."""
        for batch in source:
            for place, one in enumerate(batch.ids):
                if self._digest is None and self._match == "id" and not self._wanted(one, one):
                    continue
                self._look(batch.read(place))
            yield batch

    def _wanted(self, employee_id: str, account: str) -> bool:
        return account in self._held or employee_id in self._changed

    def _look(self, record: Record) -> None:
        if not isinstance(record, Employee):
            return
        account = account_in(self._match, record)
        if self._wanted(record.id, account):
            self.records.append(with_access(record, self._held.get(account)))
        if self._digest is not None:
            self.approvers[record.id] = due.addressed(
                record, "approver_digest", str(self._digest), self._day, {}
            )


def _failed(day: date, failure: Exception) -> tuple[str, str, str]:
    return "run_failed", f"{day} {type(failure).__name__}", f"The run of {day} failed: {failure}"


def _operators(
    settings: NoticeSettings, day: date, told: Iterable[tuple[str, str, str]]
) -> tuple[Notice, ...]:
    facts = [one for one in told if one[0] in settings.operators.about]
    return tuple(
        Notice(kind=kind, recipient=address, fact=fact, as_of=day, address=address, values={"text": text})
        for address in settings.operators.addresses
        for kind, fact, text in facts
    )
