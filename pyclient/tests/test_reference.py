"""The reference that the policy is held against, held itself against the worked cases and the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import reference
from tests.people import population

ROOT = Path(__file__).parents[2]
CASES = yaml.load((ROOT / "policy/tests/cases/decisions/data.yaml").read_text(), yaml.CSafeLoader)
CASE_DATA = {name: CASES[name] for name in ("requirements", "locations", "calendar")}


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"][:31])
def test_reference_agrees_with_cases(case: dict[str, Any]) -> None:
    decision = reference.decide(case["employee"], case["at"], CASE_DATA)
    decision["reasons"] = sorted(reason["code"] for reason in decision["reasons"])
    assert {name: decision[name] for name in case["expect"]} == case["expect"]


@pytest.mark.parametrize("seed", range(4))
def test_reference_recheck_is_what_trying_every_day_finds(seed: int) -> None:
    data, questions = population(seed, 25)
    for question in questions:
        found = reference.decide(question["employee"], question["as_of"], data)
        if found["outcome"] != "undecided":
            last = date.fromisoformat(question["as_of"]) + timedelta(days=366 * 12)
            truth = reference.decide(question["employee"], question["as_of"], data, until=last)
            assert found["recheck_on"] == truth["recheck_on"]


def test_the_people_reach_everything_that_a_decision_can_say() -> None:
    seen: set[Any] = set()
    for seed in range(8):
        data, questions = population(seed, 200)
        for question in questions:
            decision = reference.decide(question["employee"], question["as_of"], data)
            seen |= {decision["outcome"], decision["action"], decision["escalate"], *decision["warnings"]}
            seen |= {reason["code"] for reason in decision["reasons"]}
            seen.add((decision["expiry"] or {}).get("state"))
    wanted = set(reference.CLAUSES) - {"no_employee_record", "no_decision"}
    wanted |= {"allow", "deny", "expired", "undecided", "grant", "keep", "update", "revoke", "none"}
    wanted |= {"valid", "recertify", "calendar_not_covered", "denial_names_no_job"}
    assert wanted - seen == set()
