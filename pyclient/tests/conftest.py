"""What tests share: OPA on this project's policy, and skips that name the component they lack.

A test that needs a component which is not there calls `pytest.skip("needs NAME: why")`. The closing line then
names it; under ICACCESS_REQUIRE_ALL=1 such a test fails.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from icaccess.errors import EngineError
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import Engine, running_engine
from icaccess.opa.program import find_opa
from tests.stores import empty_store, postgres, sqlite_store, store, store_url  # noqa: F401 (fixtures)

ROOT = Path(__file__).parents[2]
LONGEST_ID = 100
"""The most characters of a test's id, so that it can be read and given to pytest on one line."""
_LONGEST_VALUE = 12
STANDIN = Path(__file__).parent / "opa" / "standin"
_QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# How long an example takes is the machine's to say.
settings.register_profile("icaccess", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("icaccess")
_NEEDS = re.compile(r"^(?:Skipped: )?needs ([^:]+):")


@pytest.fixture(scope="session")
def opa_path() -> Path:
    """OPA's program."""
    try:
        return find_opa()
    except EngineError as error:
        pytest.skip(f"needs OPA: {error}")


@pytest.fixture(scope="session")
def engine(opa_path: Path) -> Iterator[Engine]:
    """An OPA on the policy and the policy data of this project, for the whole session."""
    with running_engine(ROOT / "policy", ROOT / "config", opa=opa_path) as running:
        yield running


@pytest.fixture(scope="session")
def client(engine: Engine) -> Iterator[AccessClient]:
    """A client of `engine`."""
    with AccessClient(engine.url, engine.token) as connected:
        yield connected


@pytest.fixture(scope="session")
def standin(opa_path: Path) -> Iterator[Engine]:
    """An OPA on a small policy of the same paths and shapes, which fails on a person named `poison`."""
    with running_engine(STANDIN / "policy", STANDIN / "config", opa=opa_path) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a network, started once: Playwright works once in a process."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium: it is not on PATH (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=_QUIET, timeout=120_000)
        yield chromium
        chromium.close()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Cuts the text of a parameter, which pytest would write out; pytest numbers those that become equal."""
    if isinstance(val, bytes):
        val = val.decode("latin-1")
    if isinstance(val, str):
        written = val.encode("unicode_escape").decode()
        return written[:_LONGEST_VALUE] if len(written) > _LONGEST_VALUE else None
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses long ids. First, since pytest-xdist's workers add a test's group to its id in this hook."""
    long = [item.nodeid for item in items if len(item.nodeid) > LONGEST_ID]
    if long:
        raise pytest.UsageError(f"{len(long)} test ids are over {LONGEST_ID} characters, such as {long[0]}")


def _missing(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """The component for want of which a test was skipped, if that is why."""
    if report.skipped and isinstance(report.longrepr, tuple):
        found = _NEEDS.match(str(report.longrepr[2]))
        return found.group(1) if found else None
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    if os.environ.get("ICACCESS_REQUIRE_ALL") == "1" and _missing(report) is not None:
        report.outcome = "failed"
        report.longrepr = f"{report.longrepr[2]} (ICACCESS_REQUIRE_ALL=1)"
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    missing = _missing(report)
    if missing is None:
        return None
    return f"skipped (needs {missing})", "s", f"SKIPPED (needs {missing})"
