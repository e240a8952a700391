"""The outlook for the report: the forecast through the next removal, by month, role and location."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from icaccess.models import Record
from icaccess.opa.client import AccessClient
from icaccess.review.forecast import forecast
from icaccess.review.report_data import Coming, Outlook, Person

_A_YEAR = timedelta(days=365)


def outlook(client: AccessClient, records: Iterable[Record], people: Iterable[Person], day: date) -> Outlook:
    """What comes after `day`, through the day after the next removal of somebody who is allowed.

    Where nobody is allowed it is looked ahead for a year. `records` hold the access that the target shows.
    """
    ends = [one.expiry.valid_through for one in people if one.outcome == "allow" and one.expiry]
    through = min(ends) + timedelta(days=1) if ends else day + _A_YEAR
    found = forecast(client, records, day, through)
    return Outlook(
        through=through,
        allowed_now=found.allowed[0],
        allowed_then=found.allowed[1],
        months=tuple(Coming(month=month, **counts) for month, counts in found.by_month().items()),
        by_role=found.by("roles", "removed", "lost"),
        by_location=found.by("locations", "removed", "lost"),
    )
