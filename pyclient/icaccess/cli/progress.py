"""Progress for long runs, on a terminal alone, and what became of the sources at their end."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from icaccess.cli.text import is_quiet, say, say_all
from icaccess.facts.interface import SourceReport

if TYPE_CHECKING:  # rich takes its time to import, and most runs have no terminal
    from rich.progress import Progress, TaskID

T = TypeVar("T")
_STEP = 100
_SHOWN_ISSUES = 5


class _Lines:
    """The lines on the terminal, one for each thing that is counted."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def advance(self, what: str, count: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=None)
        self._progress.advance(self._tasks[what], count)


_lines: _Lines | None = None


def passed(what: str, count: int) -> None:
    """Count what passes, such as "people", on a line of its own while `showing` shows any."""
    if _lines is not None:
        _lines.advance(what, count)


@contextmanager
def showing() -> Iterator[None]:
    """Show what `passed` counts, on a terminal and nowhere else, unless the command is to be quiet."""
    global _lines  # there is one terminal
    if not sys.stderr.isatty() or is_quiet():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} {task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        _lines = _Lines(progress)
        try:
            yield
        finally:
            _lines = None


@contextmanager
def counting(items: Iterable[T], what: str) -> Iterator[Iterable[T]]:
    """The same items, counted as they pass, such as `12,000 people`."""
    with showing():
        yield _counted(items, what)


def _counted(items: Iterable[T], what: str) -> Iterator[T]:
    for number, item in enumerate(items, 1):
        if not number % _STEP:
            passed(what, _STEP)
        yield item


def show_sources(sources: Iterable[SourceReport], leaning: int, *, err: bool = False) -> None:
    """Say what became of the rows of each source, and what a person should know of it."""
    lines = [line for one in sources for line in (one.text(), *(f"  {note}" for note in one.notes))]
    if leaning:
        lines.append(f"{leaning:,} people have rows of a source of which some match nobody")
    if lines:
        say_all(["Sources:", *(f"  {line}" for line in lines)], err=err)


def show_issues(issues: Iterable[str], listing: str, *, indent: str = "", err: bool = False) -> None:
    """Name the first rows that a person should look at, how many more there are, and what lists them all."""
    number = 0
    for number, line in enumerate(issues, 1):
        if number <= _SHOWN_ISSUES:
            say(f"{indent}{line}", err=err)
    if number > _SHOWN_ISSUES:
        say(f"{indent}… {number - _SHOWN_ISSUES} more to look at; list them with {listing}", err=err)
