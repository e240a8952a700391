"""The posted page in words: every clause once, and the documentation as the policy has it."""

from __future__ import annotations

from pathlib import Path

from icaccess.config.policy_data import load_policy_data
from icaccess.review.report_clauses import as_markdown, read_clauses

ROOT = Path(__file__).parents[3]


def test_the_documentation_is_current():
    clauses = read_clauses(ROOT / "policy", load_policy_data(ROOT / "config").requirements)
    written = (ROOT / "docs" / "clauses.md").read_text(encoding="utf-8")
    assert written == as_markdown(clauses), "run: python -m icaccess.review.report_clauses"
    assert [one.clause for one in clauses] == [f"ES-{number}" for number in range(1, 16)]
    assert "up to 120 days before" in written
    assert "{" not in written
