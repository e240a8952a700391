"""`icaccess plan`, `apply` and `adopt`: what would change, and changing it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from icaccess.apply import Summary
from icaccess.audit.heads import Receipt
from icaccess.cli.options import BY, FILE, FORMAT, REASON, deciding, given_consent, say_installed
from icaccess.cli.plan_render import plan_document, show_plan, show_section, unnamed_line
from icaccess.cli.progress import show_issues, show_sources, showing
from icaccess.cli.text import say, say_all, show_value
from icaccess.errors import ChangesFailed, GuardStop, PlanError, UsageError
from icaccess.pipeline import start
from icaccess.plan import Plan, check_current, read_plan, write_plan
from icaccess.request import Request
from icaccess.service.settings import ServiceSettings
from icaccess.store.lock import caller
from icaccess.targets.interface import Target
from icaccess.text import how_many

CHANGES_EXIT = 2
UNNAMED_EXIT = 5
_NAMED = 10
_FULL = click.option("--full", is_flag=True, help="Decide everybody again; use no cached decision.")


@click.command()
@deciding
@click.option("--out", type=FILE, metavar="FILE", help="Save the plan, for `icaccess apply FILE`.")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Answer 0 nothing to change, 2 changes, 5 members without an account, 1 error.",
)
@_FULL
@FORMAT
def plan(request: Request, out: Path | None, form: str, *, detailed_exitcode: bool, full: bool) -> int:
    """Show what would change and why; change nothing."""
    request.settings.section("service", ServiceSettings)  # a mistake shows before `icaccess run` starts
    say_installed(request, policy=False)
    with start(request, read_only=True) as run:
        with showing():
            planned = run.plan(full=full)
        result = run.guard(planned)
    if out is not None:
        write_plan(planned, out)
    if form == "json":
        show_value(plan_document(planned, result))
    else:
        show_plan(planned, result, run.parts.facts.issues())
    if out is not None:
        say(f"Saved to {out}; carry it out with: icaccess apply {out}", err=True)
    if not detailed_exitcode:
        return 0
    return UNNAMED_EXIT if planned.unnamed else CHANGES_EXIT if planned.changes else 0


@click.command()
@deciding
@click.argument("file", type=FILE, required=False)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option(
    "--allow", metavar="PLAN", help="Let this one plan past the guard; it names the plan when it stops."
)
@BY
@REASON
@click.option(
    "--consent-to",
    metavar="ID",
    multiple=True,
    help="With --allow: consent to this person's waiting revocation alone; repeatable [default: all].",
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
    """Carry out the plan saved in FILE, or a new plan; verify and record it."""
    saved = None if file is None else read_plan(file)
    consent = given_consent("plan", allow, by, reason, consent_to)
    if not yes and form == "json":
        raise UsageError("--format json cannot ask; look at `icaccess plan`, then give --yes")
    if not yes and not sys.stdin.isatty():
        raise UsageError("apply asks before it changes anything, and there is no terminal; give --yes")
    say_installed(request, policy=False)
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
                show_plan(planned, result, run.parts.facts.issues())
            elif result.stops or result.not_adopted:
                show_value({**plan_document(planned, result), "summary": None})
            result.check()
            question = f"Make {how_many(len(planned.changes), 'change')} at {planned.target}?"
            if planned.changes and not yes and not click.confirm(question, err=True):
                say("Nothing was changed.")
                return 0
            summary = run.apply(planned, result, by=caller())
        _warn(run.receipts)
        if form == "json":
            show_value({**plan_document(planned, result), "summary": summary})
        else:
            _report(summary)
        _check(summary)
    return UNNAMED_EXIT if planned.unnamed else 0


@click.command()
@deciding
@FORMAT
def adopt(request: Request, form: str) -> None:
    """Take over who holds access now, from the records' `access`, once, on the first day."""
    say_installed(request, policy=False)
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
        if not request.facts:
            show_sources(run.parts.facts.reports(), run.parts.facts.leaning, err=True)
            show_issues(run.parts.facts.issues(), "icaccess facts --issues FILE", err=True)
        target = run.parts.target.identity
        unnamed = () if run.listing is None else run.listing.unnamed
        if form == "json":
            found = {"target": target, "adopted": count}
            show_value({**found, "not_adopted": run.not_adopted, "unnamed": unnamed})
        else:
            say(f"Adopted {count} who hold access at {target}.")
            show_section("Members without an account", [unnamed_line(one) for one in unnamed])


def check_day(plan: Plan | None, request: Request, target: Target) -> None:
    """Raise `PlanError` unless a run for a request's day may change `target` today.

    Only the ledger takes changes as of another day, and a saved plan for another day only if the caller gives
    the day again.
    """
    day, today = request.day, request.today
    if plan is not None and plan.as_of != day:
        again = "make a new plan" if request.at else f"give --at {plan.as_of} again if that is meant"
        raise PlanError(f"the plan is for {plan.as_of}, and this run is for {day}; {again}")
    if day != today and not target.is_store:
        raise PlanError(
            f"{target.identity} can change only as of today ({today}), not as of {day}; leave --at out"
        )


def _warn(receipts: Sequence[Receipt]) -> None:
    say_all(filter(None, (one.warning for one in receipts)), err=True)


def _report(summary: Summary) -> None:
    done = ", ".join(f"{count} {state}" for state, count in sorted(summary.counts.items())) or "no changes"
    say(f"Run {summary.run_id}: {done}.")
    for one in summary.failures:
        say(f"  {one.change.employee_id}  {one.change.action} could not be made: {one.note}")
    say_all(summary.to_do)


def _check(summary: Summary) -> None:
    """Raise the error that says what was not done, if anything."""
    if summary.complete:
        if summary.waiting:
            waiting = how_many(summary.waiting, "revocation waits", "revocations wait")
            raise GuardStop(
                f"{waiting} for a consent, and the rest was done; "
                "`icaccess plan` shows them and names the option that lets them through"
            )
        return
    count = how_many(len(summary.failures) + summary.left, "change")
    why = f"; {summary.stopped}" if summary.stopped else ""
    others = ", the others were" if summary.counts.get("verified") else ""
    raise ChangesFailed(f"{count} could not be made{others}; run again to retry{why}")
