"""What a policy may use of OPA: the committed file is current, and holds nothing that could surprise."""

from __future__ import annotations

import json
import subprocess
from itertools import count
from pathlib import Path

import pytest

from icaccess.opa.capabilities import limited

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "config" / "opa" / "capabilities.json"


def test_the_committed_file_is_what_the_pinned_opa_gives(opa_path: Path) -> None:
    assert COMMITTED.read_bytes() == limited(opa_path), (
        "write it anew: python -m icaccess.opa.capabilities > config/opa/capabilities.json"
    )


def test_no_network_is_allowed() -> None:
    assert json.loads(COMMITTED.read_text())["allow_net"] == []


@pytest.mark.parametrize(
    "call",
    [
        'http.send({"method": "get", "url": "http://127.0.0.1"})',
        "opa.runtime()",
        "time.now_ns()",
        'rand.intn("x", 10)',
        'uuid.rfc4122("x")',
        'net.lookup_ip_addr("localhost")',
        'net.cidr_contains("10.0.0.0/8", "10.0.0.1")',
        'io.jwt.decode_verify("x", {})',
    ],
    ids=map(str, count()),
)
def test_a_builtin_left_out_does_not_compile(opa_path: Path, tmp_path: Path, call: str) -> None:
    policy = tmp_path / "policy.rego"
    policy.write_text(f"package access\n\nsurprise := {call}\n")
    done = subprocess.run(
        [opa_path, "check", "--capabilities", COMMITTED, policy], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert f"undefined function {call.partition('(')[0]}" in done.stdout + done.stderr


def test_the_project_compiles_within_them(opa_path: Path) -> None:
    done = subprocess.run(
        [opa_path, "check", "--strict", "--capabilities", COMMITTED, "-b", "policy", "-b", "config"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
