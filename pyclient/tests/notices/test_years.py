"""Daily runs with kills and outages: those who lose access by a date are told in time, and once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SIMULATION = Path(__file__).parents[3] / "benchmarks" / "notices.py"


@pytest.mark.slow
def test_everybody_is_told_through_half_a_year_of_faults(opa_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SIMULATION, "40", "--days", "182"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    foretold = re.search(r"(\d+) removals, (\d+) of them foretold", done.stdout)
    assert foretold is not None
    assert int(foretold[2]) >= 5
    assert done.stdout.count("missing 0, doubled 0, too late 0") == 2
    assert len(re.findall(r"last messages looked at [1-9]\d*, untrue 0\n", done.stdout)) == 2
    assert re.search(r"'killed': \d", done.stdout)
