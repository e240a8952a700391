"""`icaccess policy bundle`: what it shows, and what it says without a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from icaccess.cli import main
from icaccess.opa.bundles import config_tree, digest, policy_tree
from tests.sidecar.service import ROOT, new_key


def test_the_command_shows_each_revision_and_digest(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    opa_path: Path,
) -> None:
    arguments = ["--policy", ROOT / "policy", "--config", ROOT / "config", "--out", tmp_path / "bundles"]
    with pytest.raises(SystemExit) as ended:
        main(["policy", "bundle", *map(str, arguments), "--signing-key", str(new_key(tmp_path, "key")[0])])
    assert ended.value.code == 0
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [
        (f"{tmp_path}/bundles/policy.tar.gz", digest(policy_tree(ROOT / "policy"))),
        (f"{tmp_path}/bundles/config.tar.gz", digest(config_tree(ROOT / "config"))),
    ]
    assert all(len(line[4]) == 64 for line in lines)
    assert sorted(path.name for path in (tmp_path / "bundles").iterdir()) == [
        "config.tar.gz",
        "policy.tar.gz",
    ]


def test_without_a_key_nothing_is_built(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.delenv("ICACCESS_SIGNING_KEY", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["policy", "bundle", "--out", str(tmp_path / "bundles")])
    assert ended.value.code == 1
    assert capfd.readouterr().err.startswith("icaccess: no key to sign with: give --signing-key FILE")
