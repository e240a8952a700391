"""Every command on a real pseudo-terminal, over people whose ids, jobs and places are written to deceive.

Output that is captured in a pipe proves nothing here: click leaves terminal commands out of pipes by itself.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from icaccess.opa.engine import Engine
from tests.naming import mostly_slow

ROOT = Path(__file__).parents[3]
HOSTILE = "\x1b[2J\x07RED\x1b[0m\nicaccess: all is well\r\u202egnp\x9b3J\x7f\u2028\u2066"
PROGRESS = re.compile(r"\x1b\[(\?25[lh]|2K|1A|[0-9;]*m)|\r(?!\n)")
"""What rich draws a progress line with, and nothing else."""

Shown = Callable[..., tuple[int, str]]


def on_terminal(arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """The exit code of a command and all that its terminal received, line ends as the terminal makes them."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "-m", "icaccess", *arguments], environment)  # noqa: S606
    received = b""
    try:
        while data := os.read(terminal, 65536):
            received += data
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), received.decode()


@pytest.fixture
def shown(engine: Engine, tmp_path: Path) -> Shown:
    """Runs `icaccess` on a terminal; gives exit code and output without the marks of a progress line."""
    environment = {
        **os.environ,
        "ICACCESS_OPA_URL": engine.url,
        "ICACCESS_OPA_TOKEN": engine.token,
        "ICACCESS_STORE": f"sqlite:///{tmp_path}/icaccess.db",
    }

    def run(*arguments: object) -> tuple[int, str]:
        code, text = on_terminal([str(argument) for argument in arguments], environment)
        return code, PROGRESS.sub("", text)

    return run


def person(identifier: str, role: str, location: str, *, held: bool) -> dict[str, object]:
    """Somebody who is allowed today and whose certification ends in 2028."""
    return {
        "id": identifier,
        "name": HOSTILE,
        "employment": [{"start": "2019-08-01"}],
        "assignments": [{"role": role, "location": location, "start": "2019-08-01", "school_based": True}],
        "certifications": [
            {"name": "Walk-In Scheduling", "completed_on": "2026-02-01"},
            {"name": "Elementary Scheduling", "completed_on": "2026-02-02"},
        ],
        "approvals": [
            {
                "decision": "approved",
                "decided_on": "2019-08-02",
                "approver": HOSTILE,
                "approver_role": "Principal",
            }
        ],
        "access": {"held": held, "since": "2020-01-01", "locations": [location]} if held else {"held": False},
    }


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file of facts: three people to be kept, granted and revoked, and one whose record is wrong."""
    gone = {**person(f"3{HOSTILE}", "Clerk", f"210{HOSTILE}", held=True), "approvals": []}
    wrong = {**person(f"4{HOSTILE}", "Clerk", "210", held=True), HOSTILE: 1}
    records = [
        person(f"1{HOSTILE}", f"Clerk{HOSTILE}", f"210{HOSTILE}", held=True),
        person(f"2{HOSTILE}", f"Clerk{HOSTILE}", f"210{HOSTILE}", held=False),
        gone,
        wrong,
    ]
    file = tmp_path / "people\x1b[2J\u202e.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


def safe(text: str) -> bool:
    """Whether a terminal shows the text as it is, and no line is somebody else's."""
    lines = text.replace("\r\n", "\n").split("\n")
    return all(line.isprintable() for line in lines) and not any(
        line == "icaccess: all is well" for line in lines
    )


@pytest.mark.parametrize("form", mostly_slow(["text", "every"]))
def test_no_command_sends_a_control_character(shown: Shown, people: Path, tmp_path: Path, form: str) -> None:
    facts = ("--facts", people, "--at", "2026-10-15")
    mailing = tmp_path / "mailing"
    shutil.copytree(ROOT / "config", mailing)
    with (mailing / "icaccess.yaml").open("a") as settings:
        settings.write("notices:\n  mail: {host: 127.0.0.1, port: 1, security: none, from: a@example.org}\n")
    notices = ("--config", mailing, *facts)
    commands: list[tuple[object, ...]] = [
        ("decide", *facts),
        ("decide", *facts, "--format", "json"),
        ("decide", *facts, "--format", "jsonl"),
        ("facts", "--facts", people),
        ("adopt", *facts),
        ("plan", *facts, "--out", tmp_path / "plan\x1b[2J.json"),
        ("apply", *facts, "--yes"),
        ("forecast", *facts, "--until", "2029-01-01"),
        ("forecast", *facts, "--until", "2029-01-01", "--format", "json"),
        ("forecast", *facts, "--until", "2029-01-01", "--format", "csv"),
        ("doctor", *facts),
        ("report", *facts, "--out", tmp_path / "report\x1b[2J"),
        ("audit", "verify"),
        ("audit", "runs"),
        ("audit", "runs", "--format", "json"),
        ("audit", "key"),
        ("audit", "replay", f"2{HOSTILE}", "--at", "2026-10-15"),
        ("audit", "show", f"2{HOSTILE}", "--format", "json"),
        ("notices", "plan", *notices),
        ("notices", "send", *notices),
        ("notices", "show", f"2{HOSTILE}", "--config", mailing),
        ("opa", "status"),
        ("help", HOSTILE),
        ("audit", "export"),
        ("audit", "export", "--out", "/dev/stdout"),
        ("audit", "show", f"2{HOSTILE}"),
        ("decide", f"2{HOSTILE}", *facts),
        ("decide", HOSTILE, *facts),
        ("audit", "show", HOSTILE),
        ("plan", "--facts", tmp_path / HOSTILE.replace("\n", "")),
        (HOSTILE,),
        ("plan", f"--{HOSTILE}"),
    ]
    told = ""
    for arguments in commands:
        if form == "text" and "--format" in arguments:
            continue
        _, text = shown(*arguments)
        assert safe(text), (arguments[:2], text)
        told += text
    assert "RED" in told
    assert "\\x1b[2J" in told
    assert "\\u202e" in told
    assert "grant verified" in told
    assert "This is the decision that was recorded." in told
    assert "without an address" in told


def test_the_impact_of_a_policy_is_safe_in_every_form(shown: Shown, people: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(ROOT / "config", base / "config")
    (base / "policy").symlink_to(ROOT / "policy")
    requirements = base / "config" / "requirements" / "data.yaml"
    requirements.write_text(requirements.read_text().replace("Principal", "Janitor"))
    for form in ("text", "markdown", "json", "csv"):
        code, text = shown(
            *("impact", "--base", base, "--facts", people, "--at", "2026-10-15", "--until", "2026-10-16"),
            *("--format", form),
        )
        assert code == 0, text
        assert "RED" in text
        assert safe(text), (form, text)


def test_rows_of_a_feed_are_safe_on_the_terminal_and_as_issues(shown: Shown, tmp_path: Path) -> None:
    (tmp_path / "icaccess.yaml").write_text(
        "sources:\n"
        "  - {type: csv, name: hr, gives: employment, path: hr.csv, key: {id: ID}, fields: {start: HIRE}}\n"
        "  - {type: csv, name: lms, gives: certifications, path: lms.csv, key: {id: ID},\n"
        "     fields: {name: COURSE, completed_on: DONE}, expect: {max_unmatched: 1, max_rejected: 1}}\n"
    )
    (tmp_path / "hr.csv").write_text("ID,HIRE\n500001,2020-08-01\n")
    cell = HOSTILE.replace('"', "")
    (tmp_path / "lms.csv").write_text(
        f'ID,COURSE,DONE\n"5{cell}",Walk-In,2026-02-01\n500001,Walk-In,"{cell}"\n', newline=""
    )
    code, text = shown("facts", "--config", tmp_path)
    assert code == 0, text
    assert "RED" in text
    assert safe(text), text
    issues = tmp_path / "issues.txt"
    code, text = shown("facts", "--config", tmp_path, "--issues", issues)
    assert code == 0, text
    assert safe(text)
    assert safe(issues.read_text())
    assert len(issues.read_text().splitlines()) == 2
    assert issues.stat().st_mode & 0o777 == 0o600


def test_the_check_itself_sees_what_a_terminal_would_obey() -> None:
    assert not safe(HOSTILE)
    assert not safe("fine\r\nicaccess: all is well\r\n")
    assert safe("fine\r\nZoë: ja\r\n")
