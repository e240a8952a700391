"""Names of cases in the ids of tests, and which of many alike are quick."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

_LONGEST = 20
_LINE = re.compile(r"^line \d+: ")


def named_by_last(names: tuple[str, ...], cases: Iterable[tuple[Any, ...]]) -> pytest.MarkDecorator:
    """`parametrize`, with each case named by the last of its values: what is said of it, without the line."""
    return pytest.mark.parametrize(
        names, [pytest.param(*case, id=_LINE.sub("", case[-1])[:_LONGEST]) for case in cases]
    )


def mostly_slow(values: Sequence[Any], quick: int = 1) -> list[Any]:
    """Values alike for `parametrize`, or tuples of them; all but the first `quick` are slow."""
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    return [
        pytest.param(*row, marks=pytest.mark.slow if place >= quick else ()) for place, row in enumerate(rows)
    ]
