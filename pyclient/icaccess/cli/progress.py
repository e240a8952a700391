"""A progress line for long runs: on a terminal, on stderr, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_STEP = 100


@contextmanager
def counting(items: Iterable[T], what: str) -> Iterator[Iterable[T]]:
    """The same items, counted as they pass, such as `12,000 people`."""
    if not sys.stderr.isatty():
        yield items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} " + what), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield _advancing(items, lambda: progress.advance(task, _STEP))


def _advancing(items: Iterable[T], advance: Callable[[], None]) -> Iterator[T]:
    for number, item in enumerate(items, 1):
        if number % _STEP == 0:
            advance()
        yield item
