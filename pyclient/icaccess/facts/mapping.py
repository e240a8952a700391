"""Turns a source's rows into facts: renames columns, translates values, converts days to the district's."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from icaccess.config import Config
from icaccess.errors import FactsError
from icaccess.facts.conditions import Conditions, cell_text
from icaccess.facts.days import RowDays
from icaccess.facts.interface import ParsedRow, Source, Unusable
from icaccess.facts.kinds import FACTS, Ended
from icaccess.facts.names import is_no_id
from icaccess.facts.record import DATED, FAR_YEAR, day_problem, kept_id, text_problem
from icaccess.facts.settings import Kind, MappedSettings, OneRosterSettings
from icaccess.models import Assignment, EmploymentPeriod, Fact
from icaccess.validation import explain, field_name, show

_BOOLEANS = {"true": True, "false": False}
_REMEMBERED = 100
"""How many texts without a translation, or left out, are counted one by one."""
_BOOLEAN_FIELDS = {"school_based", "held"}
_NOT_MAPPED = {"approver_jobs", "absent", "basis"}
_LIST_FIELDS = {"locations", "unknown", "none"}


class MappedSource(Source):
    """A source of rows with columns or JSON fields, which its settings map to one kind of fact.

    `ValueError` for settings that make no sense.
    """

    settings: MappedSettings

    def __init__(self, config: Config, settings: MappedSettings) -> None:
        super().__init__(settings)
        _check(settings)
        self._zone = config.zone
        self._days = RowDays(settings, config.zone)
        self._dated = DATED.get(settings.gives, ())
        ((self.key_kind, key_column),) = settings.key.items()
        self.joins_by_name = self.key_kind != "id" or (
            settings.gives == "approvals" and settings.approver_key != "id"
        )
        self._key = self.column(key_column)
        self._columns = {name: self.column(column) for name, column in settings.fields.items()}
        self._where = Conditions("where", settings.where, self.column)
        self._ended = Conditions("ended", settings.ended, self.column)
        self._series = self.column(settings.series) if settings.series else None
        self._patterns = {
            name: [
                (_pattern(name, text, meaning), meaning)
                for text, meaning in values.items()
                if len(text) > 2 and text[0] == text[-1] == "/"
            ]
            for name, values in settings.values.items()
        }
        self._skip = settings.skip_rows

    @property
    def kinds(self) -> frozenset[Kind]:
        """The one kind that the settings name."""
        return frozenset({self.settings.gives})

    @abstractmethod
    def column(self, name: str) -> Callable[[Any], Any]:
        """How to look up the column or field `name` of the settings in a row."""

    @abstractmethod
    def raw_rows(self) -> Iterator[tuple[int, Mapping[str, Any] | Unusable | str]]:
        """Each row with its number: its fields by name, or why they are unusable.

        `FactsError` when the source is unreadable or incomplete.
        """

    def parse(self) -> Iterator[ParsedRow]:
        """Each row mapped; skips an empty row."""
        settings = self.settings
        self._days = RowDays(settings, self._zone)
        self.untranslated = {name: Counter() for name in settings.values}
        for place, (number, raw) in enumerate(self.raw_rows(), 1):
            try:
                parsed = self._parsed(number, raw, is_skipped=place <= self._skip)
            except ValueError as error:  # in what says whose row it is, or whether it counts
                raise FactsError(f"row {number}: {error}") from error
            if parsed is not None:
                yield parsed
        self.notes += self._days.settle()

    def _parsed(
        self, number: int, raw: Mapping[str, Any] | Unusable | str, *, is_skipped: bool
    ) -> ParsedRow | None:
        """The row mapped; None for one that does not count."""
        key = fact = reason = account = None
        series = ""
        if isinstance(raw, str):
            reason = raw
        elif isinstance(raw, Unusable):
            key, reason = self.key_of(raw.row), raw.reason
        elif is_skipped or not (self._where.meets(raw) or self._is_empty(raw)):
            reason = None if is_skipped else self._where.misspelled(raw)
            if reason is None:
                self._leave_out(raw, is_skipped=is_skipped)
                return None
            self.misspelled += 1
            key = self.key_of(raw)
        elif (key := self.key_of(raw)) is None:
            if self._is_empty(raw):
                return None
            reason = f"{self.key_kind} {self._key_problem(self._key(raw))}"
        elif (problem := text_problem(str(self._key(raw))) or self._no_id(key)) is not None:
            reason = f"{self.key_kind} {problem}"
        else:
            account = self.account_of(raw)
            series = "" if self._series is None else cell_text(self._series(raw))
            try:
                fact = self._fact(key, raw)
            except ValueError as error:
                reason = str(error)
        reason = None if reason is None else f"{self.settings.name} row {number}: {reason}"
        return ParsedRow(self.settings.gives, number, self.key_kind, key, fact, reason, account, series)

    def _leave_out(self, raw: Mapping[str, Any], *, is_skipped: bool) -> None:
        self.left_out += 1
        text = self._where.unmet(raw)
        if not is_skipped and (text in self.left_out_for or len(self.left_out_for) < _REMEMBERED):
            self.left_out_for[text] += 1

    def key_of(self, raw: Mapping[str, Any]) -> str | None:
        """Whose row it is; None if it does not say."""
        key = self._key(raw)
        if self._key_problem(key) is not None:
            return None
        return str(key) if text_problem(str(key)) is None else kept_id(str(key))

    def account_of(self, raw: Mapping[str, Any]) -> str | None:  # noqa: ARG002 — only some sources have one
        """The source's own name for the person of a row, beside the key; None if it has none."""
        return None

    def _key_problem(self, key: Any) -> str | None:
        if self._present(key) is None:
            return "is empty, so nobody can say whose row it is"
        if not isinstance(key, str | int) or isinstance(key, bool):
            return "is not text, so nobody can say whose row it is"
        return None

    def _no_id(self, key: str) -> str | None:
        """Why an id is none: a spreadsheet or database wrote it where it had no value."""
        key = key.strip()
        return f"{show(key)} is not an id; correct it" if self.key_kind == "id" and is_no_id(key) else None

    def _is_empty(self, raw: Mapping[str, Any]) -> bool:
        return all(self._present(value) is None for value in raw.values())

    def _fact(self, key: str, raw: Mapping[str, Any]) -> Fact:
        """The fact in a row; `ValueError` says why there is none."""
        values = self._values(key, raw)
        for name in self._dated:
            if name in values:
                values[name] = self._days.day(name, values[name])
        of = FACTS[self.settings.gives]
        if self._ended and self._ended.meets(raw):
            of, values = Ended, {"start": values.get("start")}
        elif (problem := self._ended.misspelled(raw)) is not None:
            raise ValueError(problem)
        try:
            fact = msgspec.convert(values, of)
        except msgspec.ValidationError as error:
            complaint = explain(error, values, of)
            raise ValueError(f"{field_name(complaint.path)}: {complaint.text}") from error
        for name in self._dated:
            if (problem := day_problem(name, getattr(fact, name, None))) is not None:
                column = self.settings.fields.get(name)
                where = f"{name} (column {column})" if column else name
                raise ValueError(
                    f"{where}: {problem}, or list its text in `nulls` if it stands for an empty cell"
                )
        if isinstance(fact, EmploymentPeriod | Assignment) and fact.end:
            return self._with_end(fact, fact.end)
        return fact

    def _values(self, key: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = dict(self.settings.constants)
        for name, look in self._columns.items():
            if (value := self._present(look(raw))) is not None:
                values[name] = value = self._translated(name, value)
                if isinstance(value, str) and (problem := text_problem(value)) is not None:
                    raise ValueError(f"{name}: {problem}")
        if self.settings.gives in ("people", "locations"):
            values.setdefault("id", key)
        return values

    def _with_end(self, fact: EmploymentPeriod | Assignment, end: date) -> Fact:
        """The fact, with its last day as its end."""
        if self.settings.ends == "day_after" and end.year < FAR_YEAR:
            if end <= fact.start:
                raise ValueError(
                    f"end: {end} is the day after the last, and not after the start, {fact.start}; "
                    "correct one of them"
                )
            return msgspec.structs.replace(fact, end=end - timedelta(days=1))
        if end < fact.start:
            raise ValueError(f"end: {end} is before the start, {fact.start}; correct one of them")
        return fact

    def _present(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip()
            return None if value == "" or value in self.settings.nulls else value
        return value

    def _translated(self, name: str, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool) and name not in self._dated:
            value = str(value)  # a JSON number in place of text, such as a code: its own spelling
        if isinstance(value, str):
            if name in self.settings.values:
                value = self._meaning(name, value)
            if name in _BOOLEAN_FIELDS and value.lower() not in _BOOLEANS:
                raise ValueError(
                    f"{name}: {show(value)} is neither true nor false; translate it with `values`"
                )
            if name in _BOOLEAN_FIELDS:
                return _BOOLEANS[value.lower()]
            if name in _LIST_FIELDS:
                return [part.strip() for part in value.split(self.settings.list_separator) if part.strip()]
        return value

    def _meaning(self, name: str, text: str) -> str:
        """What a text means according to `values`; the text itself if `values` does not say."""
        if (meaning := self.settings.values[name].get(text)) is not None:
            return meaning
        for pattern, meaning in self._patterns[name]:
            if match := pattern.fullmatch(text):
                return match.expand(meaning)
        seen = self.untranslated[name]
        if text in seen or len(seen) < _REMEMBERED:
            seen[text] += 1
        return text


def _check(settings: MappedSettings) -> None:
    """`ValueError` for settings that make no sense for any row."""
    if settings.gives == "people" and "id" not in settings.key:
        raise ValueError("key: a source of people must use id, because it says what else they are called")
    known = {field.encode_name for field in msgspec.structs.fields(FACTS[settings.gives])} - _NOT_MAPPED
    for part in ("fields", "constants", "values"):
        for name in getattr(settings, part):
            if name not in known:
                raise ValueError(
                    f"{part}.{name} is not a field of {settings.gives}; known: {', '.join(sorted(known))}"
                )
    both = settings.fields.keys() & settings.constants.keys()
    if both and not isinstance(settings, OneRosterSettings):  # there a constant fills what the roster lacks
        raise ValueError(f"constants.{min(both)} has a column in `fields` too; keep one of them")
    if settings.date_format and "%Z" in settings.date_format:
        raise ValueError("date_format: %Z reads a zone's name and drops it; write %z, or set `zone`")
    _check_ends(settings, known)


def _check_ends(settings: MappedSettings, known: set[str]) -> None:
    if settings.ends and "end" not in known:
        raise ValueError(f"ends: {settings.gives} have no end; leave it out")
    if settings.ends == "next_row" and "start" not in settings.fields:
        raise ValueError("ends: next_row needs the start of each row; name its column as fields.start")
    if settings.ends == "day_after" and "end" not in settings.fields:
        raise ValueError("ends: day_after needs the end of each row; name its column as fields.end")
    for name in ("ended", "series"):
        if getattr(settings, name) and settings.ends != "next_row":
            raise ValueError(f"{name}: works only with `ends: next_row`; other rows have their own end")


def _pattern(name: str, text: str, meaning: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text[1:-1])
    except re.error as error:
        raise ValueError(f"values.{name}: {text} is not a regular expression: {error}") from error
    try:
        pattern.sub(meaning, "")
    except (re.error, IndexError) as error:
        raise ValueError(f"values.{name}: {meaning} cannot replace {text}: {error}") from error
    return pattern
