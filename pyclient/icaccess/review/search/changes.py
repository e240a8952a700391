"""Single changes to somebody's facts: fields absent, null, of another type or value, lists longer or shorter.

A period is split in two with a gap; a day moves by one, or to where day counts put it. A change is a function
that gives the changed facts, since most changes are only counted and never made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from random import Random
from typing import Any, NamedTuple

from icaccess.review.search.facts import (
    ME,
    EmployeeFacts,
    SearchWords,
    Shape,
    is_day,
    leaves,
    moved,
    near_misses,
)

Edit = Callable[[], Any]
"""Gives what the facts become."""
Options = Iterator[tuple[int, Edit]]
"""Changes, each with its rank: one brings in what one version alone knows, another word, or another day."""

HOT, WORD, DAY = 0, 1, 2

_SOME_DAYS = 100
"""How many days are tried in one field before another change has its turn."""
_SOME_WORDS = 40
"""How many words of the policy data are tried in a field, likewise."""
_SOME_LITERALS = 5
"""How many words of the rules are."""
_GONE = object()


class _Place(NamedTuple):
    """A field or an item in somebody's facts, what stands there, and how to put something else there."""

    name: str
    shape: Shape
    value: Any
    put: Callable[[Any], Any]


class Changes:
    """The single changes to one person's facts on one day, by the words, days and counts of a vocabulary."""

    def __init__(self, shape: Shape, words: SearchWords, rng: Random, facts: EmployeeFacts, at: str) -> None:
        self._words = words
        self._rng = rng
        self._facts = facts
        self._shape = shape
        self._own: dict[str, dict[str, None]] = {}
        near = {at: None}
        for name, value in leaves("", facts):
            if is_day(value):
                near[value] = None
            elif isinstance(value, str) and value:
                self._own.setdefault(name, {})[value] = None
        self._own_days = list(near)
        self.hot_days, self.days = self._near(list(near)[:8])

    def all(self, first: int = HOT) -> list[Edit]:
        """Every single change in chance order, those of the rank `first` before the others.

        Of days and of words never seen in a field only some are among them, others the next time.
        """
        begin: list[list[Edit]] = []
        rest: list[list[Edit]] = []
        for place in _places("", self._shape, self._facts, _same):
            options = list(self._options(place))
            self._rng.shuffle(options)
            begin.append([change for rank, change in options if rank == first])
            rest.append([change for rank, change in options if rank != first])
        # One of each place in turn, so that a place with many values does not keep the others waiting.
        return [
            change
            for groups in (begin, rest)
            for some in zip_longest(*groups)
            for change in some
            if change is not None
        ]

    def some(self, size: int, steps: int = 1) -> list[EmployeeFacts]:
        """The facts after `steps` changes at places by chance, `size` times."""
        places = list(_places("", self._shape, self._facts, _same))
        found = []
        for _ in range(size):
            options = list(self._options(self._rng.choice(places)))
            hot = [change for rank, change in options if rank == HOT]
            chosen = hot if hot and self._rng.random() < 0.5 else [change for _, change in options]
            facts = self._rng.choice(chosen)()
            for _ in range(steps - 1):
                again = list(_places("", self._shape, facts, _same))
                facts = self._rng.choice([change for _, change in self._options(self._rng.choice(again))])()
            found.append(facts)
        return found

    def hot(self) -> list[EmployeeFacts]:
        """The facts with each hot day in each place for a day."""
        places = list(_places("", self._shape, self._facts, _same))
        return [place.put(day) for place in places if place.shape.kind == "day" for day in self.hot_days]

    def near(self, size: int, steps: int = 1) -> list[EmployeeFacts]:
        """The facts after `steps` changes to values that are likely to count, `size` times at most.

        These are the person's own days and the days beside them, words known in the field, one more record
        like another, and what one version alone knows. With one step each change is made once.
        """
        first = [
            edit for place in _places("", self._shape, self._facts, _same) for edit in self._likely(place)
        ]
        found: list[EmployeeFacts] = [edit() for edit in self._sample(first, size)]
        for _ in range(steps - 1):
            for number, facts in enumerate(found):
                place = self._rng.choice(list(_places("", self._shape, facts, _same)))
                if edits := list(self._likely(place)):
                    found[number] = self._rng.choice(edits)()
        return found

    def _likely(self, place: _Place) -> Iterator[Edit]:
        name, shape, value, put = place
        if value is not _GONE:
            yield partial(put, _GONE)
        if shape.kind == "list" and isinstance(value, list) and shape.items is not None:
            for item in value:
                for inner in _places(name, shape.items, item, _same):
                    yield from (partial(_made, put, edit, value) for edit in self._likely(inner))
            if shape.items.kind == "record":
                yield from (partial(_made, put, partial(self._new, shape.items), value) for _ in range(6))
        elif shape.kind == "record" and value is not _GONE:
            splits = list(self._split(value, shape))
            hot = [parts for rank, parts in splits if rank == HOT]
            some = self._sample(hot, 20) + self._sample([parts for _, parts in splits], 10)
            yield from (partial(put, _Parts(parts)) for parts in some)
        elif shape.kind in {"record", "list"}:
            yield from (partial(_made, put, partial(self._value, name, shape)) for _ in range(6))
        else:
            yield from (partial(put, one) for one in self._likely_values(name, shape, value) if one != value)

    def _likely_values(self, name: str, shape: Shape, value: Any) -> Sequence[Any]:
        match shape.kind:
            case "flag":
                return (True, False)
            case "choice":
                return shape.choices
            case "day":
                beside = [moved(day, n) for day in self._own_days for n in (0, 1, -1)]
                counted = self._sample(self.hot_days, 12) + self._sample(self.days, 6)
                return list(dict.fromkeys((*beside, *counted)))
        hot = self._words.hot_words
        known = (*self._own.get(name, ()), *self._words.by_field.get(name, ())[:8], *hot, ME)
        missed = [near for word in {value, *hot} if isinstance(word, str) for near in near_misses(word)]
        return list(dict.fromkeys((*known, *self._sample(missed, 6))))

    def other_days(self, at: str, limit: int) -> list[str]:
        """Days on which to try the same facts: some hot ones, and others by chance."""
        chosen = self._sample(self.hot_days, limit // 2) + self._sample(self.days, limit)
        return [day for day in chosen if day != at][:limit]

    def _near(self, near: list[str]) -> tuple[list[str], list[str]]:
        """The days to try: those that hot values give, and the others.

        Each is one of `near`, moved by a count of days and up to two more, or a known one.
        """
        words = self._words
        hot = [
            moved(day, sign * (n + more))
            for day in near
            for n in words.hot_counts
            for more in (0, 1, 2, -1)
            for sign in (1, -1)
        ]
        hot += [moved(day, n) for day in words.days if day in words.hot for n in (0, 1, -1, -2, -3)]
        counts = {n + more for n in words.counts for more in (0, 1, 2)}
        rest = [moved(day, sign * n) for day in near for n in counts for sign in (1, -1)]
        rest += [*near, *(moved(day, n) for day in words.days for n in (0, 1, -1))]
        return list(dict.fromkeys(hot)), list(dict.fromkeys(rest))

    def _sample(self, values: Sequence[Any], size: int) -> list[Any]:
        return self._rng.sample(values, min(size, len(values)))

    def _words_for(self, name: str) -> list[str]:
        """The person's own words for a field, those seen in it, the hot ones, some others, and the own id."""
        words = self._words
        known = (*self._own.get(name, ()), *words.by_field.get(name, ()), *words.hot_words)
        some = self._sample(list(words.words), _SOME_WORDS) + self._sample(
            list(words.literals), _SOME_LITERALS
        )
        return list(dict.fromkeys((*known, *some, ME)))

    def _new(self, shape: Shape, **given: Any) -> EmployeeFacts:
        """A record by chance, with the values `given`; a field that may be absent mostly is."""
        facts: EmployeeFacts = {}
        for name, field in shape.fields.items():
            if name in given:
                facts[name] = given[name]
            elif name in shape.required or self._rng.random() < 0.15:
                facts[name] = self._value(name, field)
        if shape.period and shape.period[1] in facts:
            first, last = shape.period
            if str(facts[last]) < str(facts[first]) and first not in given and last not in given:
                facts[first], facts[last] = facts[last], facts[first]
        return facts

    def _value(self, name: str, shape: Shape) -> Any:
        choose = self._rng.choice
        match shape.kind:
            case "record":
                return self._new(shape)
            case "list":
                return [self._value(name, shape.items)] if shape.items and self._rng.random() < 0.7 else []
            case "choice":
                return choose(shape.choices)
            case "flag":
                return choose((True, False))
            case "day":
                return choose(self._own_days if self._rng.random() < 0.6 else self.days)
        seen = (*self._own.get(name, ()), *self._words.by_field.get(name, ()))
        return choose(seen if seen and self._rng.random() < 0.8 else (*self._words.words, "000777"))

    def _options(self, place: _Place) -> Options:
        """What can stand in one place instead."""
        name, shape, value, put = place
        if value is not _GONE:
            yield WORD, partial(put, _GONE)
            yield DAY, partial(put, None)
            yield DAY, partial(put, 7)
        if shape.kind == "list" and isinstance(value, list):
            yield from self._list(name, value, shape, put)
        elif shape.kind == "record" and value is not _GONE:
            for rank, parts in self._split(value, shape):
                yield rank, partial(put, _Parts(parts))
        else:
            yield from self._fresh(name, shape, put)
            if isinstance(value, str) and is_day(value):
                yield from ((DAY, partial(put, moved(value, n))) for n in (1, -1, 2, -2, 7, -7, 365, -365))
            elif isinstance(value, str):
                yield from ((WORD, partial(put, word)) for word in near_misses(value))

    def _fresh(self, name: str, shape: Shape, put: Callable[[Any], Any]) -> Options:
        match shape.kind:
            case "day":
                yield from ((HOT, partial(put, day)) for day in self._sample(self.hot_days, _SOME_DAYS))
                yield from ((DAY, partial(put, day)) for day in self._sample(self.days, _SOME_DAYS))
            case "flag":
                yield from ((WORD, partial(put, flag)) for flag in (True, False))
            case "choice":
                for choice in shape.choices:
                    yield WORD, partial(put, choice)
                    yield DAY, partial(put, choice.upper())
            case "text":
                for word in self._words_for(name):
                    rank = HOT if word in self._words.hot else WORD
                    yield rank, partial(put, word)
                    if rank == HOT:
                        yield from ((rank, partial(put, near)) for near in near_misses(word))
            case "list":
                yield WORD, partial(put, [])
                yield from (
                    (rank, partial(_made, put, make, [])) for rank, make in self._items(name, shape.items)
                )
            case _:
                yield from ((rank, partial(_made, put, make)) for rank, make in self._items(name, shape))

    def _list(self, name: str, value: list[Any], shape: Shape, put: Callable[[Any], Any]) -> Options:
        assert shape.items is not None  # noqa: S101 (a list has items)
        if len(value) > 1:
            yield DAY, partial(put, value[::-1])
        for item in value:
            yield DAY, partial(put, [*value, item])
            # The same record with one other value beside it, as HR writes a renewal or a second job.
            for place in _places(name, shape.items, item, _same):
                options = list(self._options(place)) if place.shape.kind != "list" else []
                for rank, make in [one for one in options if one[0] == HOT][:40] + self._sample(options, 12):
                    yield rank, partial(_made, put, make, value)
        yield from ((rank, partial(_made, put, make, value)) for rank, make in self._items(name, shape.items))

    def _items(self, name: str, shape: Shape | None) -> Options:
        """Records for a list, or for a field that holds one: each word in each of its fields once."""
        if shape is None or shape.kind != "record":
            for word in self._words_for(name) if shape and shape.kind == "text" else ():
                yield HOT if word in self._words.hot else WORD, partial(_same, word)
            return
        for field, inner in shape.fields.items():
            values: list[Any] = []
            hot: set[str] | frozenset[str] = self._words.hot
            match inner.kind:
                case "text":
                    values = self._words_for(field)
                case "choice":
                    values = list(inner.choices)
                case "day":
                    values = self._sample(self.hot_days, 40) + self._sample(self.days, 30)
                    hot = set(self.hot_days)
                case "flag":
                    values = [True, False]
            for one in values:
                rank = HOT if one in hot else DAY if inner.kind == "day" else WORD
                yield rank, partial(self._new, shape, **{field: one})

    def _split(self, item: Any, shape: Shape) -> Iterator[tuple[int, list[EmployeeFacts]]]:
        """A period as two, with a gap of each count of days and up to two more between them."""
        if shape.period is None or not isinstance(item, dict) or not is_day(item.get(shape.period[0])):
            return
        first, last = shape.period
        hot_gaps = {n + more for n in self._words.hot_counts for more in (-1, 0, 1, 2)}
        gaps = {n + more for n in self._words.counts for more in (0, 1, 2)} | hot_gaps
        known = [day for day in (*self.hot_days[:10], *self.days) if day > item[first]]
        for again in self._sample(known, 8):
            for gap in gaps:
                ended = moved(again, -gap - 1)
                if item[first] <= ended:
                    yield HOT if gap in hot_gaps else DAY, [{**item, last: ended}, {**item, first: again}]


class _Parts(list[Any]):
    """Several items that take the place of one."""


def _places(name: str, shape: Shape, value: Any, put: Callable[[Any], Any]) -> Iterator[_Place]:
    """Every place in a value and below it, the value itself left out."""
    if shape.kind == "record" and isinstance(value, dict):
        for key, field in shape.fields.items():
            if key != "id":
                place = _Place(key, field, value.get(key, _GONE), partial(_put_field, put, value, key))
                yield place
                yield from _places(key, field, place.value, place.put)
    elif shape.kind == "list" and isinstance(value, list) and shape.items is not None:
        for number, item in enumerate(value):
            place = _Place(name, shape.items, item, partial(_put_item, put, value, number))
            yield place
            yield from _places(name, shape.items, item, place.put)


def _same(value: Any) -> Any:
    return value


def _put_field(put: Callable[[Any], Any], facts: EmployeeFacts, name: str, value: Any) -> Any:
    if value is _GONE:
        return put({key: inner for key, inner in facts.items() if key != name})
    return put({**facts, name: value})


def _put_item(put: Callable[[Any], Any], values: list[Any], number: int, value: Any) -> Any:
    new = [] if value is _GONE else value if isinstance(value, _Parts) else [value]
    return put([*values[:number], *new, *values[number + 1 :]])


def _made(put: Callable[[Any], Any], make: Edit, values: list[Any] | None = None) -> Any:
    return put(make() if values is None else [*values, make()])
