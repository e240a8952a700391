"""The difference between the decisions and what a target shows: pure, streamed, without side effects.

Keeps only the changes; counts everybody else by outcome and action.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Literal

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.errors import PlanError
from icaccess.models import Access, AnyRecord, Decision, DecisionJson, Verdict
from icaccess.opa.answers import no_employee_record
from icaccess.plan import Drift, Pending, Plan, PlannedChange, Undecided, Warned, shows
from icaccess.store.holders import StoredBasis

_ORDER = {"revoke": 0, "update": 1, "grant": 2}
_NOBODY = Verdict("undecided", "none")
_TWICE = "this person already holds access as"
_TWICE_REMEDY = "correct the account in the facts or at the target, or take it out there"
_verdict = msgspec.json.Decoder(Verdict).decode
_decision = msgspec.json.Decoder(Decision).decode


class Subject(msgspec.Struct, frozen=True, gc=False):
    """One record on its way to OPA, with the account that it names and what the target shows there.

    `record` carries what the target shows as its `access`; `digest` covers the record as the source gave it.
    """

    record: AnyRecord
    account: str
    held: Access | None
    digest: bytes
    evidence: StoredBasis | None = None
    """What the last decision that allowed the access rested on."""


class Expected(msgspec.Struct, frozen=True):
    """What the store knows about a target other than itself."""

    held: dict[str, Access]
    """What each account held when last seen."""
    pending: dict[str, Pending]
    """The changes that somebody else is making, by account."""
    unsettled: frozenset[str] = frozenset()
    """Accounts with a change that was interrupted or shows late; whatever they show is not drift."""
    hidden: frozenset[str] = frozenset()
    """Accounts that the target no longer shows; they may still hold what they held."""


class DriftCheck:
    """Compares what the target shows with what the store expects, one account at a time.

    When the store itself is the target, nothing is expected (None), and nothing can drift or be pending.
    """

    def __init__(self, expected: Expected | None) -> None:
        self.drift: list[Drift] = []
        self.pending: list[Pending] = []
        self._expected = expected
        self._held = dict(expected.held) if expected else {}
        self._waiting = dict(expected.pending) if expected else {}

    def look(self, employee_id: str, account: str, found: Access | None, verdict: Verdict) -> Pending | None:
        """Note drift of one account; give its pending change that does not show yet.

        A change that shows in a listing that proves nothing stays pending, and no other change is requested.
        """
        expected = self._expected
        if expected is None:
            return None
        before = self._held.pop(account, None)
        if account not in expected.unsettled and not shows(found, before):
            taken: Literal["hidden", "taken"] = "hidden" if account in expected.hidden else "taken"
            self.drift.append(
                Drift(
                    kind="given" if before is None else taken if found is None else "moved",
                    employee_id=employee_id,
                    account=account,
                    expected=before,
                    found=found,
                    outcome=verdict.outcome,
                    action=verdict.action,
                )
            )
        earlier = self._waiting.pop(account, None)
        if earlier is None or not shows(found, earlier.after):
            return earlier
        if not earlier.proved:
            self.pending.append(earlier)
        return None

    def settle(self, earlier: Pending | None, change: PlannedChange | None = None) -> bool:
        """Keep a pending change on the list; true when it is still wanted, so no list need repeat it."""
        if earlier is None:
            return False
        wanted = (
            change is not None
            and earlier.action == change.action
            and shows(change.after, earlier.after)
            and shows(change.before, earlier.before)
        )
        self.pending.append(replace(earlier, wanted=wanted))
        return wanted

    def finish(self) -> None:
        """Check the accounts that neither a record nor the target named."""
        for account in sorted(self._held):
            self.settle(self.look(account, account, None, _NOBODY))
        for earlier in self._waiting.values():
            self.settle(earlier)


def diff(
    decided: Iterable[tuple[Subject, DecisionJson]],
    unclaimed: Mapping[str, Access],
    expected: Expected | None,
    blank: Plan,
    gone: Callable[[Iterable[AnyRecord]], Mapping[str, tuple[str, ...]]] = lambda _records: {},
) -> Plan:
    """The plan that follows from the decisions; `blank` gives its day, target and policy.

    `unclaimed` are the accounts that hold access and that no record named, once `decided` has passed. `gone`
    says, by employee id, which evidence records no longer show, for changes that need a consent.
    """
    check = DriftCheck(expected)
    verdicts: Counter[Verdict] = Counter()
    digest = hashlib.sha256()
    changes: list[PlannedChange] = []
    waiting: list[AnyRecord] = []
    undecided: list[Undecided] = []
    warned: list[Warned] = []
    named: Counter[str] = Counter()
    for person, answer in decided:
        verdict = _verdict(answer)
        verdicts[verdict] += 1
        digest.update(person.digest)
        earlier = check.look(person.record.id, person.account, person.held, verdict)
        change = None
        if verdict.outcome == "undecided":
            held = person.held is not None
            reasons = _decision(answer).reasons
            undecided.append(Undecided(employee_id=person.record.id, held=held, reasons=reasons))
        elif verdict.action not in ("keep", "none"):
            change = _planned(_decision(answer), person)
            if change.needs_consent:
                waiting.append(person.record)
        elif verdict.warnings and person.held is not None:
            warned.append(Warned(employee_id=person.record.id, warnings=verdict.warnings))
        if not check.settle(earlier, change) and change is not None:
            changes.append(change)
        if person.account is not person.record.id:  # ids are unique; the sources make sure of that
            named[person.account] += 1
    people = verdicts.total()
    for account in sorted(unclaimed):
        verdicts[_NOBODY] += 1
        check.settle(check.look(account, account, unclaimed[account], _NOBODY))
        reasons = no_employee_record(account, blank.as_of).reasons
        undecided.append(Undecided(employee_id=account, held=True, reasons=reasons))
    check.finish()
    missing = gone(waiting)
    changes = [
        replace(one, gone=missing.get(one.employee_id, ())) if one.needs_consent else one for one in changes
    ]
    return replace(
        blank,
        facts_digest=digest.hexdigest(),
        people=people,
        counts=_counts(verdicts),
        changes=tuple(
            sorted((_told_apart(one, named) for one in changes), key=lambda one: _ORDER[one.action])
        ),
        pending=tuple(sorted(check.pending, key=lambda one: (_ORDER[one.action], one.employee_id))),
        undecided=tuple(undecided),
        warned=tuple(warned),
        drift=tuple(sorted(check.drift, key=lambda one: (one.kind, one.employee_id))),
    )


def with_doubts(plan: Plan, doubts: Mapping[str, str], former_owners: Mapping[str, str]) -> Plan:
    """The plan with what is known of the undecided, and without a second access for anybody.

    `former_owners` says to whom an account belonged that no record names any more. That person still holds
    access, so they get none under another account, as everybody would after a change of `target.match`. Drift
    at the account keeps its owner, since the store takes owners from the plan.
    """
    former = {owner: account for account, owner in former_owners.items()}
    doubts = {
        **doubts,
        **{
            account: f"The account was that of {owner}, whose record names another one now, or none."
            for account, owner in former_owners.items()
        },
    }
    changes = (
        replace(one, problem=one.problem or f"{_TWICE} {former[one.employee_id]}; {_TWICE_REMEDY}")
        if one.action == "grant" and one.employee_id in former
        else one
        for one in plan.changes
    )
    undecided = (replace(one, doubt=doubts.get(one.employee_id, "")) for one in plan.undecided)
    drift = (replace(one, employee_id=former_owners.get(one.account, one.employee_id)) for one in plan.drift)
    return replace(plan, changes=tuple(changes), undecided=tuple(undecided), drift=tuple(drift))


def blank_plan(as_of: date, target: str, holders: Mapping[str, Access], revisions: tuple[str, str]) -> Plan:
    """A plan without people yet; `holders` is everybody that the target shows."""
    return Plan(
        as_of=as_of,
        target=target,
        target_digest=target_digest(holders),
        facts_digest="",
        policy_revision=revisions[0],
        data_revision=revisions[1],
        people=0,
        holders=len(holders),
        counts={},
        changes=(),
        pending=(),
        undecided=(),
        drift=(),
    )


def target_digest(holders: Mapping[str, Access]) -> str:
    """The digest of everything that a target shows, independent of its order."""
    total = hashlib.sha256()
    encode = msgspec.json.Encoder(order="sorted").encode
    for account in sorted(holders):
        total.update(encode([account, holders[account]]))
    return total.hexdigest()


def _counts(verdicts: Mapping[Verdict, int]) -> dict[str, int]:
    """How many people have each outcome and each action."""
    counts: Counter[str] = Counter()
    for verdict, people in verdicts.items():
        counts.update({verdict.outcome: people, verdict.action: people})
    return dict(sorted(counts.items()))


def _planned(decision: Decision, person: Subject) -> PlannedChange:
    action = decision.action
    if action not in ("grant", "update", "revoke"):
        raise PlanError(f"{decision.employee_id!r}: the policy asks for {action!r}, which is not a change")
    after = None
    if action != "revoke":
        since = decision.as_of if person.held is None else person.held.since
        after = Access(held=True, locations=decision.locations, since=since, basis=decision.basis or UNSET)
    return PlannedChange(
        action=action,
        employee_id=decision.employee_id,
        account=person.account,
        before=person.held,
        after=after,
        outcome=decision.outcome,
        reasons=decision.reasons,
        basis=decision.basis,
        requirements_met_on=decision.requirements_met_on,
        grant_due_by=decision.grant_due_by,
        needs_consent=decision.needs_consent,
        escalate=decision.escalate,
        warnings=decision.warnings,
        problem="" if person.account else "the facts name no account for this person",
    )


def _told_apart(change: PlannedChange, named: Mapping[str, int]) -> PlannedChange:
    """The change, with a problem if several people share its account."""
    if not change.account or named[change.account] < 2:
        return change
    return replace(change, problem=f"several employee records name the account {change.account}")
