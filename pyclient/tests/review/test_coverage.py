"""Why lines are not covered, and who would reach them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from icaccess.review.cases import covered_lines
from icaccess.review.coverage import Uncovered
from icaccess.review.search.uncovered import with_people
from icaccess.review.source import PolicySource
from icaccess.review.suite import run_suite
from tests.folders import fill

Edit = Callable[[str, str, str], None]

RULES = """package small

chosen if {
	input.kind == "b"
	input.count > 2
}

early(x) if x.count > 0

early(x) if {
	x.count > 5
	x.big
}

stops(x) := "big" if {
	x.count > 0
	x.count > 100
	x.kind != "c"
}

held(x) if {
	x.count > 1
	x.big
}

asked(x) := y if {
	y := x.count + 1
	y > 2
}
"""
TESTS = """package tests.small_test

test_chosen if not data.small.chosen with input as {"kind": "a", "count": 3}

test_early if data.small.early({"count": 1})

test_held if not data.small.held({"count": 2, "big": false})

test_stops if not data.small.stops({"count": 1, "kind": "d"})
"""
INDEX = "no test has a value that its rule compares with, so OPA's index leaves the rule out"
EARLY = "another rule of the same name always answers first, so OPA does not go on to it"


@pytest.fixture
def small(opa_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PolicySource:
    """A policy of which each part is not covered for another reason."""
    files = {
        "policy/small.rego": RULES,
        "policy/clauses.yaml": "clauses: [{clause: ES-1}]\n",
        "policy/tests/small_test.rego": TESTS,
        "config/requirements/data.yaml": "least: 18\n",
    }
    fill(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    return PolicySource(opa_path, Path("policy"), Path("config"), use_cache=False)


def test_each_part_says_why_no_test_evaluates_it(small: PolicySource) -> None:
    found = [(part.line, part.lines, part.rule, part.why) for part in run_suite(small).uncovered]
    assert found == [
        (4, (3, 4, 5), "small.chosen", INDEX),
        (11, (10, 11, 12), "small.early", EARLY),
        (18, (15, 18), "small.stops", "no test gets past line 17"),
        (21, (21,), "small.held", "no test meets all of its conditions"),
        (27, (26, 27, 28), "small.asked", "no test asks for small.asked"),
    ]


def test_what_is_covered_asks_nothing_more(small: PolicySource) -> None:
    Path("policy/small.rego").write_text("package small\n\nchosen(x) if x.count > 1\n")
    Path("policy/tests/small_test.rego").write_text(
        'package tests.small_test\n\ntest_chosen if data.small.chosen({"count": 2})\n'
    )
    run = run_suite(small)
    assert (run.percent, run.uncovered) == (100, ())


NEW_RULE = """
twice(found) if {
	found.walk_in == ["2024-01-02"]
	count(found.elementary) > 1
}

never(found) if found.as_of > "2150-01-01"
"""


def part(source: PolicySource, text: str, rule: str) -> Uncovered:
    """The part that begins with the line that has `text`."""
    file = source.policy / "access.rego"
    lines = file.read_text().split("\n")
    line = 1 + next(place for place, written in enumerate(lines) if text in written)
    return Uncovered(str(file), line, (line,), rule, (), "no test gets there")


@pytest.mark.slow
def test_somebody_who_would_reach_a_line_is_found(project: PolicySource, edit: Edit) -> None:
    edit(
        "policy/access.rego",
        "found.eligible_jobs != []\n\n# METADATA\n# title: Eligible role",
        "_eligible(found)\n\n# METADATA\n# title: Eligible role",
    )
    with Path("policy/access.rego").open("a") as file:
        file.write(
            f"{NEW_RULE}\n_eligible(found) if {{\n\tfound.eligible_jobs != []\n\tnot twice(found)\n}}\n"
        )
    source = PolicySource(project.opa, project.policy, project.config, use_cache=False)
    parts = [part(source, "found.elementary) > 1", "access.twice"), part(source, "never(", "access.never")]
    somebody, nobody = with_people(source, parts)
    assert somebody.employee is not None
    assert somebody.at is not None
    covered, _ = covered_lines(source, [(somebody.at, somebody.employee)])
    assert (somebody.file, somebody.line) in covered
    assert len(somebody.employee["certifications"]) == 1
    assert (nobody.employee, nobody.reached_by) == (None, "no decision on a person asks for this rule")
