# ruff: noqa: E501 (tables of odd values)
"""Settings and options that make no sense: one line that says so, never a traceback, never "unexpected"."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

from icaccess.cli import COMMANDS

GOOD: dict[str, Any] = {
    "zone": "America/Denver",
    "sources": [
        {"type": "csv", "name": "hr", "path": "hr.csv", "columns": {"id": "ID"}, "optional": True},
        {
            "type": "json",
            "name": "lms",
            "url": "https://lms.example.org/x",
            "auth": {"type": "bearer", "token": "${T}"},
        },
        {"type": "yaml", "name": "people", "path": "people.yaml"},
    ],
    "facts": {"keys": {"id": {"zero_pad": 6}}},
    "target": {"kind": "ledger"},
    "guard": {"revocations": {"most": 10, "share": 0.1}, "consent_hours": 24},
    "opa": {"urls": ["http://127.0.0.1:1"], "timeout": 5, "token": "${T}"},
    "store": {"url": "sqlite:///none.db"},
    "audit": {
        "key": "key.pem",
        "witnesses": [{"type": "file", "path": "heads"}, {"type": "syslog", "address": "x:514"}],
        "history": {"years": 7, "personal": False},
    },
    "service": {"interval": "15m", "listen": "127.0.0.1:0"},
}
ODD: list[Any] = [
    None, True, -1, 0, 1e308, float("nan"), 10**30, "", " ", "\x00", "\x1b[2J", "\ud7ff\u202e", "a" * 5000, [], {},
    [[]], {"": ""}, {"type": "csv"}, "${", "${}", "${NOT_SET}", "${file:/}", "${file:/none}", "~", "../..", "/dev/null/x",
    "postgresql://u:p@h/x", "sqlite://", "http://[", "2026-02-30", "1d", "9999999999d", "127.0.0.1:99999", {"a": [1, {}]},
]  # fmt: skip
WORDS = ["--config", "--store", "--policy", "--facts", "--at", "--opa-url", "--out", "--yes", "--allow", "--by",
         "--reason", "--head", "--heads", "--public-key", "--format", "--full", "--interval", "--listen", "--help",
         "--json", "--person", "verify", "show", "export", "runs", "key", "replay", "check", "status", "x", "-",
         "--", "2026-02-30", "20260101", "sqlite:///", "sqlite:////none/none.db", "http://127.0.0.1:1", "\x1b[2J", "é" * 300,
         "/dev/null", "/dev/null/x", "", "0", "-1", "NaN"]  # fmt: skip
CALLED = [name for name in COMMANDS if name not in ("run", "opa", "impact", "report", "forecast", "notices")]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a document with each of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def settings(chance: random.Random) -> str:
    """The text of a file of settings in which some things are others, doubled, renamed or cut off."""
    document = copy.deepcopy(GOOD)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(list(places(document)))
        kind = chance.random()
        if kind < 0.6:
            container[key] = copy.deepcopy(chance.choice(ODD))
        elif kind < 0.8 and isinstance(container, dict):
            container[str(chance.choice(ODD))[:50]] = container.pop(key)
        else:
            del container[key]
    text = yaml.safe_dump(document, allow_unicode=chance.random() < 0.5)
    if chance.random() < 0.1:
        text = text[: chance.randrange(len(text))]
    if chance.random() < 0.1:
        at = chance.randrange(len(text))
        text = (
            text[:at]
            + chance.choice(["\t", "\x00", "&a", "*a", "!!python/object:x", "{", "'", "\x85"])
            + text[at:]
        )
    return text


def one_line(code: int, err: str, what: object) -> None:
    assert code in (0, 1, 2, 3), (what, err)
    assert "ICACCESS_DEBUG" not in err, (what, err)
    assert "Traceback" not in err, (what, err)
    if code == 1 and "checks failed" not in err:
        assert err.splitlines()[-1].startswith("icaccess: "), (what, err)


def fuzz(command, tmp_path, monkeypatch, seeds: Iterable[int]) -> None:
    monkeypatch.delenv("ICACCESS_STORE")
    monkeypatch.delenv("ICACCESS_OPA_URL")
    folder = tmp_path / "config"
    folder.mkdir()
    for seed in seeds:
        chance = random.Random(seed)
        if seed % 2:
            text = settings(chance)
            (folder / "icaccess.yaml").write_text(text)
            words = chance.choice(
                [
                    "facts",
                    "audit verify",
                    "audit runs",
                    "audit key",
                    "plan",
                    "notices plan",
                ]
            ).split()
            asked = [*words, "--config", folder]
            if words in (["audit", "key"], ["plan"]):
                monkeypatch.chdir(tmp_path)
            what: object = text
        else:
            asked = [
                chance.choice(CALLED),
                *chance.choices(WORDS, k=chance.randint(1, 6)),
                "--config",
                tmp_path / "none",
            ]
            what = asked
        code, _, err = command(*asked)
        one_line(code, err, what)


def test_some_settings_and_options(command, tmp_path, monkeypatch):
    fuzz(command, tmp_path, monkeypatch, [*range(60), 4867])


@pytest.mark.slow
def test_five_thousand_settings_and_options(command, tmp_path, monkeypatch):
    fuzz(command, tmp_path, monkeypatch, range(100, 5100))
