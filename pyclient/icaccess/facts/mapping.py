"""From a feed's rows to facts: columns renamed, values translated, days made the district's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from icaccess.errors import FactsError
from icaccess.facts.days import district_day
from icaccess.facts.record import DATED, SURROGATE, is_unicode
from icaccess.facts.settings import Kind, MappedSource
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
_BOOLEANS = {"true": True, "false": False}


class Person(Fact, frozen=True):
    """Who an employee is, and what other feeds may call them.

    `unknown` names the kinds of fact of which nobody can say whether this person has any, such as the
    certifications of somebody whose LMS account is not linked; `none` those of which there are surely none.
    """

    id: Text
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    unknown: tuple[Kind, ...] | UnsetType = UNSET
    none: tuple[Kind, ...] | UnsetType = UNSET


class Place(Fact, frozen=True):
    """A location as a feed knows it, for the list of locations in the policy data."""

    id: Text
    type: Text
    name: str | UnsetType = UNSET


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
_LIST_FIELDS = {"locations", "unknown", "none"}


class Entry(NamedTuple):
    """One row made a fact of the person whom `key` names."""

    row: int
    key: str
    fact: Fact


class Rejected(NamedTuple):
    """One row that cannot be used; `key` is None when it does not even say whose it is."""

    row: int
    key: str | None
    reason: str


class RowMapping:
    """What a feed's settings say about its columns, ready to be used on rows.

    `look` finds a column or JMESPath expression in a row; `ConfigError` is the caller's to raise for settings
    that name unknown fields, which `problem` describes.
    """

    def __init__(
        self, settings: MappedSource, zone: ZoneInfo, look: Callable[[str], Callable[[Any], Any]]
    ) -> None:
        self._settings = settings
        self._zone = zone
        self._source_zone = ZoneInfo(settings.zone) if settings.zone else None
        self._type = FACTS[settings.gives]
        self._dated = DATED.get(settings.gives, ())
        ((self.key_kind, key_column),) = settings.key.items()
        self._key = look(key_column)
        self._look = {name: look(column) for name, column in settings.fields.items()}

    @staticmethod
    def problem(settings: MappedSource) -> str | None:
        """What is wrong with the settings themselves: a field that no fact of this kind has."""
        if settings.gives == "people" and "id" not in settings.key:
            return "key: a source of people goes by id, since it tells what else they are called"
        known = {field.encode_name for field in msgspec.structs.fields(FACTS[settings.gives])}
        for part in ("fields", "constants", "values"):
            for name in getattr(settings, part):
                if name not in known:
                    return f"{part}.{name} is no field of {settings.gives}; known: {', '.join(sorted(known))}"
        return None

    def map(self, row: int, raw: Mapping[str, Any]) -> Entry | Rejected | None:
        """The fact that a row stands for, or why it stands for none; None for a row without any content.

        `FactsError` is raised for a date in a form that nobody declared: it is the feed that is misread then,
        not the one row.
        """
        values = self._values(raw)
        key = self._key(raw)
        if self._present(key) is None:
            if not values and all(self._present(value) is None for value in raw.values()):
                return None
            return Rejected(row, None, f"{self.key_kind} is empty, so nobody can say whose row it is")
        if not isinstance(key, str | int) or isinstance(key, bool):
            return Rejected(row, None, f"{self.key_kind} is no text, so nobody can say whose row it is")
        if not is_unicode(str(key)):
            return Rejected(row, None, f"{self.key_kind} {SURROGATE}")
        values = {**self._settings.constants, **values}
        if self._settings.gives in ("people", "locations"):
            values.setdefault("id", str(key))
        try:
            return Entry(row, str(key), self._fact(values))
        except ValueError as error:
            return Rejected(row, str(key), str(error))

    def _fact(self, values: dict[str, Any]) -> Fact:
        for name, value in values.items():
            if isinstance(value, str) and not is_unicode(value):
                raise ValueError(f"{name}: {SURROGATE}")
        for name in self._dated:
            if name in values:
                values[name] = self._day(name, values[name])
        try:
            fact = msgspec.convert(values, self._type)
        except msgspec.ValidationError as error:
            complaint = explain(error, values, self._type)
            raise ValueError(f"{field_name(complaint.path)}: {complaint.text}") from error
        if isinstance(fact, EmploymentPeriod | Assignment) and fact.end and fact.end < fact.start:
            raise ValueError(f"end: {fact.end} is before the start, {fact.start}")
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
            value = self._settings.values.get(name, {}).get(value, value)
            if name in _BOOLEAN_FIELDS:
                return _BOOLEANS.get(value.lower(), value)
            if name in _LIST_FIELDS:
                return [part.strip() for part in value.split(self._settings.list_separator) if part.strip()]
        return value

    def _day(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            if isinstance(value, int | float) and not isinstance(value, bool):
                raise self._undeclared(name, str(value))
            return value
        form = self._settings.date_format
        if form == "spreadsheet":
            if not _SERIAL.fullmatch(value):
                raise ValueError(f"{name}: {show(value)} is no spreadsheet serial number")
            return str(_SPREADSHEET_EPOCH + timedelta(days=int(float(value))))
        if form is not None:
            return self._parsed(name, value, form)
        if _SERIAL.fullmatch(value) or _LOCAL.fullmatch(value):
            raise self._undeclared(name, value)
        if self._source_zone is not None and _BARE_TIME.fullmatch(value):
            return self._in_district(datetime.fromisoformat(value).replace(tzinfo=self._source_zone))
        try:
            return district_day(value, self._zone)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    def _parsed(self, name: str, value: str, form: str) -> str:
        try:
            moment = datetime.strptime(value, form)  # noqa: DTZ007 — made aware below, where it has a time
        except ValueError as error:
            raise ValueError(f"{name}: {show(value)} is not in the declared form {form}") from error
        if "%H" not in form and "%I" not in form:
            return str(moment.date())
        if moment.tzinfo is None:
            if self._source_zone is None:
                raise ValueError(f"{name}: {show(value)} is a time without an offset; declare `zone`")
            moment = moment.replace(tzinfo=self._source_zone)
        return self._in_district(moment)

    def _in_district(self, moment: datetime) -> str:
        try:
            return str(moment.astimezone(UTC).astimezone(self._zone).date())
        except OverflowError as error:
            raise ValueError(f"{moment} is no time that exists") from error

    def _undeclared(self, name: str, value: str) -> FactsError:
        return FactsError(
            f"{name} {show(value)} is a date in a form that is not declared; "
            "set date_format, such as '%m/%d/%Y', or 'spreadsheet' for serial numbers"
        )
