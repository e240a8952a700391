"""The trace matrix for the report: which rules, reasons and tests serve each posted clause."""

from __future__ import annotations

from pathlib import Path

from icaccess.opa.engine import find_opa
from icaccess.review.report_data import RulePlace, Traced
from icaccess.review.source import PolicySource
from icaccess.review.trace import trace_policy


def trace(policy: Path, config: Path) -> tuple[Traced, ...]:
    """The matrix of the policy in a folder, whose tests are run for it.

    `EngineError` when there is no OPA to run them with, `PolicyError` when there are none or one does not
    compile.
    """
    source = PolicySource(find_opa(), policy, config)
    return tuple(
        Traced(
            clause=one.clause,
            rules=tuple(
                RulePlace(
                    title=rule.title or rule.path, place=f"{Path(rule.file).relative_to(policy)}:{rule.line}"
                )
                for rule in one.rules
            ),
            reasons=one.reasons,
            tests=tuple(test.name for test in (*one.tests, *one.cases)),
            gap=one.gap,
        )
        for one in trace_policy(source).clauses
    )
