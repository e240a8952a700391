"""People like one person: the same person with a record, a word or a day changed, to be tried one by one.

Of the rules nothing is known here; each change is one that some rule could look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from icaccess.review.search.facts import ME, Shape, days_in, is_day, lists_of_records, moved, replaced, texts
from icaccess.review.search.judge import Made
from icaccess.review.search.words import SearchWords, near_misses

_SOME_VALUES = 12


def beside(made: Made, shape: Shape, words: SearchWords) -> Iterator[Made]:
    """The same person with each one of their records changed in one field, and with another record like it.

    A field takes the values that are likeliest to count; days are the person's own, and those beside them.
    """
    own = sorted(days_in(made.facts) | {made.at})
    days = list(dict.fromkeys(moved(day, n) for day in own for n in (0, 1, -1)))[:_SOME_VALUES]

    def values(name: str, field: Shape) -> Sequence[Any]:
        match field.kind:
            case "choice":
                return field.choices
            case "flag":
                return (True, False)
            case "day":
                return days
            case "text":
                return [*words.by_field.get(name, ())[:4], *words.hot_words[:4], ME]
        return ()

    for name, items, place, record in made.records(shape):
        others = [
            {**record, key: value}
            for key, field in items.fields.items()
            for value in values(key, field)
            if value != record.get(key)
        ]
        others += [{key: value for key, value in record.items() if key != left_out} for left_out in record]
        for other in others:
            yield made.put(name, place, other)
            yield made.plus(name, other)


def nearly(made: Made, shape: Shape) -> Iterator[Made]:
    """The same person with each text of their records nearly the one that counts, or nearly their own id."""
    for name, items, place, record in made.records(shape):
        for key in (key for key in record if key in items.of_kind("text")):
            for near in (*near_misses(record[key]), *near_misses(ME)):
                yield made.put(name, place, {**record, key: near})


def on_critical_days(made: Made, shape: Shape, critical: list[str]) -> Iterator[Made]:
    """The same person decided on each critical day and those beside it, and with a period that ended on one.

    A period ends on a critical day or beside it, and the person is decided on the next critical day.
    """
    yield from (Made(made.facts, moved(day, n)) for day in critical for n in (0, 1, -1) if day > made.at)
    for name, items, records in lists_of_records(made.facts, shape):
        if items.period is None:
            continue
        first, last = items.period
        for day, at in pairwise(critical):
            for end in (day, moved(day, 1), moved(day, -1)):
                if all(record[first] <= end for record in records):
                    ended = [{**record, last: end} for record in records]
                    yield Made({**made.facts, name: ended}, at)


def altered(made: Made, shape: Shape, words: SearchWords) -> Iterator[Made]:
    """The same person with other words, earlier days, and both, in what a decision said of them."""
    for name in shape.of_kind("record"):
        if isinstance(told := made.facts.get(name), dict):
            earlier = replaced(told, lambda value: moved(value, -1) if is_day(value) else None)
            for whole in (told, earlier):
                for one in dict.fromkeys(text for _, text in texts(whole)):
                    other = moved(one, -1) if is_day(one) else words.words[0]
                    yield Made({**made.facts, name: replaced(whole, {one: other}.get)}, made.at)


def linked(made: Made, shape: Shape) -> Made:
    """Somebody whose records say all that others of theirs say under the same name."""
    words = {name: text for name, text in texts(made.facts) if not is_day(text)}
    facts = {
        name: [{key: words[key] for key in words if key in items.of_kind("text")} | one for one in records]
        for name, items, records in lists_of_records(made.facts, shape)
    }
    return Made(facts, made.at)


def one_day_off(made: Made, shape: Shape, offsets: Sequence[int]) -> Iterator[Made]:
    """The same person with each one of their days moved by so many days."""
    for name, _, place, record in made.records(shape):
        for key in [key for key, value in record.items() if is_day(value)]:
            yield from (made.put(name, place, {**record, key: moved(record[key], n)}) for n in offsets)


def days_exchanged(made: Made) -> Iterator[Made]:
    """The same person with each of their days, wherever it stands, on another of these or beside it."""
    own = sorted(days_in(made.facts))
    for day in own:
        for other in dict.fromkeys(moved(one, n) for one in own for n in (0, -1, 1)):
            yield Made(replaced(made.facts, {day: other}.get), made.at)


def naming(made: Made, shape: Shape) -> Iterator[Made]:
    """The same person with another record of each choice that names what stands in another list."""
    own = {name: text for name, text in texts(made.facts) if not is_day(text)}
    for name, items, _, record in made.records(shape):
        for key, field in items.fields.items():
            for choice in field.choices:
                for text in own.keys() & items.fields.keys() - record.keys():
                    yield made.plus(name, {**record, key: choice, text: own[text]})
