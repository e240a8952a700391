"""`icaccess plan`, `apply` and `adopt`: what would change, and changing it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from msgspec import UNSET

from icaccess.apply import Summary
from icaccess.audit.heads import Receipt
from icaccess.cli.options import FORMAT, deciding
from icaccess.cli.progress import show_issues, show_sources, showing
from icaccess.cli.text import say, say_all, show_value
from icaccess.errors import ChangesFailed, GuardStop, UsageError
from icaccess.guard import GuardResult
from icaccess.models import Access, Reason
from icaccess.pipeline import check_day, start
from icaccess.plan import Drift, Pending, Plan, PlannedChange, Undecided, check_current, read_plan, write_plan
from icaccess.request import Request
from icaccess.store.consents import Consent
from icaccess.store.lock import caller
from icaccess.targets.interface import UnnamedMember

_FILE = click.Path(path_type=Path, dir_okay=False)
CHANGES_EXIT = 2
UNNAMED_EXIT = 5
_NAMED = 10
_FULL = click.option("--full", is_flag=True, help="Decide everybody again; use no cached decision.")


@click.command()
@deciding
@click.option("--out", type=_FILE, metavar="FILE", help="Save the plan, for `icaccess apply FILE`.")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Answer 0 nothing to change, 2 changes, 5 members that nobody can name, 1 error.",
)
@_FULL
@FORMAT
def plan(request: Request, out: Path | None, form: str, *, detailed_exitcode: bool, full: bool) -> int:
    """Show what would change and why; change nothing."""
    with start(request, read_only=True) as run:
        with showing():
            planned = run.plan(full=full)
        result = run.guard(planned)
    if out is not None:
        write_plan(planned, out)
    if form == "json":
        show_value(_document(planned, result))
    else:
        _show(planned, result, run.parts.facts.issues())
    if out is not None:
        say(f"Saved to {out}; carry it out with: icaccess apply {out}", err=True)
    if not detailed_exitcode:
        return 0
    return UNNAMED_EXIT if planned.unnamed else CHANGES_EXIT if planned.changes else 0


@click.command()
@deciding
@click.argument("file", type=_FILE, required=False)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option(
    "--allow", metavar="PLAN", help="Let this one plan past the guard; it names the plan when it stops."
)
@click.option("--by", metavar="NAME", help="With --allow: who gives this consent.")
@click.option("--reason", metavar="TEXT", help="With --allow: why.")
@click.option(
    "--consent-to",
    metavar="ID",
    multiple=True,
    help="With --allow: whose revocation, of those that wait for a consent; repeatable [default: all].",
)
@_FULL
@FORMAT
def apply(
    request: Request,
    file: Path | None,
    form: str,
    *,
    yes: bool,
    allow: str | None,
    by: str | None,
    reason: str | None,
    consent_to: tuple[str, ...],
    full: bool,
) -> int:
    """Carry out a plan that was saved in FILE, or what is planned now; verify and record it."""
    saved = None if file is None else read_plan(file)
    consent = _consent(allow, by, reason, consent_to)
    if not yes and form == "json":
        raise UsageError("--format json asks nothing; look at `icaccess plan`, then give --yes")
    if not yes and not sys.stdin.isatty():
        raise UsageError("apply asks before it changes anything, and there is no terminal; give --yes")
    with start(request) as run:
        check_day(saved, request, run.parts.target)
        with run.changing("icaccess apply"):
            with showing():
                planned = run.plan(full=full)
            if saved is not None:
                check_current(saved, planned)
            result = run.guard(planned)
            if consent is not None:
                run.consent(consent, result)
                result = run.guard(planned)
            if form == "text":
                _show(planned, result, run.parts.facts.issues())
            elif result.is_stopped:
                show_value({**_document(planned, result), "summary": None})
            result.check()
            question = f"Make these {len(planned.changes)} changes at {planned.target}?"
            if planned.changes and not yes and not click.confirm(question, err=True):
                say("Nothing was changed.")
                return 0
            summary = run.apply(planned, result, by=caller())
        _warn(run.receipts)
        if form == "json":
            show_value({**_document(planned, result), "summary": summary})
        else:
            _report(summary)
        _check(summary)
    return UNNAMED_EXIT if planned.unnamed else 0


@click.command()
@deciding
@FORMAT
def adopt(request: Request, form: str) -> None:
    """Take over who holds access now, from the records' `access`, once, on the first day."""
    with start(request) as run:
        check_day(None, request, run.parts.target)
        with run.changing("icaccess adopt"), showing():
            count = run.adopt(by=caller())
        _warn(run.receipts)
        if run.not_adopted:
            names = ", ".join(run.not_adopted[:_NAMED]) + (" …" if len(run.not_adopted) > _NAMED else "")
            say(
                f"Records that are wrong ({len(run.not_adopted)}): {names}; nobody knows whether these "
                "people hold access, and they were not adopted.",
                err=True,
            )
        target = run.parts.target.identity
        unnamed = () if run.listing is None else run.listing.unnamed
        if form == "json":
            show_value(
                {
                    "target": target,
                    "adopted": count,
                    "not_adopted": run.not_adopted,
                    "unnamed": unnamed,
                }
            )
        else:
            say(f"Adopted {count} who hold access at {target}.")
            _section("Members that stand for no account", [_unnamed(one) for one in unnamed])


def _consent(
    allow: str | None, by: str | None, reason: str | None, people: tuple[str, ...]
) -> Consent | None:
    if allow is None and by is None and reason is None and not people:
        return None
    if not (allow and by and by.strip() and reason and reason.strip()):
        raise UsageError("a consent names the plan, the person and a reason; give --allow, --by and --reason")
    return Consent(plan=allow, by=by, reason=reason, people=people)


def _warn(receipts: Sequence[Receipt]) -> None:
    for one in receipts:
        if one.problem:
            say(f"The audit record's head was not handed to {one.witness}: {one.problem}", err=True)


def _report(summary: Summary) -> None:
    done = ", ".join(f"{count} {state}" for state, count in sorted(summary.counts.items())) or "no changes"
    say(f"Run {summary.run_id}: {done}.")
    for failure in summary.failures:
        change = failure.change
        say(f"  {change.employee_id}  {change.action} could not be made: {failure.note}")
    say_all(summary.to_do)


def _check(summary: Summary) -> None:
    """Raise the error that says what was not done, where something was not."""
    if summary.complete:
        if summary.waiting:
            raise GuardStop(
                f"{summary.waiting} revocations wait for a consent, and the rest was done; "
                "`icaccess plan` shows them and names the option that lets them through"
            )
        return
    count = len(summary.failures) + summary.left
    why = f"; {summary.stopped}" if summary.stopped else ""
    noun = "change" if count == 1 else "changes"
    others = ", the others were" if summary.counts.get("verified") else ""
    raise ChangesFailed(f"{count:,} {noun} could not be made{others}; run again to retry{why}")


def _document(planned: Plan, result: GuardResult) -> dict[str, Any]:
    """A plan, and what the guard says of it, for `--format json`."""
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


def _show(planned: Plan, result: GuardResult, issues: Iterable[str]) -> None:
    say(
        f"Plan for {planned.as_of} at {planned.target}: "
        f"{planned.people:,} people, {planned.holders:,} hold access."
    )
    if not planned.holders:
        say("Nobody holds access there; on the first day `icaccess adopt` takes over who does.", err=True)
    show_sources(planned.sources, planned.leaning)
    show_issues(issues, "icaccess facts --issues FILE", indent="  ")
    waiting = {one.employee_id for one in result.waiting}
    for title, action in (("Revocations", "revoke"), ("Updates", "update"), ("Grants", "grant")):
        _section(
            title,
            [
                _line(one)
                for one in planned.changes
                if one.action == action and one.employee_id not in waiting
            ],
        )
    _section("Undecided, left unchanged", [_undecided(one) for one in planned.undecided])
    _section("Members that stand for no account", [_unnamed(one) for one in planned.unnamed])
    _section("Asked for, not shown by the target yet", [_pending(one) for one in planned.pending])
    if planned.export_due_since:
        say(
            f"Waiting for an export that is newer than {planned.export_due_since:%Y-%m-%d %H:%M} UTC: "
            f"{len(planned.pending):,} changes pending, {planned.overdue:,} overdue."
        )
    _section("Changed outside this system", [_drift(one) for one in planned.drift])
    _section(
        "Waiting for a consent",
        [_waits(one, result.since.get(one.employee_id, str(planned.as_of))) for one in result.waiting],
    )
    _section("Not told before the removal", [_line(change) for change in result.untold])
    _section("Stopped by the guard", [*filter(None, [result.not_adopted]), *result.stops])
    if result.waiting or result.stops:
        say(f"To let this one plan through: icaccess apply {result.option}")
    say_all(_totals(planned, result))


def _totals(planned: Plan, result: GuardResult) -> Iterator[str]:
    """What would be changed, apart from what waits for a consent and what was asked for already."""
    waiting = {one.employee_id for one in result.waiting}
    to_make = Counter(one.action for one in planned.changes if one.employee_id not in waiting)
    totals = [
        f"{to_make['revoke']} revocations",
        f"{to_make['update']} updates",
        f"{to_make['grant']} grants ({planned.escalations} overdue)",
        *([f"{len(waiting)} waiting for a consent"] if waiting else []),
        *([f"{len(planned.pending)} pending"] if planned.pending else []),
        f"{planned.counts.get('keep', 0)} unchanged",
        f"{planned.counts.get('undecided', 0)} undecided",
    ]
    if not (planned.changes or planned.pending):
        yield "Nothing to do."
    yield f"{', '.join(totals)}."


def _section(title: str, lines: Sequence[str]) -> None:
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
    return f"{one.employee_id}  {_reasons(one.reasons)}{'  (holds access)' if one.held else ''}"


def _pending(one: Pending) -> str:
    due = f", due {one.due_on}" if one.due_on else ""
    overdue = ", OVERDUE" if one.overdue else ""
    wanted = "" if one.wanted else ", no longer wanted"
    proved = "" if one.proved else ", not proved by the last listing"
    return f"{one.employee_id}  {one.action}, list {one.batch}{due}{overdue}{wanted}{proved}"


def _unnamed(one: UnnamedMember) -> str:
    return f"{one.member}  in {', '.join(one.groups)}: {one.why}"


def _drift(one: Drift) -> str:
    if one.kind == "hidden":
        return (
            f"{one.employee_id}  hidden: {_held(one.expected)} before; the target shows no account "
            f"{one.account} now, and a member that stands for no account may be it"
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
