"""Taking a stream some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, at most `size` at a time, each read no sooner than its batch is asked for."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
