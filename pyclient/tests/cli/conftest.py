"""The command line run in this process, on the example district and the session's OPA."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from icaccess.cli import main

ROOT = Path(__file__).parents[3]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(engine, tmp_path, monkeypatch, capfd) -> Run:
    """Runs `icaccess` with the arguments given; gives its exit code, stdout and stderr."""
    monkeypatch.setenv("ICACCESS_OPA_URL", engine.url)
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", engine.token)
    monkeypatch.setenv("ICACCESS_STORE", f"sqlite:///{tmp_path}/icaccess.db")
    monkeypatch.chdir(ROOT)

    def run(*arguments: object) -> tuple[int, str, str]:
        with contextlib.suppress(SystemExit), pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run
