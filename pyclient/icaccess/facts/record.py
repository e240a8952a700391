"""One record as it was written, made an employee, or told what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from icaccess.errors import FactsError
from icaccess.facts.days import district_day
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

SURROGATE = "holds half of a character (a lone surrogate); write the character out"
_encode = msgspec.json.Encoder().encode


def to_record(written: Marked, file: Path, zone: ZoneInfo) -> Record:
    """The record that `written` stands for, or `InvalidRecord` with its first problem and the line.

    `FactsError` is raised when its id is missing, not a string, or cannot be relied on: nobody can then say
    whose record it is.
    """
    value = written.value
    identifier = _identifier(written, file)
    try:
        if not written.problems:
            return _convert(_with_days(value, zone))
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
    if not identifier:
        raise FactsError(f"{place}: is empty; give one")
    if not is_unicode(identifier):
        raise FactsError(f"{place}: {SURROGATE}")
    return identifier


def _with_days(value: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The record with its timestamps made days; what has another shape is left for conversion to refuse."""
    changed = dict(value)
    for part, fields in DATED.items():
        entries = value.get(part)
        if isinstance(entries, list):
            changed[part] = [
                _entry(entry, fields, zone, (part, index)) for index, entry in enumerate(entries)
            ]
        elif isinstance(entries, dict):
            changed[part] = _entry(entries, fields, zone, (part,))
    return changed


def _entry(entry: Any, fields: tuple[str, ...], zone: ZoneInfo, path: Steps) -> Any:
    if not isinstance(entry, dict):
        return entry
    days: dict[str, str] = {}
    for field in fields:
        text = entry.get(field)
        if isinstance(text, str):
            try:
                days[field] = district_day(text, zone)
            except ValueError as error:
                raise _InvalidError(Complaint((*path, field), str(error))) from error
    return {**entry, **days}


def _convert(value: dict[str, Any]) -> Employee:
    try:
        employee = msgspec.convert(value, Employee)
    except msgspec.ValidationError as error:
        complaint = explain(error, value, Employee)
        raise _InvalidError(complaint) from error
    if (disorder := misordered(employee)) is not None:
        raise _InvalidError(disorder)
    try:
        _encode(employee)
    except UnicodeEncodeError as error:
        raise _InvalidError(Complaint((), SURROGATE)) from error
    return employee


def is_unicode(text: str) -> bool:
    """Whether a text is all of whole characters, so that it can be written down."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
