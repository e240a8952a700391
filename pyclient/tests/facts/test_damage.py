"""Nobody loses access because a feed is damaged, and in a simulated year only those who should."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from icaccess.opa.client import AccessClient

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the programs of `benchmarks/` be imported."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


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
    feeds = import_module("feeds")
    found = list(feeds.every_result(ROOT / "policy", tmp_path, every=20))
    assert {name for name, *_ in found} == {"csv", "oneroster", "approvals", "yaml", "json", "jsonl"}
    assert {way for _, _, way, _ in found} > set(import_module("damage").WAYS)
    assert sum(result.cases for *_, result in found) > 500
    revoked = {one.rpartition(": ")[2].split()[0] for *_, result in found for one in result.revoked}
    assert revoked <= TAKEN_FOR_NEW
    ends = {end for *_, result in found for end in result.ends}
    assert ends >= {"refused", "asked", "kept"}


@pytest.mark.slow
def test_a_year_removes_those_whom_the_page_removes(tmp_path: Path, client: AccessClient) -> None:
    found = import_module("year").Year(client, 80, 1, tmp_path / "config").run()
    assert found.wrong == []
    assert {"not_employed", "approval_not_for_current_job", "certification_expired"} <= set(found.removals)
    assert found.questions["a source was refused"] >= 2
