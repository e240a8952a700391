"""Impact: whose decision differs between two versions of policy and policy data, over one population.

Both versions decide the same people on the same days, each by an OPA of its own. Nothing is judged here: what
is compared is what the two policies said, field by field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import zip_longest
from typing import Literal, get_args

import msgspec

from icaccess.models import Action, Decision, Record
from icaccess.opa.client import AccessClient
from icaccess.review.jobs import CurrentJobs, jobs_of, people_by
from icaccess.review.versions import Version
from icaccess.timeline import Timeline, timelines

ImpactKind = Literal["loses", "gains", "outcome", "reasons", "terms", "wording"]

KINDS: dict[ImpactKind, str] = {
    "loses": "Lose access",
    "gains": "Gain access",
    "outcome": "Another outcome",
    "reasons": "Other reasons",
    "terms": "Other dates, locations, action or warnings",
    "wording": "Other words alone",
}
"""Each kind of change, the gravest first, in words."""

ACTIONS: tuple[Action, ...] = get_args(Action)
_DAY = timedelta(days=1)
_NEVER_COMPARED = {"employee_id", "as_of", "recheck_on"}


class DecisionChange(msgspec.Struct, frozen=True):
    """How the decision on one person differs, and from which day through which.

    `fields` are the parts of the decision that differ; `roles` and `locations` are those of the person's
    current jobs, as head's policy tells them.
    """

    employee_id: str
    first_day: date
    last_day: date
    kind: ImpactKind
    fields: tuple[str, ...]
    before: Decision
    after: Decision
    roles: tuple[str, ...]
    locations: tuple[str, ...]


class DayActions(msgspec.Struct, frozen=True):
    """How many people an apply on `day` takes each action for, under each version."""

    day: date
    base: dict[Action, int]
    head: dict[Action, int]


class ReasonChange(msgspec.Struct, frozen=True):
    """How many people lose a reason, and how many get it."""

    lost: int
    gained: int


class Impact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a change of policy does to a population, from `first_day` through `last_day`.

    `actions` holds the first day, and each later day from which on the counts of the two versions differ in
    another way than on the day before. The other counts are of people whose decision differs on some day:
    `by_kind` the gravest first, `by_reason` by its code, and those without changes of words alone in all, by
    role and by location of their current jobs, the most first.
    """

    base: Version
    head: Version
    first_day: date
    last_day: date
    people: int
    actions: tuple[DayActions, ...]
    people_changed: int
    by_kind: dict[ImpactKind, int]
    by_reason: dict[str, ReasonChange]
    by_role: dict[str, int]
    by_location: dict[str, int]
    changes: tuple[DecisionChange, ...]

    def newly(self, action: Action) -> int:
        """For how many people head's action is this one on some day, and base's is not."""
        return len(
            {one.employee_id for one in self.changes if one.after.action == action != one.before.action}
        )


def compare(
    base: tuple[Version, AccessClient],
    head: tuple[Version, AccessClient],
    records: Iterable[Record],
    first: date,
    last: date,
) -> Impact:
    """The impact of head over base on `records`, on every day from `first` through `last`."""
    people = list(records)
    before = timelines(base[1], people, first, last)
    after = timelines(head[1], people, first, last)
    changes = [
        change
        for then, now in zip(before, after, strict=True)
        for change in _changes(then, now, last, head[1])
    ]
    changes.sort(key=lambda change: (list(KINDS).index(change.kind), change.employee_id, change.first_day))
    kinds = people_by((change.employee_id, change.kind) for change in changes)
    telling = [change for change in changes if change.kind != "wording"]
    none = ("(none)",)
    return Impact(
        base=base[0],
        head=head[0],
        first_day=first,
        last_day=last,
        people=len(people),
        actions=tuple(_actions(before, after, first)),
        people_changed=len({change.employee_id for change in telling}),
        by_kind={kind: kinds[kind] for kind in KINDS if kind in kinds},
        by_reason=_by_reason(changes),
        by_role=people_by((one.employee_id, role) for one in telling for role in one.roles or none),
        by_location=people_by((one.employee_id, at) for one in telling for at in one.locations or none),
        changes=tuple(changes),
    )


def difference(before: Decision, after: Decision) -> tuple[str, ...]:
    """The parts in which two decisions on one person differ, in the order of the document.

    Messages name the day that was decided, so those of decisions taken on different days are not compared.
    """
    same_day = before.as_of == after.as_of
    return tuple(
        name
        for name in Decision.__struct_fields__
        if name not in _NEVER_COMPARED
        and getattr(before, name) != getattr(after, name)
        and (name != "reasons" or same_day or _codes(before) != _codes(after))
    )


def kind_of(before: Decision, after: Decision) -> ImpactKind:
    """The gravest way in which two decisions differ."""
    if before.outcome != after.outcome:
        if before.outcome == "allow":
            return "loses"
        return "gains" if after.outcome == "allow" else "outcome"
    if _codes(before) != _codes(after):
        return "reasons"
    return "wording" if difference(before, after) == ("reasons",) else "terms"


def _changes(before: Timeline, after: Timeline, last: date, client: AccessClient) -> Iterator[DecisionChange]:
    """The spans in which two timelines differ, each with the pair of decisions of its first day.

    Spans that follow each other and differ in the same way are one. `client` asks head's policy for the jobs
    of the first day.
    """
    spans: list[tuple[date, date, Decision, Decision]] = []
    days = sorted({decision.as_of for decision in (*before.decisions, *after.decisions)})
    for day, following in zip_longest(days, days[1:], fillvalue=last + _DAY):
        then, now = before.on(day), after.on(day)
        if not difference(then, now):
            continue
        begun, through, base, head = spans[-1] if spans else (day, day, then, now)
        if through + _DAY == day and not (difference(base, then) or difference(head, now)):
            spans[-1] = (begun, following - _DAY, base, head)
        else:
            spans.append((day, following - _DAY, then, now))
    for first, through, base, head in spans:
        undecided = head.outcome == "undecided"
        jobs = CurrentJobs() if undecided else jobs_of(client, after.record, first)
        kind, fields = kind_of(base, head), difference(base, head)
        who = before.record.id
        yield DecisionChange(who, first, through, kind, fields, base, head, jobs.roles, jobs.locations)


def _actions(before: list[Timeline], after: list[Timeline], first: date) -> Iterator[DayActions]:
    """What an apply would do on the first day, and on each later one from which on it differs otherwise."""
    days = {decision.as_of for timeline in (*before, *after) for decision in timeline.decisions}
    shown: dict[Action, int] | None = None
    for day in sorted(days | {first}):
        counts = [Counter(timeline.on(day).action for timeline in side) for side in (before, after)]
        differing: dict[Action, int] = {one: counts[1][one] - counts[0][one] for one in ACTIONS}
        if shown != differing:
            base, head = ({action: count[action] for action in ACTIONS} for count in counts)
            yield DayActions(day, base, head)
        shown = differing


def _by_reason(changes: Iterable[DecisionChange]) -> dict[str, ReasonChange]:
    """How many people lose and get each reason, the reasons that concern most people first."""
    codes = [(one.employee_id, _codes(one.before), _codes(one.after)) for one in changes]
    gone = people_by((who, code) for who, before, after in codes for code in before - after)
    come = people_by((who, code) for who, before, after in codes for code in after - before)
    counts = {code: ReasonChange(gone.get(code, 0), come.get(code, 0)) for code in gone | come}
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1].lost - entry[1].gained, entry[0])))


def _codes(decision: Decision) -> set[str]:
    return {reason.code for reason in decision.reasons}
