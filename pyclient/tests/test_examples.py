"""The fictional district of `examples/` shows everything that the policy can say, on the day it is for."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from icaccess.facts.files import load
from icaccess.models import Decision, Employee
from icaccess.opa.client import AccessClient
from tests.reference import CLAUSES

EXAMPLES = Path(__file__).parents[2] / "examples"
DAY = date(2027, 6, 29)
NOT_FROM_FACTS = {"no_employee_record", "no_decision", "approver_unverified"}
"""A holder without a record; OPA itself failing; a feed that says nothing of an approver."""


@pytest.fixture(scope="module")
def decisions(client: AccessClient) -> list[Decision]:
    records = load([EXAMPLES / "facts"], ZoneInfo("America/Denver")).records()
    return list(client.decide_many(records, DAY))


def test_every_reason_occurs(decisions: list[Decision]) -> None:
    seen = {reason.code for decision in decisions for reason in decision.reasons}
    assert seen == set(CLAUSES) - NOT_FROM_FACTS


def test_every_outcome_action_and_warning_occurs(decisions: list[Decision]) -> None:
    assert {decision.outcome for decision in decisions} == {"allow", "deny", "expired", "undecided"}
    assert {decision.action for decision in decisions} == {"grant", "keep", "update", "revoke", "none"}
    warnings = {warning for decision in decisions for warning in decision.warnings}
    assert warnings == {"calendar_not_covered", "denial_names_no_job", "unknown_location"}


def test_some_grants_are_overdue_and_some_are_not(decisions: list[Decision]) -> None:
    grants = [decision.escalate for decision in decisions if decision.action == "grant"]
    assert set(grants) == {True, False}


def test_nobody_is_named() -> None:
    for record in load([EXAMPLES / "facts"], ZoneInfo("America/Denver")).records():
        if isinstance(record, Employee):
            assert not (record.name or record.email or record.username)
    for file in (EXAMPLES / "facts").iterdir():
        assert not re.search(r"^\s+(name|email|username):", file.read_text(), re.MULTILINE)


def test_the_readme_tells_day_size_and_files(decisions: list[Decision]) -> None:
    readme = (EXAMPLES / "README.md").read_text()
    assert f"**{DAY}**" in readme
    assert f"{len(decisions)} invented employees" in readme
    assert set(re.findall(r"`facts/(\w+\.yaml)`", readme)) == {
        file.name for file in (EXAMPLES / "facts").iterdir()
    }
