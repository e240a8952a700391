"""The GitHub Action and the pre-commit hooks: their scripts are run here as a runner would run them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.folders import fill

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SMALL = {
    "small.rego": "package small\n\ntested if input == {}\n\nuntested if input == {}\n",
    "clauses.yaml": "clauses: [{clause: ES-1}]\n",
    "tests/small_test.rego": "package tests.small_test\n\ntest_it if data.small.tested with input as {}\n",
}
"""A policy of which the tests cover one rule of two, and nobody need be searched for the other."""
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "name" in step}


@pytest.fixture
def checkout(opa_path: Path, tmp_path: Path) -> Path:
    """A pull request's checkout: on `main` managers could approve, now principals alone."""
    place = tmp_path / "checkout"
    for name in ("policy", "config", "examples"):
        shutil.copytree(ROOT / name, place / name)
    for file in (place / "policy/tests").glob("*.rego"):
        if file.name != "outcome_test.rego":  # it gives the one reason that no case can
            file.unlink()  # the cases are enough here, and faster
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "-mBefore")
    values = place / "config/requirements/data.yaml"
    values.write_text(values.read_text().replace("[Principal, Manager]", "[Principal]"))
    return place


def git(place: Path, *arguments: str) -> None:
    names = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *names, *arguments], cwd=place, check=True)


def run(step: str, checkout: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One step's script with its environment filled in from inputs, and where its files went."""
    defaults = {name: str(given["default"]) for name, given in ACTION["inputs"].items()}
    values = defaults | {name.replace("_", "-"): value for name, value in inputs.items()}
    temp = checkout.parent / "temp"
    temp.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_STEP_SUMMARY": str(temp / "summary.md"),
    }
    for name, written in STEPS[step]["env"].items():
        environment[name] = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], written)
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    return done, temp


def test_check_tells_github_where(checkout: Path) -> None:
    assert run("Check", checkout)[0].returncode == 0
    rules = checkout / "policy/access.rego"
    rules.write_text(rules.read_text().replace("clause: ES-14", "clause: ES-41"))
    done, _ = run("Check", checkout)
    assert done.returncode == 1
    assert "::error file=policy/access.rego,line=" in done.stdout


def test_test_leaves_junit(checkout: Path) -> None:
    fill(checkout / "small", SMALL)
    done, temp = run("Test", checkout, policy="small", min_coverage="50")
    assert done.returncode == 0, done.stderr
    assert f"file={temp}/policy-tests.xml\n" in (temp / "output").read_text()
    junit = ElementTree.parse(temp / "policy-tests.xml")  # noqa: S314 (our own)
    assert junit.getroot().tag == "testsuites"
    assert run("Test", checkout, policy="small", min_coverage="100")[0].returncode == 1


def test_trace_goes_into_the_summary(checkout: Path) -> None:
    done, temp = run("Trace", checkout)
    assert done.returncode in {0, 1}  # the tests in Rego, which show some clauses, were taken out above
    assert "| clause | rules |" in (temp / "summary.md").read_text()


def test_impact(checkout: Path) -> None:
    given = {"facts": "examples/facts", "at": "2027-06-29", "base": "main"}
    done, temp = run("Impact", checkout, **given, max_changes="100")
    assert done.returncode == 0, done.stderr
    assert "| revoke | 12 | 14 | +2 |" in (temp / "impact.md").read_text()
    assert "### Impact on access" in (temp / "summary.md").read_text()
    done, temp = run("Impact", checkout, **given, fail_on="gains revoke")
    assert done.returncode == 2
    assert "--fail-on revoke: 2 people would be revoked" in done.stderr


def test_impact_through_a_later_day(checkout: Path) -> None:
    given = {"facts": "examples/facts", "at": "2027-06-29", "until": "2027-07-01", "base": "main"}
    done, temp = run("Impact", checkout, **given)
    assert done.returncode == 0, done.stderr
    assert "2027-07-01" in (temp / "impact.md").read_text()


def test_anybody_is_looked_for(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "config")
    done, temp = run("Anybody", checkout, base="main", anybody="60s", fail_on="loses")
    assert done.returncode == 0, done.stderr
    assert "no decision can differ" in (temp / "anybody.md").read_text()
    assert f"file={temp}/anybody.md\n" in (temp / "output").read_text()


@pytest.mark.slow
def test_anybody_is_found_and_fails(checkout: Path) -> None:
    done, temp = run("Anybody", checkout, base="main", anybody="60s", fail_on="loses")
    assert done.returncode == 2, done.stderr
    assert "**Loses access**" in (temp / "anybody.md").read_text()


def test_no_input_is_written_into_a_script() -> None:
    for step in STEPS.values():
        assert "${{" not in step["run"]


def test_install_takes_what_is_locked() -> None:
    for name in re.findall(r"requirements/\w+\.txt", STEPS["Install"]["run"]):
        assert (ROOT / name).is_file()


@pytest.mark.parametrize(
    "hook", yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()), ids=lambda h: h["id"]
)
def test_hooks(checkout: Path, hook: dict[str, Any]) -> None:
    command = [sys.executable, "-m", *shlex.split(hook["entry"])]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert hook["always_run"]  # deleted files are in no list of files
    assert "files" not in hook


def test_workflows_use_what_is_here() -> None:
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(file.read_text())
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                if step.get("uses") == "./":
                    assert step["with"].keys() <= ACTION["inputs"].keys()
                    assert (ROOT / step["with"]["facts"]).exists()
                elif step.get("run", "").startswith("."):
                    assert os.access(ROOT / step["run"], os.X_OK)
