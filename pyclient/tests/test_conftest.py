"""A component that is missing is named in the closing line, and is a failure where everything is required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_of_a_component():
    pytest.skip("needs slapd: it is not installed")

def test_of_another_kind():
    pytest.skip("not today")

def test_of_nothing():
    pass
"""


@pytest.mark.parametrize(
    ("required", "code", "closing"),
    [
        ("", 0, "1 passed, 1 skipped, 1 skipped (needs slapd)"),
        ("1", 1, "1 failed, 1 passed, 1 skipped"),
    ],
)
def test_the_closing_line_names_it(tmp_path: Path, required: str, code: int, closing: str) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", tmp_path],
        env=os.environ
        | {
            "ICACCESS_REQUIRE_ALL": required,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert closing in done.stdout.splitlines()[-1]
    assert required == "" or "needs slapd: it is not installed (ICACCESS_REQUIRE_ALL=1)" in done.stdout
