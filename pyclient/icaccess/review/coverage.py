"""Which lines of a policy OPA evaluates, which it does not, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from icaccess.review.reach import rule_at
from icaccess.review.source import PolicySource


class FileCoverage(msgspec.Struct, frozen=True):
    """The lines of one file that hold something to evaluate: those that were, and those that never were."""

    file: str
    covered: tuple[int, ...]
    missed: tuple[int, ...]


class Uncovered(msgspec.Struct, frozen=True):
    """Lines of one rule that no test evaluates, and why; `rule` is null where they stand above the first.

    `line` is the one that `why` is about: the first but for the one that the rule begins on. `kinds` are
    OPA's own words for what kept it from the lines: `index_excluded` and `early_exit`. `employee` is the
    smallest person found whose decision on the day `at` reaches them; `nobody` says why nobody is named.
    """

    file: str
    line: int
    lines: tuple[int, ...]
    rule: str | None
    kinds: tuple[str, ...]
    why: str
    at: str | None = None
    employee: dict[str, Any] | None = None
    nobody: str | None = None

    @property
    def reached_by(self) -> str | None:
        """Who would reach the lines, or why nobody is named; null where nobody was searched for."""
        if self.employee is None:
            return self.nobody
        return f"reached on {self.at} by {msgspec.json.encode(self.employee).decode()}"


PolicyLine = tuple[str, int]
"""A line of the policy: its file and its number."""

Covered = tuple[set[PolicyLine], set[PolicyLine]]
"""Lines: those that were evaluated, and those that were not."""


def covered_by(report: dict[str, Any]) -> Covered:
    """The lines in a coverage report of OPA, which leaves a leading slash out where a file is not covered."""
    covered, missed = ({line for line, _ in _lines(report, key)} for key in ("covered", "not_covered"))
    return covered, missed - covered


def _lines(report: dict[str, Any], key: str) -> Iterator[tuple[PolicyLine, dict[str, Any]]]:
    """The file and number of each line that a report lists under a key, and its span of lines there."""
    for file, entry in report.get("files", {}).items():
        for span in entry.get(key, []):
            for line in range(span["start"]["row"], span["end"]["row"] + 1):
                yield (file.lstrip("/"), line), span


KINDS = {
    "index_excluded": "no test has a value that its rule compares with, so OPA's index leaves the rule out",
    "early_exit": "another rule of the same name always answers first, so OPA does not go on to it",
}
"""What OPA knows of why a line is not covered, by its own words."""


def merged(source: PolicySource, reports: list[dict[str, Any]]) -> tuple[FileCoverage, ...]:
    """What any of the reports covers, of the policy's own files alone: OPA counts the tests too."""
    found = [covered_by(report) for report in reports]
    covered = set[PolicyLine]().union(*(lines for lines, _ in found))
    missed = set[PolicyLine]().union(*(lines for _, lines in found)) - covered

    def of(path: str, lines: set[PolicyLine]) -> tuple[int, ...]:
        return tuple(sorted(line for file, line in lines if file == path.lstrip("/")))

    return tuple(
        FileCoverage(path, of(path, covered), of(path, missed)) for path in map(str, source.rego_files)
    )


def uncovered(
    source: PolicySource, coverage: Sequence[FileCoverage], report: dict[str, Any]
) -> Iterator[Uncovered]:
    """The lines that no test evaluates, rule by rule, each with why; OPA's report has what it knows."""
    kinds: dict[PolicyLine, set[str]] = {}
    for line, span in _lines(report, "not_covered"):
        kinds.setdefault(line, set()).update(span.get("kinds", []))
    for file in coverage:
        for run in _runs(source, file):
            rule = rule_at(source, file.file, run[0])
            first = next((line for line in run if rule is None or line != rule.line), run[0])
            kept = kinds.get((file.file.lstrip("/"), first), set())
            found = tuple(kind for kind in KINDS if kind in kept)
            why = _why(source, file, first, found)
            yield Uncovered(file.file, first, run, rule.path if rule else None, found, why)


def _runs(source: PolicySource, file: FileCoverage) -> Iterator[tuple[int, ...]]:
    """The lines missed, those of one rule together where nothing between them is covered.

    The line where a rule begins goes with the first of its other lines missed.
    """
    by_rule = groupby(file.missed, lambda line: rule_at(source, file.file, line))
    for rule, missed in by_rule:
        head, *rest = lines = list(missed)
        own = [rest[0] if rule and rest and line == rule.line else line for line in lines]
        between = groupby(own, lambda line: sum(covered < line for covered in file.covered))
        for place, (_, run) in enumerate(between):
            found = dict.fromkeys(run)
            yield tuple(sorted(found | {head: None})) if not place else tuple(found)


def _why(source: PolicySource, file: FileCoverage, line: int, kinds: Sequence[str]) -> str:
    if kinds:
        return "; ".join(KINDS[kind] for kind in kinds)
    rule = rule_at(source, file.file, line)
    if rule is None:
        return "no test asks for it"
    if line == rule.line and line + 1 in {*file.covered, *file.missed}:
        return "no test meets all of its conditions"
    own = [covered for covered in file.covered if rule_at(source, file.file, covered) == rule]
    before = [covered for covered in own if covered < line] or own
    return f"no test gets past line {max(before)}" if before else f"no test asks for {rule.path}"
