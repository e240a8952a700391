"""A forecast as text with bars, JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator

from icaccess.review.forecast import KINDS, Forecast
from icaccess.tables import as_csv, as_json, table

_WIDTH = 40
_COLUMNS = {name: name for name in ("day", "employee_id", "kind", "reasons", "roles", "locations")}


def forecast_json(found: Forecast) -> str:
    """Everything, with the counts that the text shows."""
    return as_json(
        {
            "first_day": found.first_day,
            "last_day": found.last_day,
            "people": found.people,
            "allowed_first": found.allowed[0],
            "allowed_last": found.allowed[1],
            "by_month": found.by_month(),
            "by_reason": found.by("reasons", "lost"),
            "by_role": found.by("roles", "removed", "lost"),
            "by_location": found.by("locations", "removed", "lost"),
            "events": found.events,
        }
    )


def forecast_csv(found: Forecast) -> str:
    """One line for each event."""
    return as_csv(table(_COLUMNS, found.events))


def forecast_text(found: Forecast, examples: int) -> Iterator[str]:
    """Counts by month as bars, then by role and location, then some people of each kind."""
    yield (
        f"{found.people:,} people from {found.first_day} through {found.last_day}: "
        f"{found.allowed[0]:,} are allowed now, {found.allowed[1]:,} at the end"
    )
    months = found.by_month()
    most = max((count for counts in months.values() for count in counts.values()), default=0)
    for kind, words in KINDS.items():
        events = found.of(kind)
        if not events:
            continue
        yield ""
        yield f"{words}"
        for month, counts in months.items():
            if count := counts.get(kind, 0):
                yield f"  {month}  {'█' * max(1, round(_WIDTH * count / most))} {count:,}"
        for event in events[:examples]:
            why = f": {', '.join(event.reasons)}" if event.reasons else ""
            place = f"{', '.join(event.roles) or 'no job'} at {', '.join(event.locations)}"
            yield f"    {event.day}  {event.employee_id}  {place if event.locations else 'no job'}{why}"
        if len(events) > examples:
            yield f"    … and {len(events) - examples:,} more"
    for title, people in (
        ("Who loses access for another reason, by reason", found.by("reasons", "lost")),
        ("Who loses access, by role", found.by("roles", "removed", "lost")),
        ("Who loses access, by location", found.by("locations", "removed", "lost")),
    ):
        if people:
            yield ""
            yield f"{title}"
            yield from (f"  {name:<36} {count:,}" for name, count in people.items())
