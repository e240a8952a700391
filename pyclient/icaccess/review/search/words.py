"""The words, days and counts that facts can be filled with: those of policy data, rules and seeds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from icaccess.review.names import nodes
from icaccess.review.search.facts import is_day, leaves, texts
from icaccess.review.search.judge import Made
from icaccess.review.source import PolicySource

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH_AND_DAY = re.compile(r"-?\d\d-\d\d")
_LONGEST_WORD = 48
_MOST_DAYS = 400


class SearchWords(msgspec.Struct):
    """What facts can be filled with: words of policy data, of rules and by field, days, and counts of days.

    What stands in one version alone is hot, and is tried first. `critical` days are those on which policy
    data lets something begin or end. `focus` are the names that have to do with what differs.
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
    sources: Sequence[PolicySource],
    seeds: Iterable[Made],
    named: frozenset[str] = frozenset(),
    beside: frozenset[str] = frozenset(),
) -> SearchWords:
    """What the versions and the seeds hold.

    `named` are the names in what differs, so that the values of policy data of these names are hot as well,
    and `beside` those that have to do with it.
    """
    held = [_held_by(source) for source in sources]
    known = dict.fromkeys(value for one in held for value in one)
    data = [pair for source in sources for pair in leaves(source.policy_data)]
    hot = dict.fromkeys(value for value in known if not all(value in one for one in held))
    hot |= dict.fromkeys(value for name, value in data if name in named and type(value) in {str, int})
    by_field: dict[str, dict[str, None]] = {}
    seed_days: dict[str, None] = {}
    for made in seeds:
        seed_days[made.at] = None
        for name, text in texts(made.facts):
            target = seed_days if _DAY.fullmatch(text) else by_field.setdefault(name, {})
            target[text] = None
    known_texts = [text for text in known if isinstance(text, str)]
    words = [text for text in known_texts if not _DAY.search(text) and not _MONTH_AND_DAY.fullmatch(text)]
    counts = [number for number in known if isinstance(number, int) and 0 < number <= _MOST_DAYS]
    in_data = {value for source in sources for value in _data_values(source)}
    single = sorted({day for source in sources for day in _single_days(source)})
    years = range(int(single[0][:4]), int(single[-1][:4]) + 1) if single else range(0)
    hot_days = _spread([text for text in hot if isinstance(text, str)], years)
    yearly = [text for _, text in data if isinstance(text, str) and _MONTH_AND_DAY.fullmatch(text)]
    days = _days(known_texts, {day[5:] for day in single}, sorted(filter(is_day, seed_days)))
    return SearchWords(
        words=tuple(word for word in words if word in in_data),
        literals=tuple(word for word in words if word not in in_data),
        by_field={name: tuple(values) for name, values in by_field.items()},
        days=tuple(dict.fromkeys((*hot_days, *days))),
        critical=tuple(dict.fromkeys((*hot_days, *_spread([*single, *yearly], years)))),
        counts=tuple(sorted({1, *counts})),
        hot_days=tuple(hot_days),
        hot_words=tuple(word for word in words if word in hot),
        hot_counts=tuple(number for number in counts if number in hot),
        focus=named | beside,
    )


def near_misses(word: str) -> Iterator[str]:
    """Words that are almost this one: in other letters, with more before or after it, shortened, empty."""
    yield from dict.fromkeys(
        one
        for one in (word.upper(), word.lower(), f"{word}x", f"x{word}", f"{word} ", word[:-1], word[1:], "")
        if one != word
    )


def _held_by(source: PolicySource) -> dict[str | int, None]:
    """The texts and the whole numbers in a version's policy data and rules."""
    written = [node for rule in source.rules for node in nodes(rule.syntax)]
    values = [node.get("value") for node in written if node.get("type") in {"string", "number"}]
    return {
        value: None
        for value in (*_data_values(source), *values)
        if type(value) is int
        or (isinstance(value, str) and 0 < len(value) <= _LONGEST_WORD and "{" not in value)
    }


def _data_values(source: PolicySource) -> Iterator[Any]:
    """Every value in a version's policy data, and the names of its places."""
    yield from source.policy_data.get("locations", {})
    yield from (value for _, value in leaves(source.policy_data))


def _single_days(source: PolicySource) -> Iterator[str]:
    """The days in policy data that are values of their own, and not one of a long list."""
    by_name: dict[str, list[str]] = {}
    for name, text in texts(source.policy_data):
        if is_day(text):
            by_name.setdefault(name, []).append(text)
    yield from (days[0] for days in by_name.values() if len(days) == 1)


def _month_days(known: Iterable[str]) -> set[str]:
    """The months with a day, such as `06-30`, among texts."""
    return {text.lstrip("-") for text in known if _MONTH_AND_DAY.fullmatch(text)}


def _spread(known: Sequence[str], years: range) -> list[str]:
    """The days in texts, and then the months and days of all of them in each year."""
    whole = [day for text in known for day in _DAY.findall(text)]
    parts = sorted({day[5:] for day in whole} | _month_days(known))
    return list(
        filter(is_day, dict.fromkeys((*whole, *(f"{year}-{part}" for year in years for part in parts))))
    )


def _days(known: Sequence[str], yearly: set[str], seeds: Sequence[str]) -> tuple[str, ...]:
    """The days in texts and seeds, and the months and days of texts and `yearly` in each year they span."""
    whole = [day for text in known for day in _DAY.findall(text) if is_day(day)]
    years = sorted({int(day[:4]) for day in (*whole, *seeds) if "2000" < day < "2100"}) or [2025]
    span = range(max(years[0], years[-1] - 8), years[-1] + 4)
    spread = [f"{year}-{part}" for part in sorted(_month_days(known) | yearly) for year in span]
    return tuple(dict.fromkeys(filter(is_day, (*whole, *spread, *seeds))))
