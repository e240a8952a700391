"""`icaccess policy check|test|trace|page|bundle`: the reviewer's and CI's side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from icaccess.cli.bundle import bundle
from icaccess.cli.options import CONFIG, POLICY, say_installed
from icaccess.cli.text import say, show
from icaccess.errors import IcaccessError, UsageError
from icaccess.request import Request

if TYPE_CHECKING:
    from icaccess.review.source import PolicySource


@click.group("policy")
def policy() -> None:
    """Check, test, trace and bundle the policy."""


policy.add_command(bundle)


@policy.command("check")
@POLICY
@CONFIG
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
)
def check(policy: Path | None, config: Path | None, form: str) -> int:
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
        found = check_policy(_source(policy, config))
    except IcaccessError as error:
        if form != "text":
            show(forms[form]([unread_finding(error, policy or Path("policy"))]), form)
        raise
    _say_cached(found.cached_at)
    show(forms[form](found.findings), form)
    return 1 if found.findings else 0


@policy.command("test")
@POLICY
@CONFIG
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True
)
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Fail when the tests cover less of the policy.",
)
def test(policy: Path | None, config: Path | None, form: str, min_coverage: float) -> int:
    """Run the tests in Rego and the cases in YAML: exit 1 when one fails, or too little is covered."""
    from icaccess.review import render
    from icaccess.review.check import unread_finding
    from icaccess.review.suite import SuiteRun, TestResult, junit, run_suite

    if not 0 <= min_coverage <= 100:  # as `nan` is not, which passes every comparison of click's
        raise UsageError(f"--min-coverage {min_coverage}: give a percentage from 0 to 100")
    forms = {"text": render.run_text, "json": render.run_json, "junit": junit}
    try:
        run = run_suite(_source(policy, config))
    except IcaccessError as error:
        if form != "text":
            at = unread_finding(error, policy or Path("policy"))
            failed = TestResult("policy", "can be read", at.file, at.line, at.message)
            show(forms[form](SuiteRun((failed,), (), ())), form)
        raise
    _say_cached(run.cached_at)
    show(forms[form](run), form)
    if run.percent is not None and run.percent < min_coverage:
        say(f"the tests cover {run.percent:.2f}% of the policy, less than {min_coverage:g}%", err=True)
        return 1
    return 1 if run.failed else 0


@policy.command("trace")
@POLICY
@CONFIG
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
def trace(policy: Path | None, config: Path | None, form: str) -> int:
    """From each posted clause to its rules, reasons and tests: exit 1 when a clause lacks some."""
    from icaccess.review import render
    from icaccess.review.trace import trace_policy
    from icaccess.tables import as_json

    found = trace_policy(_source(policy, config))
    forms = {"text": render.trace_text, "markdown": render.trace_markdown, "json": as_json}
    show(forms[form](found), form)
    return 1 if found.gaps else 0


@policy.command("page")
@POLICY
@CONFIG
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
def page(policy: Path | None, config: Path | None, file: Path) -> int:
    """Whether the posted page, saved as HTML or text, still says what the policy serves: exit 1 when not.

    For each clause that has changed, the rules and cases that rest on it.
    """
    from icaccess.config.policy_data import load_policy_data
    from icaccess.review.page import compare, page_text, read_page
    from icaccess.review.report_clauses import read_clauses
    from icaccess.review.trace import trace_policy

    source = _source(policy, config)
    clauses = read_clauses(source.policy, load_policy_data(source.config).requirements)
    found = compare(clauses or (), read_page(file))
    show(page_text(found, trace_policy(source) if found.changed else None))
    return 1 if found.changed or found.unread else 0


def _say_cached(made_at: str | None) -> None:
    if made_at is not None:
        say(f"nothing has changed since {made_at}: the results are from the cache", err=True)


def _source(policy: Path | None, config: Path | None) -> PolicySource:
    from icaccess.config.policy_data import load_policy_data
    from icaccess.opa.engine import find_opa
    from icaccess.review.source import PolicySource

    asked = Request(config=config, policy=policy)
    say_installed(asked)
    load_policy_data(asked.config_directory)
    return PolicySource(find_opa(), asked.policy_directory, asked.config_directory)
