"""The service: a run in every slot, one at once on SIGHUP, and a clean end on SIGTERM."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from icaccess.errors import ConfigError, RunVoidError, StoreLockedError
from icaccess.request import Request
from icaccess.service.log import event, told
from icaccess.service.once import Done, Stopped, Stopping, notify, once
from icaccess.service.state import RunOutcome, State
from icaccess.store.database import instant
from icaccess.store.settings import file_of
from icaccess.text import how_many, impersonal

_FIRST_RETRY = timedelta(seconds=5)

_AGAIN_SOON = timedelta(seconds=2)
"""Roughly how long it takes until every OPA has loaded a new policy."""

_LOCKED_AT_MOST = timedelta(seconds=15)

_LOOK_EVERY = 0.2
"""Seconds between two looks at the clock, which may be set, and for a signal, which may precede a wait."""

_VOID_AT_MOST = 20
"""How many void runs in a row a new policy can explain; more are a failure."""

Work = Callable[[Request, datetime | None, Stopping], Done | None]
"""One run: `once`, or a test's own."""

Notify = Callable[[Request, tuple[str, str] | None], tuple[dict[str, int], list[str]]]
"""Sends notices after a run, with the name and message of its error if it failed: `notify`."""


@dataclass(eq=False)
class Service:
    """Keeps access correct until it must stop.

    Every run reads configuration, facts and secrets again, so that a change counts from the next run
    on. The service retries a failed run after ever longer waits; state and log have its error.
    """

    request: Request
    interval: timedelta
    state: State
    log: logging.Logger
    work: Work = once
    notify: Notify = notify
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _stop: bool = field(default=False, init=False)
    # Not events: the code that a signal interrupts may hold the lock of one.
    _wake: bool = field(default=False, init=False)
    _in_any_case: bool = field(default=False, init=False)
    _has_notified: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _voids: int = field(default=0, init=False)
    _had: set[Path] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._zone = self.request.settings.zone
        self._remember(self.request)

    def stop(self) -> None:
        """End after the change in progress; nothing is left half done."""
        self._stop = True

    def run_now(self) -> None:
        """Run at once, or again after the current run, even if the slot is done."""
        self._in_any_case = True
        self._wake = True

    def serve(self) -> None:
        """Run in every slot until `stop`."""
        while not self._stop:
            in_any_case = self._in_any_case
            if in_any_case:  # a signal that comes just here is not forgotten
                self._in_any_case = False
            retry = self.attempt(None if in_any_case else slot(self.now(), self.interval, self._zone))
            if retry is not None and in_any_case:
                self._in_any_case = True  # it is still due
            self._wait_until(retry or next_slot(self.now(), self.interval, self._zone))
        self.state.phase("stopping")
        event(self.log, "stopped")

    @contextmanager
    def signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C stop the service, SIGHUP runs it at once, within the block."""

        # What they do only sets flags: a signal may come while the log holds a lock.
        does = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self.run_now}
        before = {one: signal.signal(one, lambda number, _: does[signal.Signals(number)]()) for one in does}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def attempt(self, since: datetime | None) -> datetime | None:
        """Run once, and give the time of the next attempt; None when this one succeeded."""
        self.state.phase("running")
        began = time.monotonic()
        try:
            request = replace(self.request)  # a fresh one, which reads everything again
            request.settings.check()
            self._miss(request)
            done = self.work(request, since, lambda: self._stop)
            self._remember(request)
        except Stopped:
            event(self.log, "run_stopped")
            return self.now()
        except StoreLockedError:
            self.state.ended("locked", self._failures)
            return self.now() + min(self.interval / 10, _LOCKED_AT_MOST)
        except RunVoidError as error:
            self._voids += 1
            if self._voids > _VOID_AT_MOST:
                return self._failed("failed", type(error).__name__, told(error))
            self.state.ended("void", self._failures)
            event(self.log, "run_void", message=told(error))
            return self.now() + _AGAIN_SOON
        except Exception as error:  # noqa: BLE001 (a service outlives what nobody foresaw, and says so)
            return self._failed("failed", type(error).__name__, told(error))
        if done is not None:
            self._tell(done, time.monotonic() - began)
            if not done.summary.complete and not self._stop:
                self._in_any_case = True
                count = how_many(len(done.summary.failures) + done.summary.left, "change")
                return self._failed("incomplete", "ChangesFailed", f"{count} could not be made")
        # A service that was killed, or a person who let a plan through the guard, sent no notices.
        if done is not None or not self._has_notified:
            self._has_notified = True
            self._notify(None)
        self._failures = self._voids = 0
        self.state.ended("done" if done else "done by another", 0)
        return None

    def _remember(self, request: Request) -> None:
        self._had |= {file for file in _relied_on(request) if _holds_something(file)}

    def _miss(self, request: Request) -> None:
        """Raise `ConfigError` when an earlier run's file of settings or of the store is gone.

        Without the settings there is no guard, and without its file a store is new and empty: a run would
        treat that as intended.
        """
        for file in _relied_on(request):
            if file in self._had and not _holds_something(file):
                raise ConfigError(
                    f"{file}: was there, and is gone or empty; put it back, or, if that is meant, "
                    "restart the service"
                )

    def _failed(self, outcome: RunOutcome, error: str, message: str) -> datetime:
        self._failures += 1
        self._has_notified = False
        self.state.ended(outcome, self._failures, error)
        due = self.now() + retry_after(self._failures, self.interval)
        event(
            self.log,
            "run_failed",
            level=logging.ERROR,
            outcome=outcome,
            error=error,
            message=message,
            failures=self._failures,
            next_run=instant(due),
        )
        self._notify((error, message))
        return due

    def _notify(self, failure: tuple[str, str] | None) -> None:
        """Send the notices that are due after a run; their errors go to the log and fail no run."""
        try:
            counts, problems = self.notify(replace(self.request), failure)
        except StoreLockedError:  # another service is telling, or a run began, which may tell nobody
            self._has_notified = False
            return
        except Exception as error:  # noqa: BLE001 (as above)
            counts, problems = {}, [told(error)]
        if counts or problems:
            level = logging.ERROR if problems else logging.INFO
            event(self.log, "notices", level=level, counts=counts, problems=list(map(impersonal, problems)))

    def _tell(self, done: Done, seconds: float) -> None:
        self.state.carried_out(done, seconds)
        for one in done.unwitnessed:
            problem = {"witness": one.witness, "message": impersonal(one.problem)}
            event(self.log, "witness_failed", level=logging.ERROR, **problem)
        event(
            self.log,
            "run_done",
            run=done.summary.run_id,
            as_of=done.plan.as_of,
            seconds=round(seconds, 3),
            people=done.plan.people,
            planned=done.plan.counts,
            escalations=done.plan.escalations,
            changes=done.summary.counts,
            left=done.summary.left,
            pending=done.plan.still_pending + done.summary.counts.get("pending", 0),
            overdue=done.plan.overdue,
            export_due_since=done.plan.export_due_since,
            waiting_for_consent=done.summary.waiting,
            unnamed=len(done.plan.unnamed),
            sources={one.name: one.counts for one in done.plan.sources},
            leaning=done.plan.leaning,
            nearly_known={one.name: one.near for one in done.plan.sources if one.near},
            policy_revision=done.plan.policy_revision,
            data_revision=done.plan.data_revision,
        )

    def _wait_until(self, due: datetime) -> None:
        """Wait for a time by the clock, which may be set meanwhile; an interval at most."""
        while not (self._stop or self._wake) and (now := self.now()) < due:
            due = min(due, now + self.interval)
            self.state.phase("backing off" if self._failures else "waiting", due)
            time.sleep(min((due - now).total_seconds(), _LOOK_EVERY))
        self._wake = False


def slot(now: datetime, interval: timedelta, zone: ZoneInfo) -> datetime:
    """The start of the slot that holds `now`: slots begin at the zone's midnight, so that dates are fresh."""
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(now.tzinfo)
    return midnight + (now - midnight) // interval * interval


def next_slot(now: datetime, interval: timedelta, zone: ZoneInfo) -> datetime:
    """The start of the slot after the one that holds `now`; at the latest the next midnight of the zone."""
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) + timedelta(days=1)
    return min(slot(now, interval, zone) + interval, midnight.astimezone(now.tzinfo))


def retry_after(failures: int, interval: timedelta) -> timedelta:
    """How long to wait after a number of failures in a row: twice as long each time, at most an interval."""
    doubled: int = 2 ** min(failures - 1, 20)
    return min(_FIRST_RETRY * doubled, interval)


def _relied_on(request: Request) -> list[Path]:
    store = file_of(request.store_url)
    return [request.settings.file] if store is None else [request.settings.file, store]


def _holds_something(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False
