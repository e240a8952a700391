"""The embedded OPA: found, started on what counts, and always stopped."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path

import msgspec
import pytest

from icaccess.errors import ConfigError, EngineError, PolicyError
from icaccess.models import Employee
from icaccess.opa.bundles import build_bundles, config_tree, digest, policy_tree
from icaccess.opa.engine import Engine, running_engine, running_opa
from icaccess.opa.program import VERSION, cached_opa, find_opa
from icaccess.request import Request
from tests.opa.fake_opa import serving

AT = date(2025, 9, 10)
STANDIN = Path(__file__).parent / "standin"
REPO = Path(__file__).parents[3]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A policy and a config folder to spoil."""
    shutil.copytree(STANDIN, tmp_path, dirs_exist_ok=True)
    return tmp_path / "policy", tmp_path / "config"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without OPA: an empty cache, and a PATH with one empty folder, which is given."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


def test_bundles_that_cannot_be_kept_say_what_to_do(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    said = r"cannot build OPA's bundles in .*: Not a directory; set XDG_CACHE_HOME to a folder with space"
    with pytest.raises(EngineError, match=said), running_opa(*folders):
        pass


def program(path: Path, version: str) -> Path:
    """A program that says it is OPA of this version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho Version: {version}\n")
    path.chmod(0o755)
    return path


def gone(pid: int) -> bool:
    """Whether the process ends within a minute."""
    for _ in range(6000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_opa_is_taken_from_path_then_from_the_cache(bare: Path) -> None:
    with pytest.raises(EngineError, match=r"no usable OPA on PATH or at .*: run `icaccess opa install`"):
        find_opa()
    cached = program(cached_opa(), VERSION)
    assert find_opa() == cached
    on_path = program(bare / "opa", "1.30.0")
    assert find_opa() == on_path


@pytest.mark.parametrize("version", ["0.70.0", "1.9.0", "1.21.2", "2.0.0", "nonsense"])
def test_an_unusable_opa_is_passed_over_and_named(bare: Path, version: str) -> None:
    on_path = program(bare / "opa", version)
    with pytest.raises(
        EngineError, match=rf"1\.21\.3 or a newer 1\.x is needed \({on_path} is version {version}\)"
    ):
        find_opa()
    cached = program(cached_opa(), version)
    with pytest.raises(EngineError, match=rf"{cached} is version {version}\): run `icaccess opa install`"):
        find_opa()
    program(cached_opa(), VERSION)
    assert find_opa() == cached


@pytest.mark.parametrize("version", ["1.21.3", "1.22.4", "1.100.0", "1.23.0-rc1"])
def test_an_opa_that_is_new_enough_is_used(bare: Path, version: str) -> None:
    on_path = program(bare / "opa", version)
    assert find_opa() == on_path


@pytest.mark.parametrize("name", ["policy", "config"])
def test_a_bundle_in_the_cache_that_was_changed_is_built_anew(
    opa_path: Path, folders: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    cache = tmp_path / "cache"
    first = msgspec.structs.asdict(build_bundles(opa_path, *folders, cache))
    built = first[name].read_bytes()
    assert msgspec.structs.asdict(build_bundles(opa_path, *folders, cache)) == first
    for changed in (b"", built[:-1], built + b" "):
        first[name].write_bytes(changed)
        again = msgspec.structs.asdict(build_bundles(opa_path, *folders, cache))
        assert again["revisions"] == first["revisions"]
        content = again[name].read_bytes()
        assert content != changed
        assert hashlib.sha256(content).hexdigest() == again[name].parent.name


def test_revisions_are_the_digests_and_nothing_is_left_behind(
    opa_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    with running_opa(*folders) as client:
        revisions = client.revisions()
        assert client.decide(Employee(id="1"), AT).outcome == "allow"
        pids = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _is_child_opa(p)]
        assert pids
    assert revisions.policy == digest(policy_tree(folders[0]))
    assert revisions.data == digest(config_tree(folders[1]))
    assert not list((tmp_path / "tmp").iterdir())


def _is_child_opa(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid())
    except OSError:
        return False


def test_the_token_is_on_no_command_line_and_in_no_file(standin: Engine) -> None:
    command = Path(f"/proc/{standin.process.pid}/cmdline").read_bytes()
    assert standin.token.encode() not in command
    environment = Path(f"/proc/{standin.process.pid}/environ").read_bytes()
    assert standin.token.encode() not in environment
    work = Path(f"/proc/{standin.process.pid}/cwd").readlink()
    assert work.stat().st_mode & 0o077 == 0
    for file in work.rglob("*"):
        assert not file.is_file() or standin.token.encode() not in file.read_bytes()


def test_opa_variables_of_the_environment_do_not_change_its_options(
    folders: tuple[Path, Path], opa_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPA_RUN_AUTHORIZATION", "off")
    monkeypatch.setenv("OPA_RUN_LOG_LEVEL", "nonsense")
    with running_opa(*folders) as client:
        assert client.decide(Employee(id="1"), AT).outcome == "allow"


def test_a_policy_that_does_not_compile_is_named_with_file_and_line(
    folders: tuple[Path, Path], opa_path: Path
) -> None:
    broken = folders[0] / "lib" / "broken.rego"
    broken.parent.mkdir()
    broken.write_text("package access\n\nx := nowhere(1)\n")
    with pytest.raises(PolicyError) as caught, running_opa(*folders):
        pass
    assert str(caught.value) == f"{broken}:3: rego_type_error: undefined function nowhere"
    broken.write_text("package access\n\nx := {\n")
    with pytest.raises(PolicyError, match=rf"^{broken}:4: rego_parse_error") as caught, running_opa(*folders):
        pass
    assert "\n" not in str(caught.value)


def test_a_policy_that_asks_the_network_or_the_clock_is_refused(
    folders: tuple[Path, Path], opa_path: Path
) -> None:
    for call in ('http.send({"method": "get", "url": "http://127.0.0.1"})', "time.now_ns()", "opa.runtime()"):
        (folders[0] / "more.rego").write_text(f"package access\n\nx := {call}\n")
        with pytest.raises(PolicyError, match="undefined function"), running_opa(*folders):
            pass


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda root: shutil.rmtree(root / "policy"), PolicyError, "no policy folder .*--policy"),
        (lambda root: shutil.rmtree(root / "config"), ConfigError, "no config folder .*--config"),
        (lambda root: (root / "policy/access.rego").unlink(), PolicyError, "holds no Rego rules"),
        (lambda root: (root / "policy/.manifest").unlink(), PolicyError, "has no .manifest"),
        (lambda root: shutil.rmtree(root / "config/requirements"), ConfigError, "holds no policy data"),
        (
            lambda root: (root / "config/requirements/data.yaml").write_text("a: 1\n b: : 2\n"),
            ConfigError,
            "requirements/data.yaml: yaml: line 2",
        ),
    ],
    ids=map(str, count()),
)
def test_spoilt_folders(
    folders: tuple[Path, Path],
    opa_path: Path,
    spoil: Callable[[Path], object],
    error: type[Exception],
    message: str,
) -> None:
    spoil(folders[0].parent)
    with pytest.raises(error, match=message) as caught, running_opa(*folders):
        pass
    assert "\n" not in str(caught.value)


def test_a_bundle_says_which_policy_data_was_found_sound(opa_path: Path, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(REPO / "config", config)
    built = build_bundles(opa_path, REPO / "policy", config, tmp_path / "cache")

    def evaluated(data: Path, query: str) -> object:
        loaded = ["--bundle", built.policy, "--bundle", data]
        done = subprocess.run([opa_path, "eval", *loaded, query], capture_output=True, check=True)
        (result,) = msgspec.json.decode(done.stdout)["result"]
        return result["expressions"][0]["value"]

    recorded = "data.lib.checked.settings == data.lib.settings.checked"
    assert evaluated(built.config, recorded)
    requirements = config / "requirements" / "data.yaml"
    usable = requirements.read_text()
    requirements.write_text(usable.replace("approval_lead_days: 120", "approval_lead_days: 121"))
    (config / "icaccess.yaml").unlink()
    other = build_bundles(opa_path, REPO / "policy", config, tmp_path / "cache")
    assert not evaluated(other.config, recorded)
    assert evaluated(other.config, "data.lib.settings.sound")
    assert other.policy != built.policy
    assert other.revisions.policy == built.revisions.policy
    requirements.write_text(usable.replace("approval_lead_days: 120", "approval_lead_days: -1"))
    with pytest.raises(ConfigError, match="finds this policy data unusable"):
        build_bundles(opa_path, REPO / "policy", config, tmp_path / "cache")


def test_tests_schemas_and_settings_do_not_change_a_revision(folders: tuple[Path, Path]) -> None:
    policy, config = folders
    before = digest(policy_tree(policy)), digest(config_tree(config))
    for ignored in ("tests/more_test.rego", "lib/own_test.rego", "schemas/input.json", "README.md"):
        (policy / ignored).parent.mkdir(exist_ok=True)
        (policy / ignored).write_text("package nothing")
    (config / "icaccess.yaml").write_text("zone: America/Denver\n")
    assert (digest(policy_tree(policy)), digest(config_tree(config))) == before
    (policy / "lib" / "more.rego").write_text("package lib.more\n")
    (config / "requirements" / "data.yaml").write_text("roles: []\n")
    after = digest(policy_tree(policy)), digest(config_tree(config))
    assert before[0] != after[0]
    assert before[1] != after[1]


_SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from icaccess.opa.engine import running_engine
signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background ignores it
with running_engine(Path(sys.argv[1]) / "policy", Path(sys.argv[1]) / "config") as engine:
    print(engine.process.pid, os.readlink(f"/proc/{engine.process.pid}/cwd"), flush=True)
    if sys.argv[2] == "raise":
        raise RuntimeError("in the middle")
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("ending", "tidy"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGKILL, False), ("raise", True)],
)
def test_opa_ends_with_its_parent_however_that_ends(
    opa_path: Path, ending: signal.Signals | str, tidy: bool
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, STANDIN, str(ending)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid, work = parent.stdout.readline().split()
        if isinstance(ending, signal.Signals):
            parent.send_signal(ending)
        parent.wait(60)
    assert gone(int(pid))
    if tidy:
        assert not Path(work).exists()
    else:
        shutil.rmtree(work)
    assert parent.returncode != 0


def test_a_request_takes_the_configured_opa_else_starts_one(
    standin: Engine, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, config_dir = folders
    shutil.copytree(REPO / "config", config_dir, dirs_exist_ok=True)
    (config_dir / "icaccess.yaml").unlink()
    monkeypatch.setenv("TOKEN", standin.token)
    with Request(config=config_dir, policy=policy).open() as parts:
        assert standin.url not in [status.url for status in parts.client.status()]
    (config_dir / "icaccess.yaml").write_text(f"opa: {{urls: ['{standin.url}'], token: '${{TOKEN}}'}}\n")
    with Request(config=config_dir, policy=policy).open() as parts:
        assert parts.client.decide(Employee(id="1"), AT).outcome == "allow"
        assert [status.url for status in parts.client.status()] == [standin.url]
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", "another")
    with (
        Request(config=config_dir, policy=policy, opa_url=[standin.url]).open() as parts,
        pytest.raises(EngineError, match="refused the token"),
    ):
        parts.client.decide(Employee(id="1"), AT)


def test_an_address_that_is_taken_is_named(folders: tuple[Path, Path], opa_path: Path) -> None:
    with serving(lambda *_: (404, "text/plain", b"")) as url:
        address = url.removeprefix("http://")
        with (
            pytest.raises(EngineError, match=f"another program listens at {address}; stop it, or name"),
            running_engine(*folders, opa=opa_path, address=address),
        ):
            pass
