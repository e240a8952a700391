"""The SARIF that `policy check` writes, held against Microsoft's own validator."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from icaccess.review.check import RULES, Finding
from icaccess.review.render import findings_sarif

_PACKAGE = Path(__file__).parent / "sarif"

# One worker installs and runs it: a program that is being written cannot be run.
pytestmark = pytest.mark.xdist_group("sarif")


@pytest.fixture(scope="session")
def multitool() -> Path:
    """The validator, of the version and digest that the lock file pins."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("needs sarif-multitool: its program for this kind of machine is not used here")
    program = _PACKAGE / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("needs sarif-multitool: npm is not on PATH to install it")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=_PACKAGE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"needs sarif-multitool: npm ci failed in {_PACKAGE}: {done.stderr.strip()[:200]}")
        program.chmod(0o755)
    for _ in range(100):  # npm's helpers may hold what they wrote for a moment longer
        try:
            subprocess.run([program, "--version"], capture_output=True, check=False)
        except OSError as error:
            if error.errno != errno.ETXTBSY:
                raise
            time.sleep(0.3)
        else:
            break
    return program


@pytest.mark.parametrize(
    "findings",
    [
        pytest.param([], id="none"),
        pytest.param(
            [Finding(rule, "policy/a b.rego", 0, "“50%” <of> it\nis wrong") for rule in RULES], id="all"
        ),
    ],
)
def test_sarif_is_valid(findings: list[Finding], multitool: Path, tmp_path: Path) -> None:
    file = tmp_path / "found.sarif"
    file.write_text(findings_sarif(findings))
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    command = [multitool, "validate", file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "Analysis completed successfully." in done.stdout
    assert " error " not in done.stdout


def test_the_validator_notices_what_is_wrong(multitool: Path, tmp_path: Path) -> None:
    file = tmp_path / "found.sarif"
    file.write_text(findings_sarif([]).replace('"driver"', '"drivers"'))
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    command = [multitool, "validate", file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert " error " in done.stdout
