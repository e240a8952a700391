"""`policy test` and `policy trace`: Rego tests, YAML cases, coverage of the policy alone, the matrix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from icaccess.errors import PolicyError, UsageError
from icaccess.review.cases import TestResult
from icaccess.review.render import run_junit
from icaccess.review.source import PolicySource
from icaccess.review.suite import SuiteRun, passing_suite, run_some, run_suite
from icaccess.review.trace import trace_policy
from tests.naming import named_by_last

Edit = Callable[[str, str, str], None]
ROOT = Path(__file__).parents[3]
CASES = Path("policy/tests/cases")
MINE = CASES / "mine" / "data.yaml"


def cases_of(run: SuiteRun) -> list[TestResult]:
    return [test for test in run.tests if test.suite == test.file]


OWN_TEST = """package tests.own_test

# METADATA
# title: Own
# custom:
#   clause: ES-1
test_own[name] if {
	some name, number in {"one": 1, "two": 2}
	number < LIMIT
	data.access.gives != ""
}
"""

CASE = """cases:
- name: nobody knows where
  clause: ES-3
  at: "2025-09-10"
  employee:
    id: "001234"
    employment: [{start: "2019-08-01"}]
    assignments: [{role: Teacher, location: "nowhere", start: "2019-08-01"}]
    certifications: []
    approvals: []
  expect: {outcome: deny, action: none, reasons: [approval_missing,
    elementary_certification_missing, unknown_location, walk_in_certification_missing]}
"""


def write(text: str) -> None:
    MINE.parent.mkdir()
    MINE.write_text(text)


def own(limit: int) -> None:
    Path("policy/tests/own_test.rego").write_text(OWN_TEST.replace("LIMIT", str(limit)))


def test_this_policy_passes_is_covered_and_leaves_no_clause_out(whole: PolicySource) -> None:
    run = run_suite(whole)
    assert run.failed == 0
    assert run.percent is not None
    assert run.percent >= 90
    assert len(cases_of(run)) >= 70
    assert {file.file for file in run.coverage} == {str(file) for file in whole.rego_files}
    assert {clause.clause: clause.gap for clause in trace_policy(whole).gaps} == {}


def test_each_row_of_a_table_is_a_test(project: PolicySource) -> None:
    own(limit=2)
    run = run_suite(project)
    mine = {test.name: test.problem for test in run.tests if test.suite == "tests.own_test"}
    assert mine == {"test_own/one": None, "test_own/two": "the test does not hold"}
    assert run.percent is None  # nothing is told of coverage while a test fails


ODD_TESTS = """package tests.own_test

_answer := 1 if true

_answer := 2 if data.requirements

test_conflict if _answer == 1

test_twice if false

test_twice if count([1]) == 1

test_codes[code] if {
	some code, _ in data.lib.reasons.table
	code != "not_employed"
}

test_mixed[name] if {
	true == true with input as "else"
	some name, row in object.union({"plain": true}, {code: false | some code, _ in data.lib.reasons.table})
	row
}

test_left_out[name] if {
	some name, row in {"one": 1, "two": 2}
	other := row
	other < 2
	some second in [name]
	second != ""
}

test_given[name] if {
	some word in ["one", "two"] with input as "else"
	name := word
}

test_part[name] if {
	some name, row in {"one": 1, "two": 2}
	row == 1
}

test_part[name] if {
	some name in ["three"]
}

test_deep[first][second] if {
	some first, inner in {"a": {"b": 1, "c": 2}, "d": {"e": 1}}
	some second, value in inner
	value == 1
}

todo_test_later if false
"""


@pytest.mark.parametrize("conflict", [True, False], ids=["with a conflict", "without"])
def test_odd_tests_are_told_as_by_opa(project: PolicySource, conflict: bool) -> None:
    text = ODD_TESTS if conflict else ODD_TESTS.replace("test_conflict if", "_unused if")
    Path("policy/tests/own_test.rego").write_text(text)
    run = run_suite(project)
    problems = {test.name: test.problem for test in run.tests if test.suite == "tests.own_test"}
    fails = "the test does not hold"
    codes = {name: problems.pop(name) for name in list(problems) if name.startswith("test_codes/")}
    assert {name for name, problem in codes.items() if problem} == {"test_codes/not_employed"}
    mixed = {name: problems.pop(name) for name in list(problems) if name.startswith("test_mixed/")}
    assert {name for name, problem in mixed.items() if not problem} == {"test_mixed/plain"}
    assert len(mixed) == len(codes) + 1 > 10
    if conflict:
        assert "produced conflicting values" in (problems.pop("test_conflict") or "")
    assert problems == {
        "test_twice": fails,
        "test_twice#01": None,
        "test_left_out/one": None,
        "test_left_out/two": fails,
        "test_given/one": None,
        "test_given/two": None,
        "test_part/one": None,
        "test_part/two": fails,
        "test_part#01/three": None,
        "test_deep/a/b": None,
        "test_deep/a/c": fails,
        "test_deep/d/e": None,
        "todo_test_later": None,
    }
    assert run.skipped == 1
    assert run.percent is None


def test_coverage_leaves_the_tests_out_and_falls_with_them(project: PolicySource) -> None:
    own(limit=3)
    for file in CASES.rglob("data.yaml"):
        file.unlink()
    Path("policy/tests/outcome_test.rego").unlink()
    run = run_suite(project)
    assert [test.name for test in run.tests] == ["test_own/one", "test_own/two"]
    assert run.percent is not None
    assert run.percent < 5
    assert not any("tests" in file.file for file in run.coverage)


def test_a_test_that_is_still_to_be_done_covers_nothing(project: PolicySource) -> None:
    own(limit=3)
    for file in CASES.rglob("data.yaml"):
        file.unlink()
    lines = {}
    for name in ("todo_test_all", "test_all"):
        text = f"package tests.own_test\n\n{name} if data.access.decision\n"
        Path("policy/tests/own_test.rego").write_text(text)
        run = run_suite(PolicySource(project.opa, project.policy, project.config))
        lines[name] = sum(len(file.covered) for file in run.coverage)
    assert lines["todo_test_all"] < lines["test_all"]


def test_a_case_may_name_a_part_of_the_decision_only(project: PolicySource) -> None:
    write(CASE)
    assert {case.name: case.problem for case in cases_of(run_suite(project))}["nobody knows where"] is None


def test_a_case_that_fails_says_what_differs(project: PolicySource) -> None:
    write(CASE.replace("outcome: deny", "outcome: allow, locations: ['210']"))
    (failed,) = [case for case in cases_of(run_suite(project)) if case.problem]
    assert (failed.file, failed.line) == (str(MINE), 2)
    assert failed.problem == 'outcome is "deny", expected "allow"; locations is [], expected ["210"]'


@named_by_last(
    ("old", "new", "problem"),
    [
        ("clause: ES-3", "clause: ES-99", "line 2: 'ES-99' is no clause; write ES-1 … ES-15"),
        ("outcome: deny", "outcom: deny", "line 2: expect names 'outcom', which no decision has"),
        (
            CASE[CASE.index("  expect:") :],
            "  expect: {}\n",
            "line 2: 'nobody knows where' expects nothing; name",
        ),
        (CASE, "cases: []\n", "line 1: cases is empty; write a case or remove the file"),
        ("  at:", "  when:", "cases[0].when: is not a known field; known here: name, clause, at,"),
        ('id: "001234"', "id: 001234", "line 6: 001234 reads as something else to YAML; write it in quotes"),
        ("cases:", "cases: [", "line"),
    ],
)
def test_a_wrong_case_file_is_one_clear_error(
    project: PolicySource, old: str, new: str, problem: str
) -> None:
    write(CASE.replace(old, new))
    with pytest.raises(PolicyError) as raised:
        run_suite(project)
    assert str(MINE) in str(raised.value)
    assert problem in str(raised.value)


@pytest.mark.parametrize("name", ["cases.yaml", "data.yml", "Data.yaml", "data.json"])
def test_a_case_file_of_another_name_is_not_passed_over(project: PolicySource, name: str) -> None:
    write(CASE)
    MINE.rename(MINE.with_name(name))
    with pytest.raises(PolicyError) as raised:
        run_suite(project)
    assert str(raised.value) == (
        f"{MINE.with_name(name)}: is not read, since files of cases are named data.yaml; "
        "rename it, in a folder of its own"
    )


def test_two_cases_of_one_name(project: PolicySource) -> None:
    write(CASE + CASE.removeprefix("cases:\n"))
    with pytest.raises(PolicyError, match="another case is named 'nobody knows where' too"):
        run_suite(project)


def test_a_policy_without_tests(project: PolicySource) -> None:
    for file in (*project.test_files, *project.case_files):
        file.unlink()
    with pytest.raises(PolicyError, match="policy has no tests"):
        run_suite(PolicySource(project.opa, project.policy, project.config))


def test_a_policy_that_does_not_compile(project: PolicySource, edit: Edit) -> None:
    edit("policy/access.rego", "gives := ", "unused := employde\n\ngives := ")
    with pytest.raises(PolicyError, match=r"policy/access.rego:\d+: .*employde"):
        run_suite(project)


def test_junit(project: PolicySource) -> None:
    own(limit=2)
    run = run_suite(project)
    root = ElementTree.fromstring(run_junit(run))  # noqa: S314 (our own)
    assert sum(int(suite.get("tests", "")) for suite in root) == len(run.tests)
    assert sum(int(suite.get("failures", "")) for suite in root) == 1
    (failure,) = root.iter("failure")
    assert failure.get("message") == "the test does not hold"
    assert failure.text == "policy/tests/own_test.rego:7"


def test_trace_names_rules_reasons_tests_and_cases(project: PolicySource) -> None:
    own(limit=3)
    trace = {clause.clause: clause for clause in trace_policy(project).clauses}
    assert list(trace) == list(project.clauses)
    assert "test_own" in [test.name for test in trace["ES-1"].tests]
    rule = next(rule for rule in trace["ES-12"].rules if rule.reason is not None)
    assert '"certification_expired"' in Path(rule.file).read_text().split("\n")[rule.line - 1]
    assert trace["ES-12"].reasons == ("certification_expired",)
    assert "departed" in [case.name for case in trace["ES-10"].cases]


def test_nothing_is_traced_while_a_test_fails(project: PolicySource) -> None:
    own(limit=2)
    write(CASE.replace("outcome: deny", "outcome: allow"))
    with pytest.raises(PolicyError) as raised:
        passing_suite(project)
    assert str(raised.value) == (
        "policy/tests/own_test.rego:7: test_own/two fails (2 in all); "
        "mend what `icaccess policy test` shows first"
    )


def test_a_clause_without_a_rule_or_a_test_is_a_gap(project: PolicySource, edit: Edit) -> None:
    edit("policy/access.rego", "clause: ES-14", "clause: ES-13")
    for file in Path("policy/tests").rglob("*.*"):
        if file.is_file():
            file.write_text(file.read_text().replace("ES-11", "ES-12"))
    gaps = {clause.clause: clause.gap for clause in trace_policy(project).gaps}
    assert gaps["ES-14"] == "no rule serves it"
    assert gaps["ES-11"] == "no test or case shows it"


def test_the_case_in_the_docs_passes(project: PolicySource) -> None:
    page = (ROOT / "docs/policy-authors.md").read_text()
    write(page.split("```yaml\n")[1].split("```")[0])
    assert {case.name: case.problem for case in cases_of(run_suite(project)) if case.file == str(MINE)} == {
        "a therapist who travels between schools": None
    }


def test_some_tests_and_cases_run_by_name(project: PolicySource) -> None:
    own(limit=2)
    write(CASE)
    run = run_some(project, "nobody knows|test_own$")
    assert [(test.name, test.problem) for test in run.tests] == [
        ("test_own/one", None),
        ("test_own/two", "the test does not hold"),
        ("nobody knows where", None),
    ]
    assert (run.coverage, run.percent) == ((), None)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("nobody knws where", "did you mean 'nobody knows where'?"), ("(", "is no regular expression")],
)
def test_a_misspelled_name_is_told_first(
    project: PolicySource, pattern: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(CASE)
    project.test_modules  # noqa: B018 (parsed while OPA can still be run)
    monkeypatch.setattr(project, "opa", Path("no-opa"))
    with pytest.raises(UsageError) as caught:
        run_some(project, pattern)
    assert text in str(caught.value)


def test_a_mistake_in_a_case_is_told_before_anything_runs(project: PolicySource) -> None:
    write(CASE.replace("expect:", "expects:"))
    source = PolicySource(Path("/bin/false"), project.policy, project.config, use_cache=False)
    with pytest.raises(PolicyError, match=r"cases\[0\].expects: is not a known field"):
        run_suite(source)
