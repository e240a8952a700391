"""OPA and PostgreSQL from their images, started by testcontainers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from icaccess.models import Employee
from icaccess.opa.bundles import build_bundles
from icaccess.opa.client import AccessClient
from icaccess.request import Request
from icaccess.service.once import once
from tests.containers.conftest import ROOT, docker
from tests.service import district
from tests.sidecar.service import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("docker")]


@pytest.fixture
def opa_container(image, opa_path: Path, tmp_path: Path):
    """OPA from its image with this project's bundles and rules, and nothing that it could write to."""
    bundles = build_bundles(opa_path, ROOT / "policy", ROOT / "config", tmp_path / "bundles")
    clients = tmp_path / "clients.json"
    clients.write_text(
        json.dumps({"system": {"clients": {hashlib.sha256(b"sample").hexdigest(): ["decide"]}}})
    )
    config = tmp_path / "config.yaml"
    config.write_text(
        "bundles:\n"
        "  policy: {resource: 'file:///bundles/policy.tar.gz'}\n"
        "  config: {resource: 'file:///bundles/config.tar.gz'}\n"
    )
    container = (
        DockerContainer(image("openpolicyagent/opa:1.22.4"))
        .with_command(
            "run --server --addr=0.0.0.0:8181 --authentication=token --authorization=basic "
            "--skip-version-check --config-file=/config.yaml /rules/authz.rego /rules/log.rego /clients.json"
        )
        .with_exposed_ports(8181)
        .with_volume_mapping(str(ROOT / "config" / "opa"), "/rules", "ro")
        .with_volume_mapping(str(clients), "/clients.json", "ro")
        .with_volume_mapping(str(config), "/config.yaml", "ro")
        .with_volume_mapping(str(bundles.policy), "/bundles/policy.tar.gz", "ro")
        .with_volume_mapping(str(bundles.config), "/bundles/config.tar.gz", "ro")
        .with_kwargs(read_only=True, cap_drop=["ALL"], user="10001:10001", pids_limit=64, mem_limit="512m")
    )
    for path in (clients, config, bundles.policy, bundles.config):
        path.chmod(0o644)
    with container:
        url = f"http://127.0.0.1:{container.get_exposed_port(8181)}"
        with AccessClient(url, "sample") as client:
            wait_until(client.ready, f"OPA answers: {container.get_logs()}")
            yield client, bundles.revisions, container


def test_opa_decides_from_its_image_without_privileges(opa_container) -> None:
    client, revisions, container = opa_container
    assert client.revisions() == revisions
    today = date(2025, 9, 10)
    (decision,) = client.decide_many(
        _records([district.allowed(1, today)]), today
    )  # fmt: skip
    assert decision.outcome == "allow"
    top = container.get_wrapped_container().top()["Processes"]
    assert [process[0] for process in top] == ["10001"]


def test_the_bill_of_the_image_names_what_the_image_says(project_image: str, tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    bill.write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}')
    command = [sys.executable, "deploy/sbom.py", str(bill), project_image]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    urls = {one["purl"].partition("?")[0].partition("@")[0] for one in json.loads(made)["components"]}
    assert {
        "pkg:deb/debian/libc6",
        "pkg:generic/python",
        "pkg:golang/github.com/open-policy-agent/opa",
    } <= urls


def test_a_run_on_opa_and_postgresql_from_their_images(
    opa_container, image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, container = opa_container
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", "sample")
    url = f"http://127.0.0.1:{container.get_exposed_port(8181)}"
    with PostgresContainer(image("postgres:17"), driver=None) as database:
        request = Request(
            config=ROOT / "config",
            facts=[tmp_path / "facts.jsonl"],
            opa_url=[url],
            store=database.get_connection_url(),
        )
        people = [district.allowed(number, request.day) for number in range(20)]
        district.write_facts(tmp_path / "facts.jsonl", people)
        done = once(request, None, lambda: False)
        assert done is not None
        assert dict(done.summary.counts) == {"verified": 20}


def _records(people: list[dict[str, object]]):
    return [msgspec.convert(person, Employee) for person in people]


def test_the_projects_image_runs_without_privileges(project_image: str) -> None:
    shown = docker(
        "run", "--rm", "--read-only", "--cap-drop=ALL", "--network=none", project_image, "--version"
    )
    assert shown.stdout.startswith("icaccess, version ")
    listing = docker("run", "--rm", "--entrypoint=id", project_image, "-u")
    assert listing.stdout.strip() == "10001"
