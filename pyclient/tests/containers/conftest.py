"""What the tests of the containers need: an engine, and images, which CI makes where none can be pulled."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# testcontainers would start one more container, from an image that need not be there, to tidy up after it.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"


def docker(*arguments: str, timeout: float = 120, **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command of Docker's, with what it said in the failure if it fails."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=timeout, **more
    )  # type: ignore[call-overload]  # passed on
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="session")
def engine_of_containers() -> None:
    """A Docker engine that answers, and compose."""
    for command, what in (
        (["docker", "info"], "no engine answers (start dockerd)"),
        (["docker", "compose", "version"], "its plugin compose is not installed"),
    ):
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=30)
        except FileNotFoundError:
            pytest.skip("needs Docker: the command docker is not installed")
        if done.returncode != 0:
            pytest.skip(f"needs Docker: {what}")


@pytest.fixture(scope="session")
def image(engine_of_containers: None) -> object:
    """Gives the name of an image that is there, pulled where need be."""

    def there(name: str) -> str:
        for command in (["docker", "image", "inspect", name], ["docker", "pull", "--quiet", name]):
            if subprocess.run(command, capture_output=True, check=False, timeout=300).returncode == 0:
                return name
        pytest.skip(
            f"needs {name.partition(':')[0]} image: it is not here and cannot be pulled (deploy/ci/images)"
        )

    return there


@pytest.fixture(scope="session")
def project_image(image) -> str:
    """The project's own image, built anew from its Dockerfile."""
    image("python:3.11-slim-bookworm")
    image("openpolicyagent/opa:1.22.4")
    # The engine's own builder: BuildKit would ask a registry for what is here.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    docker("build", "--quiet", "--tag", "icaccess", str(ROOT), timeout=600, env=environment)
    return "icaccess"
