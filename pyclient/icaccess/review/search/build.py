"""Builds people who meet everything, from the shape of facts and the words and days of policy data alone.

Somebody with a record for every word in every field meets all that can be met at once. Leaving out records
for as long as the person is still allowed shows which of them count, without knowing a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from icaccess.review.search import alike
from icaccess.review.search.facts import EmployeeFacts, Shape, days_in, is_day, moved, replaced, texts
from icaccess.review.search.judge import Judge, Made
from icaccess.review.search.words import SearchWords

_SOMEBODY = "000777"
"""Fills a text that must be there, such as the id of somebody else."""
_DAYS = 6
_MOST_PLACED = 400
_MOST_MOVED = 24
"""How many of the people who did everything on one critical day are tried with each day moved by one."""
_LATER = 40
"""How many days after all that they did people are decided on, so that there are days between."""


class Built(NamedTuple):
    """People who meet everything, in groups by what they are like; and others like them, who may not."""

    groups: list[list[Made]]
    others: list[Made]


def build(judge: Judge, shape: Shape, words: SearchWords) -> Built:
    """People made of some whom a version allows access, as plain as they get; nobody when none is allowed.

    Raises `EngineError` when OPA does not answer any more.
    """
    latest = sorted(day for day in words.days if day > "2000")
    days = latest[:: max(len(latest) // _DAYS, 1)]
    for choice in dict.fromkeys(choice for inner in _shapes(shape) for choice in inner.choices) or [""]:
        whole = [Made(_filled(shape, words, day, choice), moved(day, _LATER)) for day in days]
        if allowed := _allowed(judge, whole):
            built = [_fewest(judge, made) for made in (allowed[len(allowed) // 2], allowed[-1])]
            placed = [_on(built[-1].facts, day) for day in _near_critical(words)]
            linked = [alike.linked(made, shape) for made in built]
            told = echoed(judge, built, shape)
            critical = sorted(words.critical)
            began = [_on(built[-1].facts, day) for day in (critical[:1] + critical[len(critical) // 2 :][:1])]
            over = [one for made in began for one in alike.on_critical_days(made, shape, critical)]
            altered = [other for made in told[:1] for other in alike.altered(made, shape, words)]
            nested = _nested(judge, built[-1], shape, words)
            groups = [linked, built, told, altered, nested, _allowed(judge, placed), _allowed(judge, over)]
            others: list[Made] = []
            counted = sorted({n + more for n in words.hot_counts for more in (-1, 0, 1)} | {1})[:_MOST_MOVED]
            for made in (*linked, *built):
                others += alike.one_day_off(made, shape, [sign * n for n in counted for sign in (-1, 1)])
            for made in placed[:_MOST_MOVED]:
                others += alike.one_day_off(made, shape, (-1, 1))
            others += _varied(judge, built[-1], shape, words)
            for made in echoed(judge, [_apart(judge, built[-1])], shape)[:1]:
                others += alike.days_exchanged(made)
            for made in (*built, *over[:: len(over) // _MOST_MOVED + 1]):
                others += alike.naming(made, shape)
            return Built([group for group in groups if group], others)
    return Built([], [])


def learned(people: list[Made]) -> dict[str, tuple[str, ...]]:
    """The words by field that people who meet everything have."""
    found: dict[str, dict[str, None]] = {}
    for made in people:
        for name, text in texts(made.facts):
            if not is_day(text) and text != _SOMEBODY:
                found.setdefault(name, {})[text] = None
    return {name: tuple(values) for name, values in found.items()}


def _shapes(shape: Shape) -> Iterator[Shape]:
    yield shape
    for inner in (*shape.fields.values(), *((shape.items,) if shape.items else ())):
        yield from _shapes(inner)


def _filled(shape: Shape, words: SearchWords, day: str, choice: str) -> EmployeeFacts:
    """Somebody with a record for each word in each field of each list, all of one day."""
    facts: EmployeeFacts = {}
    for name, field in shape.fields.items():
        if field.kind == "list" and field.items is not None and field.items.kind == "record":
            least = {key: _least(field.items.fields[key], day, choice, words) for key in field.items.required}
            records = [{**least, key: word} for key in field.items.of_kind("text") for word in words.words]
            facts[name] = records or [least]
    return facts


def _least(shape: Shape, day: str, choice: str, words: SearchWords) -> Any:
    match shape.kind:
        case "day":
            return day
        case "choice":
            return choice if choice in shape.choices else shape.choices[0]
        case "flag":
            return True
        case "list":
            return []
        case "record":
            return {name: _least(shape.fields[name], day, choice, words) for name in shape.required}
    return _SOMEBODY


def _allowed(judge: Judge, people: list[Made]) -> list[Made]:
    return [
        made
        for made, answers in zip(people, judge.decide(people), strict=True)
        if b'"outcome":"allow"' in b"".join(answers)
    ]


def _fewest(judge: Judge, made: Made) -> Made:
    """Somebody with as few records as are still allowed: leaves out half of them, then a quarter …"""
    size = max((len(value) for value in made.facts.values()), default=0)
    while size:
        tried = [
            Made({**made.facts, name: value[:start] + value[start + size :]}, made.at)
            for name, value in made.facts.items()
            for start in range(0, len(value), size)
        ]
        if allowed := _allowed(judge, tried):
            made = min(allowed, key=lambda one: len(msgspec.json.encode(one.facts)))
        else:
            size //= 2
    return made


def _varied(judge: Judge, made: Made, shape: Shape, words: SearchWords) -> list[Made]:
    """The same person with every other word that does as well."""
    tried = [
        made.put(name, place, {**record, key: word})
        for name, items, place, record in made.records(shape)
        for key in record
        if key in items.of_kind("text")
        for word in words.words
    ]
    return _allowed(judge, tried)


def echoed(judge: Judge, people: list[Made], shape: Shape) -> list[Made]:
    """People with what a decision says of them in fields of the same name, as what access rests on."""
    found = []
    for made, answers in zip(people, judge.decide(people), strict=True):
        decision = msgspec.json.decode(answers[-1])
        for name, field in shape.fields.items():
            same = {key: decision[key] for key in field.fields if decision.get(key)}
            if field.kind == "record" and same:
                flags = dict.fromkeys(field.of_kind("flag"), True)
                found.append(Made({**made.facts, name: {**flags, **same}}, made.at))
                found += [Made({**made.facts, name: {**flags, key: same[key]}}, made.at) for key in same]
    return found


def _nested(judge: Judge, made: Made, shape: Shape, words: SearchWords) -> list[Made]:
    """The same person with a list inside a record, for each word in each of its fields."""
    tried = []
    for name, items, place, record in made.records(shape):
        day = next((value for value in record.values() if is_day(value)), made.at)
        # Nothing else says what the list says: a field that is left out cannot speak for it.
        fewer = [None, *(one for one in record if one not in items.required)]
        for key in (key for key in items.of_kind("list") if items.fields[key].items is not None):
            for nested in _filled(Shape("record", fields={key: items.fields[key]}), words, day, "")[key]:
                for left_out in fewer:
                    kept = {field: value for field, value in record.items() if field != left_out}
                    tried.append(made.put(name, place, {**kept, key: [nested]}))
    return _allowed(judge, tried)


def _apart(judge: Judge, made: Made) -> Made:
    """The same person with each of their days another one, where they are still allowed with it."""
    for name in made.facts:
        for place in range(len(made.facts[name])):
            for key in [key for key, value in made.facts[name][place].items() if is_day(value)]:
                record, taken = made.facts[name][place], days_in(made.facts)
                days = [moved(record[key], sign * n) for n in range(1, _DAYS * 2) for sign in (-1, 1)]
                tried = [made.put(name, place, {**record, key: day}) for day in days if day not in taken]
                made = next(iter(_allowed(judge, tried)), made)
    return made


def _near_critical(words: SearchWords) -> list[str]:
    """The critical days and those beside them, and the days as far from the hot ones as hot values count."""
    days = [*words.critical, *(moved(day, n) for day in words.critical for n in (1, -1))]
    off = [sign * (n + more) for n in words.hot_counts for more in (-1, 0, 1) for sign in (1, -1)]
    days += [moved(day, n) for day in words.hot_days for n in off]
    return list(dict.fromkeys(days))[:_MOST_PLACED]


def _on(facts: EmployeeFacts, day: str) -> Made:
    """Somebody who did everything on one day."""
    return Made(replaced(facts, lambda value: day if is_day(value) else None), moved(day, _LATER))
