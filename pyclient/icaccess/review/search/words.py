"""The words, days and counts that facts can be filled with: those of policy data, rules and seeds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from icaccess.review.names import nodes
from icaccess.review.search.facts import EmployeeFacts, is_day, leaves, texts
from icaccess.review.source import PolicySource

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH_AND_DAY = re.compile(r"-?\d\d-\d\d")
_LONGEST_WORD = 48
_MOST_DAYS = 400


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
