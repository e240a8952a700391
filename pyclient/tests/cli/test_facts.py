"""`icaccess facts` and the checks of facts in `icaccess doctor`."""

from __future__ import annotations

import json
import os
import shutil
import time

import pytest

from tests.cli.conftest import ROOT, Run

FACTS = ROOT / "examples" / "facts"
MISORDERED = "end: 2017-06-02 is before the start, 2018-08-06; correct one of them"


def test_facts_go_to_stdout_and_all_else_to_stderr(command: Run) -> None:
    code, out, err = command("facts", "--config", ROOT / "examples" / "csv")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 74
    assert lines[0]["id"] == "100101"
    assert f"100803 is undecided: hr-jobs row 87: {MISORDERED}\n" in err
    assert "hr-jobs: 92 rows: 91 used, 1 rejected\n" in err
    assert "approvals row 58: 100605: approver 400001 is no employee that HR knows\n" in err


def test_some_ids_and_an_unknown_one(command: Run) -> None:
    code, out, _ = command("facts", "100102", "100101", "--facts", FACTS)
    assert code == 0
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["100101", "100102"]
    code, _, err = command("facts", "100101", "nobody", "--facts", FACTS)
    assert code == 1
    assert err == "icaccess: no employee has the id 'nobody'; ids are as in `icaccess facts`\n"


def test_a_snapshot_is_taken_back(command: Run, tmp_path) -> None:
    file = tmp_path / "facts.jsonl"
    code, out, _ = command("facts", "--config", ROOT / "examples" / "oneroster", "--out", file)
    assert code == 0
    assert out.startswith(f"{file}: 76 records, sha256:")
    _, merged, _ = command("facts", "--config", ROOT / "examples" / "csv")
    code, replayed, err = command("facts", "--facts", file)
    assert (code, replayed) == (0, merged)
    assert "100804 is undecided: transcript row 145: completed_on: '2026-02-29T03:30:00Z' is no time" in err


def test_a_decision_is_made_again_exactly_from_a_snapshot(command: Run, tmp_path) -> None:
    file = tmp_path / "facts.jsonl"
    assert command("facts", "--facts", FACTS, "--out", file)[0] == 0
    decide = ("decide", "--at", "2027-06-29", "--format", "jsonl", "--facts")
    first = command(*decide, FACTS)
    assert first[0] == 0
    assert len(first[1].splitlines()) == 76
    assert command(*decide, file)[:2] == first[:2]


def test_the_row_that_leaves_somebody_undecided_is_named(command: Run, tmp_path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "examples" / "csv", tmp_path / "config", dirs_exist_ok=True)
    jobs = tmp_path / "config" / "hr_jobs.csv"
    jobs.write_text(jobs.read_text().replace("300210,PRN1,210", "300210,PRN-1,210"))
    says = (
        "approvals row 2: the approver 300210 is undecided: hr-jobs row 89: role 'PRN-1' may be 'PRN1' of "
        "`values`, spelled differently;"
    )
    options = ("--config", tmp_path / "config", "--at", "2027-06-29")
    code, out, _ = command("plan", *options)
    assert code == 0
    assert f"\n  100101  facts_missing: Undecided, since nobody looked up: approvals. {says}" in out
    code, out, _ = command("decide", "100101", *options)
    assert code == 0
    assert f"\n  {says}" in out.partition("Why, and what to do\n")[2]


def test_what_is_not_used_is_listed_in_a_file(command: Run, tmp_path) -> None:
    file = tmp_path / "issues.txt"
    code, _, err = command("facts", "--config", ROOT / "examples" / "csv", "--issues", file)
    assert code == 0
    assert err.endswith(f"4 to look at, listed in {file}\n")
    rejected, two, other, stranger = sorted(file.read_text().splitlines(), reverse=True)
    assert rejected.startswith("transcript row ")
    assert two == (
        "hr-jobs: 100302: has several rows without an end, from 2019-08-05 and from 2027-06-14; "
        "does the later end it?"
    )
    assert other == f"hr-jobs row 87: 100803: {MISORDERED}"
    assert stranger == "approvals row 58: 100605: approver 400001 is no employee that HR knows"


def test_invalid_records_of_files_are_listed_for_their_owner_alone(command: Run, tmp_path) -> None:
    file = tmp_path / "issues.txt"
    file.write_text("older")
    file.chmod(0o644)
    code, _, err = command("facts", "--facts", FACTS, "--issues", file)
    assert (code, err.splitlines()[-1]) == (0, f"2 to look at, listed in {file}")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith("100803: ")


def test_locations_are_written_as_policy_data(command: Run, tmp_path) -> None:
    file = tmp_path / "data.yaml"
    code, _, err = command("facts", "--config", ROOT / "examples" / "oneroster", "--locations", file)
    assert (code, err) == (0, f"7 locations in {file}\n")
    assert "'213': {name: Sample K-8 School D, type: school}\n" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("1", "--out", "x", "--facts", FACTS), "a snapshot holds everybody; give either IDs or --out"),
        (("--locations", "x", "--config", ROOT / "config"), "no source has `gives: locations`; add one"),
        (("--facts", "absent.yaml"), "absent.yaml: no such file or folder; correct --facts"),
        (
            ("--config", "absent"),
            "absent: no such configuration folder; give --config or set ICACCESS_CONFIG",
        ),
        (
            ("--facts", FACTS, "--out", "/dev/null/x.jsonl"),
            "/dev/null/x.jsonl: cannot be written: Not a directory",
        ),
        (("--facts", FACTS, "--out", "x.json"), "x.json: a snapshot is JSON Lines; name a file that ends in"),
    ],
)
def test_one_line_for_each_mistake(command: Run, arguments: tuple[object, ...], says: str) -> None:
    code, _, err = command("facts", *arguments)
    assert code == 1
    assert err.splitlines()[-1].startswith("icaccess: ")
    assert says in err


def test_doctor_tries_everything(command: Run) -> None:
    code, out, err = command("doctor", "--at", "2027-06-29")
    assert (code, err) == (0, "")
    names = [line.partition(":")[0] for line in out.splitlines() if line.startswith("ok    ")]
    assert [name[6:] for name in names] == [
        "settings",
        "policy data",
        "engine",
        "target",
        "audit record",
        "notices",
        "source example-district",
        "facts",
    ]
    assert "100101" not in out


def test_doctor_shows_masked_samples_and_names_what_fails(command: Run, tmp_path) -> None:
    for name in ("requirements", "locations", "calendar"):
        (tmp_path / name).symlink_to(ROOT / "config" / name)
    (tmp_path / ".manifest").symlink_to(ROOT / "config" / ".manifest")
    (tmp_path / "people.csv").write_text("id,m\n77123,sample@example.org\n")
    (tmp_path / "icaccess.yaml").write_text(
        "sources:\n"
        "  - {type: csv, name: people, gives: people, path: people.csv, key: {id: id}, fields: {email: m}}\n"
        "  - {type: csv, name: jobs, gives: assignments, path: jobs.csv, key: {id: id}, fields: {role: r}}\n"
    )
    code, out, err = command("doctor", "--config", tmp_path)
    assert (code, err) == (1, "2 of the checks failed\n")
    assert "ok    source people: 1 row, 0 of them unusable, 0 hours old\n" in out
    assert '      {"id":"***","email":"***"}\n' in out
    assert f"FAIL  source jobs: {tmp_path}/jobs.csv: cannot be read: No such file" in out
    assert "77123" not in out


def test_doctor_on_files(command: Run) -> None:
    code, out, _ = command("doctor", "--facts", FACTS, "--at", "2031-01-01")
    assert code == 0
    assert out.startswith("ok    settings: config/icaccess.yaml, zone America/Denver\n")
    assert "the calendar does not cover 2031-01-01" in out
    assert "ok    facts: 76 records in 8 files, 2 of them invalid\n" in out


def test_doctor_says_that_there_is_no_file_of_settings(command: Run, tmp_path) -> None:
    (tmp_path / "requirements").symlink_to(ROOT / "config" / "requirements")
    out = command("doctor", "--config", tmp_path)[1]
    assert out.startswith(f"ok    settings: there is no {tmp_path}/icaccess.yaml, so every setting has its")


def test_the_guard_knows_how_old_the_facts_are(command: Run, tmp_path) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    (config / "icaccess.yaml").write_text(
        "guard: {facts_age_hours: 24, revocations: {count: 250, share: null}}\n"
    )
    facts = tmp_path / "facts"
    shutil.copytree(FACTS, facts)
    shared = ("--config", config, "--facts", facts, "--at", "2027-06-29")
    assert command("adopt", *shared)[0] == 0
    two_days_ago = time.time() - 48 * 3600
    os.utime(facts / "left.yaml", (two_days_ago, two_days_ago))
    _, out, err = command("plan", *shared)
    assert "the facts are 48 hours old, over 24" in out + err
    code, _, err = command("apply", "--yes", *shared)
    assert code == 3
    assert "the facts are 48 hours old, over 24" in err
    file = tmp_path / "snapshot.jsonl"
    assert command("facts", "--facts", facts, "--out", file)[0] == 0
    os.utime(file, (two_days_ago, two_days_ago))  # a snapshot itself says when it was taken
    assert command("apply", "--yes", "--config", config, "--facts", file, "--at", "2027-06-29")[0] == 0


def test_doctor_says_whether_a_store_that_is_to_come_can_be_made(command: Run, tmp_path) -> None:
    given = ("doctor", "--facts", FACTS, "--at", "2027-06-29", "--store")
    code, out, _ = command(*given, f"sqlite:///{tmp_path}/new/icaccess.db")
    assert code == 0
    assert f"there is no store yet at {tmp_path}/new/icaccess.db; the first `icaccess adopt`" in out
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    code, out, _ = command(*given, f"sqlite:///{tmp_path}/file/icaccess.db")
    assert code == 1
    assert f"FAIL  target: {tmp_path}/file/icaccess.db: cannot be made: {tmp_path}/file is no folder" in out
