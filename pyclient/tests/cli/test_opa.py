"""`icaccess opa`: run and status against a real OPA."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from icaccess.cli.opa import opa
from icaccess.cli.outputs import OUTPUTS
from icaccess.errors import EngineError, UsageError
from icaccess.opa.engine import Engine
from icaccess.opa.program import VERSION, opa_version
from tests.opa.fake_opa import serving

STANDIN = Path(__file__).parents[1] / "opa" / "standin"


def test_status_shows_version_and_revisions(standin: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", standin.token)
    result = CliRunner().invoke(
        opa, ["status", "--opa-url", standin.url, "--config", str(STANDIN / "config")]
    )
    assert result.exit_code == 0
    revisions = standin.bundles.revisions
    assert result.stdout == (
        f"{standin.url}: ready\n  version  {VERSION}\n"
        f"  policy   {revisions.policy}\n  data     {revisions.data}\n"
    )


def test_status_without_the_token_is_an_error(standin: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICACCESS_OPA_TOKEN", raising=False)
    result = CliRunner().invoke(
        opa, ["status", "--opa-url", standin.url, "--config", str(STANDIN / "config")]
    )
    assert isinstance(result.exception, EngineError)
    assert "refused the token" in str(result.exception)


def test_status_without_a_url_says_which_opa_is_started(opa_path: Path) -> None:
    result = CliRunner().invoke(opa, ["status", "--config", str(STANDIN / "config")])
    assert result.stdout.splitlines() == [
        f"no URL is set: commands start {opa_path}, version {opa_version(opa_path)}",
        f"tested with {VERSION}; 1.21.3 or a newer 1.x is needed",
    ]


@pytest.mark.parametrize("form", ["text", "json"])
def test_run_serves_until_it_is_told_to_stop(
    opa_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", "sample-token")
    command = [sys.executable, "-c", "from icaccess.cli.opa import opa; opa()", "run"]
    folders = ["--policy", str(STANDIN / "policy"), "--config", str(STANDIN / "config")]
    with subprocess.Popen(
        [*command, *folders, "--address", "127.0.0.1:0", "--format", form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if form == "json":
            running = msgspec.json.decode(line, type=OUTPUTS["opa run"])
            url, token = running.url, running.token
        else:
            url, token = line.removeprefix("export ICACCESS_OPA_URL="), "sample-token"
        assert token == "sample-token"
        result = CliRunner().invoke(opa, ["status", "--opa-url", url, "--config", str(STANDIN / "config")])
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert result.stdout.startswith(f"{url}: ready\n")


def test_run_tells_the_token_that_it_made_where_the_variable_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", "")
    command = [sys.executable, "-m", "icaccess", "opa", "run", "--address", "127.0.0.1:0"]
    folders = ["--policy", str(STANDIN / "policy"), "--config", str(STANDIN / "config")]
    with subprocess.Popen([*command, *folders], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        lines = (first + process.communicate()[0]).splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        "export ICACCESS_OPA_URL",
        "export ICACCESS_OPA_TOKEN",
    ]


def test_run_ends_well_after_an_interrupt() -> None:
    command = [sys.executable, "-m", "icaccess", "opa", "run", "--address", "127.0.0.1:0"]
    folders = ["--policy", str(STANDIN / "policy"), "--config", str(STANDIN / "config")]
    with subprocess.Popen(
        [*command, *folders],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as in a job in the foreground
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        assert process.stderr.readline().startswith("OPA decides with policy ")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_run_is_for_this_machine_alone(opa_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--address '0\.0\.0\.0:1': .* give an address of this machine"):
        CliRunner().invoke(opa, ["run", "--address", "0.0.0.0:1"], catch_exceptions=False)


def test_a_web_page_is_no_sidecar_that_is_ready() -> None:
    with serving(lambda _path, _body: (200, "text/html", b"<html>log in</html>")) as url:
        result = CliRunner().invoke(opa, ["status", "--opa-url", url])
    assert result.stdout == f"{url}: not ready\n"
    assert "does not answer as OPA with this policy does" in str(result.exception)
