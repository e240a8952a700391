"""What is due: decisions of several days, changes and plans in, notices out. Pure; OPA judged it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from icaccess.guard import GuardResult
from icaccess.models import ApprovalsDue, Decision, Employee, Reason, Record
from icaccess.notices.interface import Notice
from icaccess.notices.settings import WEEKDAYS, OperatorKind, PeopleSettings, Weekday
from icaccess.plan import Plan
from icaccess.store.notices import VerifiedChange
from icaccess.timeline import Timeline

_DAY = timedelta(days=1)
_KEPT = ("keep", "update")


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The end of somebody's access that OPA foretells: its last day, and the decision that holds after it."""

    now: Decision
    then: Decision

    @property
    def last_day(self) -> date:
        """The last day of access."""
        return self.then.as_of - _DAY


def ending_of(timeline: Timeline) -> Ending | None:
    """The first day to come on which OPA revokes what it keeps now, if there is one.

    A revocation that waits for somebody's consent is not foretold.
    """
    now = timeline.decisions[0]
    if now.action not in _KEPT:
        return None
    for then in timeline.decisions[1:]:
        if then.action == "revoke" and not then.needs_consent:
            return Ending(now=now, then=then)
    return None


def for_person(
    timeline: Timeline,
    settings: PeopleSettings,
    told_of: date | None,
    told_ends: Iterable[date],
    change: VerifiedChange | None,
    reasons_of: Callable[[VerifiedChange], list[dict[str, Any]]],
) -> Iterator[Notice]:
    """What one person is told on the first day of a timeline.

    `told_of` is the last day of validity that an earlier notice asked to recertify by, `told_ends` the last
    days of access that earlier notices named, within the timeline; `change` is the last change of the
    person's access, `reasons_of` the reasons that the record holds of it.
    """
    record, now = timeline.record, timeline.decisions[0]
    ending = ending_of(timeline)
    ends = _ending(record, ending, settings) if ending else None
    due = [
        _given(record, now, change),
        _removed(record, now, change, reasons_of),
        _recertification(record, now),
        _recertified(record, now, told_of),
        *(_kept(timeline, told) for told in told_ends if ends is None),
        ends,  # the last, or what is told after it would make it news again tomorrow
    ]
    yield from (one for one in due if one is not None and one.kind in settings.about)


def for_approvers(
    endings: Iterable[tuple[Record, Ending]],
    approvals: Mapping[str, ApprovalsDue],
    people: Mapping[str, Notice],
) -> Iterator[Notice]:
    """The digest of each approver: whose access ends, of those they approved, and who waits for an approval.

    `approvals` has the approvals due, and `people` an empty notice for everybody in the facts, both by id.
    """
    losing: dict[str, list[dict[str, Any]]] = {}
    for record, ending in endings:
        if ending.now.basis is not None:
            losing.setdefault(ending.now.basis.approval.approver, []).append(
                {
                    "id": record.id,
                    "name": _text(record, "name"),
                    "last_day": ending.last_day.isoformat(),
                    "reasons": _reasons(ending.then.reasons),
                }
            )
    waiting = _waiting(approvals, people)
    for approver in sorted(losing.keys() | waiting.keys()):
        if approver in people:
            ends = sorted(losing.get(approver, []), key=lambda one: (one["last_day"], one["id"]))
            values = {"losing": ends, "waiting": waiting.get(approver, [])}
            yield msgspec.structs.replace(people[approver], values=values)


def _waiting(
    approvals: Mapping[str, ApprovalsDue], people: Mapping[str, Notice]
) -> dict[str, list[dict[str, Any]]]:
    """By approver: who waits for an approval at a location at which the approver may give it."""
    asked: dict[str, list[str]] = {}
    for employee, due in sorted(approvals.items()):
        for location in due.asked_at:
            asked.setdefault(location, []).append(employee)
    found: dict[str, list[dict[str, Any]]] = {}
    for approver, due in approvals.items():
        theirs = {one: None for location in due.approves_at for one in asked.get(location, ())}
        theirs.pop(approver, None)
        if theirs:
            found[approver] = [
                {"id": one, "name": people[one].name, "locations": list(approvals[one].asked_at)}
                for one in theirs
            ]
    return found


def digest_day(day: date, weekday: Weekday) -> date:
    """The day that the digest due on `day` is for: the last such weekday."""
    return day - timedelta(days=(day.weekday() - WEEKDAYS.index(weekday)) % 7)


def for_operators(plan: Plan, result: GuardResult) -> Iterator[tuple[OperatorKind, str, str]]:
    """What those who run the system are told of a plan: the kind, the fact, and a sentence."""
    if result.stops:
        found = "; ".join(result.stops)
        yield (
            "guard_stop",
            f"{plan.as_of}",
            f"The guard stops the changes of {plan.as_of}: {found}. To let this one plan through: "
            f"icaccess apply {result.option}",
        )
    for change in result.waiting:
        codes = "+".join(reason.code for reason in change.reasons)
        words = " ".join(reason.message for reason in change.reasons)
        yield (
            "consent_needed",
            f"{change.employee_id} {codes}",
            f"{change.employee_id}: the removal waits for consent. {words}",
        )
    for change in plan.of("grant"):
        if change.escalate:
            yield (
                "grant_overdue",
                f"{change.employee_id} {change.grant_due_by}",
                f"{change.employee_id}: all requirements were met on {change.requirements_met_on}, access "
                f"was due by {change.grant_due_by} and is not given.",
            )
    for one in plan.pending:
        if one.overdue:
            yield (
                "export_overdue",
                f"{one.batch} {one.account}",
                f"{one.employee_id}: {one.action} of list {one.batch} was due by {one.due_on} and the target "
                "does not show it. Carry the list out, or supply a newer export.",
            )


def addressed(record: Record, kind: str, fact: str, as_of: date, values: dict[str, Any]) -> Notice:
    """A notice to the person whose record it is."""
    return Notice(
        kind=kind,
        recipient=record.id,
        fact=fact,
        as_of=as_of,
        name=_text(record, "name"),
        address=_text(record, "email"),
        values=values,
    )


def _ending(record: Record, ending: Ending, settings: PeopleSettings) -> Notice | None:
    now, then = ending.now, ending.then
    left = (ending.last_day - now.as_of).days
    passed = [days for days in settings.days_before if left <= days]
    if not passed:
        return None
    codes = "+".join(reason.code for reason in then.reasons)
    return addressed(
        record,
        "access_ending",
        f"{ending.last_day} {codes} {min(passed)}",
        now.as_of,
        {
            "last_day": ending.last_day.isoformat(),
            "days_left": left,
            "reasons": _reasons(then.reasons),
            "recertify": then.outcome == "expired",
            "recertification_opens": now.expiry.recertification_opens.isoformat() if now.expiry else None,
            "valid_through": _valid_through(now),
        },
    )


def _kept(timeline: Timeline, told_end: date) -> Notice | None:
    """That access goes on after a day that was told as its last, where OPA keeps it through the next day."""
    now = timeline.decisions[0]
    until = max(now.as_of, told_end + _DAY)
    if any(one.action not in _KEPT for one in timeline.decisions if one.as_of <= until):
        return None
    values = {"last_day": told_end.isoformat(), "valid_through": _valid_through(now)}
    return addressed(timeline.record, "access_kept", f"{told_end}", now.as_of, values)


def _recertification(record: Record, now: Decision) -> Notice | None:
    if now.action not in _KEPT or now.expiry is None or now.expiry.state != "recertify":
        return None
    values = {
        "valid_through": now.expiry.valid_through.isoformat(),
        "recertification_opens": now.expiry.recertification_opens.isoformat(),
    }
    return addressed(record, "recertification_open", f"{now.expiry.valid_through}", now.as_of, values)


def _recertified(record: Record, now: Decision, told_of: date | None) -> Notice | None:
    if now.action not in _KEPT or now.expiry is None or told_of is None:
        return None
    through = now.expiry.valid_through
    if through <= told_of:
        return None
    return addressed(record, "recertified", f"{through}", now.as_of, {"valid_through": through.isoformat()})


def _given(record: Record, now: Decision, change: VerifiedChange | None) -> Notice | None:
    if change is None or change.action != "grant" or now.action not in _KEPT:
        return None
    values = {
        "since": change.as_of.isoformat(),
        "locations": list(now.locations),
        "valid_through": _valid_through(now),
    }
    return addressed(record, "access_given", f"run {change.run_id}.{change.n}", now.as_of, values)


def _removed(
    record: Record,
    now: Decision,
    change: VerifiedChange | None,
    reasons_of: Callable[[VerifiedChange], list[dict[str, Any]]],
) -> Notice | None:
    if change is None or change.action != "revoke" or now.action != "none":
        return None
    reasons = _reasons(now.reasons) if now.outcome != "undecided" else reasons_of(change)
    values = {"removed_on": change.as_of.isoformat(), "reasons": reasons}
    return addressed(record, "access_removed", f"run {change.run_id}.{change.n}", now.as_of, values)


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(reason) for reason in reasons]


def _valid_through(decision: Decision) -> str | None:
    return decision.expiry.valid_through.isoformat() if decision.expiry else None


def _text(record: Record, field: str) -> str:
    value = getattr(record, field, UNSET) if isinstance(record, Employee) else UNSET
    return value if isinstance(value, str) else ""
