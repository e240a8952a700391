"""`icaccess adopt`, `plan` and `apply` on a real SCIM server and on work lists, chosen in `icaccess.yaml`."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta

import pytest

from tests.cli.test_changes import ROOT, icaccess  # noqa: F401 (the fixture)
from tests.serving import in_thread
from tests.targets.odd_scim import OddServer
from tests.targets.servers import TOKEN, running_scim

GROUP = "IC Elementary Scheduling"
LATELY = (date.today() - timedelta(days=10)).isoformat()  # noqa: DTZ011 (any day soon before today will do)


def person(number, *, approved=True):
    """Somebody who meets every requirement whatever today is, but perhaps for the approval."""
    approval = {"decision": "approved", "decided_on": LATELY, "approver": "0", "approver_role": "Principal"}
    return {
        "id": number,
        "username": f"User{number}",
        "employment": [{"start": "2019-08-01"}],
        "assignments": [{"role": "School Counselor", "location": "210", "start": "2019-08-01"}],
        "certifications": [
            {"name": name, "completed_on": LATELY} for name in ("Walk-In Scheduling", "Elementary Scheduling")
        ],
        "approvals": [approval] if approved else [],
    }


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "facts.jsonl"
    people = [person("1"), person("2", approved=False), person("3"), person("4")]
    path.write_text("".join(json.dumps(one) + "\n" for one in people))
    return path


@pytest.fixture
def configured(icaccess, tmp_path, monkeypatch, facts):  # noqa: F811 (the fixture)
    """Writes the settings; gives the command, on these facts and today."""

    def write(settings):
        config = tmp_path / "config"
        config.mkdir()
        for name in ("requirements", "locations", "calendar"):
            (config / name).symlink_to(ROOT / "config" / name)
        (config / "icaccess.yaml").write_text(settings)
        monkeypatch.setenv("ICACCESS_CONFIG", str(config))
        return lambda command, *more: icaccess(command, *more, facts=facts, at=None)

    return write


def test_a_scim_group_is_brought_to_what_the_policy_says(configured, monkeypatch, tmp_path):
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)
    with running_scim() as server:
        ids = {number: server.user(f"user{number}") for number in "1234"}
        group = server.group(GROUP, [ids["2"], ids["3"]])
        settings = f"{{url: '{server.url}', token: '${{SCIM_TOKEN}}', group: {GROUP}, match: username}}"
        run = configured(f"target:\n  kind: scim\n  scim: {settings}\n")
        assert run("adopt")[1] == f"Adopted 2 who hold access at scim {server.url} {GROUP}.\n"
        code, out, err = run("plan", "--out", tmp_path / "plan.json", "--detailed-exitcode")
        assert (code, err.count("Saved")) == (2, 1)
        assert "Revocations (1):\n  2  approval_missing" in out
        assert "Grants (2):\n  1  210" in out
        code, out, _ = run("apply", tmp_path / "plan.json", "--yes")
        assert (code, out.splitlines()[-1]) == (0, "Run 2: 3 verified.")
        assert server.members(group) == {ids["1"], ids["3"], ids["4"]}
        assert "Nothing to do." in run("plan")[1]

        server.leave(group, ids["4"])
        server.call("DELETE", f"/Users/{ids['4']}")
        code, out, err = run("apply", "--yes")
        assert code == 4
        assert "Changed outside this system (1):\n  4  taken: access before, nothing now" in out
        assert "4  grant could not be made: no users have the userName user4; exactly one is needed" in out
        assert err == "icaccess: 1 change could not be made; run again to retry\n"


def test_changes_that_nobody_could_verify_are_not_said_to_be_made(configured, monkeypatch):
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)
    with in_thread(OddServer()) as server:
        server.group(GROUP, ["u2", "u3"])
        settings = f"{{url: '{server.url}', token: '${{SCIM_TOKEN}}', group: {GROUP}}}"
        run = configured(f"target:\n  kind: scim\n  scim: {settings}\n")
        run("adopt")
        server.way = "no answer after a change"
        code, out, err = run("apply", "--yes")
    assert (code, out.count("could not be verified"), out.count("not tried, since")) == (4, 1, 2)
    assert (err.count("\n"), "does not answer as a SCIM server does (text/html)" in err) == (1, True), err


def test_a_target_that_is_real_takes_no_other_day(configured, tmp_path):
    (tmp_path / "members.csv").write_text(f"username,userGroup\nuser3,{GROUP}\n")
    settings = f"{{group: {GROUP}, match: username, work_lists: ../lists, export: ../members.csv}}"
    run = configured(f"target:\n  kind: campus\n  campus: {settings}\n")
    for asked in (("apply", "--yes"), ("adopt",)):
        code, out, err = run(*asked, "--at", "2025-09-10")
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "can change only as of today" in err
    assert not (tmp_path / "lists").exists()


def test_a_run_that_waits_for_an_export_is_a_good_one(configured, tmp_path):
    (tmp_path / "members.csv").write_text(f"username,userGroup\nuser3,{GROUP}\nuser2,{GROUP}\n")
    settings = f"{{group: {GROUP}, match: username, work_lists: ../lists, export: ../members.csv}}"
    run = configured(f"target:\n  kind: campus\n  campus: {settings}\n")
    run("adopt")
    code, out, _ = run("apply", "--yes")
    [path] = (tmp_path / "lists").iterdir()
    summary, what_to_do = out.splitlines()[-2:]
    assert (code, summary) == (0, "Run 2: 3 pending.")
    assert path.name in what_to_do
    with path.open(newline="") as file:
        assert [(row["action"], row["account"]) for row in csv.DictReader(file)] == [
            ("remove", "user2"),
            ("add", "user1"),
            ("add", "user4"),
        ]
    code, out, _ = run("plan", "--detailed-exitcode")
    assert (code, out.count(path.stem), "Nothing to do" in out) == (0, 3, False)
    totals = "0 revocations, 0 updates, 0 grants (0 overdue), 3 pending, 1 unchanged, 0 undecided."
    assert out.splitlines()[-1] == totals
    (tmp_path / "members.csv").write_text(f"username,userGroup\nuser3,{GROUP}\nuser1,{GROUP}\n")
    code, out, _ = run("plan")
    assert code == 0
    assert "Requested, not shown by the target yet (1):\n  4  grant, list " in out


def test_members_without_an_account_are_listed_from_the_first_day_on(configured, tmp_path):
    (tmp_path / "members.csv").write_text(f"username,userGroup\nuser3,{GROUP}\n,{GROUP}\n")
    settings = f"{{group: {GROUP}, match: username, work_lists: ../lists, export: ../members.csv}}"
    run = configured(f"target:\n  kind: campus\n  campus: {settings}\n")
    listed = f"Members without an account (1):\n  line 3  in {GROUP}: no username\n"
    for command, code in (("adopt", 0), ("plan", 5), ("apply", 5)):
        options = {"plan": ["--detailed-exitcode"], "apply": ["--yes"]}.get(command, [])
        found = run(command, *options)
        assert (found[0], listed in found[1]) == (code, True)
