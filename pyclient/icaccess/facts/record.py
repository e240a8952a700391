"""One record as written: an employee, or what is wrong with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from icaccess.errors import FactsError
from icaccess.facts.days import DayReader
from icaccess.marked_yaml import Marked, Steps
from icaccess.models import (
    FIRST_DAY,
    LAST_DAY,
    NO_SUCH_DAY,
    Assignment,
    Employee,
    EmploymentPeriod,
    InvalidRecord,
    Record,
)
from icaccess.text import clip
from icaccess.validation import Complaint, explain, field_name, show

DATED = {
    "employment": ("start", "end"),
    "assignments": ("start", "end"),
    "certifications": ("completed_on",),
    "approvals": ("decided_on",),
    "access": ("since",),
}
"""The fields of each part of a record that hold a day."""

FAR_YEAR = 9999
"""An end in this year is HR's way of saying that there is none."""
MAX_FACTS = 500
"""More facts of one kind than anybody has; OPA takes time for each."""
MAX_TEXT = 1_000
_IN_SNAPSHOTS = {"snapshot", "employee", "invalid", "sha256"}
"""The fields of a snapshot's lines that no record has (`icaccess.facts.snapshot`)."""
T = TypeVar("T")


def text_problem(text: str) -> str | None:
    """Why a text cannot be stored or sent: half a character, a NUL character, or too long."""
    if len(text) > MAX_TEXT:
        return f"is {len(text)} characters long; at most {MAX_TEXT} are allowed"
    if "\0" in text:
        return "holds a NUL character; remove it"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a character (a lone surrogate); write the character out"
    return None


def day_problem(field: str, day: object) -> str | None:
    """Why the policy cannot use the day of a field; None if it can, or the value is no day."""
    if not isinstance(day, date) or FIRST_DAY <= day <= LAST_DAY:
        return None
    if field != "end":
        return f"{day} {NO_SUCH_DAY}"
    return None if day.year == FAR_YEAR else f"{day} {NO_SUCH_DAY}, or one in {FAR_YEAR} for no end"


def id_problem(identifier: str) -> str | None:
    """Why a record's id is none: it cannot be stored, or a spreadsheet wrote it as a number."""
    if identifier.endswith(".0") and identifier[:-2].isdecimal():
        return f"{show(identifier)} is a number of a spreadsheet; write the id as text, without `.0`"
    return text_problem(identifier)


def kept_id(identifier: str) -> str:
    """An id with a `text_problem` in a form that can be stored: escaped and cut."""
    return clip(identifier, MAX_TEXT)


def tidy(value: Any) -> Any:
    """A value with its texts as sources read cells: without blanks around them, in Unicode's form NFC."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.strip())
    if isinstance(value, dict):
        return {name: tidy(inner) for name, inner in value.items()}
    return [tidy(inner) for inner in value] if isinstance(value, list) else value


def to_record(written: Marked, file: Path, days: DayReader) -> Record:
    """The record in `written`, or `InvalidRecord` with its first problem and the line.

    `FactsError` when its id is missing or not a string: nobody can then say whose record it is. The
    `InvalidRecord` has an id that cannot be stored in the form of `kept_id`.
    """
    written = written._replace(value=tidy(written.value))
    identifier = _identifier(written, file)
    if (text := id_problem(identifier)) is not None:
        return InvalidRecord(kept_id(identifier), f"{at(file, written.line(('id',)))}: id: {text}")
    try:
        return convert(written, Employee, file, days)
    except ValueError as error:
        names = {name: written.value.get(name) for name in ("email", "username")}
        doubtful = {problem.path[:1] for problem in written.problems}
        known = {k: v for k, v in names.items() if isinstance(v, str) and v and (k,) not in doubtful}
        return InvalidRecord(identifier, str(error), **known)


def convert(written: Marked, of: type[T], file: Path, days: DayReader) -> T:
    """An employee or approval as written; `ValueError` says where and what its first problem is."""
    complaint = next((Complaint(one.path, one.text) for one in written.problems), None)
    try:
        if complaint is None:
            value = _with_days(written.value, days, (), "" if of is Employee else "approvals")
            made = msgspec.convert(value, of)
            complaint = (misordered(made) if isinstance(made, Employee) else None) or unsupported(made)
            if complaint is None:
                return made
    except msgspec.ValidationError as error:
        complaint = explain(error, value, of)
    except _InvalidError as invalid:
        complaint = invalid.complaint
    place = f"{at(file, written.line(complaint.path))}: {field_name(complaint.path) or 'record'}"
    raise ValueError(" ".join(f"{place}: {complaint.text}".split()))


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
        raise FactsError(
            f"{at(file, written.line(()))}: must be one employee's record, a mapping with an id; correct it"
        )
    if "id" not in value and not _IN_SNAPSHOTS.isdisjoint(value):
        raise FactsError(
            f"{at(file, written.line(()))}: looks like a line of a snapshot, and the file does not begin "
            "with a snapshot's head; get the whole file again, or take a new one with `icaccess facts --out`"
        )
    if "id" not in value:
        raise FactsError(f"{at(file, written.line(()))}: id: is required and absent; add it")
    place = f"{at(file, written.line(('id',)))}: id"
    for problem in written.problems:
        if problem.path[:1] == ("id",):
            raise FactsError(f"{place}: {problem.text}")
    identifier = value["id"]
    if identifier is None or identifier == "":
        raise FactsError(f"{place}: is empty; give one")
    if not isinstance(identifier, str):
        raise FactsError(f"{place}: {show(identifier)} is not text; put it in quotes")
    return identifier


def _with_days(value: Any, days: DayReader, path: Steps, part: str) -> Any:
    """A record, or a part of one, with days in place of times; later steps refuse other shapes."""
    if isinstance(value, list):
        return [_with_days(one, days, (*path, place), part) for place, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    changed = dict(value)
    for name, inner in value.items():
        if isinstance(inner, str) and name in DATED.get(part, ()):
            try:
                changed[name] = days.day(f"{part}.{name}", inner)
            except ValueError as error:
                raise _InvalidError(Complaint((*path, name), str(error))) from error
        elif (name in DATED and not part) or name == "approver_jobs":
            changed[name] = _with_days(inner, days, (*path, name), name if not part else "assignments")
    return changed


def unsupported(value: Any) -> Complaint | None:
    """The first list that is too long, text that cannot be stored, or day that the policy cannot use."""
    return _unsupported(msgspec.to_builtins(value, builtin_types=(date,)), ())


def _unsupported(value: Any, path: Steps) -> Complaint | None:
    inner: Iterable[tuple[str | int, Any]] = ()
    problem = None
    if isinstance(value, str):
        problem = text_problem(value)
    elif isinstance(value, date):
        problem = day_problem(str(path[-1]), value)
    elif isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value)
        if len(value) > MAX_FACTS:
            problem = f"holds more than {MAX_FACTS} entries; correct the record"
    if problem is not None:
        return Complaint(path, problem)
    return next((found for step, one in inner if (found := _unsupported(one, (*path, step)))), None)
