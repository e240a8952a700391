"""Nobody loses access because a feed is damaged, and in a simulated year only those who should."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from icaccess.opa.client import AccessClient

ROOT = Path(__file__).parents[3]


def benchmark(name: str) -> ModuleType:
    """A program of `benchmarks/` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TAKEN_FOR_NEW = {
    *("100114", "100117", "100202"),  # the day of hiring stands where the job's first day belongs
    "100303",  # the last day of employment stands where the job's last day belongs
    "100113",  # a row is gone from the middle of yearly contracts
    *("100208", "100607", "100704"),  # an approval, or a withdrawal, has lost the job that it named
    "100404",  # the older of two jobs stays
    "100406",  # the later of two employments stays
    "100606",  # approved again after a withdrawal, which stays
}
"""People of whom what is left of the facts seems to be something new."""


@pytest.mark.slow
def test_a_damaged_feed_takes_nobodys_access(tmp_path: Path) -> None:
    feeds = benchmark("feeds")
    found = list(feeds.every_result(ROOT / "policy", tmp_path, every=20))
    assert {name for name, *_ in found} == {"csv", "oneroster", "approvals", "yaml", "json", "jsonl"}
    assert {way for _, _, way, _ in found} > set(feeds.WAYS)
    assert sum(result.cases for *_, result in found) > 500
    revoked = {one.rpartition(": ")[2].split()[0] for *_, result in found for one in result.revoked}
    assert revoked <= TAKEN_FOR_NEW
    ends = {end for *_, result in found for end in result.ends}
    assert ends >= {"refused", "asked", "kept"}


@pytest.mark.slow
def test_a_year_removes_those_whom_the_page_removes(tmp_path: Path, client: AccessClient) -> None:
    found = benchmark("year").Year(client, 80, 1, tmp_path / "config").run()
    assert found.wrong == []
    assert {"not_employed", "approval_not_for_current_job", "certification_expired"} <= set(found.removals)
    assert found.questions["a source was refused"] >= 2
