"""The recertification before one day: who has to recertify, who has and when, who cannot, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

from icaccess.tables import as_csv, as_text, table
from icaccess.timeline import Timeline

CampaignState = Literal["done", "open", "cannot"]

STATES: dict[CampaignState, str] = {
    "done": "Have recertified",
    "open": "Have to recertify",
    "cannot": "Lose access for another reason, which recertifying does not change",
}
"""Each state of a person in the campaign, in words."""
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_WIDTH = 40


class Participant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person who is allowed access on the first day, and what becomes of it by the campaign's day.

    `recertified_on` is null for somebody who has not, and `last_day`, the last day of access, for somebody
    who has. `role` is the one that the access rests on.
    """

    employee_id: str
    state: CampaignState
    recertified_on: date | None
    last_day: date | None
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    approver: str
    role: str
    locations: tuple[str, ...]


class CampaignWeek(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many had recertified at the end of the week that begins on a day, and how many were left."""

    begins: date
    done: int
    left: int


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everybody who is allowed access on `first_day`, as it stands for the recertification by `day`.

    `opens` is the day from which on a certification counts for it; null where nobody has to recertify.
    `weeks` go from then to the first day. A count is by state, in `by_location` and `by_approver` for each
    location and approver in order.
    """

    first_day: date
    day: date
    opens: date | None
    people: tuple[Participant, ...]
    counts: dict[CampaignState, int]
    by_location: dict[str, dict[CampaignState, int]]
    by_approver: dict[str, dict[CampaignState, int]]
    weeks: tuple[CampaignWeek, ...]


def campaign(
    people: Iterable[Timeline], first: date, day: date, approver: Callable[[str], str] = str
) -> Campaign:
    """What becomes of those who are allowed access on `first`, through the day after `day`.

    `people` are timelines over all of these days; `approver` names an approver.
    """
    allowed = [one for one in people if one.decisions[0].basis is not None]
    found = tuple(_participant(one, day, approver) for one in allowed)
    openings = [
        expiry.recertification_opens
        for one in allowed
        if (expiry := one.decisions[0].expiry) is not None and expiry.valid_through <= day
    ]
    opens = min(openings, default=None)
    return Campaign(
        first_day=first,
        day=day,
        opens=opens,
        people=found,
        counts=_counts(one.state for one in found),
        by_location=_counts_by(found, lambda one: one.locations),
        by_approver=_counts_by(found, lambda one: (one.approver,)),
        weeks=tuple(_weeks(found, opens, min(first, day))) if opens else (),
    )


def _participant(timeline: Timeline, day: date, approver: Callable[[str], str]) -> Participant:
    now, then = timeline.decisions[0], timeline.on(day + _DAY)
    basis = now.basis
    assert basis is not None  # noqa: S101 (the caller's filter)
    end = next((one for one in timeline.decisions if one.outcome != "allow"), None)
    state: CampaignState = "done" if end is None else "open" if end.outcome == "expired" else "cannot"
    return Participant(
        employee_id=now.employee_id,
        state=state,
        # What the access rests on after the day is the certification that was completed for it.
        recertified_on=then.basis.elementary if end is None and then.basis else None,
        last_day=None if end is None else end.as_of - _DAY,
        reasons=() if end is None else tuple(reason.code for reason in end.reasons),
        remedies=() if end is None else tuple(reason.remedy for reason in end.reasons),
        approver=approver(basis.approval.approver),
        role=basis.role,
        locations=now.locations,
    )


def _weeks(people: Sequence[Participant], opens: date, last: date) -> Iterator[CampaignWeek]:
    days = [one.recertified_on for one in people if one.recertified_on is not None]
    total = len(days) + sum(one.state == "open" for one in people)
    begins = opens
    while begins <= last:
        done = sum(one < begins + _WEEK for one in days)
        yield CampaignWeek(begins, done, total - done)
        begins += _WEEK


def _counts_by(
    people: Sequence[Participant], values: Callable[[Participant], Iterable[str]]
) -> dict[str, dict[CampaignState, int]]:
    found: dict[str, list[CampaignState]] = {}
    for one in people:
        for value in values(one):
            found.setdefault(value, []).append(one.state)
    return {name: _counts(states) for name, states in sorted(found.items())}


def _counts(states: Iterable[CampaignState]) -> dict[CampaignState, int]:
    counted = Counter(states)
    return {state: counted[state] for state in STATES}


def campaign_csv(found: Campaign) -> str:
    """One line for each person."""
    return as_csv(table({name: name for name in Participant.__struct_fields__}, found.people))


def campaign_text(found: Campaign, examples: int) -> Iterator[str]:
    """The counts, the weeks as bars, the counts by location and approver, then some people of each state."""
    yield f"Recertification by {found.day}, as of {found.first_day}: {len(found.people):,} are allowed access"
    for state, words in STATES.items():
        people = [one for one in found.people if one.state == state]
        yield ""
        yield f"{words}: {len(people):,}"
        for one in people[:examples] if state != "done" else ():
            where = ", ".join(one.locations)
            yield f"  {one.employee_id}  at {where} through {one.last_day}: {', '.join(one.reasons)}"
        if state != "done" and len(people) > examples:
            yield f"  … and {len(people) - examples:,} more"
    yield ""
    if found.weeks:
        yield "Recertified by the end of the week that begins on"
        for week in found.weeks:
            total = week.done + week.left
            bar = round(_WIDTH * week.done / total) if total else 0
            yield f"  {week.begins}  {'█' * bar}{'·' * (_WIDTH - bar)}  {week.done:,} of {total:,}"
    else:
        yield f"Recertification opens on {found.opens}" if found.opens else "Nobody has to recertify"
    yield from _by("By location", found.by_location)
    yield from _by("By approver", found.by_approver)


def _by(title: str, counts: Mapping[str, Mapping[CampaignState, int]]) -> Iterator[str]:
    yield ""
    yield title
    lines = [["", *STATES], *([name, *map(str, one.values())] for name, one in counts.items())]
    yield from as_text(lines, indent=2)
