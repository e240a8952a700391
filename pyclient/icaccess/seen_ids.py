"""A set of many ids that takes little memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Container
from itertools import chain

_PARTS = 64


class SeenIds(Container[str]):
    """A set of ids in about ten bytes each, of which a million in a Python set would take 130 MB.

    It keeps a hash of 64 bits of each, so of a million others one is taken for one of a million in it with a
    chance of 1 in 18 million.
    """

    def __init__(self) -> None:
        self._added = [array("q") for _ in range(_PARTS)]
        self._sorted = [array("q") for _ in range(_PARTS)]

    def add(self, employee_id: str) -> None:
        """Take an id in."""
        number = hash(employee_id)
        self._added[number % _PARTS].append(number)

    def __contains__(self, employee_id: object) -> bool:
        number = hash(employee_id)
        part = number % _PARTS
        if self._added[part]:  # a part at a time, so that few are Python's integers at once
            self._sorted[part] = array("q", sorted(chain(self._sorted[part], self._added[part])))
            self._added[part] = array("q")
        place = bisect_left(self._sorted[part], number)
        return place < len(self._sorted[part]) and self._sorted[part][place] == number
