"""The systemd units: held against systemd itself, for mistakes and for how exposed they leave a service."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("needs systemd: systemd-analyze verifies the units")
    return found


def test_there_are_two_units() -> None:
    assert UNITS == ["icaccess-opa.service", "icaccess.service"]


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line(analyze: str, tmp_path: Path, unit: str) -> None:
    for name in UNITS:
        # The programs are installed where the units say; here it is enough that there are some.
        text = (FOLDER / name).read_text()
        (tmp_path / name).write_text(
            re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        )
    done = subprocess.run(
        [analyze, "verify", "--man=no", tmp_path / unit], capture_output=True, text=True, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "icaccess" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("unit", UNITS)
def test_little_is_left_exposed(analyze: str, unit: str) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=20", FOLDER / unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
