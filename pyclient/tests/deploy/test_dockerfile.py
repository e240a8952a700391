"""The Dockerfile brings along what the wheel is made of, and names the OPA that the project is tried with."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from icaccess.opa.program import VERSION

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_everything_that_the_wheel_includes_is_copied() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {Path(source).parts[0] for source in [*wheel["force-include"], *wheel["packages"]]}
    stage = DOCKERFILE.partition("AS build")[2].partition("FROM")[0]
    copied = {Path(source).parts[0] for source in re.findall(r"^COPY (\S+) \S+$", stage, re.MULTILINE)}
    assert needed <= copied
    let_through = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in needed - {"pyclient"}} | {"!pyclient/icaccess"} <= set(let_through)


def test_one_version_of_opa_everywhere() -> None:
    places = [
        "Dockerfile",
        "docker-compose.yml",
        "deploy/ci/images",
        "deploy/kubernetes/sidecar/deployment.yaml",
        "deploy/kubernetes/cronjob/cronjob.yaml",
        "deploy/kubernetes/replicas/opa.yaml",
    ]
    for place in places:
        named = re.findall(r"openpolicyagent/opa:([\w.-]+)", (ROOT / place).read_text())
        assert set(named) == {VERSION}, place
