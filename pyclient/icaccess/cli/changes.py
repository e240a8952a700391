"""`icaccess plan`, `apply` and `adopt`: what would change, and changing it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click

from icaccess import changes
from icaccess.apply import Summary
from icaccess.cli.options import dated, deciding
from icaccess.cli.progress import counting
from icaccess.cli.text import say, say_all
from icaccess.errors import ChangesFailed, GuardStop, UsageError
from icaccess.guard import NEEDS_CONSENT, GuardSettings, Verdict
from icaccess.models import Reason
from icaccess.pipeline import Request
from icaccess.plan import Drift, Pending, Plan, PlannedChange, Undecided, read_plan, write_plan
from icaccess.store.consents import Consent
from icaccess.store.lock import caller
from icaccess.targets.interface import Holding

_FILE = click.Path(path_type=Path, dir_okay=False)
CHANGES_EXIT = 2
_FULL = click.option("--full", is_flag=True, help="Decide everybody anew; use no decision that was kept.")


@click.command()
@deciding
@click.option("--out", type=_FILE, metavar="FILE", help="Save the plan, for `icaccess apply FILE`.")
@click.option("--detailed-exitcode", is_flag=True, help="Answer 0 nothing to change, 2 changes, 1 error.")
@_FULL
def plan(request: Request, out: Path | None, *, detailed_exitcode: bool, full: bool) -> int:
    """Show what would change and why; change nothing."""
    with (
        changes.opened(request, read_only=True) as (store, target),
        request.client() as client,
        counting(request.batches(), "people", len) as people,
    ):
        drawn = changes.plan(people, client, target, store, request.day, full=full)
        limits = request.settings.section("guard", GuardSettings)
        verdict = changes.examine(drawn, store, limits, request.facts_age())
    if out is not None:
        write_plan(drawn, out)
    _show(drawn, verdict)
    if out is not None:
        say(f"Saved to {out}; carry it out with: icaccess apply {out}", err=True)
    return CHANGES_EXIT if detailed_exitcode and drawn.changes else 0


@click.command()
@deciding
@click.argument("file", type=_FILE, required=False)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option(
    "--allow", metavar="PLAN", help="Let this one plan past the guard; it names the plan when it stops."
)
@click.option("--by", metavar="NAME", help="With --allow: who gives this consent.")
@click.option("--reason", metavar="TEXT", help="With --allow: why.")
@_FULL
def apply(
    request: Request,
    file: Path | None,
    *,
    yes: bool,
    allow: str | None,
    by: str | None,
    reason: str | None,
    full: bool,
) -> None:
    """Carry out a plan that was saved in FILE, or what is planned now; verify and record it."""
    saved = None if file is None else read_plan(file)
    consent = _consent(allow, by, reason)
    if not yes and not sys.stdin.isatty():
        raise UsageError("apply asks before it changes anything, and there is no terminal; give --yes")
    with changes.opened(request) as (store, target):
        today = datetime.now(request.settings.zone).date()
        changes.check_day(saved, request.day, today, target, day_given=request.at is not None)
        with (
            request.client() as client,
            counting(request.batches(), "people", len) as people,
        ):
            _, summary = changes.apply(
                people,
                client,
                target,
                store,
                request.day,
                by=caller(),
                limits=request.settings.section("guard", GuardSettings),
                full=full,
                facts_age=request.facts_age,
                saved=saved,
                consent=consent,
                confirm=lambda fresh, verdict: _confirm(fresh, verdict, yes=yes),
            )
    if summary is None:
        say("Nothing was changed.")
        return
    _report(summary)


@click.command()
@dated
def adopt(request: Request) -> None:
    """Take over who holds access now, from the records' `access`, once, on the first day."""
    with (
        changes.opened(request) as (store, target),
        counting(request.records(), "people") as records,
    ):
        count = changes.adopt(records, target, store, request.day, by=caller())
        say(f"Adopted {count} who hold access at {target.identity}.")


def _consent(allow: str | None, by: str | None, reason: str | None) -> Consent | None:
    if allow is None and by is None and reason is None:
        return None
    if not (allow and by and by.strip() and reason and reason.strip()):
        raise UsageError("a consent names the plan, the person and a reason; give --allow, --by and --reason")
    return Consent(plan=allow, by=by, reason=reason)


def _confirm(fresh: Plan, verdict: Verdict, *, yes: bool) -> bool:
    _show(fresh, verdict)
    if yes or verdict.stops or not fresh.changes:
        return True
    return click.confirm(f"Make these {len(fresh.changes)} changes at {fresh.target}?", err=True)


def _report(summary: Summary) -> None:
    done = ", ".join(f"{count} {state}" for state, count in sorted(summary.counts.items())) or "no changes"
    say(f"Run {summary.run_id}: {done}.")
    for failure in summary.failures:
        change = failure.change
        say(f"  {change.employee_id}  {change.action} could not be made: {failure.note}")
    if summary.complete:
        if summary.held_back:
            raise GuardStop(
                f"{summary.held_back} revocations for {NEEDS_CONSENT} are held back for consent and the rest "
                "was done; `icaccess plan` shows them and names the option that lets them through"
            )
        return
    count = len(summary.failures) + summary.left
    why = f"; {summary.stopped}" if summary.stopped else ""
    raise ChangesFailed(f"{count} changes could not be made, the others were; run again to retry{why}")


def _show(drawn: Plan, verdict: Verdict) -> None:
    say(f"Plan for {drawn.as_of} at {drawn.target}: {drawn.people:,} people, {drawn.holders:,} hold access.")
    if not drawn.holders:
        say("Nobody holds access there; on the first day `icaccess adopt` takes over who does.", err=True)
    for action in ("revoke", "update", "grant"):
        changes = drawn.changes.of(action)
        _section(f"To {action}", len(changes), map(_line, changes))
    _section("Undecided, left as they are", len(drawn.undecided), map(_undecided, drawn.undecided))
    _section("Under way, not shown by the target yet", len(drawn.pending), map(_pending, drawn.pending))
    _section("Changed behind this system's back", len(drawn.drift), map(_drift, drawn.drift))
    held_back, stops = verdict.held_back, verdict.stops
    _section("Held back by the guard until somebody consents", len(held_back), map(_line, held_back))
    _section("Stopped by the guard", len(stops), (finding.message for finding in stops))
    if held_back or stops:
        say(f"To let this one plan through: icaccess apply {verdict.option}")
    if not drawn.changes:
        say("Nothing to do.")
    counts = drawn.counts
    say(
        f"{counts.get('revoke', 0)} to revoke, {counts.get('update', 0)} to update, "
        f"{counts.get('grant', 0)} to grant ({drawn.escalations} overdue), "
        f"{counts.get('keep', 0)} to keep, {counts.get('undecided', 0)} undecided."
    )


def _section(title: str, count: int, lines: Iterable[str]) -> None:
    if count:
        say(f"{title} ({count}):")
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


def _undecided(one: Undecided) -> str:
    return f"{one.employee_id}  {_reasons(one.reasons)}{'  (holds access)' if one.held else ''}"


def _pending(one: Pending) -> str:
    due = f", due {one.due_on}" if one.due_on else ""
    overdue = ", OVERDUE" if one.overdue else ""
    wanted = "" if one.wanted else ", no longer wanted"
    return f"{one.employee_id}  {one.action}, list {one.batch}{due}{overdue}{wanted}"


def _drift(one: Drift) -> str:
    return (
        f"{one.employee_id}  {one.kind}: {_held(one.expected)} before, {_held(one.found)} now; "
        f"the policy says {one.outcome}, so: {one.action}"
    )


def _reasons(reasons: tuple[Reason, ...]) -> str:
    return "; ".join(f"{reason.code}: {reason.message}" for reason in reasons)


def _held(holding: Holding | None) -> str:
    if holding is None:
        return "nothing"
    return "access" if holding.locations is None else ", ".join(holding.locations) or "no location"
