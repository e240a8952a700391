"""What check, test and trace found, as text for people and in the formats that other tools read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import PurePath
from urllib.parse import quote

from icaccess import __version__
from icaccess.review.check import RULES
from icaccess.review.source import Finding
from icaccess.review.suite import SuiteRun
from icaccess.review.trace import Trace
from icaccess.tables import as_json, as_markdown, markdown_text
from icaccess.text import how_many

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def findings_text(findings: Sequence[Finding]) -> Iterator[str]:
    """One line for each finding, as compilers write them, and one that counts."""
    yield from (f"{found.file}:{found.line}: {found.message} [{found.rule}]" for found in findings)
    yield how_many(len(findings), "finding") if findings else "the policy is in order"


def findings_json(findings: Sequence[Finding]) -> str:
    """An object with `findings`, a list that is empty when the policy is in order."""
    return as_json({"findings": findings})


def findings_github(findings: Sequence[Finding]) -> Iterator[str]:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    return (
        f"::{_level(found)} file={_property(found.file)},line={found.line},"
        f"title={_property(f'policy {found.rule}')}::{_data(found.message)}"
        for found in findings
    )


def findings_sarif(
    findings: Sequence[Finding], tool: str = "icaccess policy check", asked: Mapping[str, str] = RULES
) -> str:
    """SARIF 2.1.0, for code scanning; `asked` are the rules of the tool, and what each asks."""
    rules = [
        {"id": name, "shortDescription": {"text": text}, "fullDescription": {"text": text}}
        for name, text in asked.items()
    ]
    driver = {"name": tool, "semanticVersion": __version__, "rules": rules}
    results = [
        {
            "ruleId": found.rule,
            "ruleIndex": list(asked).index(found.rule),
            "level": _level(found),
            "message": {"text": f"{found.message}."},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(PurePath(found.file).as_posix())},
                        "region": {"startLine": max(found.line, 1)},
                    }
                }
            ],
        }
        for found in findings
    ]
    run = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": results}
    return as_json({"$schema": _SARIF, "version": "2.1.0", "runs": [run]})


def run_text(run: SuiteRun) -> Iterator[str]:
    """What failed, and then how many passed and how much of the policy they cover, file by file."""
    for test in run.tests:
        if test.problem:
            yield f"{test.file}:{test.line}: {test.name}: {test.problem}"
    also = f", {run.skipped} skipped" if run.skipped else ""
    yield f"{run.passed} passed, {run.failed} failed{also}"
    for file in run.coverage:
        total = len(file.covered) + len(file.missed)
        share = 100 * len(file.covered) / total if total else 100.0
        missed = f"  missed: {', '.join(map(str, sorted(file.missed)))}" if file.missed else ""
        yield f"{share:5.1f}%  {file.file}{missed}"
    if run.percent is not None:
        yield f"{run.percent:5.1f}%  of the policy is covered"
    for part in run.uncovered:
        yield f"{part.file}:{part.line}: not covered: {part.why}"
        if part.reached_by:
            yield f"  {part.reached_by}"


TESTED = {
    "passes": "Every test in Rego and every case in YAML passes.",
    "covered": "Every line of the policy is evaluated by some test or case.",
}
"""What `policy test` asks, by the ids that its findings carry."""


def run_github(run: SuiteRun) -> Iterator[str]:
    """What failed and what is not covered as GitHub's workflow commands."""
    return findings_github(_run_findings(run))


def run_sarif(run: SuiteRun) -> str:
    """The same as SARIF 2.1.0."""
    return findings_sarif(_run_findings(run), "icaccess policy test", TESTED)


def _run_findings(run: SuiteRun) -> list[Finding]:
    failed = [
        Finding("passes", test.file, test.line, f"{test.name}: {test.problem}")
        for test in run.tests
        if test.problem
    ]
    return failed + [
        Finding("covered", part.file, part.line, "; ".join(filter(None, (part.why, part.reached_by))))
        for part in run.uncovered
    ]


def run_junit(run: SuiteRun) -> str:
    """The run as JUnit XML, one suite for each package and file of cases."""
    from junitparser import Attr, Failure, JUnitXml, Skipped, TestCase, TestSuite  # takes time to import

    class PlacedCase(TestCase):
        file, line = Attr(), Attr()

    xml = JUnitXml("icaccess policy")
    for name, tests in groupby(sorted(run.tests, key=lambda test: test.suite), lambda test: test.suite):
        suite = TestSuite(name)
        for test in tests:
            case = PlacedCase(_printable(test.name), name)
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


def run_json(run: SuiteRun) -> str:
    """An object with the counts, `coverage` in percent, `files`, what is `uncovered`, and the `tests`."""
    return as_json(
        {
            "passed": run.passed,
            "failed": run.failed,
            "skipped": run.skipped,
            "cached_at": run.cached_at,
            "coverage": None if run.percent is None else round(run.percent, 2),
            "files": run.coverage,
            "uncovered": run.uncovered,
            "tests": run.tests,
        }
    )


def trace_text(trace: Trace) -> Iterator[str]:
    """The matrix clause by clause, each with what is missing."""
    for clause in trace.clauses:
        yield f"{clause.clause}  {clause.gap or 'covered'}"
        for rule in clause.rules:
            gives = f"  → {rule.reason}" if rule.reason else ""
            yield f"  rule  {rule.file}:{rule.line}  {rule.title or rule.path}{gives}"
        yield from (f"  test  {test.file}:{test.line}  {test.name}" for test in clause.tests)
        yield from (f"  case  {case.file}:{case.line}  {case.name}" for case in clause.cases)
    gaps = len(trace.gaps)
    yield f"{len(trace.clauses) - gaps} of {len(trace.clauses)} clauses are covered"


def trace_markdown(trace: Trace) -> Iterator[str]:
    """The matrix as a Markdown table."""
    rows = (
        [
            clause.clause,
            "<br>".join(_place(rule.title or rule.path, rule.file, rule.line) for rule in clause.rules),
            "<br>".join(f"`{reason}`" for reason in clause.reasons),
            "<br>".join(_place(test.name, test.file, test.line) for test in (*clause.tests, *clause.cases)),
            markdown_text(clause.gap or "yes"),
        ]
        for clause in trace.clauses
    )
    return as_markdown(("clause", "rules", "reasons", "tests and cases", "covered"), rows)


def _level(found: Finding) -> str:
    """A line that no test covers is a warning; the gate is `--min-coverage`."""
    return "warning" if found.rule == "covered" else "error"


def _place(name: str, file: str, line: int) -> str:
    return f"{markdown_text(name)} (`{file}:{line}`)"


def _printable(text: str) -> str:
    """The text without the characters that XML has no way to write."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
