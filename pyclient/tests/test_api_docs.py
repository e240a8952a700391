"""The examples of docs/library.md and docs/http.md, run against a real OPA: they print what they show."""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from icaccess import AccessClient
from icaccess.opa.engine import Engine
from icaccess.openapi import ENTRY_POINTS

ROOT = Path(__file__).parents[2]
LIBRARY = (ROOT / "docs" / "library.md").read_text()
HTTP = (ROOT / "docs" / "http.md").read_text()
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The code of a page in one language."""
    return [text for found, text in _BLOCK.findall(page) if found == language]


@pytest.fixture
def environment(engine: Engine) -> dict[str, str]:
    """The variables that `icaccess opa run` prints."""
    return {**os.environ, "ICACCESS_OPA_URL": engine.url, "ICACCESS_OPA_TOKEN": engine.token}


def test_the_examples_of_the_library_print_what_they_show(environment: dict[str, str]) -> None:
    code = "\n".join(blocks(LIBRARY, "python"))
    shown = re.findall(r"^# (.+)$|print\(.*\)  # (.+)$", code, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [one or other for one, other in shown]


def test_the_library_page_has_each_public_method() -> None:
    methods = {name for name in vars(AccessClient) if not name.startswith("_")} - {"close"}
    shown = set(re.findall(r"\b(?:client|own)\.(\w+)\(", "\n".join(blocks(LIBRARY, "python"))))
    assert methods <= shown, f"docs/library.md has no example of {methods - shown}"


def test_the_package_says_that_it_is_typed() -> None:
    assert importlib.resources.files("icaccess").joinpath("py.typed").is_file()


def test_the_curl_examples_answer_what_they_show(environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl: apt-get install curl")
    shown = [(one, text) for one, text in _BLOCK.findall(HTTP) if one in ("bash", "json", "text")]
    assert [one for one, _ in shown] == ["bash", "json", "bash", "json", "bash", "text", "bash", "text"]
    for (_, code), (form, wanted) in zip(shown[::2], shown[1::2], strict=True):
        answered = run(["bash", "-c", code], environment, tmp_path)
        if form == "text":
            assert answered == wanted
        else:
            assert_shown(json.loads(answered), json.loads(wanted))


def test_the_javascript_example_prints_the_outcome(environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("needs node: apt-get install nodejs")
    (asked,) = re.findall(r"asked.json <<'END'\n(.*?)^END$", HTTP, re.MULTILINE | re.DOTALL)
    (tmp_path / "asked.json").write_text(asked)
    (code,) = blocks(HTTP, "javascript")
    assert run(["node", "-e", code], environment, tmp_path) == "allow\n"


def test_page_and_document_have_what_opa_lets_through() -> None:
    rules = (ROOT / "config" / "opa" / "authz.rego").read_text()
    let_through = set(re.findall(r'\["v1", "data", "access", "(\w+)"\]', rules))
    assert set(ENTRY_POINTS) == let_through
    assert set(ENTRY_POINTS) == set(re.findall(r"^\| `(\w+)` \| `as_of`", HTTP, re.MULTILINE))


def assert_shown(answered: object, shown: object) -> None:
    """Compare an answer with the one on the page, where "…" stands for anything."""
    if isinstance(answered, dict) and isinstance(shown, dict):
        assert answered.keys() == shown.keys()
        for key, value in shown.items():
            assert_shown(answered[key], value)
    elif shown != "…":
        assert answered == shown


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    """What a program prints on stdout."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    return done.stdout
