"""Progress for long runs, only on a terminal, and at their end what became of the sources."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from icaccess.cli.text import is_quiet, say, say_all
from icaccess.facts.interface import SourceReport
from icaccess.text import how_many

if TYPE_CHECKING:  # rich takes its time to import, and most runs have no terminal
    from rich.progress import TaskID

_SHOWN_ISSUES = 5

_advance: Callable[[str, int], None] | None = None


def passed(what: str, count: int) -> None:
    """Count the items that pass, such as "people", on their own line while `showing` shows progress."""
    if _advance is not None:
        _advance(what, count)


@contextmanager
def showing() -> Iterator[None]:
    """Show what `passed` counts, only on a terminal and only without `--quiet`."""
    global _advance  # there is one terminal
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
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def advance(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=None)
            progress.advance(tasks[what], count)

        _advance = advance
        try:
            yield
        finally:
            _advance = None


def show_sources(sources: Iterable[SourceReport], leaning: int, *, err: bool = False) -> None:
    """Say what became of each source's rows, and what a person should know about it."""
    lines = [line for one in sources for line in (one.text(), *(f"  {note}" for note in one.notes))]
    if leaning:
        people = how_many(leaning, "person has", "people have")
        lines.append(f"{people} rows from a source with unmatched rows")
    if lines:
        say_all(["Sources:", *(f"  {line}" for line in lines)], err=err)


def show_issues(issues: Iterable[str], listing: str, *, indent: str = "", err: bool = False) -> None:
    """Name the first rows that need attention, how many more there are, and what lists them all."""
    number = 0
    for number, line in enumerate(issues, 1):
        if number <= _SHOWN_ISSUES:
            say(f"{indent}{line}", err=err)
    if number > _SHOWN_ISSUES:
        say(f"{indent}… {number - _SHOWN_ISSUES} more to look at; list them with {listing}", err=err)
