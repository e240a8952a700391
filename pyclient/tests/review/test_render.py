"""Findings, runs and matrices in the formats that other tools read."""

from __future__ import annotations

import json

from icaccess.review import render
from icaccess.review.source import Finding
from icaccess.review.trace import Trace, TracedClause, TracedRule, TracedTest

FINDING = Finding("reason", "policy/a,b.rego", 3, "50% of: it\nis wrong")


def test_findings_as_text() -> None:
    assert render.findings_text([]) == "the policy is in order\n"
    assert render.findings_text([FINDING]).endswith("[reason]\n1 finding\n")


def test_findings_as_json_is_a_list_even_when_empty() -> None:
    assert json.loads(render.findings_json([])) == {"findings": []}


def test_findings_for_github_escape_what_it_would_read() -> None:
    assert render.findings_github([FINDING]) == (
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
    table = render.trace_markdown(Trace((clause,)))
    assert table.split("\n")[2] == r"| ES-1 | a\|b \<script\> c (`p.rego:1`) |  | \`t\` (`t.rego:2`) | yes |"
