"""Text for a terminal or a log: what comes from facts can neither forge a line nor hide one."""

from __future__ import annotations

import click


def printable(text: str) -> str:
    """The text with every character that does not print, a line's end among them, written out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(line: str) -> None:
    """Print one line on stdout, and surely no more than one."""
    click.echo(printable(line))
