"""`icaccess policy explore`: people for every way to decide, and cases for what no test reaches."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
import yaml

from icaccess.cli.outputs import OUTPUTS
from icaccess.review.cases import all_cases, read_all_cases, run_cases
from icaccess.review.search.explore import Exploration, explore, ways
from icaccess.review.search.explore_render import (
    exploration_markdown,
    exploration_text,
)
from icaccess.review.source import PolicySource
from icaccess.review.versions import checkout
from icaccess.tables import as_json
from tests.rendered import shown


def explored(limit: float) -> Exploration:
    with checkout("the policy", None, Path("policy"), Path("config")) as place:
        return explore(place, limit=limit, seed=1)


@pytest.mark.slow
def test_every_code_and_action_is_shown_by_somebody(whole: PolicySource) -> None:
    found = explored(60)
    ways_shown = {way for one in found.people for way in one.ways}
    assert {f"action {name}" for name in ("grant", "keep", "update", "revoke", "none")} <= ways_shown
    assert {f"outcome {name}" for name in ("allow", "deny", "expired", "undecided")} <= ways_shown
    codes = {code for case in all_cases(whole) for code in case.expect.get("reasons", ())}
    assert {f"reason {code}" for code in codes} - ways_shown <= {"reason no_decision"}
    for one in found.people:
        assert set(one.untested) <= {*one.ways, *one.lines}
    assert shown(exploration_text(found)).count("\n   shows ") == len(found.people)
    assert shown(exploration_markdown(found)).count(f"\n| {len(found.people)} |") == 1
    written = msgspec.json.decode(as_json(found), type=OUTPUTS["policy explore"])
    assert written == found


@pytest.mark.slow
def test_what_no_test_reaches_is_a_case_to_add(project: PolicySource) -> None:
    shutil.rmtree(project.policy / "tests/cases/edges")
    shutil.rmtree(project.policy / "tests/cases/records")
    file = project.policy / "tests/cases/decisions/data.yaml"
    cases = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**cases, "cases": cases["cases"][:1]}))
    for test in project.policy.glob("tests/*.rego"):
        test.unlink()
    cases = explored(60).cases
    assert "reached by no test: " in cases
    file.write_text(cases)
    source = PolicySource(project.opa, project.policy, project.config)
    results, _ = run_cases(source, read_all_cases(source))
    assert len(results) > 10
    assert {one.problem for one in results} == {None}


def test_the_ways_that_a_decision_shows() -> None:
    decision = {
        "outcome": "deny",
        "action": "revoke",
        "reasons": [{"code": "not_employed"}],
        "warnings": ["evidence_gone"],
        "expiry": {"state": "valid"},
        "needs_consent": True,
    }
    assert ways(msgspec.json.encode(decision)) == {
        "outcome deny",
        "action revoke",
        "reason not_employed",
        "warning evidence_gone",
        "state valid",
        "needs consent",
    }
    assert ways(b'{"outcome":null}') == {"no decision"}
