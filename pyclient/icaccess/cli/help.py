"""`icaccess help`: a page of the documentation, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from icaccess.cli.options import FORMAT
from icaccess.cli.text import say_all, show, show_value
from icaccess.errors import UsageError
from icaccess.request import installed


@click.command("help")
@click.argument("topic", required=False)
@FORMAT
def help_(topic: str | None, form: str) -> None:
    """Show the page about TOPIC; without one, list the topics."""
    pages = {page.stem: page for page in sorted(installed("docs").glob("*.md"))}
    if topic is not None and topic not in pages:
        raise UsageError(f"no page is about {topic!r}; the topics are {', '.join(pages)}")
    if topic is not None:
        text = pages[topic].read_text(encoding="utf-8")
        if form == "json":
            show_value({"topic": topic, "title": _title(pages[topic]), "text": text})
        else:
            show(text)
    elif form == "json":
        show_value({"topics": [{"topic": name, "title": _title(page)} for name, page in pages.items()]})
    else:
        say_all(f"{name:<16} {_title(page)}" for name, page in pages.items())


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
