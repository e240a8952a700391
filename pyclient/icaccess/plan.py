"""The plan: what would change and why, worked out and nothing done.

Decisions come from OPA, holdings from the target; the difference is pure. A plan carries the digests of all
that it rests on, and its own, so that one that is stale or was edited is recognised and refused.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.errors import FactsError, PlanError
from icaccess.models import Access, Action, Basis, Decision, Employee, InvalidRecord, Outcome, Reason, Record
from icaccess.opa.undecided import no_employee_record
from icaccess.targets.interface import Change, ChangeAction, Holding, Match, account_of

_ORDER = {"revoke": 0, "update": 1, "grant": 2}
_encode = msgspec.json.Encoder(order="sorted").encode


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of what a plan is made of: values that are read back as strictly as they were written."""


class PlannedChange(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """One change of a plan with what it rests on.

    A revocation or a denial has `reasons`; a grant or an update has the `basis` and, where the calendar
    tells, the day it is due by (ES-7). `problem` says why a change cannot be made, such as two people with
    one account.
    """

    action: ChangeAction
    employee_id: str
    account: str
    before: Holding | None = None
    after: Holding | None = None
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    basis: Basis | None = None
    requirements_met_on: date | None = None
    grant_due_by: date | None = None
    escalate: bool = False
    warnings: tuple[str, ...] = ()
    problem: str = ""

    def as_change(self) -> Change:
        """What a target is told."""
        return Change(
            action=self.action,
            employee_id=self.employee_id,
            account=self.account,
            before=self.before,
            after=self.after,
        )


class Undecided(_Part, frozen=True, kw_only=True):
    """Somebody whom the policy could not decide; their access stays as it is until a person settles it."""

    employee_id: str
    held: bool
    reasons: tuple[Reason, ...]


class Pending(_Part, frozen=True, kw_only=True):
    """A change asked for earlier that the target does not show yet; `due_on` is null where none is known."""

    action: ChangeAction
    employee_id: str
    account: str
    after: Holding | None
    batch: str
    due_on: date | None
    overdue: bool
    wanted: bool
    """False when the policy no longer asks for it."""


class Drift(_Part, frozen=True, kw_only=True):
    """Access that differs from what this system last gave or saw, and what the policy says of that person."""

    kind: Literal["given", "taken", "moved"]
    """`given` or `taken` behind this system's back, or `moved` to other locations."""
    employee_id: str
    account: str
    expected: Holding | None
    found: Holding | None
    outcome: Outcome
    action: Action


class Plan(_Part, frozen=True, kw_only=True):
    """What would change on the day `as_of`, at one target, by one policy, on one set of facts."""

    format: Literal[1] = 1
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
    drift: tuple[Drift, ...]
    digest: str = ""

    def of(self, action: ChangeAction) -> list[PlannedChange]:
        """The grants, updates or revocations."""
        return [change for change in self.changes if change.action == action]

    @property
    def escalations(self) -> list[PlannedChange]:
        """The grants that are overdue (ES-8)."""
        return [change for change in self.changes if change.escalate]


class _Lean(msgspec.Struct, frozen=True):
    """The part of a decision that tells whether the rest is wanted; most people's is not."""

    outcome: Outcome
    action: Action


_lean = msgspec.json.Decoder(_Lean).decode
_full = msgspec.json.Decoder(Decision).decode


class Join:
    """Puts what the target shows into every record on its way to OPA, and keeps the count and the digest of
    all.

    It takes `holdings` over and leaves in it those whom no record claimed.
    """

    def __init__(self, holdings: dict[str, Holding], match: Match) -> None:
        self.unclaimed = holdings
        self.holders = len(holdings)
        self.people = 0
        self.shared: set[str] = set()
        """Accounts that more than one record claims: nobody can say whose they are."""
        self._match: Match = match
        self._seen: set[str] = set()
        self._digest = hashlib.sha256()
        self._sent: deque[tuple[str, str, Holding | None]] = deque()

    @property
    def facts_digest(self) -> str:
        """The digest of every record so far, as the sources gave it and in their order."""
        return self._digest.hexdigest()

    def records(self, source: Iterable[Record]) -> Iterator[Record]:
        """The records with `access` as the target shows it."""
        by_id = self._match == "id"
        for record in source:
            self.people += 1
            self._digest.update(_encode(record))
            self._digest.update(b"\n")
            account = record.id if by_id else self._account(record)
            holding = self.unclaimed.pop(account, None)
            self._sent.append((record.id, account, holding))
            yield record if isinstance(record, InvalidRecord) else _with_access(record, holding)
        if not self.people:
            raise FactsError(
                "the facts hold nobody, and an empty population is never believed; check the sources"
            )

    def answered(
        self, answers: Iterable[bytes | msgspec.Raw]
    ) -> Iterator[tuple[str, str, Holding | None, bytes]]:
        """Each answer with the employee id, account and holding that it is about, in the records' order."""
        for answer in answers:
            yield (*self._sent.popleft(), bytes(answer))

    def _account(self, record: Record) -> str:
        value = UNSET if isinstance(record, InvalidRecord) else getattr(record, self._match)
        if value is UNSET or not value.strip():
            return ""
        account = account_of(self._match, value)
        if account in self._seen:
            self.shared.add(account)
        self._seen.add(account)
        return account


def _with_access(record: Employee, holding: Holding | None) -> Employee:
    if holding is None:
        return record if record.access is UNSET else replace(record, access=UNSET)
    access = Access(
        held=True,
        since=UNSET if holding.since is None else holding.since,
        locations=UNSET if holding.locations is None else holding.locations,
    )
    return replace(record, access=access)


def state_digest(holdings: Mapping[str, Holding]) -> str:
    """The digest of all that a target shows, whatever order it showed it in."""
    total = hashlib.sha256()
    for account in sorted(holdings):
        total.update(_encode([account, holdings[account]]))
    return total.hexdigest()


def shows(found: Holding | None, wanted: Holding | None) -> bool:
    """Whether what a target shows is what was wanted; one that knows no locations cannot contradict any."""
    if found is None or wanted is None:
        return found is wanted
    if found.locations is None or wanted.locations is None:
        return True
    return set(found.locations) == set(wanted.locations)


class Expected(msgspec.Struct, frozen=True):
    """What the store knows of a target that is not itself."""

    held: dict[str, Holding]
    """What accounts were last seen to hold."""
    pending: dict[str, Pending]
    """The changes that somebody else is carrying out, by account."""
    unsettled: frozenset[str] = frozenset()
    """Accounts with a change that was interrupted; what the target shows of them is no drift."""


class _Reckoning:
    """Holds what the target shows against what the store expects, one account at a time.

    Where the store itself is the target nothing is expected (None), and nothing can drift or pend.
    """

    def __init__(self, expected: Expected | None) -> None:
        self.drift: list[Drift] = []
        self.pending: list[Pending] = []
        self._compares = expected is not None
        self._held = dict(expected.held) if expected else {}
        self._waiting = dict(expected.pending) if expected else {}
        self._unsettled = expected.unsettled if expected else frozenset()

    def look(self, employee_id: str, account: str, found: Holding | None, answer: _Lean) -> Pending | None:
        """Note drift of one account; give the change that is pending for it and does not show yet."""
        if not self._compares:
            return None
        before = self._held.pop(account, None)
        if account not in self._unsettled and not shows(found, before):
            self.drift.append(
                Drift(
                    kind="given" if before is None else "taken" if found is None else "moved",
                    employee_id=employee_id,
                    account=account,
                    expected=before,
                    found=found,
                    outcome=answer.outcome,
                    action=answer.action,
                )
            )
        earlier = self._waiting.pop(account, None)
        return None if earlier is None or shows(found, earlier.after) else earlier

    def finish(self) -> None:
        """Look at the accounts that neither a record nor the target named."""
        for account in sorted(self._held):
            self.look(account, account, None, _NOBODY)
        self.pending.extend(replace(earlier, wanted=False) for earlier in self._waiting.values())


_NOBODY = _Lean("undecided", "none")


def draw_up(
    join: Join,
    answers: Iterable[bytes | msgspec.Raw],
    expected: Expected | None,
    *,
    as_of: date,
    target: str,
    target_digest: str,
    revisions: tuple[str, str],
) -> Plan:
    """The plan that follows from the answers of the policy and policy data whose `revisions` are given."""
    counts: Counter[str] = Counter()
    changes: list[PlannedChange] = []
    undecided: list[Undecided] = []
    reckoning = _Reckoning(expected)

    for employee_id, account, holding, answer in join.answered(answers):
        lean = _lean(answer)
        counts[lean.outcome] += 1
        counts[lean.action] += 1
        earlier = reckoning.look(employee_id, account, holding, lean)
        asked_for = False
        if lean.outcome == "undecided":
            reasons = _full(answer).reasons
            undecided.append(Undecided(employee_id=employee_id, held=holding is not None, reasons=reasons))
        elif lean.action not in ("keep", "none"):
            change = _planned(_full(answer), account, holding)
            asked_for = earlier is not None and _same_change(earlier, change)
            if not asked_for:
                changes.append(change)
        if earlier is not None:
            reckoning.pending.append(replace(earlier, wanted=asked_for))
    for account in sorted(join.unclaimed):
        counts["undecided"] += 1
        counts["none"] += 1
        earlier = reckoning.look(account, account, join.unclaimed[account], _NOBODY)
        if earlier is not None:
            reckoning.pending.append(replace(earlier, wanted=False))
        reasons = no_employee_record(account, as_of).reasons
        undecided.append(Undecided(employee_id=account, held=True, reasons=reasons))
    reckoning.finish()

    policy_revision, data_revision = revisions
    plan = Plan(
        as_of=as_of,
        target=target,
        target_digest=target_digest,
        facts_digest=join.facts_digest,
        policy_revision=policy_revision,
        data_revision=data_revision,
        people=join.people,
        holders=join.holders,
        counts=dict(sorted(counts.items())),
        changes=tuple(
            sorted(
                (_of_several(change) if change.account in join.shared else change for change in changes),
                key=lambda change: (_ORDER[change.action], change.employee_id),
            )
        ),
        pending=tuple(sorted(reckoning.pending, key=lambda one: (_ORDER[one.action], one.employee_id))),
        undecided=tuple(undecided),
        drift=tuple(sorted(reckoning.drift, key=lambda one: (one.kind, one.employee_id))),
    )
    return replace(plan, digest=digest_of(plan))


def _same_change(earlier: Pending, change: PlannedChange) -> bool:
    return earlier.action == change.action and shows(earlier.after, change.after)


def _planned(decision: Decision, account: str, holding: Holding | None) -> PlannedChange:
    action = decision.action
    if action not in ("grant", "update", "revoke"):
        raise PlanError(f"{decision.employee_id}: the policy asks for {action!r}, which is no change")
    after = None
    if action != "revoke":
        since = decision.as_of if holding is None else holding.since
        after = Holding(locations=decision.locations, since=since)
    return PlannedChange(
        action=action,
        employee_id=decision.employee_id,
        account=account,
        before=holding,
        after=after,
        outcome=decision.outcome,
        reasons=decision.reasons,
        basis=decision.basis,
        requirements_met_on=decision.requirements_met_on,
        grant_due_by=decision.grant_due_by,
        escalate=decision.escalate,
        warnings=decision.warnings,
        problem="" if account else "the facts name no account for this person",
    )


def _of_several(change: PlannedChange) -> PlannedChange:
    return replace(change, problem=f"several employee records name the account {change.account}")


def digest_of(plan: Plan) -> str:
    """SHA-256 over the canonical JSON of everything in the plan but its own digest."""
    return hashlib.sha256(_encode(replace(plan, digest=""))).hexdigest()


def write_plan(plan: Plan, path: Path) -> None:
    """Save a plan; it is readable JSON, and its bytes depend on its content alone."""
    try:
        path.write_bytes(msgspec.json.format(_encode(plan), indent=1) + b"\n")
    except OSError as error:
        raise PlanError(f"{path}: the plan cannot be written there: {error.strerror}") from error


def read_plan(path: Path) -> Plan:
    """A saved plan; `PlanError` when it cannot be read, is none, or was changed after it was made."""
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise PlanError(
            f"{path}: the plan cannot be read: {error.strerror}; make one with `icaccess plan --out`"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: is not a plan, or was edited: {error}; make a new one") from error
    if digest_of(plan) != plan.digest:
        raise PlanError(f"{path}: was edited after it was made; make a new plan with `icaccess plan --out`")
    return plan


def check_current(saved: Plan, fresh: Plan) -> None:
    """Raise `PlanError` unless a saved plan is what would be planned now; it says what has changed."""
    if saved.digest == fresh.digest:
        return
    if saved.target != fresh.target:
        raise PlanError(
            f"the plan was made for the target {saved.target}, and the configured one is {fresh.target}"
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
