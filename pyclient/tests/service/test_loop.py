"""The loop: what it makes of each way in which a run can end, told by a run that ends as the test says."""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from icaccess.apply import FailedChange, Summary
from icaccess.errors import EngineError, GuardStop, RunVoidError, StoreLockedError
from icaccess.facts.interface import SourceReport
from icaccess.plan import Plan, PlannedChange
from icaccess.request import Request
from icaccess.service.log import JsonLines
from icaccess.service.loop import Service
from icaccess.service.once import Done
from icaccess.service.state import State
from tests.service import district
from tests.sidecar.service import wait_until

CHANGE = PlannedChange(
    action="revoke", employee_id="000001", account="000001", before=None, after=None, outcome="deny"
)
PLAN = Plan(
    as_of=date(2025, 9, 10),
    target="ledger",
    target_digest="",
    facts_digest="",
    policy_revision="",
    data_revision="",
    people=1,
    holders=1,
    counts={"revoke": 1},
    changes=(CHANGE,),
    pending=(),
    undecided=(),
    drift=(),
    sources=(SourceReport(name="lms", near={"Elementary  scheduling": "Elementary Scheduling"}),),
)
DONE = Done(PLAN, Summary(run_id=1, counts={"verified": 1}, failures=()))
INCOMPLETE = Done(PLAN, Summary(run_id=1, counts={"failed": 1}, failures=(FailedChange(CHANGE, "refused"),)))


class Lines(logging.Handler):
    """Keeps what is logged, as the service writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


def test_missing_settings_or_store_stop_the_run(tmp_path: Path) -> None:
    config = shutil.copytree(district.ROOT / "config", tmp_path / "config")
    store = tmp_path / "store.db"
    store.write_text("a store")
    lines, log, state = Lines(), logging.Logger("test"), State()
    log.addHandler(lines)
    runs: list[Request] = []

    def work(request: Request, _: object, __: Callable[[], bool]) -> Done:
        runs.append(request)
        return DONE

    request = Request(config=config, store=f"sqlite:///{store}")
    service = Service(request, timedelta(hours=1), state, log, work)
    settings = config / "icaccess.yaml"
    for file in (settings, store):
        text = file.read_text()
        assert service.attempt(None) is None
        for spoil in (file.unlink, lambda file=file: file.write_text("")):  # type: ignore[misc]  # no type is inferred
            spoil()
            before = len(runs)
            assert service.attempt(None) is not None
            assert len(runs) == before
            message = str(lines.lines[-1]["message"])
            assert message.startswith(f"{file}: was there, and is gone or empty; put it back")
        file.write_text(text)
    assert service.attempt(None) is None


class Clock:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@contextmanager
def serving(
    *ends: Done | Exception | None, interval: timedelta = timedelta(seconds=1), clock: Clock | None = None
) -> Iterator[tuple[Service, State, list[bool], list[dict[str, object]]]]:
    """A service whose runs end as `ends` says, one after the other, and well after that.

    Gives the service, its state, for each run whether it was to be done in any case, and the log.
    """
    asked: list[bool] = []
    left = list(ends)

    def work(_: Request, since: object, __: Callable[[], bool]) -> Done | None:
        asked.append(since is None)
        end = left.pop(0) if left else DONE
        if isinstance(end, Exception):
            raise end
        return end

    lines, log, state = Lines(), logging.Logger("test"), State()
    log.addHandler(lines)
    request = Request(config=district.ROOT / "config")
    service = Service(request, interval, state, log, work, now=clock or Clock())
    thread = threading.Thread(target=service.serve, daemon=True)
    thread.start()
    try:
        yield service, state, asked, lines.lines
    finally:
        service.stop()
        thread.join(60)
        assert not thread.is_alive()


def outcomes(state: State) -> dict[str, float]:
    """How many runs ended how, by the metrics."""
    samples = [s for metric in state.registry.collect() for s in metric.samples]
    return {s.labels["outcome"]: s.value for s in samples if s.name == "icaccess_runs_total" and s.value}


def test_failed_changes_are_tried_again() -> None:
    clock = Clock()
    with serving(INCOMPLETE, interval=timedelta(days=1), clock=clock) as (_, state, asked, log):
        wait_until(lambda: state.health.phase == "backing off", "the first run ends")
        clock.ahead += timedelta(seconds=5)
        wait_until(lambda: state.ready, "the second run ends well")
        assert asked == [False, True]
        assert outcomes(state) == {"incomplete": 1, "done": 1}
        assert [line["event"] for line in log] == ["run_done", "run_failed", "run_done"]
        assert log[1]["message"] == "1 change could not be made"
        assert log[2]["nearly_known"] == {"lms": {"Elementary  scheduling": "Elementary Scheduling"}}


@pytest.mark.parametrize(
    ("error", "outcome", "failures"),
    [
        (EngineError("nothing answers"), "failed", 1),
        (GuardStop("too many"), "failed", 1),
        (ZeroDivisionError("what\nnobody foresaw"), "failed", 1),
        (StoreLockedError("another works"), "locked", 0),
    ],
)
def test_every_error_is_outlived(error: Exception, outcome: str, failures: int) -> None:
    with serving(error) as (_, state, asked, log):
        wait_until(lambda: state.health.last_outcome is not None, "the first run ends")
        health = state.health
        if health.last_outcome == outcome:
            assert health.failures == failures
        wait_until(lambda: state.ready, "the next one ends well")
        assert asked[:2] == [False, False]
        assert outcomes(state)[outcome] == 1
        failed = [line for line in log if line["event"] == "run_failed"]
        assert [line["error"] for line in failed] == [type(error).__name__] * failures
        assert all("\n" not in str(line["message"]) for line in failed)


def test_a_slot_that_another_has_worked_ends_well() -> None:
    with serving(None, interval=timedelta(days=1)) as (_, state, _, log):
        wait_until(lambda: state.ready, "it is found done")
        assert outcomes(state) == {"done by another": 1}
        assert log == []
        for name in ("pending", "overdue", "oldest_export_seconds", "waiting_for_consent", "escalations"):
            assert math.isnan(state.registry.get_sample_value(f"icaccess_{name}") or 0), name


def test_what_was_asked_for_is_owed_until_it_ends_well() -> None:
    clock, ends = Clock(), (DONE, EngineError("down"), DONE)
    with serving(*ends, interval=timedelta(days=1), clock=clock) as (service, state, asked, _):
        wait_until(lambda: state.health.phase == "waiting", "the first run ends")
        service.run_now()
        wait_until(lambda: outcomes(state).get("failed"), "the second fails")
        clock.ahead += timedelta(seconds=5)
        wait_until(lambda: outcomes(state)["done"] >= 2 and state.ready, "the third ends well")
        assert asked[:3] == [False, True, True]


@pytest.mark.parametrize(
    ("set_to", "at_most"),
    [
        (timedelta(hours=2), timedelta()),
        (timedelta(days=-900), timedelta(hours=1)),
    ],
    ids=["forward", "back"],
)
def test_the_wait_follows_a_clock_that_is_set(set_to: timedelta, at_most: timedelta) -> None:
    clock = Clock()
    with serving(interval=timedelta(hours=1), clock=clock) as (_, state, asked, _log):
        wait_until(lambda: state.health.phase == "waiting", "the first run ends")
        clock.ahead = set_to
        if at_most:
            due = (clock() + 2 * at_most).isoformat()
            wait_until(lambda: str(state.health.next_run) < due, "the next run is due within an interval")
            clock.ahead += at_most
        wait_until(lambda: len(asked) > 1, "the next run begins")


def test_a_policy_that_never_settles_is_a_failure_in_the_end() -> None:
    def work(_: Request, __: object, ___: Callable[[], bool]) -> Done:
        raise RunVoidError("changed")

    state = State()
    service = Service(
        Request(config=district.ROOT / "config"), timedelta(hours=1), state, logging.Logger("test"), work
    )
    for number in range(1, 22):
        assert service.attempt(None) is not None
        assert state.health.failures == (1 if number == 21 else 0)


DISTURB = """
import os, signal, sys, time
for sent in range(30_000):
    os.kill(int(sys.argv[1]), signal.SIGHUP if sent < 3_000 else signal.SIGTERM)
    time.sleep(0.0005)
"""


def test_a_signal_may_come_at_any_moment() -> None:
    """Also while the service begins or ends to wait, when what it interrupts would hold a lock."""
    runs = 0

    def work(_: Request, __: object, ___: Callable[[], bool]) -> None:
        nonlocal runs
        runs += 1

    request = Request(config=district.ROOT / "config")
    service = Service(request, timedelta(days=1), State(), logging.Logger("test"), work)

    with (
        service.signals(),
        subprocess.Popen([sys.executable, "-c", DISTURB, str(os.getpid())]) as disturbing,
    ):
        try:
            service.serve()
        finally:
            disturbing.kill()
    assert runs > 1


def test_notices_go_out_and_fail_no_run() -> None:
    lines, log, state = Lines(), logging.Logger("test"), State()
    log.addHandler(lines)
    told: list[tuple[str, str] | None] = []

    def notify(_: Request, failure: tuple[str, str] | None) -> tuple[dict[str, int], list[str]]:
        told.append(failure)
        if len(told) == 2:
            raise EngineError("no OPA")
        return {"sent": 3}, []

    # The run that failed was made by somebody else in the end, who tells nobody.
    endings = [DONE, DONE, EngineError("gone"), StoreLockedError("taken"), None, None]

    def work(_: Request, __: object, ___: Callable[[], bool]) -> Done | None:
        ending = endings.pop(0)
        if isinstance(ending, Exception):
            raise ending
        return ending

    service = Service(Request(config=district.ROOT / "config"), timedelta(hours=1), state, log, work, notify)
    while endings:
        service.attempt(None)
    assert told == [None, None, ("EngineError", "gone"), None]
    logged = [(line["counts"], line["problems"]) for line in lines.lines if line["event"] == "notices"]
    assert logged == [({"sent": 3}, []), ({}, ["no OPA"]), *[({"sent": 3}, [])] * 2]


def test_a_new_service_sends_the_notices_that_a_killed_one_left() -> None:
    told: list[tuple[str, str] | None] = []

    def notify(_: Request, failure: tuple[str, str] | None) -> tuple[dict[str, int], list[str]]:
        told.append(failure)
        return {}, []

    request, log = Request(config=district.ROOT / "config"), logging.Logger("test")
    service = Service(request, timedelta(days=1), State(), log, lambda *_: None, notify)
    for _ in range(2):  # the run of this slot is done already
        assert service.attempt(None) is None
    assert told == [None]


def test_two_services_that_start_at_once_tell_in_turn() -> None:
    """While one sends the notices the other gets the lock's error, which is no problem to log."""
    lines, log = Lines(), logging.Logger("test")
    log.addHandler(lines)
    tellings: list[str | None] = ["taken", None]

    def notify(_: Request, __: tuple[str, str] | None) -> tuple[dict[str, int], list[str]]:
        if taken := tellings.pop(0):
            raise StoreLockedError(taken)
        return {}, []

    request = Request(config=district.ROOT / "config")
    service = Service(request, timedelta(hours=1), State(), log, lambda *_: None, notify)
    for _ in range(3):
        assert service.attempt(None) is None
    assert not tellings
    assert not lines.lines
