"""Checks the client's arguments: each wrong one is a `UsageError` of one line that names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from icaccess.errors import UsageError
from icaccess.models import (
    FIRST_DAY,
    LAST_DAY,
    NO_SUCH_DAY,
    AnyRecord,
    Employee,
    InvalidRecord,
    Unread,
)

EmployeeLike = Employee | Mapping[str, Any]
"""The facts about one employee: an `Employee`, or a mapping of the same shape."""
RecordLike = AnyRecord | Mapping[str, Any]


def expect_day(day: object, name: str) -> None:
    """Raise `UsageError` unless the policy can decide for `day`."""
    expect(
        isinstance(day, date) and not isinstance(day, datetime),
        name,
        "a datetime.date, such as date(2025, 9, 10)",
        day,
    )
    if isinstance(day, date) and not FIRST_DAY <= day <= LAST_DAY:
        raise UsageError(f"{name}: {day} {NO_SUCH_DAY}")


def expect(fits: bool, name: str, wanted: str, value: object) -> None:
    """Raise `UsageError`, which names the argument, unless its value fits."""
    if not fits:
        raise UsageError(f"{name}: must be {wanted}, and is {_what(value)}")


def expect_many(records: object, name: str) -> None:
    """Raise `UsageError` if `records` is one employee or an id in place of many."""
    is_one = isinstance(records, Employee | InvalidRecord | Mapping | str)
    expect(isinstance(records, Iterable) and not is_one, name, "a list of employees", records)


def are_texts(value: object) -> bool:
    """Whether a value is a list of texts."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    return all(isinstance(one, str) for one in value)


def is_count(value: object) -> bool:
    """Whether a value is a whole number from 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _what(value: object) -> str:
    shown = repr(value)
    return f"{shown if len(shown) <= 60 else shown[:59] + '…'}, of type {type(value).__name__}"


def names_somebody(url: str) -> bool:
    """Whether a URL carries a user or password; the first request reports a text that is not a URL."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return False


def each_once(records: Iterable[RecordLike]) -> Iterator[RecordLike]:
    """The same records; `UsageError` at the first with a repeated id, or without one."""
    seen: set[str] = set()
    for number, record in enumerate(records, 1):
        one = id_of(record, f"record {number}")
        if one in seen:
            raise UsageError(
                f"record {number}: the id {one!r} stands twice: nobody can say whose record it is"
            )
        seen.add(one)
        yield record


def id_of(record: RecordLike, name: str) -> str:
    """The id of a record; `UsageError` when it has none, or is not a record."""
    if isinstance(record, Mapping):
        identifier = record.get("id")
    elif isinstance(record, Employee | InvalidRecord | Unread):
        identifier = record.id
    else:
        raise UsageError(f"{name}: must be an Employee, or a mapping of its shape, and is {_what(record)}")
    if not isinstance(identifier, str) or not identifier:
        raise UsageError(f"{name}: its id must be a text that is not empty, and is {_what(identifier)}")
    return identifier
