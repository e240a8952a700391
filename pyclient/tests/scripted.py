"""A stand-in for the client of OPA that answers by a script, for tests of what comes after the decision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import msgspec

from icaccess.models import Access, Basis, BasisApproval, Decision, Employee, InvalidRecord, Reason, Record
from icaccess.opa.transport import Revisions
from icaccess.opa.undecided import invalid_record

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


class ScriptedClient:
    """Allows the people named, for the locations given; has no answer for `unsure`; denies everybody else."""

    def __init__(
        self,
        allowed: Mapping[str, tuple[str, ...]],
        *,
        unsure: Iterable[str] = (),
        overdue: Iterable[str] = (),
        reason: str = "role_not_eligible",
    ) -> None:
        self.allowed = dict(allowed)
        self.unsure = set(unsure)
        self.overdue = set(overdue)
        self.reason = reason

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
            yield msgspec.json.encode(self.decide(record, at), order="sorted")

    def decide(self, record: Record, at: date) -> Decision:
        if isinstance(record, InvalidRecord):
            return invalid_record(record.id, at, record.problem)
        held = isinstance(record.access, Access) and record.access.held
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
        allowed = outcome == "allow"
        return Decision(
            employee_id=record.id,
            as_of=at,
            outcome=outcome,
            reasons=reasons,
            warnings=(),
            locations=locations,
            expiry=None,
            requirements_met_on=date(2023, 8, 14) if allowed else None,
            grant_due_by=date(2023, 8, 16) if allowed else None,
            action=action,
            needs_consent=False,
            escalate=record.id in self.overdue and action == "grant",
            recheck_on=None,
            basis=BASIS if allowed else None,
        )


def people(*ids: str, **more: str) -> list[Employee]:
    """Records that hold nothing but an id, and a username and an address made of it."""
    return [Employee(id=one, username=f"user{one}", email=f"user{one}@example.org", **more) for one in ids]
