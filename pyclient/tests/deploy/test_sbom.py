"""The bill of materials, made by the command in docs/security.md, names what the image installs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_the_bill_of_materials_has_every_package_with_its_hashes(tmp_path: Path) -> None:
    program = shutil.which("cyclonedx-py", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("needs cyclonedx-bom, a development dependency")
    command = re.search(r"^\$ (cyclonedx-py .*)$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE)
    assert command is not None
    out = tmp_path / "sbom.json"
    arguments = command[1].replace("build/icaccess.cdx.json", str(out)).split()[1:]
    subprocess.run([program, *arguments], cwd=ROOT, check=True, capture_output=True)
    bill = json.loads(out.read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "icaccess")
    locked = (ROOT / "requirements" / "runtime.txt").read_text()
    wanted = set(re.findall(r"^([\w.-]+)==([\w.]+)", locked, re.MULTILINE))
    assert {(one["name"], one["version"]) for one in bill["components"]} == wanted
    for one in bill["components"]:
        assert one["externalReferences"][0]["hashes"]
