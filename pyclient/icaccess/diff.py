"""The difference between what was decided and what a target shows: pure, streamed, and nothing done.

Of most people only the gist is looked at; what is kept are the changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from icaccess.errors import PlanError
from icaccess.join import Join, Joined
from icaccess.models import Answered, Decision, Gist
from icaccess.opa.undecided import no_employee_record
from icaccess.packed import Packed
from icaccess.plan import Changes, Drift, Pending, Plan, PlannedChange, Undecided, digest_of, shows
from icaccess.targets.interface import Holding

_ORDER = {"revoke": 0, "update": 1, "grant": 2}
_gist = msgspec.json.Decoder(Gist).decode
_full = msgspec.json.Decoder(Decision).decode


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
        self.compares = expected is not None
        self._held = dict(expected.held) if expected else {}
        self._waiting = dict(expected.pending) if expected else {}
        self._unsettled = expected.unsettled if expected else frozenset()

    def look(self, employee_id: str, account: str, found: Holding | None, answer: Gist) -> Pending | None:
        """Note drift of one account; give the change that is pending for it and does not show yet."""
        if not self.compares:
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


_NOBODY = Gist("undecided", "none")


class _Draft:
    """A plan in the making."""

    def __init__(self, expected: Expected | None) -> None:
        self.gists: Counter[Gist] = Counter()
        self.changes = Changes()
        self.undecided = Packed(Undecided)
        self.reckoning = _Reckoning(expected)

    def take(self, answers: Sequence[Answered], batch: Joined) -> None:
        """Take up what was answered on each of a batch."""
        gists = [
            one if isinstance(one, Gist) else _gist(one) for one, _ in zip(answers, batch.ids, strict=True)
        ]
        self.gists.update(gists)
        if self.reckoning.compares:
            places: Iterable[int] = range(len(batch))
        else:  # a decision that was kept changes nothing
            places = (place for place, one in enumerate(answers) if not isinstance(one, Gist))
        for place in places:
            self._take_one(
                answers[place], gists[place], batch.ids[place], batch.accounts[place], batch.holdings[place]
            )

    def _take_one(
        self, answer: Answered, gist: Gist, employee_id: str, account: str, holding: Holding | None
    ) -> None:
        earlier = self.reckoning.look(employee_id, account, holding, gist)
        asked_for = False
        if isinstance(answer, Gist):
            pass  # a decision that was kept
        elif gist.outcome == "undecided":
            reasons = _full(answer).reasons
            self.undecided.add(Undecided(employee_id=employee_id, held=holding is not None, reasons=reasons))
        elif gist.action not in ("keep", "none"):
            change = _planned(_full(answer), account, holding)
            asked_for = earlier is not None and _still_right(earlier, change)
            if not asked_for:
                self.changes.add(change)
        if earlier is not None:
            self.reckoning.pending.append(replace(earlier, wanted=asked_for))

    def take_unclaimed(self, account: str, holding: Holding, as_of: date) -> None:
        """Take up an account that holds access and that no record claimed."""
        self.gists[_NOBODY] += 1
        earlier = self.reckoning.look(account, account, holding, _NOBODY)
        if earlier is not None:
            self.reckoning.pending.append(replace(earlier, wanted=False))
        reasons = no_employee_record(account, as_of).reasons
        self.undecided.add(Undecided(employee_id=account, held=True, reasons=reasons))

    @property
    def counts(self) -> dict[str, int]:
        """How many people have which outcome, and which action."""
        counts: Counter[str] = Counter()
        for gist, people in self.gists.items():
            counts.update({gist.outcome: people, gist.action: people})
        return dict(sorted(counts.items()))


def draw_up(
    join: Join,
    answers: Iterable[Sequence[Answered]],
    expected: Expected | None,
    *,
    as_of: date,
    target: str,
    target_digest: str,
    revisions: tuple[str, str],
) -> Plan:
    """The plan that follows from what was answered on each batch of the join, by the policy and policy data
    whose `revisions` are given.
    """
    draft = _Draft(expected)
    for some, batch in join.answered(answers):
        draft.take(some, batch)
    for account in sorted(join.unclaimed):
        draft.take_unclaimed(account, join.unclaimed[account], as_of)
    reckoning = draft.reckoning
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
        counts=draft.counts,
        changes=_told_apart(draft.changes, join.shared),
        pending=tuple(sorted(reckoning.pending, key=lambda one: (_ORDER[one.action], one.employee_id))),
        undecided=draft.undecided,
        drift=tuple(sorted(reckoning.drift, key=lambda one: (one.kind, one.employee_id))),
    )
    return replace(plan, digest=digest_of(plan))


def _still_right(earlier: Pending, change: PlannedChange) -> bool:
    """Whether a pending change is what is wanted, and starts from what the target shows now."""
    return (
        earlier.action == change.action
        and shows(change.after, earlier.after)
        and shows(change.before, earlier.before)
        and _partial(change.before) == _partial(earlier.before)
    )


def _partial(holding: Holding | None) -> tuple[str, ...]:
    return () if holding is None else holding.partial


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


def _told_apart(changes: Changes, shared: Collection[str]) -> Changes:
    """The changes, those of accounts that several people share with the problem that this is."""
    if not shared:
        return changes
    return Changes(
        replace(one, problem=f"several employee records name the account {one.account}")
        if one.account in shared
        else one
        for one in changes
    )
