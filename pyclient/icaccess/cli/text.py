"""Everything that a command shows goes through here: lines as printable text, JSON as safe bytes.

No other module of `icaccess.cli` writes to stdout or stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice

import click

from icaccess.text import printable, printable_json

__all__ = ["printable", "say", "say_all", "show", "show_json"]

_TOGETHER = 1000
"""How many lines are written at a time."""


def say(line: str = "", *, err: bool = False) -> None:
    """Write one line, and surely no more than one, on stdout or stderr."""
    click.echo(printable(line), err=err)


def say_all(lines: Iterable[str], *, err: bool = False) -> None:
    """Write many lines, as `say` does with one."""
    source = iter(lines)
    while some := list(islice(source, _TOGETHER)):
        click.echo("\n".join(map(printable, some)), err=err)


def show(document: str, form: str = "text") -> None:
    """Write a whole document that a renderer made on stdout; every form but JSON is taken line by line.

    A line end within a value has to be written out by the renderer, which alone knows where values end.
    """
    if form in ("json", "jsonl", "sarif"):
        show_json(document.encode())
    else:
        say_all(document.removesuffix("\n").split("\n"))


def show_json(document: bytes) -> None:
    """Write JSON, or many lines of it, on stdout; the value stays the same."""
    sys.stdout.buffer.write(printable_json(document))
