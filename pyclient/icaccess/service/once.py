"""One run of the service: what `icaccess apply` does, unless another service has done it already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from icaccess import changes
from icaccess.apply import Summary
from icaccess.errors import IcaccessError
from icaccess.facts.interface import RecordBatch
from icaccess.guard import GuardSettings
from icaccess.pipeline import Request
from icaccess.plan import Plan
from icaccess.store import journal
from icaccess.store.database import Store, instant
from icaccess.store.lock import caller
from icaccess.targets.interface import Target

Stopping = Callable[[], bool]


class Stopped(IcaccessError):
    """The service was asked to stop, and did so before it changed anything."""


class Done(msgspec.Struct, frozen=True):
    """A run that was carried out: what was planned, and what came of it."""

    plan: Plan
    summary: Summary


def once(request: Request, since: datetime | None, stopping: Stopping) -> Done | None:
    """Gather, decide, plan, guard, apply and verify; None where another service has done so since `since`.

    Without `since` it is done in any case. `GuardStop` when too much would change. `Stopped` when `stopping`
    came true before a change was made; later it ends after those at hand, and the summary says how many are
    left.
    """
    with changes.opened(request) as (store, target):
        if _was_done(request, store, target, since):
            return None
        with request.client() as client:
            plan, summary = changes.apply(
                _until(stopping, request.batches()),
                client,
                target,
                store,
                request.day,
                by=caller(),
                limits=request.settings.section("guard", GuardSettings),
                facts_age=request.facts_age,
                # Asked under the lock, so that two services never do the same slot.
                confirm=lambda _plan, _verdict: (
                    not stopping() and not _was_done(request, store, target, since)
                ),
                stopping=stopping,
            )
    if summary is not None:
        return Done(plan, summary)
    if stopping():
        raise Stopped("stopped before anything was changed")
    return None


def _was_done(request: Request, store: Store, target: Target, since: datetime | None) -> bool:
    if since is None:
        return False
    with store.reading() as connection:
        return journal.finished_since(connection, target.identity, instant(since), request.day)


def _until(stopping: Stopping, batches: Iterable[RecordBatch]) -> Iterator[RecordBatch]:
    for batch in batches:
        if stopping():
            raise Stopped("stopped before anything was changed")
        yield batch
