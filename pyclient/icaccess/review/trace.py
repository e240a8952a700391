"""The traceability matrix: from each posted clause to the rules that serve it and the tests that show it.

It is read from the annotations alone. A clause that no rule serves, or that no test or case shows, is a gap.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icaccess.review.cases import ReadCase, read_all_cases
from icaccess.review.modules import Rule
from icaccess.review.source import PolicySource
from icaccess.review.suite import SuiteRun, passing_suite


class TracedRule(msgspec.Struct, frozen=True):
    """A rule that serves a clause, whether it gives a reason, and whether any test evaluates it."""

    path: str
    title: str | None
    file: str
    line: int
    reason: str | None
    covered: bool


class TracedTest(msgspec.Struct, frozen=True):
    """A test or a case that shows a clause."""

    name: str
    file: str
    line: int


class TracedClause(msgspec.Struct, frozen=True):
    """One clause with its rules, reason codes, tests and cases; `gap` says what is missing, if anything."""

    clause: str
    rules: tuple[TracedRule, ...]
    reasons: tuple[str, ...]
    tests: tuple[TracedTest, ...]
    cases: tuple[TracedTest, ...]
    gap: str | None


class Trace(msgspec.Struct, frozen=True):
    """The matrix: every clause in order; `cached_at` says when it was made, where it is from the cache."""

    clauses: tuple[TracedClause, ...]
    cached_at: str | None = None

    @property
    def gaps(self) -> tuple[TracedClause, ...]:
        """The clauses for which something is missing."""
        return tuple(clause for clause in self.clauses if clause.gap)


def trace_policy(source: PolicySource) -> Trace:
    """The matrix of a policy, all of whose tests pass; from the cache if nothing changed.

    `PolicyError` names the first test that fails, and what does not compile.
    """

    def trace() -> Trace:
        run, read = passing_suite(source), read_all_cases(source)
        return Trace(tuple(_clause(source, run, read, clause) for clause in source.clauses))

    return source.cached("trace", Trace, trace)


def _clause(source: PolicySource, run: SuiteRun, read: Sequence[ReadCase], clause: str) -> TracedClause:
    rules = tuple(_rule(run, rule) for rule in source.rules if clause in rule.clauses)
    tests = tuple(
        TracedTest(rule.name, rule.file, rule.line)
        for rule in source.test_rules
        if rule.name.startswith("test_") and clause in rule.clauses
    )
    cases = tuple(
        TracedTest(case.name, str(file), line) for case, file, line, _ in read if case.clause == clause
    )
    reasons = sorted({rule.reason for rule in rules if rule.reason is not None})
    return TracedClause(clause, rules, tuple(reasons), tests, cases, _gap(rules, tests + cases))


def _rule(run: SuiteRun, rule: Rule) -> TracedRule:
    covered = run.is_covered(rule.file, [rule.line])
    return TracedRule(rule.path, rule.title, rule.file, rule.line, rule.reason, covered)


def _gap(rules: tuple[TracedRule, ...], tests: tuple[TracedTest, ...]) -> str | None:
    if not rules:
        return "no rule serves it"
    if not tests:
        return "no test or case shows it"
    if missed := [f"{rule.file}:{rule.line}" for rule in rules if not rule.covered]:
        return f"no test evaluates {missed[0]}"
    return None
