"""One record as it was written: an employee, or what is wrong with it; and days as sources write them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from icaccess.errors import FactsError
from icaccess.marked_yaml import Marked, Steps
from icaccess.models import Assignment, Employee, EmploymentPeriod, InvalidRecord, Record
from icaccess.validation import Complaint, explain, field_name, show

DATED = {
    "employment": ("start", "end"),
    "assignments": ("start", "end"),
    "certifications": ("completed_on",),
    "approvals": ("decided_on",),
    "access": ("since",),
}
"""The fields of each part of a record that hold a day."""

LISTS = ("employment", "assignments", "certifications", "approvals")
MAX_FACTS = 500
"""More facts of one kind than anybody has; OPA takes time for each."""
MAX_TEXT = 1_000
_TIMESTAMP = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d(:\d\d([.,]\d+)?)?) ?(?P<offset>[Zz]|[+-]\d\d:?\d\d)?"
)
_encode = msgspec.json.Encoder().encode


class DayReader:
    """Makes days in the district's zone out of what a source writes.

    A time of midnight at its own offset may be a day that some program wrote as a time. Where all times of a
    field are such, they are read as the days that they are written for; `settle` says so, or asks.
    """

    def __init__(self, zone: ZoneInfo, midnight_utc: Literal["day", "time"] | None = None) -> None:
        self._zone = zone
        self._midnight_utc = midnight_utc
        self._midnights: Counter[str] = Counter()
        self._times: Counter[str] = Counter()

    def day(self, field: str, text: str) -> str:
        """The day of a timestamp that carries an offset; any other text as it stands.

        `ValueError` is raised, with what to do, for a timestamp without an offset: it may belong to either of
        two days.
        """
        match = _TIMESTAMP.fullmatch(text)
        if match is None:
            return text
        if match["offset"] is None:
            raise ValueError(f"{text!r} is a time without an offset; give its day, or its offset from UTC")
        try:
            moment = datetime.fromisoformat(f"{match['day']}T{match['time']}{match['offset'].upper()}")
        except ValueError as error:
            raise ValueError(f"{text!r} is no time that exists; write a day as YYYY-MM-DD") from error
        return self.day_of(field, moment)

    def day_of(self, field: str, moment: datetime) -> str:
        """The day of a moment that carries an offset; `ValueError` where it lies outside the calendar."""
        try:
            day = moment.astimezone(UTC).astimezone(self._zone).date()
        except OverflowError as error:
            raise ValueError(f"{str(moment)!r} is no time that exists; write a day as YYYY-MM-DD") from error
        if moment.time() == time(0) and day != moment.date() and self._midnight_utc != "time":
            self._midnights[field] += 1
            return moment.date().isoformat()
        self._times[field] += 1
        return day.isoformat()

    def settle(self) -> list[str]:
        """A sentence for each field whose times were read as days; `FactsError` where only some can be."""
        for field, count in self._midnights.items():
            if self._times[field] and self._midnight_utc is None:
                raise FactsError(
                    f"{field}: {count} times are midnight UTC, as programs write days, and "
                    f"{self._times[field]} are not; write days as YYYY-MM-DD, or set `midnight_utc: day` or "
                    "`midnight_utc: time`"
                )
        return [
            f"{field}: {count} times of midnight UTC are read as the days that they are written for"
            for field, count in self._midnights.items()
        ]


def text_problem(text: str) -> str | None:
    """Why a text cannot be kept or sent on: half a character, a NUL character, or no end to it."""
    if len(text) > MAX_TEXT:
        return f"is {len(text)} characters long; at most {MAX_TEXT} are read"
    if "\0" in text:
        return "holds a NUL character; remove it"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a character (a lone surrogate); write the character out"
    return None


def to_record(written: Marked, file: Path, days: DayReader) -> Record:
    """The record that `written` stands for, or `InvalidRecord` with its first problem and the line.

    `FactsError` is raised when its id is missing, not a string, or cannot be relied on: nobody can then say
    whose record it is.
    """
    value = written.value
    identifier = _identifier(written, file)
    try:
        if not written.problems:
            return _convert(_with_days(value, days))
        complaint = Complaint(written.problems[0].path, written.problems[0].text)
    except _InvalidError as invalid:
        complaint = invalid.complaint
    place = f"{at(file, written.line(complaint.path))}: {field_name(complaint.path) or 'record'}"
    return InvalidRecord(identifier, " ".join(f"{place}: {complaint.text}".split()))


def at(file: Path, line: int) -> str:
    """`people.yaml line 12`, or the file alone when the line is not known."""
    return f"{file} line {line}" if line else str(file)


def misordered(employee: Employee) -> Complaint | None:
    """The first period of employment, or assignment, that ends before it starts."""
    parts: tuple[tuple[str, tuple[EmploymentPeriod | Assignment, ...]], ...] = (
        ("employment", employee.employment or ()),
        ("assignments", employee.assignments or ()),
    )
    for part, periods in parts:
        for index, period in enumerate(periods):
            if period.end is not UNSET and period.end < period.start:
                text = f"{period.end} is before the start, {period.start}; correct one of them"
                return Complaint((part, index, "end"), text)
    return None


class _InvalidError(Exception):
    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint


def _identifier(written: Marked, file: Path) -> str:
    value = written.value
    if not isinstance(value, dict):
        raise FactsError(f"{at(file, written.line(()))}: must be one employee's record, a mapping with an id")
    if "id" not in value:
        raise FactsError(f"{at(file, written.line(()))}: id: is required and absent; add it")
    place = f"{at(file, written.line(('id',)))}: id"
    for problem in written.problems:
        if problem.path[:1] == ("id",):
            raise FactsError(f"{place}: {problem.text}")
    identifier = value["id"]
    if not isinstance(identifier, str):
        what = (
            "is empty; give one"
            if identifier is None
            else f"{show(identifier)} is not text; put it in quotes"
        )
        raise FactsError(f"{place}: {what}")
    if (text := "is empty; give one" if not identifier else text_problem(identifier)) is not None:
        raise FactsError(f"{place}: {text}")
    return identifier


def _with_days(value: dict[str, Any], days: DayReader) -> dict[str, Any]:
    """The record with its timestamps made days; any other shape is left for conversion to refuse."""
    changed = dict(value)
    for part, fields in DATED.items():
        entries = value.get(part)
        if isinstance(entries, list):
            changed[part] = [
                _entry(entry, fields, days, (part, place)) for place, entry in enumerate(entries)
            ]
        elif isinstance(entries, dict):
            changed[part] = _entry(entries, fields, days, (part,))
    return changed


def _entry(entry: Any, fields: tuple[str, ...], days: DayReader, path: Steps) -> Any:
    if not isinstance(entry, dict):
        return entry
    changed: dict[str, Any] = {}
    for field in fields:
        text = entry.get(field)
        if isinstance(text, str):
            try:
                changed[field] = days.day(f"{path[0]}.{field}", text)
            except ValueError as error:
                raise _InvalidError(Complaint((*path, field), str(error))) from error
    if isinstance(jobs := entry.get("approver_jobs"), list):
        fields = DATED["assignments"]
        changed["approver_jobs"] = [
            _entry(job, fields, days, (*path, "approver_jobs", place)) for place, job in enumerate(jobs)
        ]
    return {**entry, **changed}


def _convert(value: dict[str, Any]) -> Employee:
    try:
        employee = msgspec.convert(value, Employee)
    except msgspec.ValidationError as error:
        raise _InvalidError(explain(error, value, Employee)) from error
    if (complaint := misordered(employee) or oversized(employee)) is not None:
        raise _InvalidError(complaint)
    return employee


def oversized(employee: Employee) -> Complaint | None:
    """The first list that is too long, or text that is too long or holds a character that is not read."""
    for name in LISTS:
        if len(getattr(employee, name) or ()) > MAX_FACTS:
            return Complaint((name,), f"holds more than {MAX_FACTS} entries; correct the record")
    return _first_text_problem(msgspec.to_builtins(employee), ())


def _first_text_problem(value: Any, path: Steps) -> Complaint | None:
    if isinstance(value, str):
        problem = text_problem(value)
        return Complaint(path, problem) if problem else None
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for step, one in inner if (found := _first_text_problem(one, (*path, step)))), None)
