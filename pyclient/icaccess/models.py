"""The values that icaccess moves: facts about employees on the way in, decisions on the way out.

Every value is frozen. Facts have one shape in YAML, JSON, JSON Lines and as OPA's `input`; the JSON Schemas
in `policy/schemas/` are generated from the classes here. Dates are calendar days in the district's zone,
written `YYYY-MM-DD`. Nothing in this module judges: Rego alone decides which facts grant access.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Text = Annotated[str, Meta(min_length=1)]
"""A string that is not empty: an id, a role, a location, a certification's name."""

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
"""The days that the policy can decide for (`policy/lib/dates.rego`)."""
NO_SUCH_DAY = f"is outside the years {FIRST_DAY.year} to {LAST_DAY.year}; give a day within them"


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all facts: unknown fields are refused, absent ones stay absent when written."""


class EmploymentPeriod(Fact, frozen=True):
    """One period of employment (ES-10). `end` is the last day employed; absent means open."""

    start: date
    end: date | UnsetType = UNSET


class Assignment(Fact, frozen=True):
    """One job held (ES-2, ES-3). `end` is its last day; `school_based` overrides the location's type."""

    role: Text
    location: Text
    start: date
    end: date | UnsetType = UNSET
    school_based: bool | UnsetType = UNSET


class Certification(Fact, frozen=True):
    """One completion in Learning Space (ES-4, ES-5)."""

    name: Text
    completed_on: date


class Approval(Fact, frozen=True):
    """One decision of an approver (ES-6); `role` and `location`, if given, name the job that it is for.

    `approver_jobs` are the approver's own assignments as HR has them. They take precedence over
    `approver_role`, the approver's role according to a source that may vouch for roles.
    """

    decision: Literal["approved", "denied", "withdrawn"]
    decided_on: date
    approver: Text
    approver_role: Text | UnsetType = UNSET
    approver_jobs: tuple[Assignment, ...] | UnsetType = UNSET
    role: Text | UnsetType = UNSET
    location: Text | UnsetType = UNSET


class BasisApproval(Fact, frozen=True):
    """The approval that a decision to allow rests on (ES-6)."""

    decided_on: date
    approver: Text


class Basis(Fact, frozen=True, gc=False):
    """The records that a decision to allow rests on: a job, an employment, two completions, an approval.

    `job_start` is the first day of the job's run of records, `employment_start` that of the period of
    employment.
    """

    role: Text
    location: Text
    job_start: date
    employment_start: date
    walk_in: date
    elementary: date
    approval: BasisApproval


class Access(Fact, frozen=True):
    """What the target shows that a person holds now; absent means that the person holds nothing.

    `basis` belongs to the last decision that allowed what is held, as this system recorded it.
    """

    held: bool
    since: date | UnsetType = UNSET
    locations: tuple[Text, ...] | UnsetType = UNSET
    basis: Basis | UnsetType = UNSET


class Employee(Fact, frozen=True):
    """Everything known about one employee, and exactly what OPA receives.

    An empty list says that there are none; an absent list says that nobody looked, and the policy then
    answers `undecided` with `facts_missing`.
    """

    id: Text
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    employment: tuple[EmploymentPeriod, ...] | UnsetType = UNSET
    assignments: tuple[Assignment, ...] | UnsetType = UNSET
    certifications: tuple[Certification, ...] | UnsetType = UNSET
    approvals: tuple[Approval, ...] | UnsetType = UNSET
    access: Access | UnsetType = UNSET


LISTS = ("employment", "assignments", "certifications", "approvals")
"""The lists of facts of an employee."""


class InvalidRecord(msgspec.Struct, frozen=True):
    """A record with a readable id and some other error: undecided, while the others go on.

    `problem` is one line: file, line or record, field, what is wrong, what to do.
    """

    id: str
    problem: str
    email: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    """What names the account of the person at some targets, where the record says it beyond doubt."""


Record = Employee | InvalidRecord
"""One employee, as a source of facts gives it."""


class Unread(msgspec.Struct, frozen=True, gc=False):
    """A record that is not decoded yet: decoding is most of a record's cost.

    `digest` covers everything that the record is made of, so two with equal digests are equal.
    """

    id: str
    digest: bytes
    read: Callable[[], Record]


AnyRecord = Record | Unread
"""One employee, decoded or not."""


def decoded(record: AnyRecord) -> Record:
    """The same record, decoded now if nobody did before."""
    return record.read() if isinstance(record, Unread) else record


Outcome = Literal["allow", "deny", "expired", "undecided"]
Action = Literal["grant", "keep", "update", "revoke", "none"]


class Reason(msgspec.Struct, frozen=True):
    """Why access is not allowed: a stable code, the posted clause, what is wrong, and what to do about it."""

    code: str
    clause: str | None
    message: str
    remedy: str


class Expiry(msgspec.Struct, frozen=True):
    """How long the latest certification that counts is good for (ES-11 … ES-13)."""

    valid_through: date
    recertification_opens: date
    state: Literal["valid", "recertify", "expired"]


class Verdict(msgspec.Struct, frozen=True):
    """The parts of a decision that say whether a run needs the rest; for most people it does not."""

    outcome: Outcome
    action: Action
    warnings: tuple[str, ...] = ()


DecisionJson = bytes | msgspec.Raw
"""A decision as OPA wrote it."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The policy's answer for one employee on one day, field for field as OPA gives it."""

    employee_id: str
    as_of: date
    outcome: Outcome
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]
    locations: tuple[str, ...]
    expiry: Expiry | None
    requirements_met_on: date | None
    grant_due_by: date | None
    action: Action
    needs_consent: bool
    escalate: bool
    recheck_on: date | None
    basis: Basis | None


ChangeAction = Literal["grant", "update", "revoke"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change at a target. `after` is what the account should hold then, None for nothing."""

    action: ChangeAction
    employee_id: str
    account: str
    before: Access | None
    after: Access | None


class SourceSize(msgspec.Struct, frozen=True):
    """What the store remembers of a source's last good run."""

    rows: int
    people: int
    """How many different people its rows name."""
    newest: date | None = None
    """The latest day in its rows."""
    filled: dict[str, int] = {}
    """How many rows have each field, and each name that policy data knows: `{"assignments.end": 12}`."""


class ClauseExplanation(msgspec.Struct, frozen=True):
    """One posted clause and whether it is met; `met` is null if the clause does not apply to the person.

    `facts` holds the records that show it, as the employee's facts have them.
    """

    clause: str
    met: bool | None
    message: str
    facts: list[msgspec.Raw]


class ApprovalsDue(msgspec.Struct, frozen=True):
    """Where somebody works for whom only an approval is missing, and where somebody may approve."""

    asked_at: tuple[str, ...]
    approves_at: tuple[str, ...]


class ApprovalElsewhere(msgspec.Struct, frozen=True):
    """An approval of a job at `location` by somebody who might not approve there.

    `approver_locations` are those at which the approver might; null where nobody says where they worked.
    """

    location: str
    decided_on: date
    approver: str
    approver_locations: tuple[str, ...] | None
