"""What will fall due if neither facts nor rules change, from decisions on the days that matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Literal

import msgspec

from icaccess.models import Decision
from icaccess.opa.client import AccessClient
from icaccess.review.jobs import CurrentJobs, jobs_of, people_by
from icaccess.tables import as_csv, table
from icaccess.text import how_many
from icaccess.timeline import Timeline

ForecastKind = Literal["removed", "lost", "recertify", "blocked", "allowed", "overdue"]

KINDS: dict[ForecastKind, str] = {
    "removed": "Removed at the end of the cycle, all else being met",
    "lost": "Lose access for another reason",
    "recertify": "May recertify from then on",
    "blocked": "Recertification opens, but something else is missing",
    "allowed": "Become allowed",
    "overdue": "A grant falls overdue",
}
"""Each kind of event, in words."""

_WIDTH = 40
_COLUMNS = {name: name for name in ("day", "employee_id", "kind", "reasons", "roles", "locations")}


class Event(msgspec.Struct, frozen=True):
    """Something that happens to one person on a day: the decision that holds from then on, and why.

    `reasons` are the codes of that decision; `roles` and `locations` those of the jobs that it is about.
    """

    employee_id: str
    day: date
    kind: ForecastKind
    reasons: tuple[str, ...]
    roles: tuple[str, ...]
    locations: tuple[str, ...]


class Forecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All events among `people` after `first_day`, through `last_day`, in the order of days and ids.

    `allowed_first` and `allowed_last` are how many are allowed on these days. The counts are of people:
    `by_month` of each kind of event, without months that have none; `by_reason` of those who lose access for
    another reason; `by_role` and `by_location` of all who lose access, the most first.
    """

    first_day: date
    last_day: date
    people: int
    allowed_first: int
    allowed_last: int
    by_month: dict[str, dict[ForecastKind, int]]
    by_reason: dict[str, int]
    by_role: dict[str, int]
    by_location: dict[str, int]
    events: tuple[Event, ...]


def forecast(client: AccessClient, people: Sequence[Timeline], first: date, last: date) -> Forecast:
    """What changes for people after `first`, through `last`, by their timelines over these days."""
    events = [event for timeline in people for event in _events(client, timeline)]
    events.sort(key=lambda event: (event.day, event.employee_id, list(KINDS).index(event.kind)))
    allowed = [sum(timeline.on(day).outcome == "allow" for timeline in people) for day in (first, last)]
    return forecast_of(first, last, len(people), allowed, events)


def forecast_of(
    first: date, last: date, people: int, allowed: Sequence[int], events: Sequence[Event]
) -> Forecast:
    """The forecast of events in order; `allowed` is how many are allowed on the first day and on the last."""
    by_month: dict[str, dict[ForecastKind, int]] = {}
    touched = {(f"{one.day:%Y-%m}", one.kind, one.employee_id) for one in events}
    for (month, kind), number in sorted(Counter((month, kind) for month, kind, _ in touched).items()):
        by_month.setdefault(month, {})[kind] = number
    lost = [one for one in events if one.kind == "lost"]
    leaving = [one for one in events if one.kind in {"removed", "lost"}]
    return Forecast(
        first_day=first,
        last_day=last,
        people=people,
        allowed_first=allowed[0],
        allowed_last=allowed[1],
        by_month=by_month,
        by_reason=people_by((one.employee_id, code) for one in lost for code in one.reasons),
        by_role=people_by((one.employee_id, role) for one in leaving for role in one.roles),
        by_location=people_by((one.employee_id, place) for one in leaving for place in one.locations),
        events=tuple(events),
    )


def _events(client: AccessClient, timeline: Timeline) -> Iterator[Event]:
    for before, after in pairwise(timeline.decisions):
        for kind in _kinds(before, after):
            codes = tuple(reason.code for reason in after.reasons)
            allowed = before if before.basis else after
            if allowed.basis is None:
                jobs = jobs_of(client, timeline.record, after.as_of)
            else:
                jobs = CurrentJobs((allowed.basis.role,), allowed.locations)
            yield Event(after.employee_id, after.as_of, kind, codes, jobs.roles, jobs.locations)


def _kinds(before: Decision, after: Decision) -> Iterator[ForecastKind]:
    if before.outcome == "allow" != after.outcome:
        yield "removed" if after.outcome == "expired" else "lost"
    if before.outcome != "allow" == after.outcome:
        yield "allowed"
    if _state(before) != "recertify" == _state(after):
        yield "recertify" if after.outcome == "allow" else "blocked"
    if after.escalate and not before.escalate:
        yield "overdue"


def _state(decision: Decision) -> str | None:
    return decision.expiry.state if decision.expiry else None


def forecast_csv(found: Forecast) -> str:
    """One line for each event."""
    return as_csv(table(_COLUMNS, found.events))


def forecast_text(found: Forecast, examples: int) -> Iterator[str]:
    """Counts by month as bars, then by role and location, then some people of each kind."""
    yield (
        f"{how_many(found.people, 'person', 'people')} from {found.first_day} through {found.last_day}: "
        f"{found.allowed_first:,} are allowed now, {found.allowed_last:,} at the end"
    )
    most = max((count for counts in found.by_month.values() for count in counts.values()), default=0)
    for kind, words in KINDS.items():
        events = [event for event in found.events if event.kind == kind]
        if not events:
            continue
        yield ""
        yield words
        for month, counts in found.by_month.items():
            if count := counts.get(kind, 0):
                yield f"  {month}  {'█' * max(1, round(_WIDTH * count / most))} {count:,}"
        for event in events[:examples]:
            why = f": {', '.join(event.reasons)}" if event.reasons else ""
            place = f"{', '.join(event.roles) or 'no job'} at {', '.join(event.locations)}"
            yield f"    {event.day}  {event.employee_id}  {place if event.locations else 'no job'}{why}"
        if len(events) > examples:
            yield f"    … and {len(events) - examples:,} more"
    for title, people in (
        ("Who loses access for another reason, by reason", found.by_reason),
        ("Who loses access, by role", found.by_role),
        ("Who loses access, by location", found.by_location),
    ):
        if people:
            yield ""
            yield title
            yield from (f"  {name:<36} {count:,}" for name, count in people.items())
