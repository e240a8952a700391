"""The shapes of facts, as the policy's JSON Schema gives them, and what stands in facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from icaccess import schemas

EmployeeFacts = dict[str, Any]

ME = "000001"
"""The id of everybody who is made up: where a fact names the person's own id, it is this one."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Shape(msgspec.Struct, frozen=True):
    """What a value may be: a text, day or flag, one of `choices`, a list of `items`, a record of `fields`."""

    kind: Literal["text", "day", "flag", "choice", "list", "record"]
    choices: tuple[str, ...] = ()
    items: Shape | None = None
    fields: Mapping[str, Shape] = {}
    required: frozenset[str] = frozenset()

    def of_kind(self, kind: str) -> list[str]:
        """The names of the fields of a kind."""
        return [name for name, shape in self.fields.items() if shape.kind == kind]

    @property
    def period(self) -> tuple[str, str] | None:
        """The fields that hold the first and the last day, where this is a record of a period."""
        days = self.of_kind("day")
        first = [name for name in days if name in self.required]
        last = [name for name in days if name not in self.required]
        return (first[0], last[0]) if len(first) == len(last) == 1 else None


def employee_shape(policy: Path) -> Shape:
    """The shape of an employee's facts by the schema in a policy folder, else by the client's own."""
    file = policy / "schemas" / "input.jsonschema"
    whole = msgspec.json.decode(file.read_bytes() if file.is_file() else schemas.schema(schemas.Input))
    return _shape(whole["definitions"]["Employee"], whole)


def common(one: Shape, other: Shape, path: str = "") -> tuple[Shape, list[str]]:
    """The shape that two versions share, and the fields that only one of them knows."""
    if one.kind == other.kind == "list" and one.items and other.items:
        items, only = common(one.items, other.items, path)
        return msgspec.structs.replace(one, items=items), only
    if not one.kind == other.kind == "record":
        return one, []
    only = [f"{path}{name}" for name in sorted(one.fields.keys() ^ other.fields.keys())]
    fields = {}
    for name in (name for name in one.fields if name in other.fields):
        fields[name], below = common(one.fields[name], other.fields[name], f"{path}{name}.")
        only += below
    required = (one.required | other.required) & fields.keys()
    return msgspec.structs.replace(one, fields=fields, required=required), only


def _shape(schema: dict[str, Any], whole: dict[str, Any]) -> Shape:
    while "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return _shape(next(one for one in schema[name] if one.get("type") != "null"), whole)
    if "enum" in schema:
        return Shape("choice", choices=tuple(schema["enum"]))
    kind = schema.get("type", "string")
    if kind == "array":
        return Shape("list", items=_shape(schema["items"], whole))
    if kind == "object":
        fields = {name: _shape(inner, whole) for name, inner in schema.get("properties", {}).items()}
        return Shape("record", fields=fields, required=frozenset(schema.get("required", ())))
    if kind == "boolean":
        return Shape("flag")
    return Shape("day" if schema.get("format") == "date" else "text")


def is_day(text: object) -> bool:
    """Whether a value is a calendar day written `YYYY-MM-DD`."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@cache
def moved(day: str, number: int) -> str:
    """The day that lies `number` days after `day`; the day itself where the calendar ends before that."""
    try:
        return (date.fromisoformat(day) + timedelta(days=number)).isoformat()
    except (OverflowError, ValueError):
        return day


def days_between(first: str, last: str) -> int:
    """How many days `last` lies after `first`; negative where it lies before it."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def count_facts(value: Any) -> int:
    """How many facts a value holds: one for each text, day, flag or number in it, the id left out."""
    if isinstance(value, dict):
        return sum(count_facts(inner) for name, inner in value.items() if name != "id")
    if isinstance(value, list):
        return sum(map(count_facts, value))
    return 1


def replaced(value: Any, new: Callable[[Any], Any]) -> Any:
    """The value with what `new` gives for each value in it, where that is not None."""
    if isinstance(value, dict):
        return {name: replaced(inner, new) for name, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, new) for inner in value]
    found = new(value) if isinstance(value, str) else None
    return value if found is None else found


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is no list and no mapping, with the name of the nearest key above it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, value


def texts(value: Any) -> Iterator[tuple[str, str]]:
    """Each text in a value, with the name of the nearest key above it."""
    return ((name, text) for name, text in leaves(value) if isinstance(text, str))


def days_in(value: Any) -> set[str]:
    """The calendar days in a value."""
    return {day for _, day in leaves(value) if is_day(day)}


def lists_of_records(facts: EmployeeFacts, shape: Shape) -> Iterator[tuple[str, Shape, list[EmployeeFacts]]]:
    """The name, the shape of a record and the records of each list that holds nothing else."""
    for name, records in facts.items():
        items = shape.fields[name].items if name in shape.fields else None
        if (
            items is not None
            and isinstance(records, list)
            and all(isinstance(record, dict) for record in records)
        ):
            yield name, items, records
