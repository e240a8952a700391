"""From a source's rows to facts: columns renamed, values translated, days made the district's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, UnsetType

from icaccess.errors import FactsError
from icaccess.facts.record import DATED, DayReader, text_problem
from icaccess.facts.settings import Kind, MappedSettings
from icaccess.models import (
    Access,
    Approval,
    Assignment,
    Certification,
    EmploymentPeriod,
    Fact,
    Text,
)
from icaccess.validation import explain, field_name, show

_SERIAL = re.compile(r"[1-9][0-9]{4}(\.[0-9]+)?")
_LOCAL = re.compile(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{2,4}.*")
_BARE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_TIME_OF_DAY = ("%H", "%I", "%X", "%c", "%T", "%R", "%s")
_BOOLEANS = {"true": True, "false": False}
_REMEMBERED = 100
"""Texts that no value translates; more are not counted apart."""
FAR_YEAR = 9999
"""An end in this year is HR's way to say that there is none."""


class Person(Fact, frozen=True):
    """Who an employee is, and what other feeds may call them.

    `unknown` names the kinds of fact of which nobody can say whether this person has any, such as the
    certifications of somebody whose LMS account is not linked; `none` those of which there are surely none;
    `absent` those that the source leaves out for this person, which other sources may give.
    """

    id: Text
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    unknown: tuple[Kind, ...] | UnsetType = UNSET
    absent: tuple[Kind, ...] | UnsetType = UNSET
    none: tuple[Kind, ...] | UnsetType = UNSET


class Place(Fact, frozen=True):
    """A location as a source knows it, for the list of locations in the policy data."""

    id: Text
    type: Text
    name: str | UnsetType = UNSET


class Ended(Fact, frozen=True):
    """A row of jobs or employment that says no more than that the one before it ended the day before."""

    start: date


FACTS: dict[Kind, type[Fact]] = {
    "people": Person,
    "employment": EmploymentPeriod,
    "assignments": Assignment,
    "certifications": Certification,
    "approvals": Approval,
    "access": Access,
    "locations": Place,
}
"""The type that a row of each kind becomes."""

_BOOLEAN_FIELDS = {"school_based", "held"}
_NOT_MAPPED = {"approver_jobs", "absent", "basis"}
_LIST_FIELDS = {"locations", "unknown", "none"}


class Mapped(NamedTuple):
    """One row made a fact of the person whom `key` names."""

    key: str
    fact: Fact


class Rejected(NamedTuple):
    """One row that cannot be used; `key` is None when it does not even say whose it is."""

    key: str | None
    reason: str


Look = Callable[[Any], Any]


class RowMapping:
    """What the settings of a source say about its columns, ready to be used on rows.

    `look` finds a column, or a JMESPath expression, in a row. `ValueError` is raised for settings that make
    no sense.
    """

    def __init__(self, settings: MappedSettings, zone: ZoneInfo, look: Callable[[str], Look]) -> None:
        _check(settings)
        self._settings = settings
        self._zone = zone
        self._source_zone = _zone(settings.zone)
        self._type = FACTS[settings.gives]
        self._dated = DATED.get(settings.gives, ())
        ((self.key_kind, key_column),) = settings.key.items()
        self._key = look(key_column)
        self._look = {name: look(column) for name, column in settings.fields.items()}
        self._where = _conditions(settings.where, look)
        self._ended = _conditions(settings.ended, look)
        self._patterns = {
            name: [(_pattern(name, text), meaning) for text, meaning in values.items() if _is_pattern(text)]
            for name, values in settings.values.items()
        }
        self.begin()

    def begin(self) -> None:
        """Forget what was learned of the rows of an earlier reading."""
        self._days = DayReader(self._zone, self._settings.midnight_utc)
        self.untranslated: dict[str, Counter[str]] = {name: Counter() for name in self._settings.values}
        """For each field with `values`, the texts that none of them translates."""

    def end(self) -> list[str]:
        """What a person should know of the rows; `FactsError` where nobody can say what their times mean."""
        return self._days.settle()

    def counts(self, raw: Mapping[str, Any]) -> bool:
        """Whether a row is one of those that `where` lets through; an empty row is."""
        return all(_text(look(raw)) in texts for look, texts in self._where) or not any(
            map(_text, raw.values())
        )

    def key(self, raw: Mapping[str, Any]) -> str | None:
        """Whose row it is; None where it does not say so."""
        key = self._present(self._key(raw))
        return str(key) if isinstance(key, str | int) and text_problem(str(key)) is None else None

    def map(self, raw: Mapping[str, Any]) -> Mapped | Rejected | None:
        """The fact that a row stands for, or why it stands for none; None for a row without any content.

        `FactsError` is raised for a date in a form that nobody declared: then the source is misread, and not
        the one row.
        """
        values = self._values(raw)
        key = self._key(raw)
        if self._present(key) is None:
            if not values and all(self._present(value) is None for value in raw.values()):
                return None
            return Rejected(None, f"{self.key_kind} is empty, so nobody can say whose row it is")
        if not isinstance(key, str | int) or isinstance(key, bool):
            return Rejected(None, f"{self.key_kind} is no text, so nobody can say whose row it is")
        if (problem := text_problem(str(key))) is not None:
            return Rejected(None, f"{self.key_kind} {problem}")
        values = {**self._settings.constants, **values}
        if self._settings.gives in ("people", "locations"):
            values.setdefault("id", str(key))
        try:
            return Mapped(str(key), self._fact(values, raw))
        except ValueError as error:
            return Rejected(str(key), str(error))

    def _fact(self, values: dict[str, Any], raw: Mapping[str, Any]) -> Fact:
        for name, value in values.items():
            if isinstance(value, str) and (problem := text_problem(value)) is not None:
                raise ValueError(f"{name}: {problem}")
        for name in self._dated:
            if name in values:
                values[name] = self._day(name, values[name])
        of = self._type
        if self._ended and all(_text(look(raw)) in texts for look, texts in self._ended):
            of, values = Ended, {"start": values.get("start")}
        try:
            fact = msgspec.convert(values, of)
        except msgspec.ValidationError as error:
            complaint = explain(error, values, of)
            raise ValueError(f"{field_name(complaint.path)}: {complaint.text}") from error
        if isinstance(fact, EmploymentPeriod | Assignment) and fact.end:
            return self._with_end(fact, fact.end)
        return fact

    def _with_end(self, fact: EmploymentPeriod | Assignment, end: date) -> Fact:
        """The fact with its last day as its end."""
        if self._settings.ends == "day_after" and end.year < FAR_YEAR:
            if end <= fact.start:
                raise ValueError(
                    f"end: {end} is the day after the last, and not after the start, {fact.start}"
                )
            return msgspec.structs.replace(fact, end=end - timedelta(days=1))
        if end < fact.start:
            raise ValueError(f"end: {end} is before the start, {fact.start}")
        return fact

    def _values(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, look in self._look.items():
            value = self._present(look(raw))
            if value is not None:
                values[name] = self._translated(name, value)
        return values

    def _present(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip()
            return None if value == "" or value in self._settings.nulls else value
        return value

    def _translated(self, name: str, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool) and name not in self._dated:
            value = str(value)  # a JSON number where text is due: as it is written, for lists and codes
        if isinstance(value, str):
            if name in self._settings.values:
                value = self._meaning(name, value)
            if name in _BOOLEAN_FIELDS:
                return _BOOLEANS.get(value.lower(), value)
            if name in _LIST_FIELDS:
                return [part.strip() for part in value.split(self._settings.list_separator) if part.strip()]
        return value

    def _meaning(self, name: str, text: str) -> str:
        """What `values` says that a text means; the text itself where it says nothing."""
        if (meaning := self._settings.values[name].get(text)) is not None:
            return meaning
        for pattern, meaning in self._patterns[name]:
            if match := pattern.fullmatch(text):
                return match.expand(meaning)
        seen = self.untranslated[name]
        if text in seen or len(seen) < _REMEMBERED:
            seen[text] += 1
        return text

    def _day(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            if isinstance(value, int | float) and not isinstance(value, bool):
                raise self._undeclared(name, str(value))
            return value
        form = self._settings.date_format
        try:
            if form == "spreadsheet":
                return _from_serial(value)
            if form is not None:
                return self._parsed(name, value, form)
            if _SERIAL.fullmatch(value) or _LOCAL.fullmatch(value):
                raise self._undeclared(name, value)
            if self._source_zone is not None and _BARE_TIME.fullmatch(value):
                moment = datetime.fromisoformat(value).replace(tzinfo=self._source_zone)
                return self._days.day_of(name, moment)
            return self._days.day(name, value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    def _parsed(self, name: str, value: str, form: str) -> str:
        try:
            moment = datetime.strptime(value, form)  # noqa: DTZ007 — made aware below, where it has a time
        except ValueError as error:
            raise ValueError(f"{show(value)} is not in the declared form {form}") from error
        if not any(part in form for part in _TIME_OF_DAY):
            return str(moment.date())
        if moment.tzinfo is None:
            if self._source_zone is None:
                raise ValueError(f"{show(value)} is a time without an offset; declare `zone`")
            moment = moment.replace(tzinfo=self._source_zone)
        return self._days.day_of(name, moment)

    def _undeclared(self, name: str, value: str) -> FactsError:
        return FactsError(
            f"{name} {show(value)} is a date in a form that is not declared; "
            "set date_format, such as '%m/%d/%Y', or 'spreadsheet' for serial numbers"
        )


def _from_serial(value: str) -> str:
    if not _SERIAL.fullmatch(value):
        raise ValueError(f"{show(value)} is no spreadsheet serial number")
    return str(_SPREADSHEET_EPOCH + timedelta(days=int(float(value))))


def _check(settings: MappedSettings) -> None:
    """`ValueError` for settings that make no sense for any row."""
    if settings.gives == "people" and "id" not in settings.key:
        raise ValueError("key: a source of people goes by id, since it tells what else they are called")
    known = {field.encode_name for field in msgspec.structs.fields(FACTS[settings.gives])} - _NOT_MAPPED
    for part in ("fields", "constants", "values"):
        for name in getattr(settings, part):
            if name not in known:
                raise ValueError(
                    f"{part}.{name} is no field of {settings.gives}; known: {', '.join(sorted(known))}"
                )
    if settings.date_format and "%Z" in settings.date_format:
        raise ValueError("date_format: %Z reads a zone's name and forgets it; write %z, or set `zone`")
    if settings.ends and "end" not in known:
        raise ValueError(f"ends: {settings.gives} have no end; leave it out")
    if settings.ends == "next_row" and "start" not in settings.fields:
        raise ValueError("ends: next_row goes by the start of each row; name its column as fields.start")
    if settings.ended and settings.ends != "next_row":
        raise ValueError("ended: goes with `ends: next_row` alone; other rows have an end of their own")


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"zone: {error}") from error


def _conditions(
    columns: dict[str, tuple[str, ...]], look: Callable[[str], Look]
) -> list[tuple[Look, frozenset[str]]]:
    return [(look(column), frozenset(texts)) for column, texts in columns.items()]


def _text(value: Any) -> str:
    """A cell as it is compared with the texts of `where`; JSON's `true` and `1` as they are written there."""
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _is_pattern(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


def _pattern(name: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text[1:-1])
    except re.error as error:
        raise ValueError(f"values.{name}: {text} is no regular expression: {error}") from error
