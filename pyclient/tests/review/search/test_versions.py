"""What differs between two versions is told by the rules, whatever their layout and their place in a file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from icaccess.review.search.versions import mentioned, same_rules
from icaccess.review.source import PolicySource

RULES = "package access\n\nfirst if input.a[_] == {second}\n\nlast if input.b[_] == input.c[_]\n"


@pytest.fixture
def versions(whole: PolicySource) -> list[PolicySource]:
    """Two copies of the policy in whose last file two rules have wildcards."""
    Path("policy/zz.rego").write_text(RULES.format(second=2))
    shutil.copytree("policy", "head")
    return [PolicySource(whole.opa, Path(folder), whole.config) for folder in ("policy", "head")]


def test_layout_and_comments_are_no_difference(versions: list[PolicySource]) -> None:
    file = Path("head/zz.rego")
    file.write_text("# a comment\n" + file.read_text().replace(" if ", " if\n  "))
    assert same_rules(*versions)


def test_a_wildcard_before_a_rule_does_not_change_it(versions: list[PolicySource]) -> None:
    Path("head/zz.rego").write_text(RULES.format(second="input.another[_]"))
    assert not same_rules(*versions)
    differing, _ = mentioned(*versions)
    assert {"a", "another"} <= differing
    assert not {"b", "c"} & differing
