"""What check, test and trace found, as text for people and in the formats that other tools read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import msgspec

from icaccess import __version__
from icaccess.review.check import RULES, Finding
from icaccess.review.report_files import harmless
from icaccess.review.testing import TestRun
from icaccess.review.trace import Trace, TracedTest
from icaccess.text import printable

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(value: Any) -> str:
    """A value as indented JSON, ended by a line feed."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def as_csv(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows under their columns, every cell quoted, and none that a spreadsheet would run as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([harmless(printable(cell)) for cell in row] for row in rows)
    return text.getvalue()


def findings_text(findings: Sequence[Finding]) -> str:
    """One line for each finding, as compilers write them, and one that counts."""
    lines = [f"{found.file}:{found.line}: {found.message} [{found.rule}]" for found in findings]
    count = len(findings)
    lines.append(f"{count} finding{'' if count == 1 else 's'}" if count else "the policy is in order")
    return "".join(f"{line}\n" for line in lines)


def findings_json(findings: Sequence[Finding]) -> str:
    """An object with `findings`, a list that is empty when the policy is in order."""
    return as_json({"findings": findings})


def findings_github(findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    return "".join(
        f"::error file={_property(found.file)},line={found.line},title={_property(f'policy {found.rule}')}"
        f"::{_data(found.message)}\n"
        for found in findings
    )


def findings_sarif(findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0, for code scanning."""
    rules = [
        {"id": name, "shortDescription": {"text": text}, "fullDescription": {"text": text}}
        for name, text in RULES.items()
    ]
    driver = {"name": "icaccess policy check", "semanticVersion": __version__, "rules": rules}
    results = [
        {
            "ruleId": found.rule,
            "ruleIndex": list(RULES).index(found.rule),
            "level": "error",
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


def run_text(run: TestRun) -> str:
    """What failed, and then how many passed and how much of the policy they cover, file by file."""
    lines = [f"{test.file}:{test.line}: {test.name}: {test.problem}" for test in run.tests if test.problem]
    skipped = sum(test.skipped for test in run.tests)
    also = f", {skipped} skipped" if skipped else ""
    lines.append(f"{len(run.tests) - run.failed - skipped} passed, {run.failed} failed{also}")
    for file in run.coverage:
        total = len(file.covered) + len(file.missed)
        share = 100 * len(file.covered) / total if total else 100.0
        missed = f"  missed: {', '.join(map(str, sorted(file.missed)))}" if file.missed else ""
        lines.append(f"{share:5.1f}%  {file.file}{missed}")
    if run.percent is not None:
        lines.append(f"{run.percent:5.1f}%  of the policy is covered")
    return "".join(f"{line}\n" for line in lines)


def run_json(run: TestRun) -> str:
    """An object with `passed`, `failed`, `tests`, `coverage` in percent, and `files` with their lines."""
    files = [
        {"file": file.file, "covered": sorted(file.covered), "missed": sorted(file.missed)}
        for file in run.coverage
    ]
    skipped = sum(test.skipped for test in run.tests)
    return as_json(
        {
            "passed": len(run.tests) - run.failed - skipped,
            "failed": run.failed,
            "skipped": skipped,
            "coverage": None if run.percent is None else round(run.percent, 2),
            "files": files,
            "tests": run.tests,
        }
    )


def trace_text(trace: Trace) -> str:
    """The matrix clause by clause, each with what is missing."""
    lines = []
    for clause in trace.clauses:
        lines.append(f"{clause.clause}  {clause.gap or 'covered'}")
        lines += [
            f"  rule  {rule.file}:{rule.line}  {rule.title or rule.path}"
            + (f"  → {rule.reason}" if rule.reason else "")
            for rule in clause.rules
        ]
        lines += [f"  test  {test.file}:{test.line}  {test.name}" for test in clause.tests]
        lines += [f"  case  {case.file}:{case.line}  {case.name}" for case in clause.cases]
    gaps = len(trace.gaps)
    lines.append(f"{len(trace.clauses) - gaps} of {len(trace.clauses)} clauses are covered")
    return "".join(f"{line}\n" for line in lines)


def trace_markdown(trace: Trace) -> str:
    """The matrix as a Markdown table."""
    rows = [
        f"| {clause.clause} | "
        + " | ".join(
            [
                "<br>".join(
                    f"{markdown_text(rule.title or rule.path)} (`{rule.file}:{rule.line}`)"
                    for rule in clause.rules
                ),
                "<br>".join(f"`{reason}`" for reason in clause.reasons),
                "<br>".join([*map(_test_cell, clause.tests), *map(_test_cell, clause.cases)]),
                markdown_text(clause.gap or "yes"),
            ]
        )
        + " |\n"
        for clause in trace.clauses
    ]
    return "| clause | rules | reasons | tests and cases | covered |\n|---|---|---|---|---|\n" + "".join(rows)


def trace_json(trace: Trace) -> str:
    """An object with `clauses`, each with its rules, reasons, tests, cases and `gap`."""
    return as_json(trace)


def _test_cell(test: TracedTest) -> str:
    return f"{markdown_text(test.name)} (`{test.file}:{test.line}`)"


def markdown_text(text: str) -> str:
    """The text on one line, of which no reader of Markdown takes a part for markup."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>|#~&" else char for char in " ".join(text.split()))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
