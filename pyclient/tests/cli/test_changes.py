"""`icaccess adopt`, `plan` and `apply` on the examples, decided by the real policy in the real OPA."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from icaccess.plan import read_plan

ROOT = Path(__file__).parents[3]
FACTS = ROOT / "examples" / "facts"
DAY = "2027-06-29"


@pytest.fixture
def icaccess(command, monkeypatch):
    """Runs a command on the examples; gives its exit code, stdout and stderr."""
    monkeypatch.setenv("ICACCESS_CONFIG", str(ROOT / "config"))

    def run(name, *arguments, facts=FACTS, at=DAY):
        options = (["--facts", facts] if facts else []) + (["--at", at] if at else [])
        return command(name, *arguments, *options)

    return run


def test_the_installed_settings_are_named_where_they_stand_in(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    note = f"icaccess: using {ROOT / 'config'}, because no config/ is here; name others with --config"
    for name, *arguments in (["plan"], ["adopt"], ["apply", "--yes"]):
        code, _, err = command(name, *arguments, "--at", DAY)
        assert (code, err.splitlines()[:1]) == (0, [note])
    code, _, err = command("notices", "send", "--at", DAY)
    assert (code, err.splitlines()[:1]) == (1, [note])
    (tmp_path / "facts.jsonl").write_text('{"id": "1"}\n')
    assert command("adopt", "--facts", "facts.jsonl", "--store", "sqlite:///new.db")[0] == 0
    nobody = command("plan", "--facts", "facts.jsonl", "--store", "sqlite:///new.db")[2]
    assert "if `icaccess adopt` was never run, run it first" in nobody
    assert note not in command("plan", "--at", DAY, "--config", ROOT / "config")[2]


def test_the_first_day_and_the_second(icaccess, tmp_path):
    assert icaccess("adopt")[:2] == (0, "Adopted 43 who hold access at ledger.\n")
    code, out, err = icaccess("adopt")
    assert (code, out, err) == (
        1,
        "",
        "icaccess: the holders of ledger were taken over before; adopt only once\n",
    )
    saved = tmp_path / "plan.json"
    code, out, _ = icaccess("plan", "--out", saved, "--detailed-exitcode")
    assert code == 2
    assert "Revocations (12):" in out
    assert "100501  certification_expired: Elementary Scheduling, last completed 2023-08-09, was valid" in out
    assert "100302  212 → 212, 213" in out
    assert "100206  211, due by 2027-06-23, OVERDUE (ES-8)" in out
    assert "100801  facts_missing: Undecided, since nobody looked up: approvals.  (holds access)" in out
    assert "\n  100607  denial_names_no_job\n" in out.partition("To look at with `icaccess decide ID` (")[2]
    assert out.endswith("12 revocations, 3 updates, 9 grants (3 overdue), 27 unchanged, 4 undecided.\n")
    assert len(read_plan(saved).changes) == 24
    code, out, _ = icaccess("apply", saved, "--yes")
    assert code == 0
    assert out.endswith("Run 2: 24 verified.\n")
    code, out, _ = icaccess("plan", "--detailed-exitcode")
    assert code == 0
    assert (
        "Nothing to do.\n0 revocations, 0 updates, 0 grants (0 overdue), 39 unchanged, 4 undecided.\n" in out
    )
    code, out, err = icaccess("apply", saved, "--yes")
    assert (code, out) == (1, "")
    assert err.startswith("icaccess: the plan is stale: what the target shows changed")


def test_a_plan_writes_nothing_but_the_plan(icaccess, tmp_path):
    assert icaccess("plan", "--out", tmp_path / "plan.json")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_for_another_day_needs_the_day_again(icaccess, tmp_path):
    icaccess("plan", "--out", tmp_path / "plan.json")
    code, out, err = icaccess("apply", tmp_path / "plan.json", "--yes", at=None)
    assert (code, out) == (1, "")
    assert "give --at 2027-06-29 again if that is meant" in err
    assert icaccess("apply", tmp_path / "plan.json", "--yes")[0] == 0


def test_an_edited_plan_is_refused(icaccess, tmp_path):
    path = tmp_path / "plan.json"
    icaccess("plan", "--out", path)
    path.write_text(path.read_text().replace('"211"', '"212"', 1))
    code, out, err = icaccess("apply", path, "--yes")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "plan.json: was edited after it was made" in err


def test_a_plan_shows_a_mistake_of_the_service(command, tmp_path):
    (tmp_path / "icaccess.yaml").write_text("service: {interval: 2d}\n")
    code, out, err = command("plan", "--config", tmp_path, "--facts", "examples/facts")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "service: interval '2d': is longer than a day" in err


def test_a_pipe_in_place_of_a_plan_is_not_waited_for(icaccess, tmp_path):
    os.mkfifo(tmp_path / "plan.json")
    code, _, err = icaccess("apply", tmp_path / "plan.json", "--yes")
    assert (code, err.count("\n")) == (1, 1)
    assert "the plan cannot be read: it is a pipe or device, not a file; make one with" in err


def test_facts_that_changed_make_a_plan_stale(icaccess, tmp_path):
    facts = tmp_path / "facts.jsonl"
    facts.write_text(
        '{"id": "1", "employment": [], "assignments": [], "certifications": [], "approvals": []}\n'
    )
    icaccess("plan", "--out", tmp_path / "plan.json", facts=facts)
    facts.write_text(facts.read_text().replace('"1"', '"2"'))
    code, _, err = icaccess("apply", tmp_path / "plan.json", "--yes", facts=facts)
    assert (code, err.count("\n")) == (1, 1)
    assert "the plan is stale: the facts changed since it was made" in err


def test_apply_without_a_terminal_needs_yes(icaccess, monkeypatch):
    code, out, err = icaccess("apply")
    assert (code, out) == (1, "")
    assert err == "icaccess: apply asks before it changes anything, and there is no terminal; give --yes\n"


@pytest.fixture
def strict(icaccess, tmp_path, monkeypatch):
    """A configuration whose guard lets one revocation through."""
    config = tmp_path / "config"
    config.mkdir()
    for name in ("requirements", "locations", "calendar"):
        (config / name).symlink_to(ROOT / "config" / name)
    (config / "icaccess.yaml").write_text("guard:\n  revocations: {count: 1}\n")
    monkeypatch.setenv("ICACCESS_CONFIG", str(config))
    return icaccess


def test_the_guard_stops_and_names_the_option(strict, tmp_path):
    strict("adopt")
    code, out, err = strict("apply", "--yes")
    assert (code, err.count("\n")) == (3, 1)
    assert "icaccess: stopped by the guard: 12 revocations, more than the 1 allowed; to let" in err
    assert "Stopped by the guard (1):\n  12 revocations, more than the 1 allowed\n" in out
    strict("plan", "--out", tmp_path / "plan.json")
    digest = read_plan(tmp_path / "plan.json").digest
    assert f"--allow {digest[:12]} --by NAME --reason TEXT" in err
    code, _, err = strict("apply", "--yes", "--allow", digest[:12])
    assert (code, err) == (
        1,
        "icaccess: a consent names the plan, the person and a reason; give --allow, --by and --reason\n",
    )
    assert strict("apply", "--yes", "--allow", digest[:12], "--by", "A. Admin", "--reason", "looked")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [["plan", "--detailed-exitcode", "--out", "plan.json"], ["apply", "--yes"]],
    ids=["plan", "apply"],
)
def test_output_that_nobody_reads_is_not_taken_for_done(icaccess, tmp_path, arguments):
    icaccess("adopt")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "icaccess", *arguments, "--facts", FACTS, "--at", DAY],
            cwd=tmp_path,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, b"Traceback" in done.stderr) == (141, False)
    assert icaccess("plan", "--detailed-exitcode")[0] == 2  # nothing was changed
    if "--out" in arguments:
        assert len(read_plan(tmp_path / "plan.json").changes) == 24


def test_an_adoption_names_those_whose_record_is_wrong(icaccess, tmp_path):
    facts = tmp_path / "facts.yaml"
    facts.write_text(
        'employees:\n  - {id: "1", access: {held: true}}\n'
        '  - {id: "2", employment: [{start: never}], access: {held: true}}\n'
    )
    code, out, err = icaccess("adopt", facts=facts)
    assert (code, out) == (0, "Adopted 1 who hold access at ledger.\n")
    assert err == (
        "Records that are wrong (1): 2; nobody knows whether these people hold access, and they were "
        "not adopted.\n"
    )


def test_who_waits_is_listed_with_the_day_and_what_has_gone(icaccess, tmp_path):
    whole = (
        'employees:\n  - id: "001234"\n    employment: [{start: "2019-08-01"}]\n'
        '    assignments: [{role: Office Professional, location: "210", start: "2019-08-01"}]\n'
        "    certifications:\n"
        '      - {name: Walk-In Scheduling, completed_on: "2023-08-10"}\n'
        '      - {name: Elementary Scheduling, completed_on: "2026-08-20"}\n'
        '    approvals: [{decision: approved, decided_on: "2023-08-14", approver: "000777", '
        "approver_role: Principal}]\n"
        "    access: {held: true}\n"
    )
    facts = tmp_path / "facts.yaml"
    facts.write_text(whole)
    assert icaccess("adopt", facts=facts)[0] == 0
    facts.write_text(whole.replace('      - {name: Elementary Scheduling, completed_on: "2026-08-20"}\n', ""))
    line = (
        "No completion of Elementary Scheduling by {} is on record. The Elementary Scheduling completion of "
        "2026-08-20, on which access rested, is no longer in the facts. Waits since 2027-06-29.\n"
    )
    code, out, err = icaccess("apply", "--yes", facts=facts)
    assert (code, line.format(DAY) in out) == (3, True), (out, err)
    totals = "0 revocations, 0 updates, 0 grants (0 overdue), 1 waiting for a consent, 0 unchanged, 0 undec"
    assert totals in out
    assert line.format("2027-07-01") in icaccess("plan", facts=facts, at="2027-07-01")[1]
    told = icaccess("audit", "runs", facts=None, at=None)[1]
    assert "  001234: revoke held back until somebody consents: elementary_certification_missing: " in told
    assert "completion of 2026-08-20, on which access rested, is no longer in the facts.\n" in told


def test_what_has_gone_is_told_with_its_source(icaccess, tmp_path, monkeypatch):
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(ROOT / "examples" / "csv", config, dirs_exist_ok=True)
    monkeypatch.setenv("ICACCESS_CONFIG", str(config))
    assert icaccess("adopt", facts=None)[0] == 0
    transcript = config / "transcript.csv"
    kept = [line for line in transcript.read_text().splitlines() if not line.startswith("100102;Elem")]
    transcript.write_text("\n".join([*kept, ""]))
    told = ", on which access rested, is no longer in `transcript`. Waits since"
    assert told in icaccess("plan", facts=None)[1]


def test_rows_of_nobody_are_named(icaccess, tmp_path, monkeypatch):
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(ROOT / "examples" / "csv", config, dirs_exist_ok=True)
    monkeypatch.setenv("ICACCESS_CONFIG", str(config))
    transcript = config / "transcript.csv"
    known = transcript.read_text()
    row = next(line for line in known.splitlines() if line.startswith("100102;Elem"))
    transcript.write_text(known + "".join(f"{row.replace('100102', f'55550{n}')}\n" for n in range(7)))
    code, out, err = icaccess("adopt", facts=None)
    assert (code, out) == (0, "Adopted 43 who hold access at ledger.\n")
    assert "used, 7 of nobody known" in err
    assert "\ntranscript row 152: id 555500 fits no employee, so the row is not used\n" in err
    for name, *yes in (("plan",), ("apply", "--yes")):
        out = icaccess(name, *yes, facts=None)[1]
        assert "  transcript row 152: id 555500 fits no employee, so the row is not used\n" in out
        assert "  … 6 more to look at; list them with icaccess facts --issues FILE\n" in out
