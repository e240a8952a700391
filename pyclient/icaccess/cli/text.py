"""Everything that a command shows goes through here: lines as printable text, JSON as safe bytes.

No other module of `icaccess.cli` writes to stdout or stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice

import click
import msgspec

from icaccess.text import printable, printable_json

QUIET = "icaccess.quiet"
"""Where a command's context says to leave out notes and progress."""

_TOGETHER = 1000
"""How many lines are written at a time."""


def is_quiet() -> bool:
    """Whether the current command has `--quiet`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET))


def say(line: str = "", *, err: bool = False) -> None:
    """Write exactly one line on stdout, or as a note on stderr."""
    say_all([line], err=err)


def say_all(lines: Iterable[str], *, err: bool = False) -> None:
    """Write many lines, as `say` does with one."""
    if err and is_quiet():
        return
    source = iter(lines)
    while some := list(islice(source, _TOGETHER)):
        click.echo("\n".join(map(printable, some)), err=err)


Rendered = str | Iterable[str]
"""What a renderer gives: the lines of a text, or a whole document of another format."""


def show(rendered: Rendered, form: str = "text") -> None:
    """Write what a renderer made on stdout: JSON and CSV as a whole, others line by line.

    The renderer of a whole document must escape a line end within a value: it alone knows where values end.
    """
    if not isinstance(rendered, str):
        say_all(rendered)
    elif form in ("json", "jsonl", "sarif"):
        show_json(rendered.encode())
    elif form == "csv":  # its lines end as RFC 4180 asks, and its values are printable already
        sys.stdout.buffer.write(rendered.encode())
    else:
        say_all(rendered.removesuffix("\n").split("\n"))


def answer(form: str, value: object, lines: Iterable[str]) -> None:
    """Write a value on stdout as JSON where that is asked for, else the lines that say the same."""
    if form == "json":
        show_value(value)
    else:
        say_all(lines)


def show_json(document: bytes) -> None:
    """Write JSON, or many lines of it, on stdout; the value stays the same."""
    sys.stdout.buffer.write(printable_json(document))


def show_value(value: object) -> None:
    """Write a value on stdout as JSON, on one line."""
    show_json(msgspec.json.encode(value) + b"\n")
