"""The settings that docs/apply.md shows are read as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from icaccess.config import load_config
from icaccess.guard import GuardSettings, Limit, RemovalLimit
from icaccess.targets.settings import KINDS, open_target

PAGE = (Path(__file__).parents[3] / "docs" / "apply.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(monkeypatch):
    for name in ("ICACCESS_SCIM_TOKEN", "ICACCESS_LDAP_PASSWORD"):
        monkeypatch.setenv(name, "sample-secret")
    monkeypatch.setenv("ICACCESS_DATABASE", "postgresql://icaccess:sample-secret@db/icaccess")


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: " ".join(text.split()[:3]))
def test_settings(text, tmp_path, sqlite_store, environment):
    (tmp_path / "icaccess.yaml").write_text(text)
    (tmp_path / "district-ca.pem").write_text("")
    config = load_config(tmp_path)
    config.check()
    if text.startswith("target:") and "scim" not in text:
        opened = open_target(config, sqlite_store)
        assert opened.identity
        opened.close()


def test_every_kind_of_target_is_shown():
    assert {kind for kind in KINDS if f"kind: {kind}\n" in PAGE} == set(KINDS) - {"ledger"}


def test_the_defaults_that_are_told_are_the_defaults():
    settings = GuardSettings()
    assert (settings.revocations, settings.grants, settings.undecided) == (
        RemovalLimit(count=25, share=0.1, at_least=3),
        Limit(count=250),
        Limit(count=250),
    )
    assert (settings.facts_shrink, settings.facts_age_hours, settings.consent_hours) == (0.1, None, 24)
    assert "The example shows the defaults, except `facts_age_hours`, which is off by default." in PAGE
