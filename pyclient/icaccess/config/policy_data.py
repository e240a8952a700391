"""The values of the rules, which OPA loads as `data.requirements`, `data.locations` and `data.calendar`.

They are validated as strictly as facts, and before OPA sees them: OPA reads an unquoted `000888` as 888 and
keeps the last of two equal keys, which would silently name another school.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from icaccess.errors import ConfigError
from icaccess.marked_yaml import Steps, read_file
from icaccess.models import FIRST_DAY, LAST_DAY, NO_SUCH_DAY, Text
from icaccess.validation import Complaint, converted, placed

Names = Annotated[tuple[Text, ...], Meta(min_length=1)]
Days = Annotated[int, Meta(ge=0, le=10_000)]
"""A number of days that stays within the days that OPA's clock knows."""
MonthDay = Annotated[str, Meta(pattern="^[0-9]{2}-[0-9]{2}$")]
"""A day of any year, `MM-DD`."""


class PolicyValues(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all policy data: unknown keys are refused."""


class CertificationNames(PolicyValues, frozen=True):
    """What Learning Space calls the two certifications (ES-4, ES-5)."""

    prerequisite: Text
    required: Text


class Validity(PolicyValues, frozen=True):
    """How long a certification is good for (ES-11 … ES-13)."""

    first_removal: date
    every_school_years: Annotated[int, Meta(ge=1, le=10_000)]
    recertification_opens: MonthDay


class Summer(PolicyValues, frozen=True):
    """The first and last day of each year's summer, in which a job that ends is only paused (ES-9)."""

    from_: MonthDay = msgspec.field(name="from")
    through: MonthDay


class Requirements(PolicyValues, frozen=True):
    """The values of the posted requirements, `data.requirements`."""

    roles: Names
    school_location_types: Names
    certifications: CertificationNames
    approver_roles: Names
    job_change_rule_from: date
    approval_lead_days: Days
    between_assignments_days: Days
    between_employments_days: Days
    validity: Validity
    grant_within_business_days: Annotated[int, Meta(ge=1, le=10_000)]
    summer: Summer | UnsetType = UNSET
    """Absent if the district has none."""
    contact: dict[Text, Text] | UnsetType = UNSET
    """Whom a person should ask (ES-8): `name`, and anything else that helps, such as `phone` and `hours`."""


class Location(PolicyValues, frozen=True):
    """A place where people work and what kind of place it is (ES-3)."""

    type: Text
    name: Text | UnsetType = UNSET


class Covers(PolicyValues, frozen=True):
    """The first and last day that the calendar covers."""

    from_: date = msgspec.field(name="from")
    through: date


class Calendar(PolicyValues, frozen=True):
    """The weekdays on which the district is closed (ES-7), `data.calendar`."""

    covers: Covers
    closed: tuple[date, ...]


Locations = Annotated[dict[Text, Location], Meta(min_length=1)]
"""Every location by its id, `data.locations`."""


class PolicyData(msgspec.Struct, frozen=True):
    """All three parts of the policy data."""

    requirements: Requirements
    locations: dict[str, Location]
    calendar: Calendar


Consistency = Callable[[Any], Iterator[Complaint]]
"""What is wrong with values whose types are right; the first complaint counts."""


def load_policy_data(directory: Path) -> PolicyData:
    """The policy data under a configuration folder, `<name>/data.yaml` each.

    `ConfigError` with file, line and key when a file is missing, does not parse, or holds anything that the
    policy does not know or cannot use.
    """
    if not directory.is_dir():
        raise ConfigError(f"{directory}: no such configuration folder; give --config or set ICACCESS_CONFIG")
    return PolicyData(
        _load(directory / "requirements" / "data.yaml", Requirements, _check_requirements),
        _load(directory / "locations" / "data.yaml", Locations, lambda _: iter(())),
        _load(directory / "calendar" / "data.yaml", Calendar, _check_calendar),
    )


def _load(file: Path, of: Any, check: Consistency) -> Any:
    written = read_file(file, ConfigError, "the policy needs it; write it, or let this user read it")
    if of is Locations and isinstance(written.value, dict):
        # One at a time, because a complaint about a mapping does not say which of its keys is wrong.
        for key in written.value:
            converted(written, Location, file, ConfigError, (key,))
    values = converted(written, of, file, ConfigError)
    for path, text in check(values):
        raise ConfigError(placed(written, file, path, text))
    return values


def _check_requirements(requirements: Requirements) -> Iterator[Complaint]:
    validity, summer = requirements.validity, requirements.summer
    removal, opens = validity.first_removal, validity.recertification_opens
    if (removal.month, removal.day) == (2, 29):
        yield Complaint(("validity", "first_removal"), _LEAP_DAY)
    yield from _days_of_a_year(("validity", "recertification_opens"), opens)
    if summer:
        yield from _days_of_a_year(("summer", "from"), summer.from_)
        yield from _days_of_a_year(("summer", "through"), summer.through)
    if opens > f"{removal:%m-%d}":
        text = f"{opens} comes after the removal, {removal}, in its year; choose an earlier day"
        yield Complaint(("validity", "recertification_opens"), text)
    if summer and summer.from_ >= summer.through:
        text = f"{summer.through} is not after {summer.from_}; correct one of them"
        yield Complaint(("summer", "through"), text)
    yield from _in_range(("validity", "first_removal"), removal)
    yield from _in_range(("job_change_rule_from",), requirements.job_change_rule_from)


_LEAP_DAY = "February 29 does not come every year; choose another day"


def _days_of_a_year(path: Steps, day: str) -> Iterator[Complaint]:
    if day == "02-29":
        yield Complaint(path, _LEAP_DAY)
    try:
        date.fromisoformat(f"2023-{day}")
    except ValueError:
        yield Complaint(path, f"{day!r} is not a day of the year; write MM-DD")


def _in_range(path: Steps, day: date) -> Iterator[Complaint]:
    if not FIRST_DAY <= day <= LAST_DAY:
        yield Complaint(path, f"{day} {NO_SUCH_DAY}")


def _check_calendar(calendar: Calendar) -> Iterator[Complaint]:
    covers = calendar.covers
    if covers.from_ > covers.through:
        text = f"{covers.through} is before {covers.from_}, where it starts; correct one of them"
        yield Complaint(("covers", "through"), text)
    for index, day in enumerate(calendar.closed):
        if day in calendar.closed[:index]:
            yield Complaint(("closed", index), f"{day} is given twice; keep one")
    yield from _in_range(("covers", "from"), covers.from_)
    yield from _in_range(("covers", "through"), covers.through)
    for index, day in enumerate(calendar.closed):
        yield from _in_range(("closed", index), day)
