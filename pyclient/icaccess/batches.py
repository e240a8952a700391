"""Splits a stream into batches, counts what passes, and works ahead of the consumer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_COUNTED = 100
"""How many people are counted together."""


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, at most `size` at a time, each read only when its batch is requested."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def counted(people: Iterable[T], progress: Callable[[str, int], None]) -> Iterator[T]:
    """The same people; `progress` gets "people" and how many have just passed, some at a time."""
    number = 0
    for number, person in enumerate(people, 1):
        yield person
        if not number % _COUNTED:
            progress("people", _COUNTED)
    progress("people", number % _COUNTED)


def ordered_map(task: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The results of `task` in the order of `items`, begun ahead for at most twice as many as `threads`."""
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="ordered") as pool:
        try:
            for item in items:
                pending.append(pool.submit(task, item))
                if len(pending) >= 2 * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
