"""A plan in text and in JSON, with what the guard says about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import UNSET

from icaccess.cli.progress import show_issues, show_sources
from icaccess.cli.text import say, say_all
from icaccess.guard import GuardResult
from icaccess.models import Access, ChangeAction, Reason
from icaccess.plan import Drift, Pending, Plan, PlannedChange, Undecided
from icaccess.targets.interface import UnnamedMember
from icaccess.text import how_many

_TITLES: dict[ChangeAction, str] = {"revoke": "Revocations", "update": "Updates", "grant": "Grants"}


def plan_document(planned: Plan, result: GuardResult) -> dict[str, Any]:
    """A plan, and what the guard says about it, for `--format json`."""
    day = str(planned.as_of)
    return {
        "plan": planned,
        "guard": {
            "stops": [*filter(None, [result.not_adopted]), *result.stops],
            "waiting": {one.employee_id: result.since.get(one.employee_id, day) for one in result.waiting},
            "untold": [one.employee_id for one in result.untold],
            "option": result.option if result.stops or result.waiting else None,
        },
    }


def show_plan(planned: Plan, result: GuardResult, issues: Iterable[str]) -> None:
    """Print a plan, what the guard says about it, and what needs attention in the facts."""
    say(
        f"Plan for {planned.as_of} at {planned.target}: "
        f"{how_many(planned.people, 'person', 'people')}, "
        f"{how_many(planned.holders, 'holds', 'hold')} access."
    )
    if not planned.holders:
        say(
            "Nobody holds access there; if `icaccess adopt` was never run, run it first: "
            "it takes over who does.",
            err=True,
        )
    show_sources(planned.sources, planned.leaning)
    show_issues(issues, "icaccess facts --issues FILE", indent="  ")
    waiting = {one.employee_id for one in result.waiting}
    for action, title in _TITLES.items():
        show_section(title, [_line(one) for one in planned.of(action) if one.employee_id not in waiting])
    show_section("Undecided, left unchanged", [_undecided(one) for one in planned.undecided])
    warned = {one.employee_id: one.warnings for one in planned.changes if one.employee_id not in waiting}
    warned |= {one.employee_id: one.warnings for one in planned.warned}
    show_section(
        "To look at with `icaccess decide ID`",
        [f"{one}  {', '.join(warnings)}" for one, warnings in warned.items() if warnings],
    )
    show_section("Members without an account", [unnamed_line(one) for one in planned.unnamed])
    show_section("Requested, not shown by the target yet", [_pending(one) for one in planned.pending])
    if planned.export_due_since:
        say(
            f"Waiting for an export that is newer than {planned.export_due_since:%Y-%m-%d %H:%M} UTC: "
            f"{how_many(len(planned.pending), 'change')} pending, {planned.overdue:,} overdue."
        )
    show_section("Changed outside this system", [_drift(one) for one in planned.drift])
    show_section(
        "Waiting for a consent",
        [_waits(one, result.since.get(one.employee_id, str(planned.as_of))) for one in result.waiting],
    )
    show_section("Not told before the removal", [_line(change) for change in result.untold])
    show_section("Stopped by the guard", [*filter(None, [result.not_adopted]), *result.stops])
    if result.waiting or result.stops:
        say(f"To let this one plan through: icaccess apply {result.option}")
    say_all(_totals(planned, result))


def _totals(planned: Plan, result: GuardResult) -> Iterator[str]:
    """What would change, apart from what waits for a consent and what was already requested."""
    waiting = {one.employee_id for one in result.waiting}
    to_make = Counter(one.action for one in planned.changes if one.employee_id not in waiting)
    totals = [
        how_many(to_make["revoke"], "revocation"),
        how_many(to_make["update"], "update"),
        f"{how_many(to_make['grant'], 'grant')} ({planned.escalations} overdue)",
        *([f"{len(waiting)} waiting for a consent"] if waiting else []),
        *([f"{len(planned.pending)} pending"] if planned.pending else []),
        f"{planned.counts.get('keep', 0)} unchanged",
        f"{planned.counts.get('undecided', 0)} undecided",
    ]
    if not (planned.changes or planned.pending):
        yield "Nothing to do."
    yield f"{', '.join(totals)}."


def show_section(title: str, lines: Sequence[str]) -> None:
    """Print lines under a title that counts them; nothing where there are none."""
    if lines:
        say(f"{title} ({len(lines)}):")
        say_all(f"  {line}" for line in lines)


def _line(change: PlannedChange) -> str:
    problem = f"  CANNOT BE MADE: {change.problem}" if change.problem else ""
    if change.action == "revoke":
        return f"{change.employee_id}  {_reasons(change.reasons)}{problem}"
    where = ", ".join(change.after.locations or ()) if change.after else ""
    if change.action == "update":
        return f"{change.employee_id}  {_held(change.before)} → {where}{problem}"
    due = f", due by {change.grant_due_by}" if change.grant_due_by else ""
    overdue = ", OVERDUE (ES-8)" if change.escalate else ""
    return f"{change.employee_id}  {where}{due}{overdue}{problem}"


def _waits(change: PlannedChange, since: str) -> str:
    gone = "".join(f" {text[:1].upper()}{text[1:]}." for text in change.gone)
    return f"{_line(change)}{gone} Waits since {since}."


def _undecided(one: Undecided) -> str:
    doubt = f" {one.doubt}" if one.doubt else ""
    return f"{one.employee_id}  {_reasons(one.reasons)}{doubt}{'  (holds access)' if one.held else ''}"


def _pending(one: Pending) -> str:
    due = f", due {one.due_on}" if one.due_on else ""
    overdue = ", OVERDUE" if one.overdue else ""
    wanted = "" if one.wanted else ", no longer wanted"
    proved = "" if one.proved else ", not proved by the last listing"
    return f"{one.employee_id}  {one.action}, list {one.batch}{due}{overdue}{wanted}{proved}"


def unnamed_line(one: UnnamedMember) -> str:
    """A member without an account, where it is and why it has none, on one line."""
    return f"{one.member}  in {', '.join(one.groups)}: {one.why}"


def _drift(one: Drift) -> str:
    if one.kind == "hidden":
        return (
            f"{one.employee_id}  hidden: {_held(one.expected)} before; the target shows no account "
            f"{one.account} now, and a member without an account may be it"
        )
    return (
        f"{one.employee_id}  {one.kind}: {_held(one.expected)} before, {_held(one.found)} now; "
        f"the policy says {one.outcome}, so: {one.action}"
    )


def _reasons(reasons: Iterable[Reason]) -> str:
    return "; ".join(f"{reason.code}: {reason.message}" for reason in reasons)


def _held(access: Access | None) -> str:
    if access is None:
        return "nothing"
    return "access" if access.locations is UNSET else ", ".join(access.locations) or "no location"
