"""`icaccess forecast` on the sample district."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def forecast(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "icaccess", "forecast", "--facts", "examples/facts", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_next_removal(opa_path: Path) -> None:
    done = forecast("--at", "2027-06-29", "--until", "2028-07-01", "--format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(found["by_month"]["2028-01"]) == {"recertify", "blocked"}
    assert found["by_month"]["2028-07"]["removed"] == found["allowed_first"] + 1 - sum(
        counts.get("lost", 0) for counts in found["by_month"].values()
    )
    assert found["allowed_last"] == 0


def test_csv_has_whole_cells(opa_path: Path) -> None:
    arguments = ("--at", "2027-06-29", "--until", "2028-07-01", "100117", "--format")
    rows = list(csv.reader(io.StringIO(forecast(*arguments, "csv").stdout)))
    events = json.loads(forecast(*arguments, "json").stdout)["events"]
    assert rows[0] == ["day", "employee_id", "kind", "reasons", "roles", "locations"]
    assert [(row[0], row[-1]) for row in rows[1:]] == [(one["day"], *one["locations"]) for one in events]


def test_one_person(opa_path: Path) -> None:
    done = forecast("--at", "2027-06-29", "--until", "2027-12-31", "100117")
    assert "    2027-07-10  100117  Office Professional at 211: not_employed\n" in done.stdout


def test_days_the_wrong_way_round(opa_path: Path) -> None:
    done = forecast("--at", "2027-06-29", "--until", "2027-06-01")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "--until 2027-06-01 is before 2027-06-29" in done.stderr


def test_a_campaign_of_the_sample_district(opa_path: Path) -> None:
    done = forecast("--at", "2027-06-29", "--campaign", "2028-06-30")
    assert done.stdout.startswith("Recertification by 2028-06-30, as of 2027-06-29: ")
    assert "\nBy approver\n" in done.stdout


def test_a_campaign_or_a_span(opa_path: Path) -> None:
    for options in ([], ["--until", "2028-06-30", "--campaign", "2028-06-30"]):
        done = forecast("--at", "2027-06-29", *options)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "icaccess: give either --until DATE or --campaign DATE\n"
