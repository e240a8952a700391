"""Each request of the table in `docs/security.md` is refused, by the sidecar and by the OPA of a command.

They are sent as they stand, over a bare connection, so that no library tidies them up on the way.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from icaccess.errors import EngineError
from icaccess.opa.engine import Engine, running_engine
from tests.sidecar.service import CLIENT, ROOT, SCRAPER, Sidecar

pytestmark = pytest.mark.xdist_group("sidecar")  # what its tests share is made once

ASK = json.dumps({"input": {"as_of": "2025-09-10", "employees": []}})
DECIDE = "/v1/data/access/decisions"
TABLE = ROOT / "docs" / "security.md"


def refused(
    name: str,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: str | bytes | None = ASK,
    status: int = 401,
) -> Any:
    """One row of the table: how it is asked, and what is answered; `{token}` stands for the client's."""
    given = {"Authorization": "Bearer {token}"} if headers is None else headers
    return pytest.param(method, path, given, body, status, id=name)


REFUSED = [
    refused("no token", "POST", DECIDE, {}),
    refused("a wrong token", "POST", DECIDE, {"Authorization": "Bearer wrong"}),
    refused("the digest of the token", "POST", DECIDE, {"Authorization": "Bearer {digest}"}),
    refused("the token as a password", "POST", DECIDE, {"Authorization": "Basic {token}"}),
    refused("the token in another header", "POST", DECIDE, {"X-Authorization": "Bearer {token}"}),
    refused("the token in the URL", "POST", DECIDE + "?access_token={token}", {}),
    refused(
        "the subject of a certificate as a token", "POST", DECIDE, {"Authorization": "Bearer CN=icaccess"}
    ),
    refused("the list of policies", "GET", "/v1/policies", body=None),
    refused("a policy written", "PUT", "/v1/policies/access.rego", body="package access"),
    refused("a policy deleted", "DELETE", "/v1/policies/access.rego", body=None),
    refused("policy data written", "PUT", "/v1/data/requirements", body='{"roles": ["Teacher"]}'),
    refused(
        "policy data patched", "PATCH", "/v1/data/requirements", body='[{"op": "remove", "path": "roles"}]'
    ),
    refused("policy data deleted", "DELETE", "/v1/data/locations", body=None),
    refused("policy data read", "GET", "/v1/data/locations", body=None),
    refused("the list of clients", "POST", "/v1/data/system/clients", body="{}"),
    refused("all data", "GET", "/v1/data", body=None),
    refused("the whole package", "POST", "/v1/data/access"),
    refused("a helper rule", "POST", "/v1/data/access/unmet"),
    refused("a decision by GET, its facts in the URL", "GET", DECIDE + "?input=%7B%7D", body=None),
    refused("a trace of the evaluation", "POST", DECIDE + "?explain=full"),
    refused("the old interface", "POST", "/v0/data/access/decisions"),
    refused("the default decision", "POST", "/", body="{}"),
    refused("any query", "POST", "/v1/query", body='{"query": "data"}'),
    refused("any query by GET", "GET", "/v1/query?q=data", body=None),
    refused("partial evaluation", "POST", "/v1/compile", body='{"query": "data.access.allow"}'),
    refused("the configuration", "GET", "/v1/config", body=None),
    refused("the status", "GET", "/v1/status", body=None),
    refused("metrics with the client's token", "GET", "/metrics", body=None),
    refused("the profiler", "GET", "/debug/pprof/heap", body=None),
    refused("health by another method", "POST", "/health", {}, body=None),
    refused("a health rule", "GET", "/health/anything", {}, body=None),
    refused("an empty step in the path", "POST", "//v1/data/access/decisions"),
    refused("a step up in the path", "POST", "/v1/data/access/../system/clients"),
    refused("an encoded step up", "POST", "/v1/data/access/%2e%2e/system/clients"),
    refused("an encoded slash", "POST", "/v1/data/access%2Fdecisions"),
    refused("a path that starts with health", "POST", "/health/../v1/data/locations", {}, body="{}"),
    refused(
        "another method in a header", "GET", "/v1/policies", {"X-HTTP-Method-Override": "POST"}, body=None
    ),
    refused(
        "an address that trusts itself", "GET", "/v1/policies", {"X-Forwarded-For": "127.0.0.1"}, body=None
    ),
    refused(
        "a nested body", "POST", DECIDE, body='{"input":' + "[" * 20_000 + "]" * 20_000 + "}", status=400
    ),
    refused("a nested body without a token", "POST", DECIDE, {}, "[" * 20_000, status=400),
    refused("a body that is no JSON", "POST", DECIDE, body="employees", status=400),
]
LIMITED = [  # by the sidecar's configuration
    refused("an oversized body", "POST", DECIDE, {"Content-Length": "17000000"}, "", status=400),
    refused(
        "a small body that unpacks to an oversized one",
        "POST",
        DECIDE,
        {"Content-Encoding": "gzip"},
        gzip.compress(b'"' + b"a" * 17_000_000 + b'"'),
        status=400,
    ),
]


def ask(
    url: str, method: str, path: str, headers: dict[str, str], body: str | bytes | None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def fill(text: str, token: str) -> str:
    return text.replace("{token}", token).replace("{digest}", hashlib.sha256(token.encode()).hexdigest())


@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), [*REFUSED, *LIMITED])
def test_sidecar(
    opa: Sidecar, method: str, path: str, headers: dict[str, str], body: str | bytes | None, status: int
) -> None:
    filled = {name: fill(value, CLIENT) for name, value in headers.items()}
    got, content = ask(opa.url, method, fill(path, CLIENT), filled, body)
    assert got == status, content
    assert "result" not in content
    assert json.loads(content)["code"] == ("unauthorized" if status == 401 else "invalid_parameter")


@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), REFUSED)
def test_started_opa(
    engine: Engine, method: str, path: str, headers: dict[str, str], body: str | bytes | None, status: int
) -> None:
    filled = {name: fill(value, engine.token) for name, value in headers.items()}
    got, content = ask(engine.url, method, fill(path, engine.token), filled, body)
    assert got == status, content


def test_what_is_allowed(opa: Sidecar) -> None:
    client, scraper = ({"Authorization": f"Bearer {token}"} for token in (CLIENT, SCRAPER))
    assert ask(opa.url, "GET", "/health?bundles=true", {}, None)[0] == 200
    for name in ("decision", "decisions", "allow", "deny", "expiry", "explanation", "due_after"):
        assert ask(opa.url, "POST", f"/v1/data/access/{name}", client, ASK)[0] == 200
    status, metrics = ask(opa.url, "GET", "/metrics", scraper, None)
    assert (status, "http_request_duration_seconds" in metrics) == (200, True)
    assert re.search(r'^last_success_bundle_activation\{.*name="policy"\} \d', metrics, re.MULTILINE)
    assert ask(opa.url, "POST", DECIDE, scraper, ASK)[0] == 401


def test_the_table_in_the_docs_is_this_one() -> None:
    documented = re.findall(r"^\| (.+) \| `(\w+) (.+)` \| (\d{3}) \|$", TABLE.read_text(), re.MULTILINE)
    tried = [
        (row.id, row.values[0], row.values[1].replace("{token}", "TOKEN"), str(row.values[4]))
        for row in [*REFUSED, *LIMITED]
    ]
    assert documented == tried


def test_a_config_folder_with_rules_of_its_own_is_held_to_them(opa_path: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    rules = tmp_path / "config" / "opa" / "authz.rego"
    rules.write_text(rules.read_text().replace('"decide" in _may', '"nothing" in _may'))
    with (
        pytest.raises(EngineError, match="refused the token"),
        running_engine(ROOT / "policy", tmp_path / "config", opa=opa_path),
    ):
        pass
