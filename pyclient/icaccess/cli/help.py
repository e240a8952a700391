"""`icaccess help`: a page of the documentation, in the terminal."""

from __future__ import annotations

import click

from icaccess.cli.options import FORMAT
from icaccess.cli.text import answer
from icaccess.errors import UsageError
from icaccess.files import installed


@click.command("help")
@click.argument("topic", required=False)
@FORMAT
def help_(topic: str | None, form: str) -> None:
    """Show the page about TOPIC; without one, list the topics."""
    pages = {page.stem: page for page in sorted(installed("docs").glob("*.md"))}
    if topic is not None and topic not in pages:
        raise UsageError(f"no page is about {topic!r}; the topics are {', '.join(pages)}")
    titles = {
        name: page.read_text("utf-8").partition("\n")[0].removeprefix("# ") for name, page in pages.items()
    }
    if topic is not None:
        text = pages[topic].read_text("utf-8")
        answer(form, {"topic": topic, "title": titles[topic], "text": text}, text.splitlines())
        return
    topics = [{"topic": name, "title": title} for name, title in titles.items()]
    answer(form, {"topics": topics}, (f"{name:<16} {title}" for name, title in titles.items()))
