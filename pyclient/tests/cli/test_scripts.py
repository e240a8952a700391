"""What a script relies on: JSON by its schema, codes of errors, `--quiet`, completion, docs/commands.md."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from icaccess import errors
from icaccess.audit.keys import public_key
from icaccess.cli import cli
from icaccess.cli.outputs import OUTPUTS, Failed, document
from icaccess.opa.engine import Engine
from tests.cli.conftest import ROOT, Run
from tests.notices.servers import Mailbox, mail_server

DAY = ("--at", "2027-06-29")
PAGE = (ROOT / "docs" / "commands.md").read_text()
ROW = re.compile(r"^\| `(icaccess [a-z ]+)` \|(?:.*)\|(.*)\|$", re.MULTILINE)
NOTICES = """\
notices: {mail: {host: 127.0.0.1, port: 9, security: none, from: access@example.org}}
guard: {revocations: {share: 0.5}}
"""
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "decide": ("100501", "100204", *DAY),
    "policy check": (),
    "policy trace": (),
    "impact": ("--base", ".", *DAY),
    "impact --anybody": ("--base", "."),
    "forecast": ("100501", "100204", *DAY, "--until", "2027-07-31"),
    "forecast --campaign": ("2028-06-30", "100501", "100204", *DAY),
    "audit verify": (),
    "audit show": ("100501",),
    "audit runs": (),
    "opa status": (),
    "opa install": (),
    "doctor": DAY,
    "help": (),
    "help TOPIC": (),
}


def commands(group: click.Group, path: str = "icaccess") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        elif command is not None:
            yield f"{path} {name}", command


@pytest.mark.parametrize("name", ARGUMENTS)
def test_json_is_what_the_schema_says(name: str, command: Run) -> None:
    if name.startswith("audit"):
        assert command("adopt", *DAY)[0] == 0
    words = name.replace("TOPIC", "commands").split()
    code, out, _ = command(*words, *ARGUMENTS[name], "--format", "json")
    assert code == 0
    assert msgspec.json.decode(out, type=OUTPUTS[name])


def test_json_of_a_snapshot_is_what_the_schema_says(command: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    out = command("facts", "--facts", "examples/facts", "--out", file, "--format", "json")[1]
    found = msgspec.json.decode(out, type=OUTPUTS["facts --out"])
    assert (found.file, found.records) == (str(file), 76)
    assert json.loads(file.read_text().splitlines()[-1])["sha256"] == found.sha256


def test_json_of_a_page_names_what_rests_on_a_changed_clause(command: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("Something else entirely. A second sentence.\n")
    code, out, _ = command("policy", "page", page, "--format", "json")
    found = msgspec.json.decode(out, type=OUTPUTS["policy page"])
    assert code == 1
    assert [one.clause for one in found.clauses] == [f"ES-{number}" for number in range(1, 16)]
    assert [one.clause for one in found.rests] == [one.clause for one in found.clauses]
    assert all(one.standing == 0 < one.served for one in found.clauses)
    assert "policy/access.rego" in {Path(rule.file).as_posix() for rule in found.rests[1].rules}


def test_json_of_mutants_has_each_that_survives(command: Run, tmp_path: Path) -> None:
    policy, config = tmp_path / "policy", tmp_path / "config" / "requirements"
    (policy / "tests").mkdir(parents=True)
    config.mkdir(parents=True)
    (policy / ".manifest").write_text('{"roots": ["small"]}')
    (policy / "small.rego").write_text("package small\n\nallow if {\n\tinput.age > 17\n}\n")
    test = "package tests.small_test\n\ntest_allow if data.small.allow with input.age as 18\n"
    (policy / "tests" / "small_test.rego").write_text(test)
    shutil.copytree(ROOT / "config", tmp_path / "config", dirs_exist_ok=True)
    options = ("--policy", policy, "--config", tmp_path / "config", "--limit", "0", "--all")
    code, out, _ = command("policy", "mutate", *options, "--fail-on-survivors", "--format", "json")
    found = msgspec.json.decode(out, type=OUTPUTS["policy mutate"])
    assert code == 2
    assert sum(found.counts.values()) == found.mutants
    assert len(found.survivors) == found.counts["survives"] > 0
    assert "\tinput.age >= 17" in {one.mutant.new for one in found.survivors}


def test_json_of_the_key_holds_the_key(command: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    options = ("--config", tmp_path / "config")
    found = msgspec.json.decode(
        command("audit", "key", *options, "--format", "json")[1], type=OUTPUTS["audit key"]
    )
    assert found.public_key == command("audit", "key", *options)[1]
    (tmp_path / "key.pem").write_text(found.public_key)
    assert public_key(tmp_path / "key.pem").id == found.id


def test_json_of_changes_is_what_the_schema_says(command: Run, tmp_path: Path) -> None:
    facts = ("--facts", "examples/facts", *DAY, "--format", "json")
    adopted = msgspec.json.decode(command("adopt", *facts)[1], type=OUTPUTS["adopt"])
    assert (adopted.target, adopted.adopted, adopted.not_adopted) == ("ledger", 43, ["100803", "100804"])
    planned = msgspec.json.decode(command("plan", *facts)[1], type=OUTPUTS["plan"])
    assert (len(planned.plan.changes), planned.guard.stops, planned.guard.waiting) == (24, [], {})
    code, out, err = command("apply", *facts)
    assert (code, out, "then give --yes" in err) == (1, "", True)
    code, out, _ = command("apply", "--yes", *facts)
    applied = msgspec.json.decode(out, type=OUTPUTS["apply"])
    assert (code, applied.plan.digest) == (0, planned.plan.digest)
    assert applied.summary.counts == {"verified": 24}
    code, out, _ = command("audit", "replay", "100501", *DAY, "--format", "json")
    replayed = msgspec.json.decode(out, type=OUTPUTS["audit replay"])
    assert (code, replayed.decision.outcome, replayed.differences) == (0, "expired", [])
    _, out, _ = command("report", *facts, "--out", tmp_path / "report")
    found = msgspec.json.decode(out, type=OUTPUTS["report"])
    assert {Path(file) for file in found.files} == set((tmp_path / "report").iterdir())


def test_json_of_a_plan_that_the_guard_stops_says_so(command: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for part in ("requirements", "locations", "calendar"):
        (tmp_path / "config" / part).symlink_to(ROOT / "config" / part)
    (tmp_path / "config" / "icaccess.yaml").write_text("guard: {revocations: {count: 1}}\n")
    options = ("--facts", "examples/facts", *DAY, "--config", tmp_path / "config")
    command("adopt", *options)
    code, out, err = command("apply", "--yes", *options, "--format", "json")
    stopped = msgspec.json.decode(out, type=OUTPUTS["apply"])
    assert (code, stopped.summary) == (3, None)
    assert stopped.guard.stops == ["12 revocations, more than the 1 allowed"]
    assert stopped.guard.option in err
    assert msgspec.json.decode(err, type=Failed).error.code == "guard_stop"


def test_json_of_bundles_is_what_the_schema_says(command: Run, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    make = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)]
    subprocess.run(make, check=True, capture_output=True)
    out = command("policy", "bundle", "--signing-key", key, "--out", tmp_path / "b", "--format", "json")[1]
    found = msgspec.json.decode(out, type=OUTPUTS["policy bundle"]).bundles
    assert [Path(one.file).name for one in found] == ["policy.tar.gz", "config.tar.gz"]


def test_json_of_an_engine_that_no_url_names(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICACCESS_OPA_URL")
    found = msgspec.json.decode(command("opa", "status", "--format", "json")[1], type=OUTPUTS["opa status"])
    assert found.sidecars == []
    assert found.version is not None


def test_json_of_notices_is_what_the_schema_says(command: Run, tmp_path: Path) -> None:
    assert command("adopt", *DAY)[0] == 0
    (tmp_path / "config").mkdir()
    for part in ("requirements", "locations", "calendar", "opa"):
        (tmp_path / "config" / part).symlink_to(ROOT / "config" / part)
    (tmp_path / "config" / "icaccess.yaml").write_text(NOTICES)
    options = ("--config", tmp_path / "config", "--format", "json")
    people = ("--facts", "examples/facts", *DAY)
    for name, arguments in {"plan": people, "send": people, "show": ("100116",)}.items():
        _, out, _ = command("notices", name, *arguments, *options)
        assert msgspec.json.decode(out, type=OUTPUTS[f"notices {name}"])


def test_json_of_a_trial_is_what_the_schema_says(command: Run, tmp_path: Path) -> None:
    assert command("adopt", *DAY)[0] == 0
    (tmp_path / "config").mkdir()
    for part in ("requirements", "locations", "calendar", "opa"):
        (tmp_path / "config" / part).symlink_to(ROOT / "config" / part)
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        (tmp_path / "config" / "icaccess.yaml").write_text(NOTICES.replace("port: 9", f"port: {port}"))
        options = ("--config", tmp_path / "config", "--facts", "examples/facts", *DAY, "--format", "json")
        _, out, _ = command("notices", "send", "--to", "me@example.org", *options)
    found = msgspec.json.decode(out, type=OUTPUTS["notices send --to"])
    assert found.trial == len(mailbox.to("me@example.org")) > 0


def test_lines_of_json_are_what_the_schema_says(command: Run) -> None:
    for line in command("facts", "100501", "100204")[1].splitlines():
        msgspec.json.decode(line, type=OUTPUTS["facts"])
    for line in command("decide", "100501", *DAY, "--format", "jsonl")[1].splitlines():
        msgspec.json.decode(line, type=OUTPUTS["decide --format jsonl"])


def test_lines_of_an_export_are_what_the_schema_says(command: Run) -> None:
    assert command("adopt", "--facts", "examples/facts", *DAY)[0] == 0
    *entries, last = command("audit", "export", "--format", "json")[1].splitlines()
    read = [msgspec.json.decode(line, type=OUTPUTS["audit export"]) for line in entries]
    end = msgspec.json.decode(last, type=OUTPUTS["audit export, the last line"]).head
    assert (end.seq, end.hash) == (read[-1].seq, read[-1].hash)


def test_the_committed_schema_is_current() -> None:
    committed = ROOT / "docs" / "commands.schema.json"
    assert document() == committed.read_bytes(), (
        "run: python -m icaccess.cli.outputs docs/commands.schema.json"
    )


def test_the_page_has_each_command_and_whether_it_answers_in_json() -> None:
    shown = dict(ROW.findall(PAGE))
    found = dict(commands(cli))
    assert shown.keys() == found.keys()
    for name, command in found.items():
        forms = [one.type.choices for one in command.params if one.name == "form"]
        offers = bool(forms) and "json" in forms[0]
        assert offers == ("--format json" in shown[name]), name
        assert not offers or name.removeprefix("icaccess ") in OUTPUTS, name


def test_the_page_has_each_code_of_an_error() -> None:
    tree = [
        one for _, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__
    ]
    codes = {one.code() for one in tree} | {"interrupted", "unexpected"}
    assert len(codes) == len(tree) + 2
    assert codes == set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))


def test_a_class_elsewhere_has_the_code_of_the_one_that_it_extends() -> None:
    class Elsewhere(errors.RunVoidError): ...

    assert Elsewhere.code() == "run_void"


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("decide", "999999", *DAY), "usage", 1),
        (("decide", "--no-such-option"), "usage", 1),
        (("decide", "--config", "nowhere"), "config", 1),
        (("audit", "verify"), "store", 1),
        (("audit", "export"), "store", 1),
        (("audit", "key", "--config", "nowhere"), "config", 1),
        (("facts", "--facts", "nowhere"), "facts", 1),
        (("policy", "page", "nowhere"), "policy", 1),
        (("policy", "mutate", "--limit", "nan"), "usage", 1),
        (("policy", "mutate", "--all", "--sample", "5"), "usage", 1),
        (("opa", "install", "--config", "nowhere"), "config", 1),
        (("opa", "run", "--address", "nowhere"), "usage", 1),
        (("help", "nothing"), "usage", 1),
        (("forecast", "--until", "2027-07-01", *DAY, "--opa-url", "http://127.0.0.1:9"), "engine", 1),
    ],
    ids=lambda value: str(value)[:20] if not isinstance(value, tuple) else "-".join(value[:2]),
)
@pytest.mark.parametrize("form", [("--format", "json"), ("--format=json",)], ids=["two", "one"])
def test_an_error_is_json_too(
    arguments: tuple[str, ...], code: str, exit_code: int, form: tuple[str, ...], command: Run
) -> None:
    ended, out, err = command(*arguments, *form)
    failure = msgspec.json.decode(err.splitlines()[-1], type=Failed).error
    assert (ended, out, failure.code, failure.exit_code) == (exit_code, "", code, exit_code)
    assert command(*arguments)[2].splitlines()[-1] == f"icaccess: {failure.message}"


@pytest.mark.parametrize("asked", [["decide", "--format", "jsonl"], ["--help"]])
def test_output_that_cannot_be_written_is_one_error(engine: Engine, asked: list[str]) -> None:
    url = {"ICACCESS_OPA_URL": engine.url, "ICACCESS_OPA_TOKEN": engine.token}
    facts = ["--facts", "examples/facts", *DAY] if len(asked) > 1 else []
    command = [sys.executable, "-m", "icaccess", *asked, *facts]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **url},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    said = "cannot write the output: No space left on device; free some space"
    error = {"error": {"code": "usage", "message": said, "exit_code": 1}}
    assert (done.returncode, done.stderr) == (
        1,
        f"{json.dumps(error)}\n" if facts else f"icaccess: {said}\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--store", "sqlite:///closed/s.db"], "closed/s.db.key: Permission denied; give this user"),
        (["decide", "--policy", "."], "./closed: cannot be read: Permission denied; let this user"),
    ],
    ids=["store", "policy"],
)
def test_a_folder_without_permission_is_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    shutil.copytree(ROOT / "policy", tmp_path, dirs_exist_ok=True)
    (tmp_path / "closed").mkdir(mode=0)
    rights = "-dac_override,-dac_read_search"  # root has them
    as_user = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] if os.getuid() == 0 else []
    facts = ["--facts", str(ROOT / "examples" / "facts"), *DAY]
    command = [*as_user, sys.executable, "-m", "icaccess", *arguments, *facts]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    problem = done.stderr.splitlines()[-1]
    assert (done.returncode, done.stdout) == (1, "")
    assert problem.startswith(f"icaccess: {said}")


@pytest.mark.parametrize("arguments", [["policy", "check"], ["decide", *DAY]], ids=["check", "decide"])
def test_a_pipe_in_a_policy_is_not_waited_for(
    tmp_path: Path, arguments: list[str], command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    os.mkfifo(tmp_path / "policy" / "pipe.rego")
    monkeypatch.delenv("ICACCESS_OPA_URL")
    code, _, err = command(*arguments, "--policy", tmp_path / "policy")
    assert (code, err.count("\n")) == (1, 1)
    assert "pipe.rego: cannot be read: it is a pipe or device, not a file; let this user read it" in err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"], ids=["output", "errors", "all"])
def test_a_closed_stream_is_like_the_null_device(closed: str) -> None:
    """The exit code stays that of the command, and no file takes the stream's number."""
    line = f'exec "$0" -m icaccess "$@" {closed}'
    for asked, code in (("commands", 0), ("nothing", 1)):
        shell = ["sh", "-c", line, sys.executable, "help", asked]
        done = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, check=False)
        shown = PAGE if code == 0 and ">&-" not in closed.split() else ""
        said = "no page is about 'nothing'" if code and "2>&-" not in closed else ""
        assert (done.returncode, done.stdout) == (code, shown)
        assert (said in done.stderr) if said else not done.stderr


def test_an_interrupt_while_the_program_loads_is_one_line() -> None:
    script = """
import sys, types
from icaccess.__main__ import start
class Loading(types.ModuleType):
    def __getattr__(self, name):
        raise KeyboardInterrupt
sys.modules["icaccess.cli"] = Loading("icaccess.cli")
start()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "icaccess: interrupted; nothing more is done\n")


def test_quiet_leaves_only_the_error_on_stderr(command: Run) -> None:
    code, out, err = command("decide", "100501", "100204", *DAY)
    assert (code, "2 people: " in err) == (0, True)
    assert command("decide", "100501", "100204", *DAY, "--quiet") == (0, out, "")
    assert command("decide", "999999", *DAY, "--quiet")[2].startswith("icaccess: no employee has the id '9")


def test_every_command_can_be_quiet() -> None:
    assert all("--quiet" in _options(command) for _, command in commands(cli))


def test_help_shows_a_page_and_lists_the_topics(command: Run) -> None:
    assert command("help", "commands")[1] == PAGE
    topics = command("help")[1].splitlines()
    assert [line.split()[0] for line in topics] == sorted(page.stem for page in (ROOT / "docs").glob("*.md"))
    assert "no page is about 'nothing'; the topics are apply, " in command("help", "nothing")[2]


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", {"COMP_WORDS": "icaccess audit ver", "COMP_CWORD": "2"}),
        ("zsh", {"COMP_WORDS": "icaccess audit ver", "COMP_CWORD": "2"}),
        ("fish", {"COMP_WORDS": "icaccess audit ver", "COMP_CWORD": "ver"}),
    ],
)
def test_a_shell_is_told_how_a_word_goes_on(shell: str, words: dict[str, str]) -> None:
    assert "verify" in _completed(f"{shell}_complete", **words)
    assert f"_ICACCESS_COMPLETE={shell}_complete" in _completed(f"{shell}_source")


def test_bash_completes_by_what_the_page_says() -> None:
    script = (
        f'export PATH="{Path(sys.executable).parent}:$PATH"; '
        'eval "$(_ICACCESS_COMPLETE=bash_source icaccess)"; '
        "COMP_WORDS=(icaccess no); COMP_CWORD=1; "
        '_icaccess_completion icaccess; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "notices\n"


def _completed(asked: str, **words: str) -> str:
    environment = {**os.environ, **words, "_ICACCESS_COMPLETE": asked}
    done = subprocess.run(
        [sys.executable, "-m", "icaccess"], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _options(command: click.Command) -> set[Any]:
    return {option for parameter in command.params for option in parameter.opts}
