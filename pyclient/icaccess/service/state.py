"""The state of the service for its pages and metrics, without anything about a person."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from icaccess.service.once import Done
from icaccess.store.database import instant

Phase = Literal["starting", "running", "waiting", "backing off", "stopping"]
RunOutcome = Literal["done", "incomplete", "done by another", "failed", "void", "locked"]
_GOOD = ("done", "done by another")


class Health(msgspec.Struct, kw_only=True, frozen=True):
    """What `/healthz` and `/readyz` show."""

    phase: Phase = "starting"
    last_outcome: RunOutcome | None = None
    last_ended: str | None = None
    last_good: str | None = None
    failures: int = 0
    """How many runs in a row have failed."""
    error: str | None = None
    """The kind of the last error, while failures last; only the log has its words."""
    next_run: str | None = None


class State:
    """The service's state, written by its loop alone, and read by its pages: `health` is replaced whole."""

    def __init__(self) -> None:
        self.health = Health()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._runs = Counter("icaccess_runs", "Runs by outcome.", ["outcome"], registry=self.registry)
        self._seconds = Histogram(
            "icaccess_run_seconds",
            "How long the completed runs took.",
            buckets=(1, 5, 15, 60, 300, 900, 3600),
            registry=self.registry,
        )
        self._changes = Counter("icaccess_changes", "Changes by state.", ["state"], registry=self.registry)
        self._people = self._gauge("people", "People in the facts of the last run.")
        self._planned = self._gauge("planned", "People by their action in the last plan.", "action")
        self._escalations = self._gauge("escalations", "Grants that were overdue in the last plan (ES-8).")
        self._pending = self._gauge("pending", "Requested changes that the target does not show yet.")
        self._overdue = self._gauge("overdue", "Pending changes that should show by now.")
        self._export = self._gauge(
            "oldest_export_seconds",
            "How long the oldest work list has waited for a newer export; 0 if none waits.",
        )
        self._consents = self._gauge("waiting_for_consent", "Revocations that wait for a consent.")
        self._failures = self._gauge("consecutive_failures", "Runs in a row that failed.")
        self._last_good = self._gauge("last_success_timestamp_seconds", "When a run last succeeded.")
        for gauge in (self._pending, self._overdue, self._export, self._consents, self._escalations):
            gauge.set(math.nan)  # unknown until a run of this process; unknown is not none
        for outcome in RunOutcome.__args__:  # type: ignore[attr-defined]  # a Literal has them
            self._runs.labels(outcome)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"icaccess_{name}", text, labels, registry=self.registry)

    @property
    def ready(self) -> bool:
        """Whether a run has succeeded, none has failed since, and the service is not about to end."""
        health = self.health
        return health.last_good is not None and not health.failures and health.phase != "stopping"

    def phase(self, phase: Phase, next_run: datetime | None = None) -> None:
        """Note what the service does now, and when it will run again."""
        due = instant(next_run) if next_run else None
        self.health = msgspec.structs.replace(self.health, phase=phase, next_run=due)

    def ended(self, outcome: RunOutcome, failures: int, error: str | None = None) -> None:
        """Note how a run ended."""
        now = datetime.now(UTC)
        self._runs.labels(outcome).inc()
        self._failures.set(failures)
        if outcome in _GOOD:
            self._last_good.set(now.timestamp())
        self.health = msgspec.structs.replace(
            self.health,
            last_outcome=outcome,
            last_ended=instant(now),
            last_good=instant(now) if outcome in _GOOD else self.health.last_good,
            failures=failures,
            error=error,
        )

    def carried_out(self, done: Done, seconds: float) -> None:
        """Count a run's work."""
        self._seconds.observe(seconds)
        self._people.set(done.plan.people)
        self._escalations.set(done.plan.escalations)
        self._pending.set(done.plan.still_pending + done.summary.counts.get("pending", 0))
        self._overdue.set(done.plan.overdue)
        self._consents.set(done.summary.waiting)
        since = done.plan.export_due_since
        self._export.set_function(lambda: (datetime.now(UTC) - since).total_seconds() if since else 0)
        for action in ("grant", "update", "revoke", "keep", "none", "undecided"):
            self._planned.labels(action).set(done.plan.counts.get(action, 0))
        for state, count in done.summary.counts.items():
            self._changes.labels(state).inc(count)
