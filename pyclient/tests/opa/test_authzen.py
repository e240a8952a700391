"""AuthZEN on a running OPA: the bodies and the status codes of the OpenID AuthZEN Authorization API 1.0."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from icaccess.opa.engine import Engine
from tests import people

DOCS = (Path(__file__).parents[3] / "docs" / "authzen.md").read_text()
ALLOWED = people.allowed(assignments=[{"role": "Teacher", "location": "210", "start": "2019-08-01"}])


def documented() -> dict[str, Any]:
    """The request that docs/authzen.md shows."""
    found = re.search(r"```json\n(.*?)```", DOCS, re.DOTALL)
    assert found is not None
    body: dict[str, Any] = json.loads(found[1])
    return body


def ask(engine: Engine, path: str, body: Any, *, token: str | None = None) -> requests.Response:
    """OPA's answer at the path, as any client of AuthZEN asks for it."""
    return requests.post(
        f"{engine.url}/v0/data/access/authzen/{path}",
        json=body,
        headers={"Authorization": f"Bearer {token or engine.token}"},
        timeout=60,
    )


def test_the_documented_evaluation(engine: Engine) -> None:
    answer = ask(engine, "evaluation", documented())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    got = answer.json()
    assert got["decision"] is False
    assert got["context"]["outcome"] == "deny"
    assert {reason["clause"] for reason in got["context"]["reasons"]} == {"ES-2", "ES-4", "ES-5", "ES-6"}
    assert got["context"]["expiry"] is None


def test_evaluations_take_what_they_lack_from_beside_them(engine: Engine) -> None:
    body = documented()
    allowed = {**body["subject"], "id": "001235", "properties": ALLOWED}
    body["evaluations"] = [{}, {"subject": allowed}, {"subject": allowed, "action": {"name": "delete"}}]
    answer = ask(engine, "evaluations", body)
    assert answer.status_code == 200
    assert [one["decision"] for one in answer.json()["evaluations"]] == [False, True, False]
    assert answer.json()["evaluations"][2]["context"]["outcome"] == "undecided"
    body["options"] = {"evaluations_semantic": "deny_on_first_deny"}
    assert len(ask(engine, "evaluations", body).json()["evaluations"]) == 1
    del body["evaluations"]
    assert ask(engine, "evaluations", body).json() == ask(engine, "evaluation", body).json()


@pytest.mark.parametrize("path", ["evaluation", "evaluations"])
def test_what_cannot_be_asked_is_an_http_error(engine: Engine, path: str) -> None:
    assert ask(engine, path, documented(), token="another").status_code == 401
    assert ask(engine, f"{path}/context", documented()).status_code == 401
    headers = {"Authorization": f"Bearer {engine.token}"}
    url = f"{engine.url}/v0/data/access/authzen/{path}"
    assert requests.post(url, data=b"{", headers=headers, timeout=60).status_code == 400
    assert requests.get(url, headers=headers, timeout=60).status_code == 401
