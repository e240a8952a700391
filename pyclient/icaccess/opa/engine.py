"""The embedded engine: an OPA on loopback, with a token that nobody else knows.

OPA keeps no state, so this module stops it by killing it: on return, on errors, on Ctrl-C and SIGTERM. The
kernel kills it when this process is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from icaccess.errors import EngineError
from icaccess.opa.bundles import Bundles, build_bundles, first_complaint, shipped
from icaccess.opa.client import AccessClient
from icaccess.opa.program import cache_dir, environment, find_opa

_PR_SET_PDEATHSIG = 1


class Engine(msgspec.Struct, frozen=True):
    """A running OPA: its address, its token, its process, and what it has loaded."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
    bundles: Bundles


@contextlib.contextmanager
def running_opa(policy_dir: Path, config_dir: Path, *, timeout: float = 30.0) -> Iterator[AccessClient]:
    """A client with its own OPA, which decides with these two folders and stops at the end.

    Raises `PolicyError` when the policy does not compile, `ConfigError` when OPA cannot read the policy data,
    and `EngineError` when there is no OPA or it does not start.
    """
    with (
        running_engine(policy_dir, config_dir) as engine,
        AccessClient(engine.url, engine.token, timeout) as client,
    ):
        yield client


@contextlib.contextmanager
def running_engine(
    policy_dir: Path,
    config_dir: Path,
    *,
    opa: Path | None = None,
    token: str | None = None,
    address: str = "127.0.0.1:0",
    rules: Path | None = None,
) -> Iterator[Engine]:
    """An OPA that decides with these two folders and stops at the end.

    It listens at `address`, `HOST:PORT`; port 0 means a free one. Without `token` it gets a random one.
    `rules` say who may ask OPA what, in place of those beside the policy data.
    """
    opa = opa or find_opa()
    bundles = build_bundles(opa, policy_dir, config_dir, cache_dir() / "bundles")
    token = token or secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="icaccess-opa-") as work, contextlib.ExitStack() as stack:
        _unwind_on_sigterm(stack)
        authz = write_authz(rules or shipped(config_dir, "authz.rego"), token, Path(work))
        process, url = _start(opa, bundles, authz, token, Path(work), address)
        stack.callback(_stop, process)
        yield Engine(url, token, process, bundles)


def command(opa: Path, bundles: Bundles, authz: Path, address: str) -> list[str]:
    """The command line of an OPA server that requires the token."""
    closed = ["--authentication=token", "--authorization=basic", "--skip-version-check"]
    quick = ["--log-level=error", "--optimize-store-for-read-speed"]
    loaded = [str(bundles.policy), str(bundles.config), str(authz)]
    return [str(opa), "run", "--server", "--addr", address, *closed, *quick, "--bundle", *loaded]


def write_authz(rules: Path, token: str, folder: Path) -> Path:
    """A bundle that says who may ask OPA what: its `rules` let a caller with `token` ask for decisions.

    It holds the digest of the token, never the token.
    """
    authz = folder / "authz"
    authz.mkdir()
    clients = {hashlib.sha256(token.encode()).hexdigest(): ["decide"]}
    (authz / ".manifest").write_text('{"rego_version": 1, "roots": ["system/authz", "system/clients"]}')
    (authz / "authz.rego").write_bytes(rules.read_bytes())
    (authz / "data.json").write_bytes(msgspec.json.encode({"system": {"clients": clients}}))
    return authz


def _start(
    opa: Path, bundles: Bundles, authz: Path, token: str, work: Path, wanted: str
) -> tuple[subprocess.Popen[bytes], str]:
    """Start OPA and wait until it is ready; try another port if somebody took this one meanwhile."""
    for _ in range(3):
        address = free_port(wanted)
        log = work / "stderr"
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                command(opa, bundles, authz, address),
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd=work,
                env=environment(),
                # A Ctrl-C at the terminal is for this process, which then stops OPA.
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        try:
            if _await_ready(process, address, token, bundles):
                return process, f"http://{address}"
        except BaseException:
            _stop(process)
            raise
        complaint = log.read_text(errors="replace")
        if address == wanted or "address already in use" not in complaint:
            break
    if "address already in use" in complaint:
        raise EngineError(
            f"OPA did not start: another program listens at {address}; stop it, or name another --address"
        )
    raise EngineError(f"OPA did not start: {_log_message(complaint) or 'it said nothing'}")


def _await_ready(process: subprocess.Popen[bytes], address: str, token: str, bundles: Bundles) -> bool:
    """True once OPA answers with these bundles, False when it ended; `EngineError` after 20 s of neither.

    Another program at the address does not know the token, and cannot be mistaken for OPA.
    """
    deadline = time.monotonic() + 20
    problem = "it does not become ready; is the machine overloaded?"
    while process.poll() is None:
        if _listens(address):
            with AccessClient(f"http://{address}", token, 5) as client:
                (status,) = client.status()
            if status.revisions == bundles.revisions:
                return True
            if status.ready and status.problem is not None:
                problem = status.problem
                deadline = min(deadline, time.monotonic() + 3)
        if time.monotonic() > deadline:
            raise EngineError(f"OPA was started but cannot be used: {problem}")
        time.sleep(0.01)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), 1):
        return True
    return False


def free_port(address: str) -> str:
    """The same address, with a port that is free now in place of port 0."""
    host, _, port = address.rpartition(":")
    if port != "0":
        return address
    with socket.create_server((host, 0)) as probe:
        return f"{host}:{probe.getsockname()[1]}"


def _log_message(text: str) -> str:
    """The error in OPA's log, on one line."""
    entries = []
    for line in text.splitlines():
        with contextlib.suppress(msgspec.DecodeError):
            entries.append(msgspec.json.decode(line, type=dict[str, object]))
    if not entries:
        return first_complaint(text)
    worst = next((entry for entry in entries if entry.get("level") == "error"), entries[0])
    return f"{worst.get('err') or worst.get('msg')}"


def die_with_parent() -> Callable[[], object] | None:
    """On Linux, lets the kernel kill OPA when this process ends in any way; elsewhere nothing."""
    if platform.system() != "Linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return in_child


def _unwind_on_sigterm(stack: contextlib.ExitStack) -> None:
    """Let SIGTERM unwind the stack as Ctrl-C does, unless the program has its own handler."""
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
        stack.callback(signal.signal, signal.SIGTERM, signal.SIG_DFL)
