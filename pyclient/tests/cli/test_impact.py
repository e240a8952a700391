"""`icaccess impact` as a CI job runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
POPULATION = ("--facts", str(ROOT / "examples/facts"), "--at", "2027-06-29")


@pytest.fixture
def folder(opa_path: Path, tmp_path: Path) -> Path:
    """The folders as they are, and under `base` what they were: managers could approve."""
    for name in ("policy", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
        shutil.copytree(ROOT / name, tmp_path / "base" / name)
    values = tmp_path / "config/requirements/data.yaml"
    values.write_text(values.read_text().replace("[Principal, Manager]", "[Principal]"))
    return tmp_path


def impact(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "icaccess", "impact", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_exit_codes(folder: Path) -> None:
    done = impact(folder, "--base", "base", *POPULATION, "--fail-on", "revoke", "--max-changes", "4")
    assert done.returncode == 2
    assert done.stderr == ("--fail-on revoke: 2 people would be revoked\n--max-changes 4: 5 people change\n")
    assert "Lose access: 3\n" in done.stdout
    done = impact(folder, "--base", "base", *POPULATION, "--fail-on", "loses")
    assert done.stderr == "--fail-on loses: 3 people would no longer be allowed\n"
    done = impact(folder, "--base", "base", *POPULATION, "--fail-on", "gains", "--max-changes", "5")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_installed_folder_is_named_where_it_stands_in(folder: Path) -> None:
    (folder / "policy").rename(folder / "away")
    done = impact(folder, "--base", "base", *POPULATION)
    assert done.returncode == 0
    assert done.stderr == (
        f"icaccess: using {ROOT / 'policy'}, because no policy/ is here; name others with --policy\n"
    )


def test_the_same_on_both_sides(folder: Path) -> None:
    done = impact(folder, "--base", "base", "--head", "base", *POPULATION, "--max-changes", "0")
    assert done.returncode == 0
    assert "76 people decided on 2027-06-29: nothing changes\n" in done.stdout


def test_json_and_a_choice_of_people(folder: Path) -> None:
    done = impact(folder, "--base", "base", *POPULATION, "--format", "json", "100701", "100101")
    found = json.loads(done.stdout)
    assert (found["people"], found["people_changed"]) == (2, 1)
    assert [change["employee_id"] for change in found["changes"]] == ["100701"]
    assert found["by_kind"] == {"loses": 1}


def test_errors_are_one_line(folder: Path) -> None:
    for arguments, text in [
        (("--base", "gone"), "--base gone: no such folder"),
        (("--base", "base", "--head", "gone"), "--head gone: no such folder"),
        (("--base", "base", "999"), "no employee has the id '999'"),
        (("--base", "base", "--until", "2027-06-28"), "--until 2027-06-28 is before 2027-06-29"),
        (("--base", "base", "--until", "soon"), "--until 'soon': not a date; write it as YYYY-MM-DD"),
        (("--base", ""), "--base: is empty; name a folder or a git ref"),
        (("--base", "base", "--head", ""), "--head: is empty; name a folder or a git ref"),
        ((), "Missing option '--base'"),
    ]:
        done = impact(folder, *arguments, *POPULATION)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert text in done.stderr
