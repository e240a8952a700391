"""Draws people like others by chance: some likely changes at once, their days near one critical day.

A rule tells apart what lies a day before or after another day, and what two records share. So the changes of
one drawing take their days from one window, and their words from records that are there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from icaccess.review.search.facts import (
    ME,
    EmployeeFacts,
    Shape,
    days_between,
    days_in,
    is_day,
    leaves,
    moved,
    replaced,
    texts,
)
from icaccess.review.search.judge import Made
from icaccess.review.search.words import SearchWords, near_misses

_GONE = object()
_NEAR = 200
"""How many days round a critical day the others are that go with it."""
_MARKS = 4
"""How many of these are taken in one drawing."""
_TWO_PERIODS = 0.3
"""How often a second period is drawn to one of the person's."""
_PLACED = 0.6
"""How often the person is moved in time first."""
_FOCUS = 5.0
"""How much likelier a field is changed that the rules that differ speak of."""


class Drawing:
    """People like one person, with days near one critical day of the policy data."""

    def __init__(self, shape: Shape, words: SearchWords, rng: Random, made: Made) -> None:
        self._shape = shape
        self._words = words
        self._rng = rng
        self._center = self._chosen_day(made)
        if rng.random() < _PLACED:
            made = self._placed(made)
        self._made = made
        self._own_words: dict[str, dict[str, None]] = {}
        own = {made.at: None}
        for name, text in texts(made.facts):
            if is_day(text):
                own[text] = None
            elif text:
                self._own_words.setdefault(name, {})[text] = None
        self._own_days = list(own)
        self._marks, self._counted = self._days()

    def people(self, size: int) -> list[Made]:
        """That many people, on three days at most besides the person's own, or on any day of the window."""
        periods = [
            (name, shape.items)
            for name, shape in self._shape.fields.items()
            if shape.items is not None and shape.items.period is not None and self._made.facts.get(name)
        ]
        if periods and self._rng.random() < _TWO_PERIODS:
            weights = [_FOCUS if name in self._words.focus else 1.0 for name, _ in periods]
            name, items = self._rng.choices(periods, weights)[0]
            return [self._with_two(name, items) for _ in range(size)]
        days = [self._made.at, *(self._day() for _ in range(3))]
        found = []
        for _ in range(size):
            facts = self._made.facts
            for _ in range(self._rng.choice((1, 1, 2, 2, 2, 3, 3, 4))):
                facts = self._changed_person(facts)
            found.append(Made(facts, self._rng.choice(days)))
        return found

    def _with_two(self, name: str, items: Shape) -> Made:
        """The person with a period that may have ended and another one, both on days of the window."""
        rng = self._rng
        item = rng.choice(self._made.facts[name])
        assert items.period is not None  # noqa: S101 (only these come here)
        if not isinstance(item, dict):
            return self._made
        first, last = items.period
        at = rng.choice(self._marks)
        one = {key: value for key, value in item.items() if key != last}
        two = self._changed_record(items, one) if rng.random() < 0.75 else one
        ended = rng.choice([day for day in self._marks if day <= at])
        again = rng.choice([day for day in self._marks if day <= at])
        if rng.random() < 0.3:
            again = moved(ended, 1 + rng.choice((0, self._count())) + rng.choice((-1, 0, 1)))
        two = {**two, first: again}
        if rng.random() < 0.65:
            two[last] = rng.choice([day for day in self._marks if day >= again] or [again])
        if rng.random() < 0.75:
            one[last] = max(ended, str(one.get(first)))
        others = [record for record in self._made.facts[name] if record is not item]
        new = [one, two]
        if rng.random() < 0.3:
            cut = rng.choice([day for day in self._marks if day >= again] or [again])
            begun = rng.choice([day for day in self._marks if day <= again] or [again])
            new = [
                one,
                {**two, first: begun, last: moved(cut, -1 - rng.choice((0, self._count())))},
                {**two, first: cut},
            ]
            new = [self._in_order(items, record) for record in new]
        facts = {**self._made.facts, name: [*others, *(self._in_order(items, record) for record in new)]}
        return Made(self._changed_person(facts) if rng.random() < 0.3 else facts, at)

    def _count(self) -> int:
        words = self._words
        return self._rng.choice(
            words.hot_counts if words.hot_counts and self._rng.random() < 0.6 else words.counts
        )

    def _chosen_day(self, made: Made) -> str:
        """A critical day, the likelier the more it has to do with what differs."""
        words = self._words
        groups = (words.hot_days, words.hot_days, words.critical, words.critical, words.days, (made.at,))
        return self._rng.choice(self._rng.choice([group for group in groups if group]))

    def _placed(self, made: Made) -> Made:
        """The same person at another time, so that one of their days is the chosen one."""
        days = sorted(days_in(made.facts) | {made.at})
        off = days_between(self._rng.choice(days), self._center)
        chance = self._rng.random()
        if chance < 0.4:
            off -= self._rng.randint(0, 2 * _NEAR)  # they did all that long before
        elif chance < 0.7:
            off += self._rng.choice((1, -1, self._count(), -self._count(), self._rng.randint(-7, 7)))
        facts = replaced(made.facts, {day: moved(day, off) for day in days}.get)
        return Made(facts, moved(made.at, off))

    def _days(self) -> tuple[list[str], list[str]]:
        """The days near the chosen one that count, with those beside and between them; and those as far from
        it, or from a day of the person's own, as policy data counts."""
        rng, words, center = self._rng, self._words, self._center
        first, last = moved(center, -_NEAR), moved(center, _NEAR)
        near = [day for day in words.critical if first <= day <= last]
        chosen = sorted({center, *rng.sample(near, min(_MARKS, len(near)))})
        marks = [moved(day, n) for day in chosen for n in (0, 0, 1, -1)]
        marks += [center, center, *(moved(day, rng.randint(2, 40)) for day in chosen)]
        counted = []
        for day in (center, *rng.choices(self._own_days, k=2)):
            count = self._count()
            counted += [moved(day, sign * (count + more)) for more in (-1, 0, 1, 2) for sign in (1, -1)]
        return marks, counted

    def _day(self) -> str:
        chance = self._rng.random()
        if chance < 0.35:
            return moved(self._rng.choice(self._own_days), self._rng.choice((0, 0, 1, -1)))
        return self._rng.choice(self._marks if chance < 0.8 else self._counted)

    def _changed_person(self, facts: EmployeeFacts) -> EmployeeFacts:
        if self._rng.random() < 0.06:
            # What stands in two records is changed in both.
            name, value = self._rng.choice(list(leaves(facts)) or [("", None)])
            if isinstance(value, str) and value:
                new = self._day() if is_day(value) else self._word(name, value)
                changed: EmployeeFacts = replaced(facts, {value: new}.get)
                return changed
        found: EmployeeFacts = self._changed("", self._shape, facts)
        return found

    def _changed(self, name: str, shape: Shape, value: Any) -> Any:
        """What one change makes of a value; `_GONE` where it is to be left out."""
        match shape.kind:
            case "record" if isinstance(value, dict):
                return self._changed_record(shape, value)
            case "list" if isinstance(value, list) and shape.items is not None:
                return self._changed_list(name, shape.items, value)
        return self._value(name, shape, value)

    def _changed_record(self, shape: Shape, facts: EmployeeFacts) -> EmployeeFacts:
        names = [name for name in shape.fields if name != "id"]
        weights = [self._weight(name, shape.fields[name], name in facts) for name in names]
        name = self._rng.choices(names, weights)[0]
        field = shape.fields[name]
        if name not in facts:
            return self._in_order(shape, {**facts, name: self._value(name, field, None)})
        leave_out = 0.02 if name in shape.required else 0.04 if field.kind == "list" else 0.15
        new = _GONE if self._rng.random() < leave_out else self._changed(name, field, facts[name])
        if new is _GONE:
            return {key: inner for key, inner in facts.items() if key != name}
        return self._in_order(shape, {**facts, name: new})

    def _weight(self, name: str, field: Shape, is_there: bool) -> float:
        weight = 3.0 if field.kind in {"list", "record"} else 1.0 if is_there else 0.4
        return weight * _FOCUS if name in self._words.focus else weight

    def _changed_list(self, name: str, items: Shape, value: list[Any]) -> list[Any]:
        chance = self._rng.random()
        if not value:
            return [self._value(name, items, None)]
        place = self._rng.randrange(len(value))
        before, item, after = value[:place], value[place], value[place + 1 :]
        if chance < 0.45:
            return [*before, self._changed(name, items, item), *after]
        if chance < 0.8:
            return [*value, self._like(name, items, item)]
        if chance < 0.9 and items.period is not None and isinstance(item, dict):
            return [*before, *self._split(items.period, item), *after]
        if chance < 0.97:
            return [*before, *after]
        return value[::-1] if chance < 0.98 else [*value, self._value(name, items, None)]

    def _like(self, name: str, items: Shape, item: Any) -> Any:
        """Another record like one that is there, as HR writes a renewal or a second job."""
        if items.kind != "record" or not isinstance(item, dict):
            return self._value(name, items, None)
        if self._rng.random() < 0.7:
            item = {**item, **{key: self._day() for key in items.of_kind("day") if key in items.required}}
            if items.period and self._rng.random() < 0.5:
                item = {**item, items.period[1]: self._day()}
            elif items.period:
                item = {key: inner for key, inner in item.items() if key != items.period[1]}
            item = self._in_order(items, item)
        return self._changed_record(items, item) if self._rng.random() < 0.7 else item

    def _split(self, period: tuple[str, str], item: EmployeeFacts) -> list[EmployeeFacts]:
        """A period as two, with a gap of some count of days, or none, between them."""
        first, last = period
        again = self._day()
        gap = self._rng.choice((0, self._count())) + self._rng.choice((-1, 0, 1, 2))
        start = item.get(first)
        if not is_day(start) or moved(again, -gap - 1) < str(start):
            again = moved(self._made.at, self._rng.randint(-60, 0))
        ended = max(str(start), moved(again, -gap - 1))
        return [{**item, last: ended}, {**item, first: again}]

    def _in_order(self, shape: Shape, facts: EmployeeFacts) -> EmployeeFacts:
        """The record with its last day not before its first."""
        if shape.period is not None and self._rng.random() < 0.98:
            first, last = (facts.get(name) for name in shape.period)
            if isinstance(first, str) and isinstance(last, str) and last < first:
                return {**facts, shape.period[0]: last, shape.period[1]: first}
        return facts

    def _value(self, name: str, shape: Shape, old: Any) -> Any:
        """A value by chance."""
        choose = self._rng.choice
        if self._rng.random() < 0.01:
            return choose((None, 7, "", [], {}))
        match shape.kind:
            case "record":
                return {
                    key: self._value(key, field, None)
                    for key, field in shape.fields.items()
                    if key in shape.required or self._rng.random() < 0.2
                }
            case "list":
                return (
                    [self._value(name, shape.items, None)] if shape.items and self._rng.random() < 0.8 else []
                )
            case "choice":
                return choose(shape.choices)
            case "flag":
                return choose((True, False))
            case "day":
                return self._day()
        return self._word(name, old)

    def _word(self, name: str, old: Any) -> str:
        """A word for a field: one of the person's own, one seen in it, or another one."""
        rng, words = self._rng, self._words
        groups: Sequence[Sequence[str]] = (
            tuple(self._own_words.get(name, ())),
            words.by_field.get(name, ()),
            words.by_field.get(name, ()),
            words.hot_words,
            words.hot_words,
            words.words,
            (ME,),
        )
        chosen = rng.choice([group for group in groups if group])
        word = rng.choice(chosen)
        if rng.random() < 0.1:
            base = old if isinstance(old, str) and old and rng.random() < 0.5 else word
            return rng.choice(list(near_misses(base)) or [base])
        return word
