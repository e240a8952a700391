"""One run of the service: the work of `icaccess apply`, unless another service has already done it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from icaccess.apply import Summary
from icaccess.audit.heads import Receipt
from icaccess.errors import IcaccessError
from icaccess.notices.settings import is_configured
from icaccess.pipeline import Run, start
from icaccess.plan import Plan
from icaccess.request import Request
from icaccess.store import past_runs
from icaccess.store.database import instant
from icaccess.store.lock import caller

_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clocks of two services may be apart."""

Stopping = Callable[[], bool]


class Stopped(IcaccessError):
    """The service had to stop, and did so before it changed anything."""


class Done(msgspec.Struct, frozen=True):
    """A completed run: its plan and its result."""

    plan: Plan
    summary: Summary
    unwitnessed: tuple[Receipt, ...] = ()
    """The witnesses that did not accept the audit record's head, and why."""


def once(request: Request, since: datetime | None, stopping: Stopping) -> Done | None:
    """Gather, decide, plan, guard, apply and verify; None if another service has done so since `since`.

    Without `since` it always runs. `GuardStop` when too much would change. `Stopped` when `stopping` becomes
    true before the first change; later it ends after the changes in progress, and the summary says how many
    are left.
    """

    def heed(*_: object) -> None:
        if stopping():
            raise Stopped("stopped before anything was changed")

    with start(replace(request, progress=heed)) as run:
        if _was_done(run, since):
            return None
        with run.changing("icaccess run"):
            if _was_done(run, since):  # by another service, since this one looked
                return None
            plan = run.plan()
            result = run.guard(plan)
            result.check()
            heed()
            summary = run.apply(plan, result, by=caller(), stopping=stopping)
    return Done(plan, summary, tuple(one for one in run.receipts if one.problem))


def _was_done(run: Run, since: datetime | None) -> bool:
    if since is None:
        return False
    store = run.parts.store
    # A run of a time to come is no sign that this slot is done, but that the clock went back.
    end = instant(store.moment() + _CLOCKS_DIFFER)
    with store.reading() as connection:
        return past_runs.finished_between(connection, run.parts.target.identity, instant(since), end, run.day)


def notify(request: Request, failure: tuple[str, str] | None) -> tuple[dict[str, int], list[str]]:
    """Send the notices that are due after a run, if the settings say how; gives counts and problems.

    The problems name nobody, since they go to the log.
    """
    if not is_configured(request.settings):
        return {}, []
    from icaccess.notices import send
    from icaccess.notices.gather import Failure

    due, told = send.notify(request, Failure(*failure) if failure else None)
    said = (due.problem, told.stopped, *told.problems, *told.warnings)
    return told.counts, [problem for problem in said if problem]
