"""The values of the rules, which OPA loads as `data.requirements`, `data.locations` and `data.calendar`.

They are validated as strictly as facts, and before OPA sees them: OPA reads an unquoted `000888` as 888 and
keeps the last of two equal keys, which would silently name another school.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from icaccess.errors import ConfigError
from icaccess.marked_yaml import Marked, MarkedYamlError, Steps, read_document
from icaccess.models import Text
from icaccess.validation import explain, field_name

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


Consistency = Callable[[Any], tuple[Steps, str] | None]


def load_policy_data(directory: Path) -> PolicyData:
    """The policy data under a configuration folder, `<name>/data.yaml` each.

    `ConfigError` with file, line and key when a file is missing, does not parse, or holds anything that the
    policy does not know or cannot use.
    """
    if not directory.is_dir():
        raise ConfigError(f"{directory}: no such configuration folder; give --config or set ICACCESS_CONFIG")
    return PolicyData(
        _load(directory / "requirements" / "data.yaml", Requirements, _check_requirements),
        _load(directory / "locations" / "data.yaml", Locations, _check_nothing),
        _load(directory / "calendar" / "data.yaml", Calendar, _check_calendar),
    )


def _load(file: Path, of: Any, check: Consistency) -> Any:
    try:
        with file.open("rb") as stream:
            written = read_document(stream)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); the policy needs it") from error
    except MarkedYamlError as error:
        raise ConfigError(f"{file} line {error.line}: {error.problem}") from error
    for problem in written.problems:
        raise _error(file, written, problem.path, problem.text)
    if of is Locations and isinstance(written.value, dict):
        # One at a time, because a complaint about a mapping does not say which of its keys is wrong.
        for key, value in written.value.items():
            _convert(file, written, value, Location, (key,))
    values = _convert(file, written, written.value, of, ())
    if (wrong := check(values)) is not None:
        raise _error(file, written, *wrong)
    return values


def _convert(file: Path, written: Marked, value: Any, of: Any, at: Steps) -> Any:
    try:
        return msgspec.convert(value, of)
    except msgspec.ValidationError as error:
        complaint = explain(error, value, of)
        raise _error(file, written, (*at, *complaint.path), complaint.text) from error


def _error(file: Path, written: Marked, path: Steps, text: str) -> ConfigError:
    return ConfigError(f"{file} line {written.line(path)}: {field_name(path) or 'the whole'}: {text}")


def _check_nothing(_: Any) -> None:
    return None


def _check_requirements(requirements: Requirements) -> tuple[Steps, str] | None:
    removal = requirements.validity.first_removal
    if (removal.month, removal.day) == (2, 29):
        return ("validity", "first_removal"), _LEAP_DAY
    days: list[tuple[Steps, str]] = [
        (("validity", "recertification_opens"), requirements.validity.recertification_opens)
    ]
    if summer := requirements.summer:
        days += [(("summer", "from"), summer.from_), (("summer", "through"), summer.through)]
    for path, day in days:
        if wrong := _wrong_day_of_a_year(day):
            return path, wrong
    opens = requirements.validity.recertification_opens
    if opens > f"{removal:%m-%d}":
        return (
            ("validity", "recertification_opens"),
            f"{opens} comes after the removal, {removal}, in its year; choose an earlier day",
        )
    if summer and summer.from_ >= summer.through:
        return ("summer", "through"), f"{summer.through} is not after {summer.from_}; correct one of them"
    return _out_of_range(
        [
            (("validity", "first_removal"), removal),
            (("job_change_rule_from",), requirements.job_change_rule_from),
        ]
    )


_LEAP_DAY = "February 29 does not come every year; choose another day"


def _wrong_day_of_a_year(day: str) -> str | None:
    if day == "02-29":
        return _LEAP_DAY
    try:
        date.fromisoformat(f"2023-{day}")
    except ValueError:
        return f"{day!r} is not a day of the year; write MM-DD"
    return None


def _out_of_range(days: Iterable[tuple[Steps, date]]) -> tuple[Steps, str] | None:
    """The first day that the policy does not support."""
    for path, day in days:
        if not 1900 <= day.year <= 2199:
            return path, f"{day} is outside the years 1900 to 2199, which the policy supports"
    return None


def _check_calendar(calendar: Calendar) -> tuple[Steps, str] | None:
    covers = calendar.covers
    if covers.from_ > covers.through:
        return (
            "covers",
            "through",
        ), f"{covers.through} is before {covers.from_}, where it starts; correct one of them"
    seen: set[date] = set()
    for index, day in enumerate(calendar.closed):
        if day in seen:
            return ("closed", index), f"{day} is given twice; keep one"
        seen.add(day)
    covered: list[tuple[Steps, date]] = [
        (("covers", "from"), covers.from_),
        (("covers", "through"), covers.through),
    ]
    return _out_of_range([*covered, *((("closed", index), day) for index, day in enumerate(calendar.closed))])
