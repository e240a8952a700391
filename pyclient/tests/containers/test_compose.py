"""`docker compose up` and nothing else: what comes up, and what it lives through."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icaccess.opa.bundles import digest, policy_tree
from tests.containers.conftest import ROOT, docker
from tests.sidecar.service import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("docker")]
PROJECT = f"icaccess-test-{os.getpid()}"


class Compose:
    """One project of compose, on a copy of what it needs of the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, timeout: float = 180) -> str:
        return docker(
            "compose", "--project-name", PROJECT, *arguments, timeout=timeout, cwd=self.folder
        ).stdout

    def status(self) -> str:
        """What `icaccess opa status` says within the service."""
        return self("exec", "-T", "service", "icaccess", "opa", "status")

    def page(self, path: str) -> dict[str, object]:
        """A page of the service, seen from within."""
        fetch = (
            "import sys, urllib.request, urllib.error\n"
            "try: print(urllib.request.urlopen(sys.argv[1]).read().decode())\n"
            "except urllib.error.HTTPError as error: print(error.read().decode())"
        )
        return json.loads(
            self("exec", "-T", "service", "python", "-c", fetch, f"http://127.0.0.1:9464{path}")
        )

    def runs(self) -> list[dict[str, object]]:
        """The runs of the service by its log."""
        lines = self("logs", "--no-log-prefix", "service").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if event["event"] in ("run_done", "run_failed", "run_void")]

    def run_now(self) -> dict[str, object]:
        """Have the service run at once, and give how that ended."""
        before = len(self.runs())
        self("kill", "--signal", "HUP", "service")
        wait_until(lambda: len(self.runs()) > before, "the run ends", 60)
        return self.runs()[before]

    def query(self, sql: str) -> str:
        """The store's answer."""
        inside = ["env", "PGPASSFILE=/dev/null", "psql", "-h", "127.0.0.1", "-U", "icaccess", "-tAc", sql]
        password = self("exec", "-T", "postgres", "cat", "/secrets/database/password").strip()
        return self("exec", "-T", "-e", f"PGPASSWORD={password}", "postgres", *inside).strip()

    def container(self, service: str) -> str:
        return self("ps", "--quiet", service).strip()


@pytest.fixture(scope="module")
def compose(
    project_image: str, image: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Compose]:
    for name in ("nginx:1.28", "postgres:17"):
        image(name)
    folder = tmp_path_factory.mktemp("project")
    for name in ("policy", "config", "examples", "deploy"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "docker-compose.yml", folder)
    for path in [folder, *folder.parents][:3]:
        path.chmod(0o755)
    project = Compose(folder)
    try:
        project("up", "--detach", "--wait", "--no-build", "--wait-timeout", "120")
        wait_until(lambda: project.runs(), "the first run ends", 60)
        yield project
    finally:
        project("down", "--volumes", "--timeout", "5")


def test_the_first_run_has_granted_what_is_due(compose: Compose) -> None:
    (first, *_) = compose.runs()
    assert first["event"] == "run_done"
    assert first["people"] == 76
    assert set(first["changes"]) == {"verified"}  # type: ignore[call-overload]
    assert int(compose.query("select count(*) from access")) == first["changes"]["verified"]  # type: ignore[index]
    wait_until(lambda: compose.page("/readyz")["last_outcome"] == "done", "the pages say so too")


def test_nothing_has_privileges_and_nothing_can_be_written(compose: Compose) -> None:
    for service in ("opa", "bundles", "service"):
        (shown,) = json.loads(docker("inspect", compose.container(service)).stdout)
        host = shown["HostConfig"]
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
        assert shown["Config"]["User"] == "10001:10001"
        assert host["Memory"] > 0
        assert host["NanoCpus"] > 0
        assert not shown["NetworkSettings"]["Ports"] or not any(shown["NetworkSettings"]["Ports"].values())
    secret = compose("exec", "-T", "service", "cat", "/secrets/client/opa-token")
    whole = json.dumps([json.loads(docker("inspect", compose.container(s)).stdout)
                        for s in ("opa", "service", "postgres")])  # fmt: skip
    assert secret.strip() not in whole


def test_opa_sees_no_token_and_no_signing_key(compose: Compose) -> None:
    (shown,) = json.loads(docker("inspect", compose.container("opa")).stdout)
    assert sorted(mount["Destination"] for mount in shown["Mounts"]) == ["/opa-config", "/secrets/opa"]
    token = compose("exec", "-T", "service", "cat", "/secrets/client/opa-token").strip()
    assert token not in compose("logs", "opa")


def test_a_changed_policy_is_picked_up_without_a_restart(compose: Compose) -> None:
    started = docker("inspect", "--format", "{{.State.StartedAt}}", compose.container("opa")).stdout
    reasons = compose.folder / "policy" / "lib" / "reasons.rego"
    reasons.write_text(reasons.read_text() + "\n# one word more\n")
    revision = digest(policy_tree(compose.folder / "policy"))
    assert revision not in compose.status()
    assert revision in compose("run", "--rm", "bundle")
    wait_until(lambda: revision in compose.status(), "OPA decides by the new policy", 60)
    assert compose.run_now()["policy_revision"] == revision
    assert docker("inspect", "--format", "{{.State.StartedAt}}", compose.container("opa")).stdout == started


def test_a_network_cut_to_opa_changes_nobodys_access(compose: Compose) -> None:
    held = compose.query("select count(*) from access")
    network, opa = f"{PROJECT}_decisions", compose.container("opa")
    docker("network", "disconnect", network, opa)
    try:
        failed = compose.run_now()
        assert (failed["event"], failed["error"]) == ("run_failed", "EngineError")
        assert compose.page("/readyz")["failures"] != 0
        assert compose.query("select count(*) from access") == held
    finally:
        docker("network", "connect", "--alias", "opa", network, opa)
    wait_until(lambda: compose.runs()[-1]["event"] == "run_done", "the next run settles it", 60)
    wait_until(lambda: compose.page("/readyz")["failures"] == 0, "the pages say so too")
    assert compose.query("select count(*) from access") == held


def test_postgresql_restarted_in_the_middle(compose: Compose) -> None:
    held = compose.query("select count(*) from access")
    compose("kill", "--signal", "HUP", "service")
    compose("kill", "postgres")
    compose("start", "postgres")
    wait_until(lambda: "healthy" in compose("ps", "postgres", "--format", "{{.Status}}"), "it is back", 60)
    assert compose.run_now()["event"] in ("run_done", "run_failed")
    wait_until(lambda: compose.runs()[-1]["event"] == "run_done", "the next run settles it", 60)
    assert compose.query("select count(*) from access") == held
    running = "select count(*) from run where state = 'running'"
    wait_until(lambda: compose.query(running) == "0", "no run is left as running")


def test_a_restart_keeps_secrets_and_store(compose: Compose) -> None:
    token = compose("exec", "-T", "service", "cat", "/secrets/client/opa-token")
    held = compose.query("select count(*) from access")
    compose("down", "--timeout", "20")
    compose("up", "--detach", "--wait", "--no-build", "--wait-timeout", "120")
    assert compose("exec", "-T", "service", "cat", "/secrets/client/opa-token") == token
    assert compose.query("select count(*) from access") == held


def test_sigterm_ends_the_service_in_order(compose: Compose) -> None:
    container = compose.container("service")
    compose("stop", "service")
    assert docker("inspect", "--format", "{{.State.ExitCode}}", container).stdout.strip() == "0"
    log = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True).stderr
    assert json.loads(log.splitlines()[-1])["event"] == "stopped"
