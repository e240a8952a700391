"""Every deployment hands the heads of its audit record to a witness."""

from __future__ import annotations

from pathlib import Path

import pytest

from icaccess.audit.heads import key_file
from icaccess.audit.witnesses import AuditSettings
from icaccess.config import load_config

ROOT = Path(__file__).parents[3] / "deploy"
FILES = sorted(ROOT.rglob("icaccess.yaml"))


def test_there_are_four_settings() -> None:
    assert len(FILES) == 4


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_it_has_a_key_and_a_witness(file: Path, tmp_path: Path) -> None:
    # The secrets are files of the deployment; here it is enough that there are some.
    (tmp_path / "secret").write_text("https://example.org/heads\n")
    text = file.read_text().replace("${file:/secrets/witness-url}", f"${{file:{tmp_path}/secret}}")
    (tmp_path / "icaccess.yaml").write_text(text)
    config = load_config(tmp_path)
    assert config.section("audit", AuditSettings).witnesses
    store = "sqlite:////var/lib/icaccess/icaccess.db" if "systemd" in file.parts else "postgresql://x/y"
    assert key_file(config, store)
