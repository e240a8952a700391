"""The suite: the policy's tests in Rego and its cases in YAML, with the coverage of the policy alone.

One run serves check, test, trace and report: its result stays in the user's cache under the digest of policy,
tests, cases, policy data and OPA, so that a command runs the suite only when one of them has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from junitparser import Attr, Failure, JUnitXml, Skipped, TestCase, TestSuite

from icaccess.errors import PolicyError, UsageError
from icaccess.opa.bundles import first_complaint
from icaccess.review.cases import CaseResult, read_all_cases, run_cases
from icaccess.review.coverage import KINDS, FileCoverage, Uncovered, merged, uncovered
from icaccess.review.source import PolicySource

_PATIENT = ("--timeout", "120s")
"""OPA gives up on a test after five seconds, which a table of many rows may take on a busy machine."""
_CASES = "tests.cases_test"
"""The package whose tables are the cases in YAML."""


class TestResult(msgspec.Struct, frozen=True):
    """How one test went: a test in Rego, one row of its table, or a case in YAML.

    `suite` is the package or the file of cases; `problem` is null when it passed; `seconds` is OPA's own
    measure, and zero for cases, which are decided together.
    """

    __test__ = False  # not one of pytest's own

    suite: str
    name: str
    file: str
    line: int
    problem: str | None
    skipped: bool = False
    seconds: float = 0.0


class SuiteRun(msgspec.Struct, frozen=True):
    """All tests and cases of a policy, and what they cover of it; no coverage is given while any fails.

    `cached_at` is the instant at which the suite ran, where the result is from the cache, else null.
    """

    tests: tuple[TestResult, ...]
    cases: tuple[CaseResult, ...]
    coverage: tuple[FileCoverage, ...]
    uncovered: tuple[Uncovered, ...] = ()
    cached_at: str | None = None

    @property
    def failed(self) -> int:
        """How many tests did not pass."""
        return sum(test.problem is not None for test in self.tests)

    @property
    def skipped(self) -> int:
        """How many tests did not run, as their names ask."""
        return sum(test.skipped for test in self.tests)

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return len(self.tests) - self.failed - self.skipped

    @property
    def percent(self) -> float | None:
        """How much of the policy the tests evaluate, from 0 to 100; null while any test fails."""
        covered = sum(len(file.covered) for file in self.coverage)
        total = covered + sum(len(file.missed) for file in self.coverage)
        return 100 * covered / total if total else None

    def is_covered(self, file: str, lines: Iterable[int]) -> bool:
        """Whether any of `lines` in `file` was evaluated by a test."""
        return any(entry.file == file and set(lines) & set(entry.covered) for entry in self.coverage)


def run_suite(source: PolicySource) -> SuiteRun:
    """The result of the tests and cases that stand with a policy, from the cache where nothing has changed.

    `PolicyError` is raised when policy, tests or cases do not compile, or when there are none at all.
    """
    if not (source.test_files or source.case_files):
        raise PolicyError(f"{source.policy} has no tests: write tests/*_test.rego or tests/cases/*/data.yaml")
    return source.cached("suite", SuiteRun, lambda: _run(source))


def run_some(source: PolicySource, pattern: str) -> SuiteRun:
    """The tests and cases that a regular expression finds, run anew; of a part there is no coverage.

    It is matched with a test's package and name, as `opa test --run` does, and with a case's name. Raises
    `UsageError` when it is no regular expression, or finds none, before anything runs.
    """
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--run {pattern}: is no regular expression ({error})") from error
    tests = {f"data.{rule.path}" for rule in source.test_rules if rule.is_test}
    read = read_all_cases(source)
    some = [name for name in sorted(tests) if wanted.search(name)]
    chosen = [one for one in read if wanted.search(one.case.name)]
    if not (some or chosen):
        short = {name.rpartition(".")[2] for name in tests}
        near = get_close_matches(pattern, {one.case.name for one in read} | tests | short, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else "`icaccess policy test --format json` names them all"
        raise UsageError(f"--run {pattern}: no test and no case has such a name; {hint}")
    source.require_compiles()
    results = _run_rego(source, some)
    decided, _ = run_cases(source, chosen, coverage=False)
    return SuiteRun((*results, *map(_case_result, decided)), tuple(decided), ())


def passing_suite(source: PolicySource) -> SuiteRun:
    """The same, where every test passes; else a `PolicyError` names the first that fails."""
    run = run_suite(source)
    for test in run.tests:
        if test.problem is not None:
            raise PolicyError(
                f"{test.file}:{test.line}: {test.name} fails ({run.failed} in all); "
                "mend what `icaccess policy test` shows first"
            )
    return run


def _run(source: PolicySource) -> SuiteRun:
    read = read_all_cases(source)  # so that a mistake in one is told before anything runs
    source.require_compiles()
    with ThreadPoolExecutor(2) as pool:
        in_rego = pool.submit(_run_rego, source, list(_tests(source)))
        measured = pool.submit(_measure_rego, source)
        cases, covered = run_cases(source, read)
        tests = [*in_rego.result(), *map(_case_result, cases)]
        if any(test.problem for test in tests):
            return SuiteRun(tuple(tests), tuple(cases), ())
        coverage = merged(source, [measured.result(), *covered])
    if not any(file.missed for file in coverage):
        return SuiteRun(tuple(tests), tuple(cases), coverage)
    report = _measure_rego(source, ",".join(KINDS))  # a second time, since it takes OPA thrice as long
    return SuiteRun(tuple(tests), tuple(cases), coverage, tuple(uncovered(source, coverage, report)))


def _case_result(case: CaseResult) -> TestResult:
    return TestResult(case.file, case.name, case.file, case.line, case.problem)


class _PlacedCase(TestCase):
    file = Attr()
    line = Attr()


def junit(run: SuiteRun) -> str:
    """The run as JUnit XML, one suite for each package and file of cases."""
    xml = JUnitXml("icaccess policy")
    for name, tests in groupby(sorted(run.tests, key=lambda test: test.suite), lambda test: test.suite):
        suite = TestSuite(name)
        for test in tests:
            case = _PlacedCase(_printable(test.name), name, test.seconds)
            case.file, case.line = test.file, str(test.line)
            if test.problem is not None:
                failure = Failure(_printable(test.problem))
                failure.text = f"{test.file}:{test.line}"
                case.result = [failure]
            if test.skipped:
                case.result = [Skipped()]
            suite.add_testcase(case)
        xml.add_testsuite(suite)
    text: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    return f"{text.decode()}\n"


def _tests(source: PolicySource) -> Iterator[str]:
    """The tests in Rego, as references.

    The tables of the cases are left out: they are the cases in YAML for those who run OPA alone, which takes
    several times as long as `run_cases` and does not say what differs.
    """
    for rule in source.test_rules:
        if rule.is_test and not (rule.package == _CASES and rule.is_table):
            yield f"data.{rule.path}"


def _run_rego(source: PolicySource, names: Sequence[str]) -> list[TestResult]:
    """How these tests went."""
    if not names:
        return []
    chosen = f"^({'|'.join(map(re.escape, dict.fromkeys(names)))})$"
    done = source.run("test", *_PATIENT, "--format", "json", "--run", chosen, *_loaded(source))
    try:
        found = msgspec.json.decode(done.stdout or "[]")
    except msgspec.DecodeError as error:
        raise PolicyError(first_complaint(done.stderr or done.stdout)) from error
    if not found and done.returncode != 0:
        raise PolicyError(first_complaint(done.stderr))
    return [result for test in found or [] for result in _results(test)]


def _measure_rego(source: PolicySource, runs: str = "") -> dict[str, Any]:
    """OPA's report of the lines that the tests in Rego cover; `runs` are those that tell why others are not.

    All tests are one query, for which OPA takes a fifth of the time that `opa test --coverage` takes.
    """
    asked = [name for name in _tests(source) if ".todo_test_" not in name]
    query = f"[{', '.join(f'[value | value := {name}]' for name in asked)}]"
    answer = source.evaluate(query, _loaded(source), "--coverage", f"--coverage-runs={runs}")
    found: dict[str, Any] = answer["coverage"]
    return found


def _loaded(source: PolicySource) -> list[str | Path]:
    return [*source.rego_files, *source.test_files, *source.data_arguments, *source.test_data]


def _results(test: dict[str, Any]) -> list[TestResult]:
    """A test and its table's rows; the rows alone where it has any, since each is a test of its own."""
    suite = test["package"].removeprefix("data.")
    where = test["location"]
    rows = list(_rows(test, test["name"]))
    seconds = test["duration"] / 1e9 / len(rows)
    skipped = test.get("skip", False)
    return [
        TestResult(suite, name, where["file"], where["row"], problem, skipped, seconds)
        for name, problem in rows
    ]


def _rows(row: dict[str, Any], name: str) -> Iterable[tuple[str, str | None]]:
    inner = row.get("sub_results") or {}
    for key, below in inner.items():
        yield from _rows(below, f"{name}/{key}")
    if not inner:
        problem = "the test does not hold" if row.get("fail") else None
        if error := row.get("error"):
            problem = str(error.get("message", error) if isinstance(error, dict) else error)
        yield name, problem


def _printable(text: str) -> str:
    """The text without the characters that XML has no way to write."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
