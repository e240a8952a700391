"""`icaccess help`: a page of the documentation, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from icaccess.cli.text import say, show
from icaccess.errors import UsageError
from icaccess.request import installed


@click.command("help")
@click.argument("topic", required=False)
def help_(topic: str | None) -> None:
    """Show the page about TOPIC; without one, list the topics."""
    pages = {page.stem: page for page in sorted(installed("docs").glob("*.md"))}
    if topic is None:
        for name, page in pages.items():
            say(f"{name:<16} {_title(page)}")
    elif topic in pages:
        show(pages[topic].read_text(encoding="utf-8"))
    else:
        raise UsageError(f"no page is about {topic!r}; the topics are {', '.join(pages)}")


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
