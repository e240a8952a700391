"""OPA as it runs in service: its own rules, signed bundles from nginx, a list of clients."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from icaccess.opa.client import AccessClient
from icaccess.opa.program import environment
from icaccess.opa.signing import publish
from tests.stores import free_port

ROOT = Path(__file__).parents[3]
OPA_FILES = ROOT / "config" / "opa"
CLIENT, SCRAPER = "the-token-of-the-client", "the-token-of-the-scraper"


def new_key(folder: Path, name: str) -> tuple[Path, Path]:
    """A new private and public key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@dataclass
class BundleServer:
    """nginx, which gives away what lies in `folder`."""

    url: str
    folder: Path


@contextlib.contextmanager
def bundle_server(work: Path) -> Iterator[BundleServer]:
    """The static server of the bundles, configured as compose does it but for the addresses."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("needs nginx: apt-get install nginx-light")
    folder, port = work / "bundles", free_port()
    folder.mkdir()
    shipped = (ROOT / "deploy" / "compose" / "nginx.conf").read_text()
    ours = shipped.replace("/tmp/", f"{work}/")  # noqa: S108 (the container's, replaced by ours)
    ours = ours.replace("listen 8080", f"listen 127.0.0.1:{port}").replace(
        "root /bundles;", f"root {folder};"
    )
    (work / "nginx.conf").write_text(f"daemon off; {'user root;' if os.geteuid() == 0 else ''}\n{ours}")
    with running(
        [nginx, "-p", str(work), "-c", str(work / "nginx.conf"), "-e", "stderr"], work / "nginx.log"
    ):
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url), "nginx answers")
        yield BundleServer(url, folder)


@dataclass
class Sidecar:
    """A running OPA, its log, and the process that can be killed, frozen and started again."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    ca: str | None = None
    cert: tuple[str, str] | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {CLIENT}"})

    def client(self, token: str | None = CLIENT, timeout: float = 60) -> AccessClient:
        """A client that comes with `token`."""
        return AccessClient(self.url, token, timeout, ca=self.ca, cert=self.cert)

    def events(self, message: str) -> list[dict[str, object]]:
        """The lines of its log with this message."""
        return [line for line in self._lines() if line["msg"] == message]

    def events_at(self, level: str) -> list[dict[str, object]]:
        """The lines of its log of this level."""
        return [line for line in self._lines() if line["level"] == level]

    def _lines(self) -> list[dict[str, object]]:
        lines = self.log.read_text().split("\n")[:-1]  # the last one may still be in writing
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextlib.contextmanager
def sidecar(
    opa: Path,
    work: Path,
    bundles: str,
    public: Path,
    *options: str,
    port: int | None = None,
    clients: dict[str, list[str]] | None = None,
    log: Path | None = None,
) -> Iterator[Sidecar]:
    """OPA with the project's own configuration, polling signed bundles; it need not be ready yet."""
    work.mkdir(exist_ok=True)
    port = port or free_port()
    listed = {hashlib.sha256(token.encode()).hexdigest(): [may] for token, may in
              ((CLIENT, "decide"), (SCRAPER, "metrics"))} if clients is None else clients  # fmt: skip
    (work / "clients.json").write_text(json.dumps({"system": {"clients": listed}}))
    config = (OPA_FILES / "sidecar.yaml").read_text()
    # Polled every second, so that the tests need not wait.
    config = config.replace(
        "min_delay_seconds: 5, max_delay_seconds: 10", "min_delay_seconds: 1, max_delay_seconds: 1"
    )
    (work / "sidecar.yaml").write_text(config)
    authentication = (
        [] if any("authentication" in option for option in options) else ["--authentication=token"]
    )
    command = [
        str(opa), "run", "--server", f"--addr=127.0.0.1:{port}", *authentication, "--authorization=basic",
        "--skip-version-check", f"--config-file={work / 'sidecar.yaml'}",
        f"--set-file=keys.icaccess.key={public}", *options,
        str(OPA_FILES / "authz.rego"), str(OPA_FILES / "log.rego"), str(work / "clients.json"),
    ]  # fmt: skip
    log = log or work / "opa.log"
    with running(command, log, {**environment(), "OPA_BUNDLE_URL": bundles}) as process:
        yield Sidecar(f"http://127.0.0.1:{port}", log, process)


@contextlib.contextmanager
def ready_sidecar(
    opa: Path, work: Path, bundles: BundleServer, keys: tuple[Path, Path], **more: object
) -> Iterator[Sidecar]:
    """The same, with this project's bundles published and loaded."""
    publish(opa, ROOT / "policy", ROOT / "config", keys[0], bundles.folder)
    with sidecar(opa, work, bundles.url, keys[1], **more) as started:  # type: ignore[arg-type]  # passed on
        with started.client() as client:
            wait_until(client.ready, "OPA is ready")
        yield started


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of our own that writes to `log`, killed at the end however it is."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True
        )
    try:
        yield process
    finally:
        # Its whole group: nginx has a worker, which outlives a master that is killed.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    """Whether anything speaks HTTP there."""
    try:
        requests.get(url, timeout=2)
    except requests.RequestException:
        return False
    return True


def wait_until(true: object, what: str, seconds: float = 60) -> None:
    """Ask again and again until it is so; an assertion fails when it is not so in time."""
    assert callable(true)
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
