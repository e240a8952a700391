"""The plan: what would change and why, as values to show, save and carry out.

A plan has its own digest and those of everything that it rests on, so that `apply` recognizes and refuses a
stale or edited one.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.errors import PlanError, file_errors
from icaccess.facts.interface import SourceReport
from icaccess.files import file_to_read, write_private
from icaccess.models import Access, Action, Basis, Change, ChangeAction, Outcome, Reason
from icaccess.targets.interface import UnnamedMember


class PlannedChange(
    Change, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """One change of a plan with what it rests on.

    A revocation has `reasons`, a grant or an update the `basis` and, if the calendar covers it, its due day
    (ES-7). If the change needs a consent, `gone` says which evidence the facts no longer show.
    `problem` says why a change cannot be made, such as two people with one account.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    basis: Basis | None = None
    requirements_met_on: date | None = None
    grant_due_by: date | None = None
    needs_consent: bool = False
    gone: tuple[str, ...] = ()
    escalate: bool = False
    warnings: tuple[str, ...] = ()
    problem: str = ""


class Undecided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Somebody whom the policy could not decide; their access does not change until a person settles it."""

    employee_id: str
    held: bool
    reasons: tuple[Reason, ...]
    doubt: str = ""
    """Why facts of this person are unknown, such as the row of a source that nobody can use."""


class Warned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Somebody whose access stays as it is, though the policy warns of something in their facts."""

    employee_id: str
    warnings: tuple[str, ...]


class Pending(Change, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change requested earlier that the target does not show yet; `due_on` is null if unknown."""

    batch: str
    due_on: date | None
    overdue: bool
    wanted: bool
    """False when the policy no longer asks for exactly this change, or the target shows something else."""
    proved: bool = True
    """False when the target's listing cannot prove the change, even if it shows it."""


class Drift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Access that differs from what this system last gave or saw, and what the policy decides."""

    kind: Literal["given", "taken", "moved", "hidden"]
    """`given` or `taken` outside this system, or `moved` to other locations. `hidden`: the target no longer
    shows the account, but shows members without an account, and one of these may be it."""
    employee_id: str
    account: str
    expected: Access | None
    found: Access | None
    outcome: Outcome
    action: Action


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would change on the day `as_of`, at one target, by one policy, on one set of facts.

    `changes` are revocations, then updates, then grants, each in the order of the facts.
    """

    format: Literal[2] = 2
    as_of: date
    target: str
    target_digest: str
    facts_digest: str
    policy_revision: str
    data_revision: str
    people: int
    holders: int
    counts: dict[str, int]
    changes: tuple[PlannedChange, ...]
    pending: tuple[Pending, ...]
    undecided: tuple[Undecided, ...]
    warned: tuple[Warned, ...] = ()
    drift: tuple[Drift, ...]
    sources: tuple[SourceReport, ...] = ()
    """What became of each source's rows."""
    leaning: int = 0
    """How many people have rows from a source with unmatched rows."""
    unnamed: tuple[UnnamedMember, ...] = ()
    """Members without an account that the target shows."""
    export_due_since: datetime | None = None
    """Since when a list waits for a newer export, if somebody else makes the changes."""
    digest: str = ""

    def of(self, action: ChangeAction) -> list[PlannedChange]:
        """The grants, updates or revocations."""
        return [change for change in self.changes if change.action == action]

    @property
    def overdue(self) -> int:
        """How many wanted changes under way should show at the target by now."""
        return sum(one.overdue and one.wanted for one in self.pending)

    @property
    def still_pending(self) -> int:
        """How many changes under way are still wanted; the next apply drops the others."""
        return sum(one.wanted for one in self.pending)

    @property
    def escalations(self) -> int:
        """How many grants are overdue (ES-8)."""
        return sum(change.escalate for change in self.changes)

    def sealed(self) -> Plan:
        """The plan with its digest."""
        return replace(self, digest=_digest(self))


_encode = msgspec.json.Encoder(order="sorted").encode


def _digest(plan: Plan) -> str:
    return hashlib.sha256(_encode(replace(plan, digest=""))).hexdigest()


def shows(found: Access | None, wanted: Access | None) -> bool:
    """Whether a target shows what was wanted; one that knows no locations cannot contradict any."""
    if found is None or wanted is None:
        return found is wanted
    if found.locations is UNSET or wanted.locations is UNSET:
        return True
    return set(found.locations) == set(wanted.locations)


def write_plan(plan: Plan, path: Path) -> None:
    """Save a plan as JSON whose bytes depend only on the plan's content; only its owner may read it."""
    with file_errors(PlanError, f"{path}: the plan cannot be written there", "name another file"):
        write_private(path, [_encode(plan), b"\n"])


def read_plan(path: Path) -> Plan:
    """A saved plan; `PlanError` when the file is unreadable, not a plan, or edited."""
    with file_errors(PlanError, f"{path}: the plan cannot be read", "make one with `icaccess plan --out`"):
        written = file_to_read(path).read_bytes()
    try:
        plan = msgspec.json.decode(written, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: is not a plan, or was edited: {error}; make a new one") from error
    if _digest(plan) != plan.digest:
        raise PlanError(f"{path}: was edited after it was made; make a new plan with `icaccess plan --out`")
    return plan


def check_current(saved: Plan, fresh: Plan) -> None:
    """Raise `PlanError` unless a saved plan equals a new one; the error says what has changed."""
    if saved.digest == fresh.digest:
        return
    if saved.target != fresh.target:
        raise PlanError(
            f"the plan was made for the target {saved.target}, and the configured one is {fresh.target}; "
            "make a new plan"
        )
    if saved.as_of != fresh.as_of:
        raise PlanError(
            f"the plan was made for {saved.as_of}, and this run is for {fresh.as_of}; make a new plan"
        )
    parts = {
        "the facts": (saved.facts_digest, fresh.facts_digest),
        "the policy": (saved.policy_revision, fresh.policy_revision),
        "the policy data": (saved.data_revision, fresh.data_revision),
        "what the target shows": (saved.target_digest, fresh.target_digest),
    }
    changed = [name for name, (before, now) in parts.items() if before != now]
    what = " and ".join(changed) or "what is under way, or the program that plans,"
    raise PlanError(
        f"the plan is stale: {what} changed since it was made; make a new plan and look at it again"
    )
