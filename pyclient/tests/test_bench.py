"""The benchmark runs, on few people, and gives a figure for everything that it promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from icaccess.models import Employee
from icaccess.opa.client import AccessClient

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


def people(*arguments: str) -> list[dict[str, Any]]:
    """What `population.py` writes."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "population.py", *arguments], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_same_seed_and_mix_give_the_same_people() -> None:
    first = people("200", "--seed", "3")
    assert people("200", "--seed", "3") == first
    assert people("200", "--seed", "4") != first
    left = people("50", "--mix", "left=1")
    assert all("end" in employee["employment"][-1] for employee in left)
    assert msgspec.convert(first + left, list[Employee])


def test_the_people_of_the_benchmark_are_of_every_outcome(client: AccessClient) -> None:
    records = msgspec.convert(people("400"), list[Employee])
    decisions = list(client.decide_many(records, date(2026, 9, 10)))
    assert {decision.outcome for decision in decisions} == {"allow", "deny", "expired", "undecided"}
    codes = {reason.code for decision in decisions for reason in decision.reasons}
    assert {"role_not_eligible", "unknown_location", "certification_expired"} <= codes
    assert {"grant", "keep", "update", "revoke", "none"} == {decision.action for decision in decisions}


@pytest.mark.slow
def test_cerbos_with_the_same_rules_says_the_same(opa_path: Path, tmp_path: Path) -> None:
    # The benchmark itself ends with an error when the two disagree about anybody.
    few = ["--size", "600", "--calls", "5", "--rounds", "1", "--only", "cerbos", "--out", str(tmp_path)]
    subprocess.run([sys.executable, BENCHMARKS / "bench.py", *few], check=True, stdout=subprocess.DEVNULL)
    rows = json.loads((tmp_path / "results.json").read_text())["sections"]["cerbos"]
    if len(rows) == 1:
        pytest.skip(f"needs Cerbos: {rows[0]['what']}")
    assert [row["people"] for row in rows] == [600, 600, 600, 5, 5, 5]


@pytest.fixture(scope="module")
def results(opa_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What a small run of the benchmark found."""
    out = tmp_path_factory.mktemp("bench")
    sections = "throughput,ceiling,nightly,population,client,sidecars,decide"
    sizes = ["--size", "60", "--sizes", "40", "--calls", "3", "--rounds", "1"]
    subprocess.run(
        [sys.executable, BENCHMARKS / "bench.py", *sizes, "--only", sections, "--out", out],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    picture = ElementTree.fromstring((out / "plot.svg").read_text())  # noqa: S314 (it was made just now)
    assert len(picture.findall("{http://www.w3.org/2000/svg}rect")) > 10
    assert "## nightly" in (out / "results.md").read_text()
    found: dict[str, list[dict[str, Any]]] = json.loads((out / "results.json").read_text())["sections"]
    return found


@pytest.mark.slow
def test_every_section_gives_its_figures(results: dict[str, list[dict[str, Any]]]) -> None:
    assert [row["people"] for row in results["throughput"]] == [60, 60, 60, 60, 3, 3, 60]
    assert all(row["decisions/s"] > 0 for row in results["throughput"] + results["ceiling"])
    assert [row["facts changed"] for row in results["nightly"]] == ["0%", "1%", "10%", "100%"]
    assert [row["sidecars of one core"] for row in results["sidecars"]] == [1, 2, 4]
    assert all(row["client peak, MB"] > 10 for row in results["population"] + results["client"])
    assert len(results["decide"]) == 4


@pytest.mark.parametrize("wrong", [["--only", "nothing"], ["--sizes", "many"]])
def test_wrong_usage_is_told(wrong: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "bench.py", *wrong], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "argument" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "shown"), [([], " µs  "), (["--rules"], " expressions for a decision: ")]
)
def test_the_cost_of_the_policy_is_measured(options: list[str], shown: str, opa_path: Path) -> None:
    size = ["--size", "20", "--rounds", "1", "--mix", "moved", "--opa", str(opa_path)]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "policy.py", *size, *options],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown in done.stdout
    assert ("shelf_life._dated_changes" in done.stdout) == bool(options)


@pytest.mark.slow
def test_the_members_of_a_group_are_measured(opa_path: Path) -> None:
    command = [sys.executable, BENCHMARKS / "members.py", "10", "20", "--rounds", "1"]
    environment = {**os.environ, "PATH": f"{opa_path.parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    rows = [line.split("|")[1:3] for line in done.stdout.splitlines()[2:]]
    assert [(members.strip(), name.strip()) for members, name in rows] == [
        (members, f"`icaccess {name}`") for name in ("plan", "apply") for members in ("10", "20", "2 times")
    ]
