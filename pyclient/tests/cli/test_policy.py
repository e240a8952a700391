"""`icaccess policy check|test|trace` as a user or a CI job runs them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.naming import named_by_last

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(opa_path: Path, tmp_path: Path) -> Path:
    for name in ("policy", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for file in (tmp_path / "policy/tests").glob("*.rego"):
        if file.name != "outcome_test.rego":
            file.unlink()  # the cases are enough here, and faster
    return tmp_path


def icaccess(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as it ended, without the line that says that its result is from the cache."""
    command = [sys.executable, "-m", "icaccess", "policy", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines(keepends=True)
    done.stderr = "".join(line for line in lines if not line.startswith("nothing has changed since "))
    return done


def test_a_result_says_when_it_is_from_the_cache(folder: Path) -> None:
    (folder / "policy/own.rego").write_text(f"package access\n\n# {uuid.uuid4()}\n")
    command = [sys.executable, "-m", "icaccess", "policy", "test", "--format", "json"]
    first, second = (
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False) for _ in range(2)
    )
    assert json.loads(first.stdout)["cached_at"] is None
    assert json.loads(second.stdout)["cached_at"] is not None
    assert "the results are from the cache" in second.stderr
    assert "from the cache" not in first.stderr


def test_check(folder: Path) -> None:
    done = icaccess(folder, "check")
    assert (done.returncode, done.stdout) == (0, "the policy is in order\n")
    (folder / "policy/access.rego").write_text(
        (folder / "policy/access.rego").read_text().replace("clause: ES-14", "clause: ES-41")
    )
    done = icaccess(folder, "check", "--format", "github")
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=policy/access.rego,line=")
    assert json.loads(icaccess(folder, "check", "--format", "sarif").stdout)["version"] == "2.1.0"


def test_test(folder: Path) -> None:
    done = icaccess(folder, "test", "--format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["failed"] == 0
    assert found["passed"] == len(found["tests"])
    junit = icaccess(folder, "test", "--format", "junit").stdout
    assert ElementTree.fromstring(junit).tag == "testsuites"  # noqa: S314 (our own)
    done = icaccess(folder, "test", "--min-coverage", "nan")
    assert (done.returncode, done.stdout) == (1, "")


def test_too_little_coverage_is_exit_1_and_says_why(folder: Path) -> None:
    shutil.rmtree(folder / "policy/tests")
    for file in (folder / "policy").rglob("*.rego"):
        file.unlink()
    (folder / "policy/tests").mkdir()
    (folder / "policy/small.rego").write_text("package small\n\na := 1\n\nb := 2\n")
    (folder / "policy/tests/small_test.rego").write_text(
        "package tests.small_test\n\ntest_a if data.small.a == 1\n"
    )
    assert icaccess(folder, "test", "--min-coverage", "50").returncode == 0
    done = icaccess(folder, "test", "--min-coverage", "51")
    assert done.returncode == 1
    assert done.stdout.endswith(
        "policy/small.rego:5: not covered: no test asks for small.b\n"
        "  no decision on a person asks for this rule\n"
    )
    assert done.stderr.endswith("the tests cover 50.00% of the policy, less than 51%\n")


def test_a_failing_case_is_exit_1(folder: Path) -> None:
    cases = folder / "policy/tests/cases/decisions/data.yaml"
    cases.write_text(cases.read_text().replace("approval_lead_days: 120", "approval_lead_days: 121"))
    done = icaccess(folder, "test")
    assert done.returncode == 1
    assert "approved by name 121 days before the job began: outcome is" in done.stdout
    assert done.stderr == ""


@named_by_last(
    ("file", "text", "line", "message"),
    [
        ("config/calendar/data.yaml", "covers: {}\n", 1, "covers.from: is required"),
        ("policy/tests/cases/mine/data.yaml", "\ncases: []\n", 2, "cases is empty; write a case"),
        ("policy/tests/cases/mine/cases.yaml", "cases: []\n", 1, "is not read, since files of cases are"),
    ],
)
def test_what_cannot_be_read_is_a_result(folder: Path, file: str, text: str, line: int, message: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    done = icaccess(folder, "check", "--format", "sarif")
    ((result,),) = (run["results"] for run in json.loads(done.stdout)["runs"])
    (place,) = (one["physicalLocation"] for one in result["locations"])
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (file, line)
    assert result["message"]["text"].startswith(message)
    github = icaccess(folder, "check", "--format", "github")
    assert github.stdout.startswith(f"::error file={file},line={line},title=policy read::{message}")
    junit = icaccess(folder, "test", "--format", "junit")
    (failure,) = ElementTree.fromstring(junit.stdout).iter("failure")  # noqa: S314 (our own)
    assert failure.text == f"{file}:{line}"
    assert failure.get("message", "").startswith(message)
    for ended in (done, github, junit):
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1


def test_what_is_not_there_is_in_the_result(folder: Path) -> None:
    done = icaccess(folder, "check", "--policy", "none", "--format", "github")
    text = "none: no such policy folder; give --policy"
    assert done.stdout == f"::error file=none,line=1,title=policy read::{text}\n"
    assert done.stderr == f"icaccess: {text}\n"


def test_trace(folder: Path) -> None:
    done = icaccess(folder, "trace", "--format", "json")
    clauses = json.loads(done.stdout)["clauses"]
    assert done.returncode == any(clause["gap"] for clause in clauses)
    assert icaccess(folder, "trace", "--format", "markdown").stdout.count("\n| ES-") == 15


def test_installed_folders_are_named_where_they_stand_in(folder: Path) -> None:
    (folder / "config").rename(folder / "elsewhere")
    installed = f"icaccess: using {ROOT / 'config'}, because no config/ is here; name others with --config\n"
    for command in ("check", "test"):
        assert icaccess(folder, command).stderr == installed
    assert icaccess(folder, "check", "--config", "elsewhere").stderr == ""
    (folder / "policy").rename(folder / "away")
    assert icaccess(folder, "check").stderr == (
        f"icaccess: using {ROOT / 'policy'} and {ROOT / 'config'}, because no policy/ or config/ is here; "
        "name others with --policy and --config\n"
    )


def test_errors_are_one_line(folder: Path) -> None:
    for arguments, text in [
        (("check", "--policy", "none"), "none: no such policy folder; give --policy"),
        (("test", "--config", "none"), "none: no such configuration folder; give --config"),
        (("trace", "--format", "xml"), "Invalid value for '--format'"),
    ]:
        done = icaccess(folder, *arguments)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert text in done.stderr


def test_watch_runs_again_and_ends_on_an_interrupt(folder: Path) -> None:
    cases = folder / "policy/tests/cases/mine/data.yaml"
    cases.parent.mkdir()
    cases.write_text("cases: nothing\n")
    command = [sys.executable, "-m", "icaccess", "policy", "test", "--watch", "--run", "121 days before"]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=-1,
        stderr=-1,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as in a job in the foreground
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        patience = threading.Timer(120, process.kill)  # or a line that never comes would be waited for
        patience.start()
        assert "cases/mine/data.yaml" in process.stderr.readline()
        assert process.stderr.readline().startswith("waiting for a file to change")
        cases.unlink()
        assert process.stdout.readline() == "1 passed, 0 failed\n"
        assert process.stderr.readline().startswith("waiting for a file to change")
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "icaccess: interrupted; nothing more is done\n"
        patience.cancel()
    assert process.returncode == 130


@named_by_last(
    ("options", "message"),
    [
        (["--run", "no such name"], "no test and no case has such a name"),
        (["--run", "x", "--min-coverage", "90"], "--min-coverage is of all tests together"),
        (["--watch", "--format", "github"], "--watch shows text"),
    ],
)
def test_options_of_test_that_do_not_fit(folder: Path, options: list[str], message: str) -> None:
    done = icaccess(folder, "test", *options)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert message in done.stderr
