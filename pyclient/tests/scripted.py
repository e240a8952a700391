"""A stand-in for the client of OPA that answers by a script, for tests of what comes after the decision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from icaccess.apply import Summary
from icaccess.facts.interface import Facts, Traces
from icaccess.guard import GuardSettings, Limit, RemovalLimit
from icaccess.models import (
    Access,
    Basis,
    BasisApproval,
    Decision,
    Employee,
    Expiry,
    InvalidRecord,
    Reason,
    Record,
    Unread,
)
from icaccess.opa.answers import invalid_record
from icaccess.opa.bundles import Revisions
from icaccess.pipeline import Run
from icaccess.plan import Plan
from icaccess.store import audit
from icaccess.store.consents import Consent
from icaccess.store.database import Store
from icaccess.store.schema import change
from icaccess.store.verify import verify
from icaccess.targets.interface import Target

DAY = date(2025, 9, 10)
BASIS = Basis(
    role="Office Professional",
    location="210",
    job_start=date(2023, 8, 7),
    employment_start=date(2023, 8, 7),
    walk_in=date(2023, 8, 10),
    elementary=date(2023, 8, 12),
    approval=BasisApproval(decided_on=date(2023, 8, 14), approver="000777"),
)
REVISIONS = Revisions("a" * 64, "b" * 64)
"""Of no script in particular, for callers that say which they want."""


NO_LIMITS = GuardSettings(
    revocations=RemovalLimit(count=None, share=None),
    grants=Limit(count=None),
    undecided=Limit(count=None),
    facts_shrink=None,
)


class Listed(Facts):
    """Facts that are a list; their age is that of `as_of`."""

    def __init__(self, records: Iterable[Record], as_of: datetime | None = None) -> None:
        self.listed = list(records)
        self.as_of = as_of

    @property
    def names(self) -> list[str]:
        return ["listed"]

    def records(self) -> Iterator[Record]:
        return iter(self.listed)

    def traced(self) -> Iterator[tuple[Record, Traces]]:
        return ((record, {}) for record in self.listed)


class Parts(NamedTuple):
    """What a run works with, made by a test."""

    facts: Facts
    client: Any
    store: Store
    target: Target
    nobody_yet: bool = False
    settings_digest: str = ""
    document: Any = None
    hand_over: Any = tuple


def run_on(
    records: Iterable[Record] | Facts,
    client: Any,
    target: Target,
    store: Store,
    day: date = DAY,
    limits: GuardSettings = NO_LIMITS,
) -> Run:
    """A run on these parts."""
    facts = records if isinstance(records, Facts) else Listed(records)
    return Run(Parts(facts, client, store, target), day, limits)


def do(
    store: Store,
    target: Target,
    client: Any,
    records: Iterable[Record] | Facts,
    *,
    limits: GuardSettings = NO_LIMITS,
    consent: Consent | None = None,
    day: date = DAY,
    full: bool = False,
    adopted: bool = True,
) -> tuple[Plan, Summary]:
    """Plan, guard, apply and verify, as `icaccess apply --yes` does; the target passes for `adopted`."""
    run = run_on(records, client, target, store, day, limits)
    with run.changing("icaccess apply"):
        plan = run.plan(full=full)
        if consent is not None:
            run.consent(consent, run.guard(plan))
        result = run.guard(plan)
        if adopted:
            result = msgspec.structs.replace(result, not_adopted="")
        result.check()
        return plan, run.apply(plan, result, by="tester@here")


def adopt(
    store: Store, target: Target, records: Iterable[Record], day: date = DAY, client: Any = None
) -> int:
    """Take over who holds access, as `icaccess adopt` does."""
    run = run_on(records, client or ScriptedClient({}), target, store, day)
    with run.changing("icaccess adopt"):
        return run.adopt(by="tester@here")


def states(store: Store) -> list[tuple[str, str, str]]:
    """What the journal holds: action, id and state of each change."""
    with store.reading() as connection:
        rows = connection.execute(select(change).order_by(change.c.run_id, change.c.n))
        return [(row.action, row.employee_id, row.state) for row in rows]


def kinds(store: Store) -> list[str]:
    """The kinds of the audit record's entries but those of rows, all of it verified."""
    with store.reading() as connection:
        verify(connection)
        return [entry.kind for entry in audit.entries(connection) if entry.kind not in ("access", "rows")]


class ScriptedClient:
    """Allows the people named, for the locations given; has no answer for `unsure`; denies everybody else."""

    def __init__(
        self,
        allowed: Mapping[str, tuple[str, ...]],
        *,
        unsure: Iterable[str] = (),
        overdue: Iterable[str] = (),
        reason: str = "role_not_eligible",
        waiting: Iterable[str] = (),
        bases: Mapping[str, Basis] | None = None,
        expired: Iterable[str] = (),
        warned: Iterable[str] = (),
        valid_through: date | None = None,
    ) -> None:
        self.allowed = dict(allowed)
        self.unsure = set(unsure)
        self.overdue = set(overdue)
        self.reason = reason
        self.waiting = set(waiting)
        self.bases = dict(bases or {})
        self.expired = set(expired)
        self.warned = set(warned)
        self.valid_through = valid_through
        self.seen: dict[str, Basis | msgspec.UnsetType] = {}
        """The basis with which each holder came."""

    def revisions(self) -> Revisions:
        """Another script is another policy."""
        script = repr((sorted(self.allowed.items()), sorted(self.unsure), sorted(self.overdue), self.reason))
        return Revisions(hashlib.sha256(script.encode()).hexdigest(), "b" * 64)

    def decide_json(
        self,
        records: Iterable[Record],
        at: date,
        *,
        revisions: Revisions | None = None,  # noqa: ARG002
    ) -> Iterator[bytes]:
        for record in records:
            record = record.read() if isinstance(record, Unread) else record
            yield msgspec.json.encode(self.decide(record, at), order="sorted")

    def evidence(self, records: Iterable[Record], *_: object) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What has gone, for those who wait."""
        for record in records:
            yield record.id, (f"what the access of {record.id} rested on is no longer in the facts",)

    def decide(self, record: Record, at: date) -> Decision:
        if isinstance(record, InvalidRecord):
            return invalid_record(record.id, at, record.problem)
        held = isinstance(record.access, Access) and record.access.held
        if held:
            self.seen[record.id] = record.access.basis
        outcome, action, locations, reasons = "deny", "revoke" if held else "none", (), ()
        if record.id in self.unsure:
            outcome, action = "undecided", "none"
            reasons = (Reason("facts_missing", None, "The facts lack certifications.", "Supply them."),)
        elif record.id in self.allowed:
            outcome, locations = "allow", self.allowed[record.id]
            action = "grant"
            if held:
                shown = record.access.locations
                action = "keep" if shown is msgspec.UNSET or set(shown) == set(locations) else "update"
        else:
            reasons = (Reason(self.reason, "ES-2", "The role Teacher is not listed.", "Ask DoTS."),)
            outcome = "expired" if record.id in self.expired else outcome
        allowed = outcome == "allow"
        ends = self.valid_through
        return Decision(
            employee_id=record.id,
            as_of=at,
            outcome=outcome,
            reasons=reasons,
            warnings=("denial_names_no_job",) if record.id in self.warned else (),
            locations=locations,
            expiry=Expiry(ends, ends, "valid") if allowed and ends else None,
            requirements_met_on=date(2023, 8, 14) if allowed else None,
            grant_due_by=date(2023, 8, 16) if allowed else None,
            action=action,
            needs_consent=action == "revoke" and record.id in self.waiting,
            escalate=record.id in self.overdue and action == "grant",
            recheck_on=None,
            basis=self.bases.get(record.id, BASIS) if allowed else None,
        )


def people(*ids: str, **more: str) -> list[Employee]:
    """Records that hold nothing but an id, and a username and an address made of it."""
    return [Employee(id=one, username=f"user{one}", email=f"user{one}@example.org", **more) for one in ids]
