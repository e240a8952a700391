"""The suite: the policy's tests in Rego and its cases in YAML, with the coverage of the policy alone.

One run serves check, test, trace and report: its result stays in the user's cache under the digest of policy,
tests, cases, policy data and OPA, so that a command runs the suite only when one of them has changed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from icaccess.errors import PolicyError, UsageError
from icaccess.review.cases import TestResult, read_all_cases, run_cases
from icaccess.review.coverage import KINDS, FileCoverage, Uncovered, merged, uncovered
from icaccess.review.empty import run_tests
from icaccess.review.source import PolicySource, value_of
from icaccess.review.tables import write_row_rules

_CASES = "tests.cases_test"
"""The package whose tables are the cases in YAML."""


class SuiteRun(msgspec.Struct, frozen=True):
    """All tests and cases of a policy, and what they cover of it; no coverage is given while any fails.

    `cached_at` is the instant at which the suite ran, where the result is from the cache, else null.
    """

    tests: tuple[TestResult, ...]
    coverage: tuple[FileCoverage, ...] = ()
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
        raise UsageError(f"--run {pattern}: is no regular expression ({error}); correct it") from error
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
    results = _run_some(source, some)
    decided, _ = run_cases(source, chosen, coverage=False)
    return SuiteRun((*results, *decided))


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
    with ThreadPoolExecutor(2) as pool:
        compiled = pool.submit(source.require_compiles)
        in_rego = pool.submit(_run_rego, source)
        decided = pool.submit(run_cases, source, read)
        compiled.result()
        (tests, measured), (cases, covered) = in_rego.result(), decided.result()
    tests += cases
    if measured is None or any(test.problem for test in tests):
        return SuiteRun(tuple(tests))
    coverage = merged(source, [measured, *covered])
    if not any(file.missed for file in coverage):
        return SuiteRun(tuple(tests), coverage)
    # A second time, since OPA takes thrice as long to know why.
    report = _measure(source, ",".join(KINDS))["coverage"]
    return SuiteRun(tuple(tests), coverage, tuple(uncovered(source, coverage, report)))


def _tests(source: PolicySource) -> Iterator[str]:
    """The tests in Rego, as references.

    The tables of the cases are left out: they are the cases in YAML for those who run OPA alone, which takes
    several times as long as `run_cases` and does not say what differs.
    """
    for rule in source.test_rules:
        if rule.is_test and not (rule.package == _CASES and rule.is_table):
            yield f"data.{rule.path}"


def _run_rego(source: PolicySource) -> tuple[list[TestResult], dict[str, Any] | None]:
    """How the tests in Rego went, and OPA's report of the lines that they cover, if it could be made.

    All tests are one query, which takes OPA a third of the time of `opa test`. Those of which not every row
    plainly holds there are run again by `opa test`, which says why.
    """
    wanted = list(_tests(source))
    try:
        answer = _measure(source)
    except PolicyError:
        return _run_some(source, wanted), None
    values, results, sure = value_of(answer), [], set()
    for rule in source.test_rules:
        name = f"data.{rule.path}"
        value, rows = values.get(name, (None, None))
        held = set(_held(value, rule.name))
        if held and held == set(_held(rows, rule.name)) and wanted.count(name) == 1:
            results += [TestResult(rule.package, row, rule.file, rule.line, None) for row in sorted(held)]
            sure.add(name)
    return [*results, *_run_some(source, [name for name in wanted if name not in sure])], answer["coverage"]


def _held(value: Any, name: str) -> Iterator[str]:
    """The names of a test, or of the rows of its table, for which a value holds true."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _held(inner, f"{name}/{key}")
    elif value is True:
        yield name


def _run_some(source: PolicySource, names: Collection[str]) -> list[TestResult]:
    """What `opa test` says of these tests."""
    if not names:
        return []
    parts = (map(re.escape, name.rsplit(".", 1)) for name in names)
    # OPA numbers further rules of one name, and writes those with brackets.
    chosen = "|".join(rf'{package}(\.{rule}|\["{rule}#\d+"\])' for package, rule in parts)
    tests = run_tests(source, "--run", f"^({chosen})$", *_loaded(source))
    return [
        TestResult(suite, row, test.location.file, test.location.row, problem, test.skip)
        for test in tests
        for suite in [test.package.removeprefix("data.")]
        for row, problem in test.rows()
    ]


def _measure(source: PolicySource, runs: str = "") -> dict[str, Any]:
    """OPA's answer with each test's value, beside what it is if every row holds, and what the tests cover.

    `runs` are those of OPA's runs that tell why other lines are not covered.
    """
    asked = [name for name in dict.fromkeys(_tests(source)) if ".todo_test_" not in name]
    tables = {f"data.{rule.path}" for rule in source.test_rules if rule.is_table}
    with tempfile.TemporaryDirectory(prefix="icaccess-rows-") as work:
        rows = {name: "true" for name in asked if name not in tables} | write_row_rules(source, Path(work))
        values = (
            f'{{"{name}": [value, rows] | value := {name}; rows := {rows.get(name, "false")}}}'
            for name in asked
        )
        query = f"object.union_n([{', '.join(values)}])"
        loaded = [*_loaded(source), work]
        return source.evaluate(query, loaded, "--coverage", f"--coverage-runs={runs}")


def _loaded(source: PolicySource) -> list[str | Path]:
    return [*source.rego_files, *source.test_files, *source.data_arguments, *source.test_data]
