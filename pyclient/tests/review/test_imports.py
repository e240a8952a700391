"""What a policy must not import, whatever the compiler says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from icaccess.review.check import check_policy
from icaccess.review.source import PolicySource


@pytest.mark.parametrize(
    "name", ["rego.v2", "future.keywords.not", "future.keywords.or", "future.keywords.and"]
)
def test_imports_that_hide_mistakes_are_findings(project: PolicySource, name: str) -> None:
    file = Path("policy/lib/own.rego")
    file.write_text(f"# METADATA\n# title: Own\npackage lib.own\n\nimport {name}\n")
    found = [finding for finding in check_policy(project).findings if finding.file == str(file)]
    assert [(finding.rule, finding.line) for finding in found if finding.rule == "import"] == [("import", 5)]


def test_other_keywords_may_be_imported(project: PolicySource) -> None:
    file = Path("policy/lib/own.rego")
    file.write_text("# METADATA\n# title: Own\npackage lib.own\n\nimport rego.v1\n")
    assert not [finding for finding in check_policy(project).findings if finding.rule == "import"]
