"""`docs/operators.md` says what is so: metrics, events, defaults, commands and tests are the real ones."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from icaccess.service.settings import ServiceSettings
from icaccess.service.state import State

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operators.md").read_text()


def test_every_metric_is_documented() -> None:
    kept = {"counter": "_total", "gauge": "", "histogram": ""}
    ours = {
        metric.name + kept[metric.type]
        for metric in State().registry.collect()
        if metric.name.startswith("icaccess")
    }
    assert set(re.findall(r"^\| `(icaccess_\w+)`", PAGE, re.MULTILINE)) == ours


def test_every_event_is_documented() -> None:
    sources = [path.read_text() for path in (ROOT / "pyclient" / "icaccess").rglob("*.py")]
    ours = {name for text in sources for name in re.findall(r'\bevent\(\s*(?:self\.)?log,\s*"(\w+)"', text)}
    line = re.search(r"on standard error: (.*?)\. No field holds", PAGE, re.DOTALL)
    assert line is not None
    assert set(re.findall(r"`(\w+)`", line[1])) == ours


def test_the_defaults_are_those_shown() -> None:
    shown = next(
        block["service"]
        for block in map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
        if "service" in block
    )
    assert ServiceSettings(**shown) == ServiceSettings()


def test_the_command_of_opa_is_that_of_compose() -> None:
    shown = re.search(r"^```\n(opa run .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["opa"]["command"]
    bare = [re.sub(r"/[\w/-]+/(?=[\w.]+$)", "", argument) for argument in compose]
    assert shown[1].replace("\\\n", "").split() == ["opa", *bare]


def test_every_test_that_is_named_is_there() -> None:
    tests = [path.read_text() for path in (ROOT / "pyclient" / "tests").rglob("test_*.py")]
    named = re.findall(r"`(test_\w+)` \|$", PAGE, re.MULTILINE)
    assert len(named) == 11
    assert [name for name in named if not any(f"def {name}(" in text for text in tests)] == []
