"""The shapes of facts, as the policy's JSON Schema gives them, and the words, days and counts for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from icaccess import schemas
from icaccess.review.names import nodes
from icaccess.review.source import PolicySource

EmployeeFacts = dict[str, Any]

ME = "000001"
"""The id of everybody who is made up: where a fact names the person's own id, it is this one."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH_AND_DAY = re.compile(r"-?\d\d-\d\d")
_LONGEST_WORD = 48
_MOST_DAYS = 400


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


class SearchWords(msgspec.Struct):
    """What facts can be filled with: words of policy data, of rules and by field, days, and counts of days.

    What stands in one version alone is hot, and is tried first. `critical` days are those on which
    policy data lets something begin or end. `focus` are the names that have to
    do with what differs.
    """

    words: tuple[str, ...]
    literals: tuple[str, ...]
    by_field: dict[str, tuple[str, ...]]
    days: tuple[str, ...]
    critical: tuple[str, ...]
    counts: tuple[int, ...]
    hot_days: tuple[str, ...]
    hot_words: tuple[str, ...]
    hot_counts: tuple[int, ...]
    focus: frozenset[str]

    def for_field(self, name: str) -> tuple[str, ...]:
        """The words for a field: those seen in it first, then those of the policy data."""
        return tuple(dict.fromkeys((*self.by_field.get(name, ()), *self.words)))


def vocabulary(
    sources: Iterable[PolicySource],
    seeds: Iterable[tuple[EmployeeFacts, str]],
    named: frozenset[str] = frozenset(),
    beside: frozenset[str] = frozenset(),
) -> SearchWords:
    """What the versions and the seeds hold.

    `named` are the names in what differs, so that the values of policy data of these names are hot as well,
    and `beside` those that have to do with it.
    """
    sources = list(sources)
    found = [_held_by(source) for source in sources]
    yearly = {day[5:] for source in sources for day in _single_days(source)}
    known = dict.fromkeys(text for held, _ in found for text in held)
    numbers = dict.fromkeys(number for _, held in found for number in held)
    hot = {text for text in known if not all(text in held for held, _ in found)}
    of_names = [value for source in sources for name, value in leaves(source.policy_data) if name in named]
    hot |= {value for value in of_names if isinstance(value, str)}
    hot_numbers = {value for value in of_names if isinstance(value, int) and not isinstance(value, bool)}
    hot_numbers |= {number for number in numbers if not all(number in held for _, held in found)}
    by_field: dict[str, dict[str, None]] = {}
    seed_days: dict[str, None] = {}
    for facts, at in seeds:
        seed_days[at] = None
        for name, text in texts(facts):
            target = seed_days if _DAY.fullmatch(text) else by_field.setdefault(name, {})
            target[text] = None
    words = [text for text in known if not _DAY.search(text) and not _MONTH_AND_DAY.fullmatch(text)]
    in_data = {text for source in sources for text in _data_words(source)}
    days = _days(known, yearly, sorted(day for day in seed_days if is_day(day)))
    hot_days = _hot_days(hot, sources)
    return SearchWords(
        words=tuple(word for word in words if word in in_data),
        literals=tuple(word for word in words if word not in in_data),
        by_field={name: tuple(values) for name, values in by_field.items()},
        days=tuple(dict.fromkeys((*hot_days, *days))),
        critical=_critical(sources, hot_days),
        counts=tuple(sorted({1, *(number for number in numbers if 0 < number <= _MOST_DAYS)})),
        hot_days=tuple(hot_days),
        hot_words=tuple(word for word in words if word in hot),
        hot_counts=tuple(number for number in numbers if 0 < number <= _MOST_DAYS and number in hot_numbers),
        focus=named | beside,
    )


def near_misses(word: str) -> Iterator[str]:
    """Words that are almost this one: in other letters, with more before or after it, shortened, empty."""
    yield from dict.fromkeys(
        one
        for one in (word.upper(), word.lower(), f"{word}x", f"x{word}", f"{word} ", word[:-1], word[1:], "")
        if one != word
    )


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


def _held_by(source: PolicySource) -> tuple[dict[str, None], dict[int, None]]:
    """The texts and the whole numbers in a version's policy data and rules."""
    written: dict[str, None] = {}
    numbers: dict[int, None] = {}
    values: list[Any] = list(_data_words(source))
    for rule in source.rules:
        syntax = nodes(rule.syntax)
        values += [node.get("value") for node in syntax if node.get("type") in {"string", "number"}]
    for value in values:
        if isinstance(value, str) and 0 < len(value) <= _LONGEST_WORD and "{" not in value:
            written[value] = None
        elif isinstance(value, int) and not isinstance(value, bool):
            numbers[value] = None
    return written, numbers


def _data_words(source: PolicySource) -> Iterator[Any]:
    """Every value in a version's policy data, and the names of its places."""
    yield from source.policy_data.get("locations", {})
    yield from (value for _, value in leaves(source.policy_data))


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


def _single_days(source: PolicySource) -> Iterator[str]:
    """The days in policy data that are values of their own, and not one of a long list."""
    by_name: dict[str, list[str]] = {}
    for name, text in texts(source.policy_data):
        if is_day(text):
            by_name.setdefault(name, []).append(text)
    yield from (days[0] for days in by_name.values() if len(days) == 1)


def _hot_days(hot: Iterable[str], sources: Sequence[PolicySource]) -> list[str]:
    """The days in hot texts, and their months and days in each year that policy data speaks of."""
    whole = [day for text in hot for day in _DAY.findall(text)]
    parts = {day[5:] for day in whole} | {text.lstrip("-") for text in hot if _MONTH_AND_DAY.fullmatch(text)}
    spread = [f"{year}-{part}" for year in _years(sources) for part in sorted(parts)]
    return [day for day in dict.fromkeys((*whole, *spread)) if is_day(day)]


def _years(sources: Sequence[PolicySource]) -> range:
    """The years from the first to the last single day of policy data."""
    years = [int(day[:4]) for source in sources for day in _single_days(source)]
    return range(min(years, default=0), max(years, default=-1) + 1)


def _critical(sources: Sequence[PolicySource], hot: Iterable[str]) -> tuple[str, ...]:
    """The hot days, the single days of policy data, and its months and days in each year between these."""
    single = sorted({day for source in sources for day in _single_days(source)})
    parts = {day[5:] for day in single}
    for source in sources:
        parts |= {text for _, text in texts(source.policy_data) if _MONTH_AND_DAY.fullmatch(text)}
    spread = (f"{year}-{part}" for year in _years(sources) for part in sorted(parts))
    return tuple(day for day in dict.fromkeys((*hot, *single, *spread)) if is_day(day))


def _days(known: Iterable[str], yearly: set[str], seeds: Sequence[str]) -> tuple[str, ...]:
    """The days in texts and seeds, and the months and days of texts and `yearly` in each year they span."""
    whole = [day for text in known for day in _DAY.findall(text) if is_day(day)]
    within = {text.lstrip("-") for text in known if _MONTH_AND_DAY.fullmatch(text)}
    within |= yearly
    years = sorted({int(day[:4]) for day in (*whole, *seeds) if "2000" < day < "2100"}) or [2025]
    spread = [
        f"{year}-{part}"
        for part in sorted(within)
        for year in range(max(years[0], years[-1] - 8), years[-1] + 4)
    ]
    return tuple(dict.fromkeys(day for day in (*whole, *spread, *seeds) if is_day(day)))
