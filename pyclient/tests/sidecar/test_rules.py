"""The rules that OPA itself is held to: their own tests pass and leave no line of them out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.sidecar.service import ROOT


def opa(opa_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([opa_path, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("run", ["^data.system", pytest.param(".", marks=pytest.mark.slow)])
def test_their_tests_pass_together_with_the_policys(run: str, opa_path: Path) -> None:
    bundles = ("--bundle", "policy", "--bundle", "config")
    done = opa(opa_path, "test", *bundles, f"--run={run}", "--timeout=120s", "--format=json")
    assert done.returncode == 0, done.stdout
    packages = {test["package"] for test in json.loads(done.stdout)}
    assert {"data.system.authz", "data.system.log"} <= packages
    assert run == "." or all(package.startswith("data.system") for package in packages)


@pytest.mark.parametrize("rules", ["authz.rego", "log.rego"])
def test_every_line_is_tested(opa_path: Path, rules: str) -> None:
    done = opa(opa_path, "test", "config/opa", "--coverage", "--format=json")
    (covered,) = [
        file for name, file in json.loads(done.stdout)["files"].items() if name.endswith(f"/{rules}")
    ]
    assert covered.get("not_covered", []) == []


def test_both_folders_load_as_bundles_and_are_well_formed(opa_path: Path) -> None:
    checked = opa(opa_path, "check", "--strict", "--bundle", "policy", "--bundle", "config")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert opa(opa_path, "fmt", "--list", "config/opa").stdout == ""
