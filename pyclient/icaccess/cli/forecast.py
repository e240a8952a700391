"""`icaccess forecast`: what will fall due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import click

from icaccess.cli.options import EXAMPLES, IDS, Day, deciding, formats
from icaccess.cli.progress import showing
from icaccess.cli.text import Rendered, show
from icaccess.errors import UsageError
from icaccess.request import Request


@click.command("forecast")
@IDS
@deciding
@click.option("--until", type=Day(), metavar="DATE", help="The last day of the forecast.")
@click.option(
    "--campaign",
    type=Day(),
    metavar="DATE",
    help="Show who has to recertify by this day, who has, and who cannot, by location and approver.",
)
@formats("json", "csv")
@EXAMPLES
def forecast(
    request: Request,
    ids: tuple[str, ...],
    until: date | None,
    campaign: date | None,
    form: str,
    examples: int,
) -> None:
    """Show what will fall due if neither facts nor rules change: removals, recertifications, departures.

    With IDs, show only these people.
    """
    from icaccess.pipeline import start
    from icaccess.review import campaign as recertification
    from icaccess.review import forecast as review
    from icaccess.tables import as_json
    from icaccess.timeline import timelines

    last = until or campaign
    if last is None or (until and campaign):
        raise UsageError("give either --until DATE or --campaign DATE")
    if last < request.day:
        option = "--until" if until else "--campaign"
        raise UsageError(f"{option} {last} is before {request.day}, the first day; swap {option} and --at")
    with start(request, read_only=True) as run, showing():
        client, people = run.parts.client, run.people.records(ids)
        forms: dict[str, Callable[[], Rendered]]
        if campaign:
            after = timelines(client, people, request.day, campaign + timedelta(days=1))
            asked = recertification.campaign(after, request.day, campaign)
            forms = {
                "text": lambda: recertification.campaign_text(asked, examples),
                "json": lambda: as_json(asked),
                "csv": lambda: recertification.campaign_csv(asked),
            }
        else:
            found = review.forecast(client, timelines(client, people, request.day, last), request.day, last)
            forms = {
                "text": lambda: review.forecast_text(found, examples),
                "json": lambda: as_json(found),
                "csv": lambda: review.forecast_csv(found),
            }
    show(forms[form](), form)
