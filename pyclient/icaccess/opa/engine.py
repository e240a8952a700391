"""The embedded engine: finds the pinned OPA, runs it on loopback with a token that nobody else knows.

OPA keeps no state, so it is stopped by killing it: on return, on errors, on Ctrl-C and SIGTERM, and by the
kernel when this process is itself killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import secrets
import shutil
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
from icaccess.opa.transport import NEEDED, is_usable

VERSION = "1.22.4"
"""The version of OPA that is installed, and that everything here was tried with."""

_PR_SET_PDEATHSIG = 1


class Engine(msgspec.Struct, frozen=True):
    """A running OPA: where it answers, the token that it wants, its process, and what it has loaded."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
    bundles: Bundles


def cache_dir() -> Path:
    """Where OPA and built bundles are kept: `$XDG_CACHE_HOME/icaccess`, else `~/.cache/icaccess`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "icaccess" if base else Path.home() / ".cache" / "icaccess"


def cached_opa() -> Path:
    """Where `icaccess opa install` puts the pinned OPA, whether or not it is there."""
    return cache_dir() / "opa" / VERSION / "opa"


def find_opa() -> Path:
    """OPA's program: the one on PATH where it is new enough, else the one in the cache.

    Raises `EngineError` that says what was found instead, and how to install it.
    """
    on_path = shutil.which("opa")
    passed_over = []
    for place in (*([Path(on_path)] if on_path else []), cached_opa()):
        if place.exists():
            version = opa_version(place)
            if version and is_usable(version):
                return place
            passed_over.append(f"{place} is version {version or 'unknown'}")
    raise EngineError(
        f"no OPA on PATH nor at {cached_opa()} that can be used: {NEEDED} is needed"
        f"{' (' + ', '.join(passed_over) + ')' if passed_over else ''}: run `icaccess opa install`"
    )


def opa_version(opa: Path) -> str | None:
    """What `opa version` says, or null when it says nothing of the kind."""
    try:
        done = subprocess.run([opa, "version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    return words[1] if words[:1] == ["Version:"] and len(words) > 1 else None


@contextlib.contextmanager
def running_opa(policy_dir: Path, config_dir: Path, *, timeout: float = 30.0) -> Iterator[AccessClient]:
    """A client of an OPA of its own, which decides by these two folders and is stopped at the end.

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
    """An OPA that decides by these two folders and is stopped at the end.

    It listens at `address`, `HOST:PORT`, where port 0 stands for a free one. `token` is made up unless it is
    given. `rules` say who may ask OPA what, in place of those that stand with the policy data.
    """
    opa = opa or find_opa()
    bundles = build_bundles(opa, policy_dir, config_dir, cache_dir() / "bundles")
    token = token or secrets.token_urlsafe(32)
    with (
        tempfile.TemporaryDirectory(prefix="icaccess-opa-") as work,
        contextlib.ExitStack() as stack,
    ):
        _unwind_on_sigterm(stack)
        authz = write_authz(rules or shipped(config_dir, "authz.rego"), token, Path(work))
        process, url = _start(opa, bundles, authz, token, Path(work), address)
        stack.callback(_stop, process)
        yield Engine(url, token, process, bundles)


def command(opa: Path, bundles: Bundles, authz: Path, address: str) -> list[str]:
    """The command line of an OPA server that is closed to everybody without the token."""
    closed = ["--authentication=token", "--authorization=basic", "--skip-version-check"]
    quick = ["--log-level=error", "--optimize-store-for-read-speed"]
    loaded = [str(bundles.policy), str(bundles.config), str(authz)]
    return [str(opa), "run", "--server", "--addr", address, *closed, *quick, "--bundle", *loaded]


def write_authz(rules: Path, token: str, folder: Path) -> Path:
    """A bundle of who may ask OPA what: `rules`, by which whoever has `token` may ask for decisions.

    It holds the digest of the token, and never the token.
    """
    authz = folder / "authz"
    authz.mkdir()
    clients = {hashlib.sha256(token.encode()).hexdigest(): ["decide"]}
    (authz / ".manifest").write_text('{"rego_version": 1, "roots": ["system/authz", "system/clients"]}')
    (authz / "authz.rego").write_bytes(rules.read_bytes())
    (authz / "data.json").write_bytes(msgspec.json.encode({"system": {"clients": clients}}))
    return authz


def environment() -> dict[str, str]:
    """The environment for OPA: this process's own, without the variables that would change OPA's options.

    The garbage of its answers is collected less often than Go does by itself, but in time to stay near a
    limit, which trades some memory for time (docs/performance.md).
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPA_")}
    return {"GOGC": "1600", "GOMEMLIMIT": "384MiB"} | kept


def _start(
    opa: Path, bundles: Bundles, authz: Path, token: str, work: Path, wanted: str
) -> tuple[subprocess.Popen[bytes], str]:
    """Start OPA and wait until it is ready; a port that somebody took in between is given up for another."""
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

    Whoever else may listen at the address does not know the token, and is not mistaken for it.
    """
    deadline = time.monotonic() + 20
    problem = "it does not get ready; is the machine overloaded?"
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
            raise EngineError(f"OPA was started and cannot be used: {problem}")
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
    """The address itself, its port 0 replaced by one that is free now."""
    host, _, port = address.rpartition(":")
    if port != "0":
        return address
    with socket.create_server((host, 0)) as probe:
        return f"{host}:{probe.getsockname()[1]}"


def _log_message(text: str) -> str:
    """What OPA's log says went wrong, on one line."""
    entries = []
    for line in text.splitlines():
        with contextlib.suppress(msgspec.DecodeError):
            entries.append(msgspec.json.decode(line, type=dict[str, object]))
    if not entries:
        return first_complaint(text)
    worst = next((entry for entry in entries if entry.get("level") == "error"), entries[0])
    return f"{worst.get('err') or worst.get('msg')}"


def die_with_parent() -> Callable[[], object] | None:
    """On Linux, what makes the kernel kill OPA when this process ends, however it does; elsewhere nothing."""
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
    """Have SIGTERM unwind the stack as Ctrl-C does, unless the program has a handler of its own."""
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
        stack.callback(signal.signal, signal.SIGTERM, signal.SIG_DFL)
