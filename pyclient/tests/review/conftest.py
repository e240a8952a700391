"""What the tests of review share.

A policy to take apart: copies of this project's own, in folders of a test. For the page, a real Chromium
without any network, and axe-core from npm by its lock file.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from icaccess.review.source import PolicySource

ROOT = Path(__file__).parents[3]

_PACKAGE = Path(__file__).parent / "page"


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, of the version and digest that the lock file pins."""
    script = _PACKAGE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("needs axe-core: npm is not on PATH to install it")
        # In a folder of its own and moved into place whole, since several workers may come here at once.
        with tempfile.TemporaryDirectory(dir=_PACKAGE) as work:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_PACKAGE / name, work)
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"needs axe-core: npm ci failed in {_PACKAGE}: {done.stderr.strip()[:200]}")
            with contextlib.suppress(OSError):  # another worker was first
                Path(work, "node_modules").rename(_PACKAGE / "node_modules")
    return script.read_text(encoding="utf-8")


@pytest.fixture
def whole(opa_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PolicySource:
    """A copy of policy and policy data, in the working folder, as a reviewer has them."""
    for name in ("policy", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return PolicySource(opa_path, Path("policy"), Path("config"))


@pytest.fixture
def project(whole: PolicySource) -> PolicySource:
    """The same without the tests in Rego, which take seconds: cases, and the test of what none can show."""
    for file in Path("policy/tests").glob("*.rego"):
        if file.name != "outcome_test.rego":
            file.unlink()
    return whole


@pytest.fixture
def edit(project: PolicySource) -> Callable[[str, str, str], None]:
    """Replace a text that must stand in a file, wherever it does."""

    def replace(file: str, old: str, new: str) -> None:
        text = Path(file).read_text()
        assert old in text, f"{old!r} does not stand in {file}"
        Path(file).write_text(text.replace(old, new))

    return replace
