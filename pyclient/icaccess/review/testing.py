"""The policy's tests: those written in Rego and the cases in YAML, with the coverage of the policy alone."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec

from icaccess.errors import PolicyError
from icaccess.opa.bundles import first_complaint
from icaccess.review.cases import CaseResult, run_cases
from icaccess.review.source import PolicySource

_PATIENT = ("--timeout", "120s")
"""OPA gives up on a test after five seconds, which a table of many rows may take on a busy machine."""


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


class FileCoverage(msgspec.Struct, frozen=True):
    """The lines of one file that hold something to evaluate: those that were, and those that never were."""

    file: str
    covered: frozenset[int]
    missed: frozenset[int]


class TestRun(msgspec.Struct, frozen=True):
    """All tests and cases of a policy, and what they cover of it; no coverage is told while any fails."""

    __test__ = False

    tests: tuple[TestResult, ...]
    cases: tuple[CaseResult, ...]
    coverage: tuple[FileCoverage, ...]

    @property
    def failed(self) -> int:
        """How many tests did not pass."""
        return sum(test.problem is not None for test in self.tests)

    @property
    def percent(self) -> float | None:
        """How much of the policy the tests evaluate, from 0 to 100; null while any test fails."""
        covered = sum(len(file.covered) for file in self.coverage)
        total = covered + sum(len(file.missed) for file in self.coverage)
        return 100 * covered / total if total else None

    def is_covered(self, file: str, lines: Iterable[int]) -> bool:
        """Whether any of `lines` in `file` was evaluated by a test."""
        return any(entry.file == file and entry.covered & set(lines) for entry in self.coverage)


def run_tests(source: PolicySource) -> TestRun:
    """Run the tests and the cases that stand with a policy.

    `PolicyError` is raised when policy, tests or cases do not compile, or when there are none at all.
    """
    source.require_compiles()
    if not (source.test_files or source.case_files):
        raise PolicyError(f"{source.policy} has no tests: write tests/*_test.rego or tests/cases/*/data.yaml")
    with ThreadPoolExecutor(2) as pool:
        in_rego = pool.submit(_run_rego, source)
        measured = pool.submit(_measure_rego, source)
        decided = [run_cases(source, file) for file in source.case_files]
        cases = [result for results, _ in decided for result in results]
        # The cases are a test in Rego too, for those who run OPA alone; here they say what differs.
        named = {case.name for case in cases}
        tests = [test for test in in_rego.result() if not _is_case(test, named)]
        tests += [TestResult(case.file, case.name, case.file, case.line, case.problem) for case in cases]
        if any(test.problem for test in tests):
            return TestRun(tuple(tests), tuple(cases), ())
        reports = [measured.result(), *(report for _, report in decided)]
        return TestRun(tuple(tests), tuple(cases), _merged(source, reports))


def junit(run: TestRun) -> str:
    """The run as JUnit XML, one suite for each package and file of cases."""
    suites = ElementTree.Element("testsuites", name="icaccess policy")
    by_suite: dict[str, list[TestResult]] = {}
    for test in run.tests:
        by_suite.setdefault(test.suite, []).append(test)
    for name, tests in by_suite.items():
        counts = {
            "tests": len(tests),
            "failures": sum(test.problem is not None for test in tests),
            "errors": 0,
            "skipped": sum(test.skipped for test in tests),
        }
        attributes = {key: str(value) for key, value in counts.items()}
        seconds = sum(test.seconds for test in tests)
        suite = ElementTree.SubElement(
            suites, "testsuite", {"name": name, "time": f"{seconds:.6f}", **attributes}
        )
        for test in tests:
            element = ElementTree.SubElement(
                suite,
                "testcase",
                name=_printable(test.name),
                classname=name,
                file=test.file,
                line=str(test.line),
                time=f"{test.seconds:.6f}",
            )
            if test.problem is not None:
                failure = ElementTree.SubElement(element, "failure", message=_printable(test.problem))
                failure.text = f"{test.file}:{test.line}"
            if test.skipped:
                ElementTree.SubElement(element, "skipped")
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _run_rego(source: PolicySource) -> list[TestResult]:
    if not source.test_files:
        return []
    done = source.run("test", *_PATIENT, "--format", "json", *_loaded(source))
    try:
        found = msgspec.json.decode(done.stdout or "[]")
    except msgspec.DecodeError as error:
        raise PolicyError(first_complaint(done.stderr or done.stdout)) from error
    if not found and done.returncode != 0:
        raise PolicyError(first_complaint(done.stderr))
    return [result for test in found or [] for result in _results(test)]


def _is_case(test: TestResult, names: set[str]) -> bool:
    """Whether a row of a table in Rego is a case in YAML too."""
    return test.suite == "tests.cases_test" and test.name.partition("/")[2] in names


def _results(test: dict[str, Any]) -> list[TestResult]:
    """A test and its table's rows; the rows alone where it has any, since each is a test of its own."""
    suite = test["package"].removeprefix("data.")
    where = test["location"]
    seconds = test["duration"] / 1e9
    skipped = test.get("skip", False)
    rows = list(_rows(test.get("sub_results") or {}, test["name"]))
    if rows:
        return [
            TestResult(suite, name, where["file"], where["row"], problem, skipped, seconds / len(rows))
            for name, problem in rows
        ]
    return [TestResult(suite, test["name"], where["file"], where["row"], _problem(test), skipped, seconds)]


def _rows(rows: dict[str, Any], above: str) -> Iterable[tuple[str, str | None]]:
    for name, row in rows.items():
        inner = row.get("sub_results") or {}
        if inner:
            yield from _rows(inner, f"{above}/{name}")
        else:
            yield f"{above}/{name}", _problem(row)


def _problem(test: dict[str, Any]) -> str | None:
    error = test.get("error")
    if error:
        return str(error.get("message", error) if isinstance(error, dict) else error)
    return "the test does not hold" if test.get("fail") else None


def _measure_rego(source: PolicySource) -> dict[str, Any]:
    if not source.test_files:
        return {"files": {}}
    done = source.run("test", *_PATIENT, "--coverage", "--format", "json", *_loaded(source))
    try:
        report: dict[str, Any] = msgspec.json.decode(done.stdout)
    except msgspec.DecodeError as error:
        raise PolicyError(first_complaint(done.stderr or done.stdout)) from error
    return report


def _loaded(source: PolicySource) -> list[str | Path]:
    """Policy, tests and policy data, and the data that stand with the tests, each under its folder's name."""
    beside = [
        f"{'.'.join(file.parent.relative_to(source.policy).parts)}:{file}"
        for file in sorted((source.policy / "tests").rglob("data.yaml"))
    ]
    return [*source.rego_files, *source.test_files, *source.data_arguments, *beside]


def _merged(source: PolicySource, reports: list[dict[str, Any]]) -> tuple[FileCoverage, ...]:
    """What any of the reports covers, of the policy's own files alone: OPA counts the tests too."""
    merged = []
    for path in map(str, source.rego_files):
        covered: set[int] = set()
        missed: set[int] = set()
        for report in reports:
            entry = report["files"].get(path, {})
            covered |= _lines(entry.get("covered", []))
            missed |= _lines(entry.get("not_covered", []))
        merged.append(FileCoverage(path, frozenset(covered), frozenset(missed - covered)))
    return tuple(merged)


def _lines(ranges: list[dict[str, Any]]) -> set[int]:
    return {line for span in ranges for line in range(span["start"]["row"], span["end"]["row"] + 1)}


def _printable(text: str) -> str:
    """The text without the characters that XML has no way to write."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
