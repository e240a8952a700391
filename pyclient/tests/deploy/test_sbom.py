"""The bills of materials of docs/security.md name what the wheel and the image hold."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from icaccess.opa.program import VERSION

pytestmark = pytest.mark.xdist_group("bill")  # what its tests share is made once

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
# Answers for the image out of this machine: what stands after `--entrypoint=/bin/sh IMAGE`.
DOCKER = """#!/bin/sh
while [ "$1" != icaccess ]; do shift; done
shift
exec /bin/sh "$@"
"""


def documented(program: str, **files: Path) -> list[str]:
    """The command of the page that begins with a program, with other files in place of its own."""
    command = re.search(rf"^\$ {program} (.*)$", PAGE, re.MULTILINE)
    assert command is not None
    return [str(files.get(Path(word).stem.partition(".")[0], word)) for word in command[1].split()]


@pytest.fixture(scope="session")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bill of the Python packages."""
    out = tmp_path_factory.mktemp("bill") / "icaccess.cdx.json"
    program = Path(sys.executable).parent / "cyclonedx-py"
    made = [str(program), *documented("cyclonedx-py", icaccess=out)]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True)
    return out


def test_the_bill_has_every_package_with_its_hashes(bill: Path) -> None:
    made = json.loads(bill.read_text())
    assert (made["bomFormat"], made["metadata"]["component"]["name"]) == ("CycloneDX", "icaccess")
    locked = (ROOT / "requirements" / "runtime.txt").read_text()
    wanted = set(re.findall(r"^([\w.-]+)==([\w.]+)", locked, re.MULTILINE))
    assert {(one["name"], one["version"]) for one in made["components"]} == wanted
    for one in made["components"]:
        assert one["externalReferences"][0]["hashes"]


def of_image(bill: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """What the documented command answers, where a folder's programs are found first."""
    script, _, image = documented("python")[:3]
    return subprocess.run(
        [sys.executable, script, bill, image],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_bill_of_an_image_has_all_that_it_holds(bill: Path, opa_path: Path, tmp_path: Path) -> None:
    if shutil.which("dpkg-query") is None:
        pytest.skip("needs a Debian machine")
    programs = {"docker": DOCKER, "python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'}
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "opa").symlink_to(opa_path)
    ran = of_image(bill, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    schema = import_module("cyclonedx.schema").SchemaVersion.V1_6  # takes long to import
    validator = import_module("cyclonedx.validation.json").JsonStrictValidator(schema)
    assert validator.validate_str(ran.stdout) is None
    urls = {one.get("purl", "") for one in json.loads(ran.stdout)["components"]}
    assert f"pkg:golang/github.com/open-policy-agent/opa@v{VERSION}" in urls
    assert f"pkg:generic/python@{sys.version.split()[0]}" in urls
    installed = subprocess.run(["dpkg-query", "--show"], capture_output=True, text=True, check=True).stdout
    assert sum(one.startswith("pkg:deb/") for one in urls) == len(installed.splitlines())
    (libc,) = (one for one in urls if one.partition("@")[0].endswith("/libc6"))
    assert "upstream=glibc%40" in libc or "upstream=glibc@" in libc
    packages = {one["purl"] for one in json.loads(bill.read_text())["components"]}
    assert packages <= urls


def test_an_image_that_cannot_be_asked_is_one_line(bill: Path, tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 125\n")
    (tmp_path / "docker").chmod(0o755)
    ran = of_image(bill, tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "icaccess: could not be asked what it holds; docker says why above\n"
