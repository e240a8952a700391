"""What OPA really logs holds no name, e-mail address, user name or approver, neither asked nor answered."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec
import requests

from icaccess.models import Employee
from tests.people import allowed
from tests.sidecar.service import CLIENT, SCRAPER, Sidecar, wait_until

PERSONAL = ("Private Name", "private@example.org", "private-login", "private-approver")
FACTS = allowed(id="001234", name="Private Name", email="private@example.org", username="private-login")
FACTS["approvals"][0]["approver"] = "private-approver"
SOMEBODY = msgspec.convert(FACTS, Employee)
DAY = date(2025, 9, 10)


def test_decisions_are_logged_without_anything_personal(opa: Sidecar) -> None:
    with opa.client() as client:
        decision = client.decide(SOMEBODY, DAY)
        assert decision.basis is not None
        assert decision.basis.approval.approver == "private-approver"
        list(client.decide_many([SOMEBODY, msgspec.structs.replace(SOMEBODY, id="001235")], DAY))
        clauses = client.explain(SOMEBODY, DAY)
        assert "private-approver" in msgspec.json.encode(clauses).decode()
    wait_until(lambda: logged(opa, "access/explanation"), "the last of them is logged")
    whole = opa.log.read_text()
    assert not [personal for personal in PERSONAL if personal in whole]
    (one,) = logged(opa, "access/decision")
    assert one["input"]["employee"]["approvals"] == [
        {"decision": "approved", "decided_on": "2023-08-14", "approver_role": "Principal"}
    ]
    expected = json.loads(msgspec.json.encode(decision))
    del expected["basis"]["approval"]["approver"]
    assert one["result"] == expected
    many = logged(opa, "access/decisions")
    assert {employee["id"] for event in many for employee in event["input"]["employees"]} == {
        "001234",
        "001235",
    }
    assert {id_ for event in many for id_ in event["result"]} == {"001234", "001235"}
    (explained,) = logged(opa, "access/explanation")
    assert "Walk-In Scheduling" in json.dumps(explained["result"])


def logged(opa: Sidecar, path: str) -> list[dict[str, Any]]:
    """The decisions on one path in OPA's log."""
    return [event for event in opa.events("Decision Log") if event["path"] == path]


def test_tokens_are_not_logged(opa: Sidecar) -> None:
    with opa.client() as client:
        client.revisions()
    assert CLIENT not in opa.log.read_text()
    assert SCRAPER not in opa.log.read_text()


def test_a_request_that_is_refused_leaves_no_facts_in_the_log(opa: Sidecar) -> None:
    body = {"input": {"as_of": "2025-09-10", "employee": msgspec.to_builtins(SOMEBODY)}}
    assert requests.post(f"{opa.url}/v1/data/access/decision", json=body, timeout=60).status_code == 401
    assert "Private Name" not in opa.log.read_text()
