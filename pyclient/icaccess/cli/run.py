"""`icaccess run`: the service that keeps access correct."""

from __future__ import annotations

import logging

import click

from icaccess.cli.options import installed_folders, serving
from icaccess.request import Request


@click.command()
@serving
@click.option("--interval", metavar="TIME", help="How often, such as 15m, 6h or 1d [default: from config].")
@click.option(
    "--listen", metavar="HOST:PORT", help="Where to serve health and metrics [default: from config]."
)
def run(request: Request, interval: str | None, listen: str | None) -> None:
    """Keep access correct: gather, decide, plan, guard, apply and verify, again and again.

    Runs are due at midnight in the district's zone and every interval after. SIGHUP starts a run at once;
    SIGTERM ends the service after the change in progress. The log is JSON on standard error.
    """
    from icaccess.service.log import event, service_log
    from icaccess.service.loop import Service
    from icaccess.service.pages import pages
    from icaccess.service.settings import ServiceSettings, parse_interval
    from icaccess.service.state import State

    request.settings.check()
    settings = request.settings.section("service", ServiceSettings)
    interval = settings.interval if interval is None else interval
    every = parse_interval(interval)
    state, log = State(), service_log()
    service = Service(request, every, state, log)
    with pages(state, settings.listen if listen is None else listen) as address, service.signals():
        event(log, "started", interval=interval, listen=address)
        for name, folder in installed_folders(request, policy=False).items():
            event(log, "using_installed", level=logging.WARNING, folder=str(folder), option=f"--{name}")
        service.serve()
