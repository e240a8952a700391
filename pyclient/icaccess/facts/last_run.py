"""Whether a source is credible beside its last good run: as large, with the same columns and names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from math import floor

from icaccess.errors import FactsError
from icaccess.facts.interface import Source, SourceReport
from icaccess.facts.settings import Expect
from icaccess.models import SourceSize
from icaccess.text import how_many
from icaccess.validation import show

FEW = 2
"""How many rows or people a source may always lose or gain, and how many rows prove nothing."""
_COMES_AND_GOES = re.compile(r"\.(end|unknown|none|absent)$|'")
"""Fields and names whose last few rows may be gone in the next run without a fault."""
_PLACES = "assignments.location"
UNKNOWN_PLACES = f"unknown {_PLACES}"
"""The entry for jobs at locations that policy data does not know."""
LEFT_OUT = "where"
"""What begins the entry for a text that leaves a row out."""
_MOST_TEXTS = 20
"""A column with more texts than this holds no states of a row."""

TextCounts = Callable[[str, str], Mapping[str, int]]
"""The texts that a field of one kind of fact has in the source now, each with its rows."""


def compare(
    report: SourceReport, last: SourceSize, expect: Expect, texts: TextCounts, places: Collection[str]
) -> list[str]:
    """What a person should know about a source that is older than the last good run.

    `FactsError` for one that is much smaller or larger, or in which no row has a column, or a name, that some
    had. `places` are the locations of policy data.
    """
    notes = [
        f"`where` leaves {how_many(rows, 'row')} out for {field.removeprefix(LEFT_OUT).strip()}, a text "
        "that is new since the last good run; add it if such rows count"
        for field, rows in report.filled.items()
        if field.startswith(f"{LEFT_OUT} ") and field not in last.filled
    ]
    _compare_size(report, last, expect, notes)
    if report.rows and expect.max_shrink < 1:
        _compare_filled(report, last.filled, texts, places)
    if last.newest and report.newest and report.newest < last.newest:
        notes.append(f"its newest day is {report.newest}, and was {last.newest} in the last good run")
    return notes


def _compare_size(report: SourceReport, last: SourceSize, expect: Expect, notes: Sequence[str]) -> None:
    sizes = (("row", "rows", report.rows, last.rows), ("person", "people", report.people, last.people))
    for one, many, now, then in sizes:
        if then - now > max(FEW, expect.max_shrink * then):
            share = min(1, max(floor(100 - 100 * now / then) + 1 for *_, now, then in sizes if then) / 100)
            setting = f"expect.max_shrink: {share:g}"
        elif expect.max_growth is not None and now - then > max(FEW, expect.max_growth * then):
            setting = "expect.max_growth: null"
        else:
            continue
        raise FactsError(
            f"{report.name}: has {how_many(now, one, many)}, and had {then:,} in the last good run; "
            + "".join(f"{note}; " for note in notes)
            + f"get it whole again, or set `{setting}` for one run if this is right"
        )


def _compare_filled(
    report: SourceReport, filled: Mapping[str, int], texts: TextCounts, places: Collection[str]
) -> None:
    for field, then in filled.items():
        if (
            field in report.filled
            or field.startswith((LEFT_OUT, UNKNOWN_PLACES))
            or then <= (FEW if _COMES_AND_GOES.search(field) else 0)
        ):
            continue
        column, _, written = field.partition(" ")
        found = texts(*column.split(".")) if written else {}
        if written and column == _PLACES:
            # A school may close; where more jobs are at unknown locations, it may have a new number.
            found = {text: rows for text, rows in found.items() if text not in places}
            if report.filled.get(UNKNOWN_PLACES, 0) - filled.get(UNKNOWN_PLACES, 0) <= FEW:
                continue
        now = f"; they are {listed(found)} now" if found else ""
        raise FactsError(
            f"{report.name}: no row has {field} any more, and {then} had it in the last good run{now}; "
            "get it whole again, correct `values`, `facts.aliases` or policy data, or set "
            "`expect.max_shrink: 1` for one run"
        )


def left_out(source: Source) -> dict[str, int]:
    """How many rows `where` left out for each text, unless the column holds anything, as scores do."""
    texts = source.left_out_for if len(source.left_out_for) <= _MOST_TEXTS else {}
    return {f"{LEFT_OUT} {column} {show(text)}": rows for (column, text), rows in texts.items()}


def listed(names: Collection[str]) -> str:
    """The first five names."""
    return ", ".join(show(name) for name, _ in zip(names, range(5), strict=False))
