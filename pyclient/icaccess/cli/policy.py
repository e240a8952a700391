"""`icaccess policy check|test|trace|explore|mutate|page|bundle`: the reviewer's and CI's side."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
import msgspec

from icaccess.cli.mutate import mutate
from icaccess.cli.options import FILE, FORMAT, PathOption, TimeLimit, formats, policy_source, ruled
from icaccess.cli.text import Rendered, answer, say, show
from icaccess.errors import IcaccessError, UsageError
from icaccess.request import Request

if TYPE_CHECKING:
    from icaccess.review.search.explore import Exploration
    from icaccess.review.suite import SuiteRun

_WATCH_EVERY = 0.5
"""Seconds between two looks at the files that `--watch` waits for."""


@click.group("policy")
def policy() -> None:
    """Check, test, trace, explore and bundle the policy."""


policy.add_command(mutate)


@policy.command("check")
@ruled
@formats("json", "github", "sarif")
def check(request: Request, form: str) -> int:
    """Whether the policy is fit to be reviewed: exit 1 with a finding for each thing that is not in order."""
    from icaccess.review import render
    from icaccess.review.check import check_policy, unread_finding

    forms = {
        "text": render.findings_text,
        "json": render.findings_json,
        "github": render.findings_github,
        "sarif": render.findings_sarif,
    }
    try:
        found = check_policy(policy_source(request))
    except IcaccessError as error:
        if form != "text":
            show(forms[form]([unread_finding(error, request.policy or Path("policy"))]), form)
        raise
    _say_cached(found.cached_at)
    show(forms[form](found.findings), form)
    return 1 if found.findings else 0


@policy.command("test")
@ruled
@formats("json", "junit", "github", "sarif")
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Fail when the tests cover less of the policy, and show who would reach what they do not.",
)
@click.option(
    "--run",
    "pattern",
    metavar="NAME",
    help="Only tests and cases in whose name this regular expression is found.",
)
@click.option("--watch", is_flag=True, help="Run again whenever a file changes, until Ctrl-C.")
def test(request: Request, form: str, min_coverage: float, pattern: str | None, watch: bool) -> int:
    """Run the tests in Rego and the cases in YAML: exit 1 when one fails, or too little is covered."""
    from icaccess.review import render
    from icaccess.review.cases import TestResult
    from icaccess.review.check import unread_finding
    from icaccess.review.suite import SuiteRun

    if not 0 <= min_coverage <= 100:  # as `nan` is not, which passes every comparison of click's
        raise UsageError(f"--min-coverage {min_coverage}: give a percentage from 0 to 100")
    if pattern is not None and min_coverage:
        raise UsageError("--min-coverage is of all tests together; leave it or --run out")
    if watch and form != "text":
        raise UsageError("--watch shows text, again and again; leave it or --format out")
    forms = {
        "text": render.run_text,
        "json": render.run_json,
        "junit": render.run_junit,
        "github": render.run_github,
        "sarif": render.run_sarif,
    }
    if watch:
        _keep_testing(request, pattern)
    try:
        run = _tested(request, pattern)
        too_little = run.percent is not None and run.percent < min_coverage
        if too_little:
            from icaccess.review.search.uncovered import with_people  # takes its time to import

            say("searching for people who would reach the lines that are not covered", err=True)
            people = with_people(policy_source(request), run.uncovered)
            run = msgspec.structs.replace(run, uncovered=people)
    except IcaccessError as error:
        if form != "text":
            at = unread_finding(error, request.policy or Path("policy"))
            failed = TestResult("policy", "can be read", at.file, at.line, at.message)
            show(forms[form](SuiteRun((failed,))), form)
        raise
    _say_cached(run.cached_at)
    show(forms[form](run), form)
    if too_little:
        say(f"the tests cover {run.percent:.2f}% of the policy, less than {min_coverage:g}%", err=True)
    return 1 if run.failed or too_little else 0


def _tested(request: Request, pattern: str | None) -> SuiteRun:
    from icaccess.review.suite import run_some, run_suite

    source = policy_source(request)
    return run_suite(source) if pattern is None else run_some(source, pattern)


def _keep_testing(request: Request, pattern: str | None) -> NoReturn:
    """Test at once and whenever a file changes; what cannot be read is said, and waited for to change."""
    from icaccess.opa.program import find_opa
    from icaccess.review.render import run_text
    from icaccess.review.source import PolicySource

    source = PolicySource(find_opa(), request.policy_directory, request.config_directory)
    while True:
        before = source.digest()
        try:
            show(run_text(_tested(request, pattern)))
        except IcaccessError as error:
            say(f"icaccess: {error}", err=True)
        say("waiting for a file to change; Ctrl-C ends", err=True)
        while source.digest() == before:
            time.sleep(_WATCH_EVERY)


@policy.command("trace")
@ruled
@formats("markdown", "json")
def trace(request: Request, form: str) -> int:
    """From each posted clause to its rules, reasons and tests: exit 1 when a clause lacks some."""
    from icaccess.review import render
    from icaccess.review.trace import trace_policy
    from icaccess.tables import as_json

    found = trace_policy(policy_source(request))
    _say_cached(found.cached_at)
    forms = {"text": render.trace_text, "markdown": render.trace_markdown, "json": as_json}
    show(forms[form](found), form)
    return 1 if found.gaps else 0


@policy.command("explore")
@ruled
@click.option(
    "--limit", type=TimeLimit(), default="30s", show_default=True, metavar="TIME", help="How long to search."
)
@click.option("--seed", type=int, default=1, show_default=True, help="What chances are drawn from.")
@formats("markdown", "json", "yaml", note="; yaml is the cases to add alone")
def explore(request: Request, limit: float, seed: int, form: str) -> int:
    """Show the smallest made-up people who between them reach every way to decide, and every line.

    Exit 2 when a way to decide or a line is reached by no test: the cases to add are shown; exit 1 when the
    search ended early.
    """
    from icaccess.review.search import explore_render as render
    from icaccess.review.search.explore import explore as search
    from icaccess.review.versions import checkout
    from icaccess.tables import as_json

    source = policy_source(request)
    with checkout("the policy", None, source.policy, source.config) as place:
        found = search(place, limit=limit, seed=seed)
    forms: dict[str, Callable[[Exploration], Rendered]] = {
        "text": render.exploration_text,
        "markdown": render.exploration_markdown,
        "json": as_json,
        "yaml": lambda found: found.cases,
    }
    show(forms[form](found), form)
    if found.problem:
        say(f"the search ended early: {found.problem}", err=True)
        return 1
    return 2 if any(one.untested for one in found.people) else 0


@policy.command("page")
@ruled
@click.argument("file", type=FILE, metavar="FILE")
@FORMAT
def page(request: Request, file: Path, form: str) -> int:
    """Whether the posted page, saved as HTML or text, still says what the policy serves: exit 1 when not.

    For each clause that has changed, the rules and cases that rest on it.
    """
    from icaccess.config.policy_data import load_policy_data
    from icaccess.review.page import compare, page_text, read_page
    from icaccess.review.report_clauses import read_clauses
    from icaccess.review.trace import trace_policy

    source = policy_source(request)
    clauses = read_clauses(source.policy, load_policy_data(source.config).requirements)
    found = compare(clauses or (), read_page(file))
    changed = {one.clause for one in found.changed}
    traced = trace_policy(source).clauses if changed else ()
    rests = [one for one in traced if one.clause in changed]
    value = {"clauses": found.clauses, "unread": found.unread, "rests": rests}
    answer(form, value, page_text(found, rests))
    return 1 if found.changed or found.unread else 0


@policy.command("bundle")
@ruled
@click.option(
    "--out",
    type=PathOption(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="The folder from which a server serves the bundles.",
)
@click.option(
    "--signing-key",
    type=PathOption(path_type=Path),
    envvar="ICACCESS_SIGNING_KEY",
    metavar="FILE",
    help="The private key, in PEM, that signs them.",
)
@FORMAT
def bundle(request: Request, out: Path, signing_key: Path | None, form: str) -> None:
    """Build and sign the bundles policy.tar.gz and config.tar.gz, which OPA in service loads.

    Show each bundle's revision, which every decision names, and the SHA-256 of its file.
    """
    from icaccess.config.policy_data import load_policy_data
    from icaccess.opa.program import find_opa
    from icaccess.opa.signing import publish

    if signing_key is None:
        raise UsageError(
            "no key to sign with: give --signing-key FILE or set ICACCESS_SIGNING_KEY; "
            "OPA in service refuses a bundle that is not signed"
        )
    load_policy_data(request.config_directory)
    made = publish(find_opa(), request.policy_directory, request.config_directory, signing_key, out)
    lines = (f"{one.file}  revision {one.revision}  sha256 {one.sha256}" for one in made)
    answer(form, {"bundles": made}, lines)


def _say_cached(made_at: str | None) -> None:
    if made_at is not None:
        say(f"nothing has changed since {made_at}: the results are from the cache", err=True)
