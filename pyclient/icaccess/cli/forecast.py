"""`icaccess forecast`: what will fall due."""

from __future__ import annotations

from datetime import date

import click

from icaccess.cli.options import Day, deciding
from icaccess.cli.progress import showing
from icaccess.cli.text import show
from icaccess.errors import UsageError
from icaccess.request import Request


@click.command("forecast")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@deciding
@click.option("--until", type=Day(), required=True, metavar="DATE", help="The last day to look at.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="How to answer.",
)
@click.option(
    "--examples", type=click.IntRange(0), default=5, show_default=True, help="People told of each kind."
)
def forecast(request: Request, ids: tuple[str, ...], until: date, form: str, examples: int) -> None:
    """Show what will fall due if neither facts nor rules change: removals, recertifications, departures.

    With IDs, only these people are looked at.
    """
    from icaccess.pipeline import start
    from icaccess.review import forecast as review
    from icaccess.review import forecast_render as render

    if until < request.day:
        raise UsageError(f"--until {until} is before {request.day}, the first day; swap --at and --until")
    with start(request, read_only=True) as run, showing():
        found = review.forecast(run.parts.client, run.people(ids), request.day, until)
    if form == "text":
        show(render.forecast_text(found, examples))
    else:
        show((render.forecast_json if form == "json" else render.forecast_csv)(found), form)
