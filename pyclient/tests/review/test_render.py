"""Findings, runs and matrices in the formats that other tools read."""

from __future__ import annotations

import json

from icaccess.review import render
from icaccess.review.cases import TestResult
from icaccess.review.coverage import FileCoverage, Uncovered
from icaccess.review.source import Finding
from icaccess.review.suite import SuiteRun
from icaccess.review.trace import Trace, TracedClause, TracedRule, TracedTest
from tests.rendered import shown

FINDING = Finding("reason", "policy/a,b.rego", 3, "50% of: it\nis wrong")


def test_findings_as_text() -> None:
    assert shown(render.findings_text([])) == "the policy is in order\n"
    assert shown(render.findings_text([FINDING])).endswith("[reason]\n1 finding\n")


def test_findings_as_json_is_a_list_even_when_empty() -> None:
    assert json.loads(render.findings_json([])) == {"findings": []}


def test_findings_for_github_escape_what_it_would_read() -> None:
    assert shown(render.findings_github([FINDING])) == (
        "::error file=policy/a%2Cb.rego,line=3,title=policy reason::50%25 of: it%0Ais wrong\n"
    )


def test_findings_as_sarif() -> None:
    (run,) = json.loads(render.findings_sarif([FINDING]))["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "reason"
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "policy/a%2Cb.rego"}, "region": {"startLine": 3}}


def test_a_name_cannot_break_a_markdown_table() -> None:
    rule = TracedRule("access.x", "a|b <script>\nc", "p.rego", 1, None, True)
    clause = TracedClause("ES-1", (rule,), (), (TracedTest("`t`", "t.rego", 2),), (), None)
    table = shown(render.trace_markdown(Trace((clause,))))
    assert table.split("\n")[2] == r"| ES-1 | a\|b \<script\> c (`p.rego:1`) |  | \`t\` (`t.rego:2`) | yes |"


PART = Uncovered("p.rego", 4, (3, 4), "p.x", (), "no test gets past line 2")
REACHED = Uncovered("p.rego", 9, (9,), "p.y", (), "no test asks for p.y", "2025-09-10", {"id": "1"})
RUN = SuiteRun((), (FileCoverage("p.rego", (1, 2), (3, 4, 9)),), (PART, REACHED))


def test_what_is_not_covered_is_shown_with_why_and_who_reaches_it() -> None:
    assert shown(render.run_text(RUN)).split("\n")[1:] == [
        " 40.0%  p.rego  missed: 3, 4, 9",
        " 40.0%  of the policy is covered",
        "p.rego:4: not covered: no test gets past line 2",
        "p.rego:9: not covered: no test asks for p.y",
        '  reached on 2025-09-10 by {"id":"1"}',
        "",
    ]
    assert json.loads(render.run_json(RUN))["uncovered"][1]["employee"] == {"id": "1"}


def test_a_run_for_github_and_as_sarif() -> None:
    failed = TestResult("s", "t", "t.rego", 7, "the test does not hold")
    run = SuiteRun((failed,), (), (REACHED,))
    assert shown(render.run_github(run)) == (
        "::error file=t.rego,line=7,title=policy passes::t: the test does not hold\n"
        "::warning file=p.rego,line=9,title=policy covered::no test asks for p.y; "
        'reached on 2025-09-10 by {"id":"1"}\n'
    )
    (found,) = json.loads(render.run_sarif(run))["runs"]
    assert found["tool"]["driver"]["name"] == "icaccess policy test"
    assert [(one["ruleId"], one["level"]) for one in found["results"]] == [
        ("passes", "error"),
        ("covered", "warning"),
    ]
