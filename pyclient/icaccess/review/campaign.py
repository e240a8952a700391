"""The recertification before one day: who has to recertify, who has, who cannot, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Literal

import msgspec

from icaccess.models import Record
from icaccess.opa.client import AccessClient
from icaccess.tables import as_csv, as_text, table
from icaccess.text import printable
from icaccess.timeline import Timeline, jobs_of, timelines

CampaignState = Literal["done", "open", "cannot"]

STATES: dict[CampaignState, str] = {
    "done": "Have recertified",
    "open": "Have to recertify",
    "cannot": "Lose access for another reason, which recertifying does not change",
}
"""Each state of a person in the campaign, in words."""
_DAY = timedelta(days=1)
_COLUMNS = {
    name: name
    for name in ("employee_id", "state", "last_day", "reasons", "remedies", "approver", "roles", "locations")
}


class Participant(msgspec.Struct, frozen=True):
    """One person who is allowed access on the first day, and what becomes of it by the campaign's day.

    `last_day` is the last day of access; null for somebody who has recertified.
    """

    employee_id: str
    state: CampaignState
    last_day: date | None
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    approver: str
    roles: tuple[str, ...]
    locations: tuple[str, ...]


class Campaign(msgspec.Struct, frozen=True):
    """Everybody who is allowed access on `first_day`, as it stands for the recertification by `day`."""

    first_day: date
    day: date
    people: tuple[Participant, ...]

    def by(self, part: Literal["locations", "approver"]) -> dict[str, Counter[CampaignState]]:
        """How many people are in each state, by location or approver, in order."""
        counts: dict[str, Counter[CampaignState]] = {}
        for one in self.people:
            for value in one.locations if part == "locations" else (one.approver,):
                counts.setdefault(value, Counter())[one.state] += 1
        return dict(sorted(counts.items()))


def campaign(client: AccessClient, records: Iterable[Record], first: date, day: date) -> Campaign:
    """What becomes of those who are allowed access on `first`, through the day after `day`."""
    people = timelines(client, records, first, day + _DAY)
    return Campaign(first, day, tuple(_participant(client, one) for one in people if one.decisions[0].basis))


def _participant(client: AccessClient, timeline: Timeline) -> Participant:
    now = timeline.decisions[0]
    basis = now.basis
    assert basis is not None  # noqa: S101 (the caller's filter)
    jobs = jobs_of(client, timeline.record, now.as_of)
    end = next((one for one in timeline.decisions if one.outcome != "allow"), None)
    state: CampaignState = "done" if end is None else "open" if end.outcome == "expired" else "cannot"
    return Participant(
        now.employee_id,
        state,
        None if end is None else end.as_of - _DAY,
        () if end is None else tuple(reason.code for reason in end.reasons),
        () if end is None else tuple(reason.remedy for reason in end.reasons),
        basis.approval.approver,
        jobs.roles,
        now.locations,
    )


def campaign_text(found: Campaign, examples: int) -> str:
    """The counts, then by location and approver, then some people of each state."""
    return "".join(f"{printable(line)}\n" for line in _text(found, examples))


def campaign_csv(found: Campaign) -> str:
    """One line for each person."""
    return as_csv(table(_COLUMNS, found.people))


def _text(found: Campaign, examples: int) -> Iterator[str]:
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
    for part, title in (("locations", "By location"), ("approver", "By approver")):
        yield ""
        yield title
        counts = found.by("locations" if part == "locations" else "approver")
        lines = [
            ["", *STATES],
            *([name, *(str(one[state]) for state in STATES)] for name, one in counts.items()),
        ]
        yield from as_text(lines, indent=2)
