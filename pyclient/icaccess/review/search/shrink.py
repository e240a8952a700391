"""Makes somebody plainer as long as the decision on them still shows what it is to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

import msgspec

from icaccess.review.search.facts import (
    EmployeeFacts,
    Shape,
    count_facts,
    days_in,
    leaves,
    lists_of_records,
    texts,
)
from icaccess.review.search.judge import Judge, Made
from icaccess.review.search.words import SearchWords

_ROUNDS = 60
_PLAIN_DAYS = 3


def shrink(
    judge: Judge,
    made: Made,
    shape: Shape,
    words: SearchWords,
    still: Callable[[Made, tuple[bytes, ...]], bool],
) -> Made:
    """The plainest that somebody comes to by leaving out facts, and by plainer words and days.

    `still` says by what the versions decide whether somebody plainer does as well.
    """
    done: set[bytes] = set()
    for _ in range(_ROUNDS):
        tried = {}
        for facts in _plainer(made.facts, shape, words):
            key = msgspec.json.encode(facts)
            if key not in done:
                tried[key] = Made(facts, made.at)
        done |= tried.keys()
        people = list(tried.values())
        better = [
            one for one, answers in zip(people, judge.decide(people), strict=True) if still(one, answers)
        ]
        plainest = min(better, key=_rank, default=made)
        if _rank(plainest) >= _rank(made):
            return made
        made = plainest
    return made


def _rank(made: Made) -> tuple[object, ...]:
    # Nulls, numbers and empty texts are odd.
    odd = sum(value in (None, "") or type(value) is int for _, value in leaves(made.facts))
    distinct = len({text for _, text in texts(made.facts)})
    length = len(msgspec.json.encode(made.facts))
    return (count_facts(made.facts), odd, distinct, length)


def _plainer(facts: EmployeeFacts, shape: Shape, words: SearchWords) -> Iterator[EmployeeFacts]:
    """The facts with one thing left out or made plainer, with two left out, and with what goes together.

    That is whole lists emptied, two records made one, and another choice with a field less.
    """
    yield from emptied(facts)
    once = list(_without(facts, shape))
    yield from once
    for fewer in once[:24]:
        yield from _without(fewer, shape)
    yield from _merged(facts, shape)
    yield from _chosen(facts, shape)
    yield from _plain(facts, shape, words)


def emptied(facts: EmployeeFacts) -> Iterator[EmployeeFacts]:
    """The facts with some of their lists empty, those with most lists empty first."""
    lists = [name for name, value in facts.items() if isinstance(value, list) and value]
    for size in range(len(lists), 0, -1):
        for names in combinations(lists, size):
            yield {**facts, **{name: [] for name in names}}


def _merged(facts: EmployeeFacts, shape: Shape) -> Iterator[EmployeeFacts]:
    """Two records as one: the days of the first with the texts of the other, and with each flag as well."""
    for name, items, records in lists_of_records(facts, shape):
        words, flags = items.of_kind("text"), items.of_kind("flag")
        for first, other in permutations(range(len(records)), 2):
            one = {**records[first], **{key: text for key, text in records[other].items() if key in words}}
            others = [record for place, record in enumerate(records) if place not in {first, other}]
            for new in (one, *({**one, key: value} for key in flags for value in (True, False))):
                yield {**facts, name: [*others, new]}


def _chosen(facts: EmployeeFacts, shape: Shape) -> Iterator[EmployeeFacts]:
    """Another choice in a record, with one of its fields left out."""
    for name, items, records in lists_of_records(facts, shape):
        for place, record in enumerate(records):
            for key, field in items.fields.items():
                for choice in field.choices:
                    for fewer in _without({**record, key: choice}, items):
                        yield {**facts, name: [*records[:place], fewer, *records[place + 1 :]]}


def _without(value: Any, shape: Shape) -> Iterator[Any]:
    """The value with one optional field of a record, or one item of a list, left out at any depth."""

    def change(_: str, value: Any, shape: Shape) -> Iterator[Any]:
        if shape.kind == "record" and isinstance(value, dict):
            kept = {"id", *shape.required, *shape.of_kind("list")}
            for name in (name for name in value if name not in kept):
                yield {key: inner for key, inner in value.items() if key != name}
        elif shape.kind == "list" and isinstance(value, list):
            yield from (value[:place] + value[place + 1 :] for place in range(len(value)))

    return _changed("", value, shape, change)


def _plain(facts: EmployeeFacts, shape: Shape, words: SearchWords) -> Iterator[EmployeeFacts]:
    """Each word as the first that was seen in its field, each day as one of the facts' own few."""
    own = sorted(days_in(facts))

    def change(name: str, value: Any, shape: Shape) -> Iterator[Any]:
        plain: Sequence[str] = ()
        if shape.kind == "text":
            plain = words.for_field(name)[:4]
        elif shape.kind == "choice":
            plain = shape.choices[:1]
        elif shape.kind == "day":
            at = own.index(value) if value in own else 0
            plain = own[max(0, at - _PLAIN_DAYS) : at + _PLAIN_DAYS + 1]
        return (one for one in plain if one != value)

    return _changed("", facts, shape, change)


def _changed(
    name: str, value: Any, shape: Shape, change: Callable[[str, Any, Shape], Iterator[Any]]
) -> Iterator[Any]:
    """What `change` makes of a value, and the value with each part of it changed so, the id left out."""
    yield from change(name, value, shape)
    if shape.kind == "record" and isinstance(value, dict):
        for key in (key for key in value if key in shape.fields and key != "id"):
            for new in _changed(key, value[key], shape.fields[key], change):
                yield {**value, key: new}
    elif shape.kind == "list" and isinstance(value, list) and shape.items is not None:
        for place, item in enumerate(value):
            for new in _changed(name, item, shape.items, change):
                yield [*value[:place], new, *value[place + 1 :]]
