"""`icaccess decide` on the examples, decided by the real policy in the real OPA."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

EXAMPLES = ("--facts", "examples/facts", "--at", "2027-06-29")


def test_everybody_stands_in_the_order_of_the_facts(command):
    code, out, err = command("decide", *EXAMPLES)
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines()]
    _, facts, _ = command("decide", *EXAMPLES, "--format", "jsonl")
    assert listed == [json.loads(line)["employee_id"] for line in facts.splitlines()]
    assert "100309       deny       none    approval_not_for_current_job, certification_expired\n" in out
    assert "100206       allow      grant   valid through 2028-06-30; overdue since 2027-06-23\n" in out
    assert err.startswith("76 people: 39 allow, 29 deny, 4 expired, 4 undecided\nSources:\n  examples/facts/")
    assert err.endswith(": 76 rows: 74 used, 2 rejected\n")


def test_json_is_one_object_that_names_the_revisions(command, engine):
    code, out, _ = command("decide", *EXAMPLES, "--format", "json", "100201", "100803")
    assert code == 0
    answer = json.loads(out)
    assert answer["as_of"] == "2027-06-29"
    assert answer["policy_revision"] == engine.bundles.revisions.policy
    assert answer["data_revision"] == engine.bundles.revisions.data
    assert [(one["rows"], one["rejected"]) for one in answer["sources"]] == [(76, 2)]
    assert [(d["employee_id"], d["outcome"]) for d in answer["decisions"]] == [
        ("100201", "allow"),
        ("100803", "undecided"),
    ]
    assert set(answer["decisions"][0]) == set(answer["decisions"][1])


@pytest.mark.parametrize(
    ("employee", "ends"), [("100201", 0), ("100309", 10), ("100501", 11), ("100801", 12), ("100803", 12)]
)
@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_exit_code_tells_the_outcome(command, employee, ends, form):
    assert command("decide", employee, *EXAMPLES, "--format", form, "--exit-code")[0] == ends
    assert command("decide", employee, *EXAMPLES, "--format", form)[0] == 0


def test_one_person_is_explained(command):
    _, out, _ = command("decide", "100309", *EXAMPLES)
    assert out.startswith("100309 on 2027-06-29: deny, action none\n")
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ES-")] == [
        f"ES-{number}" for number in range(1, 16)
    ]
    assert "  ES-12  NOT MET  Elementary Scheduling, last completed 2023-08-09, was valid through" in out
    assert "                  completed_on 2023-08-09, name Elementary Scheduling\n" in out
    assert "    Ask your Principal or Manager to approve this access for the job you hold now.\n" in out
    assert "What changes next\n  nothing, unless the facts or the rules change\n" in out


def test_what_changes_next_is_said_with_its_day(command):
    _, out, _ = command("decide", "100201", *EXAMPLES)
    assert out.endswith("What changes next\n  2027-07-01:\n    escalate: no → yes\n")
    _, out, _ = command("decide", "100116", *EXAMPLES)
    assert out.endswith("requirements met on: 2026-01-20 → none\n    grant due by: 2026-07-06 → none\n")


def test_the_jobs_of_an_approver_are_shown_in_words(command):
    _, out, _ = command("decide", "100501", "--at", "2027-06-29")
    assert "approver_jobs (location 210, role Principal, start 2011-08-08), approver_role Principal" in out


def test_an_undecided_person_is_told_why_and_nothing_more(command):
    _, out, _ = command("decide", "100803", *EXAMPLES)
    assert "ES-1 " not in out
    assert "examples/facts/records.yaml line 23: assignments[0].end: 2017-06-02 is before the start" in out
    assert "What changes next" not in out


def test_the_target_is_asked_only_about_people_without_access(command, tmp_path):
    facts = tmp_path / "facts.jsonl"
    person = {"id": "1", "employment": [], "assignments": [], "certifications": [], "approvals": []}
    facts.write_text(json.dumps(person | {"access": {"held": True}}) + "\n")
    out = command("decide", "--facts", facts, "--at", "2027-06-29", "--store", "sqlite:////nowhere/x.db")[1]
    assert out.split() == ["1", "deny", "revoke", "not_employed"]
    assert command("adopt", "--facts", facts, "--at", "2027-06-29")[0] == 0
    facts.write_text(json.dumps(person) + "\n")
    out = command("decide", "--facts", facts, "--at", "2027-06-29")[1]
    assert out.split() == ["1", "deny", "revoke", "not_employed"]


def test_a_ledger_to_come_needs_no_database(command, tmp_path):
    facts = tmp_path / "facts.jsonl"
    facts.write_text(
        '{"id": "1", "employment": [], "assignments": [], "certifications": [], "approvals": []}\n'
    )
    asked = ("decide", "--facts", facts, "--at", "2027-06-29", "--store")
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "icaccess", *asked, f"sqlite:///{tmp_path}/absent.db"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout.split() == ["1", "deny", "none", "not_employed"]
    assert "icaccess.pipeline" in imported.stderr
    assert "sqlalchemy" not in imported.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["facts.jsonl"]
    for url in ("sqlite:///:memory:", f"sqlite:///{tmp_path}", "sqlite://"):
        assert "icaccess: " in command(*asked, url)[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("decide", "12", *EXAMPLES),
            "icaccess: no employee has the id '12'; ids are as in `icaccess facts`",
        ),
        (("decide", *EXAMPLES[:2], "--at", "tomorrow"), "icaccess: --at 'tomorrow': not a date; write it as"),
        (
            ("decide", *EXAMPLES[:2], "--at", "2200-01-01"),
            "icaccess: --at 2200-01-01 is outside the years 1900 to 2199; give a day",
        ),
        (
            ("plan", *EXAMPLES[:2], "--at", "0001-01-01"),
            "icaccess: --at 0001-01-01 is outside the years 1900 to 2199",
        ),
        (
            ("forecast", *EXAMPLES[:2], "--until", "2200-01-01"),
            "icaccess: --until 2200-01-01 is outside the years",
        ),
        (
            ("impact", "--base", "policy", "--until", "9999-12-31"),
            "icaccess: --until 9999-12-31 is outside the years",
        ),
        (("decide", *EXAMPLES[:2], "--at", "2027-6-29"), "icaccess: --at '2027-6-29': not a date"),
        (("decide", *EXAMPLES[:2], "--at", "20270629"), "icaccess: --at '20270629': not a date"),
        (("decide", *EXAMPLES[:2], "--at", "2027-02-30"), "icaccess: --at '2027-02-30': not a date"),
        (("decide", "1", "2", *EXAMPLES, "--exit-code"), "icaccess: --exit-code answers for one employee"),
        (
            ("decide", *EXAMPLES, "--format", "xml"),
            "icaccess: Invalid value for '--format': 'xml' is not one",
        ),
        (("decide", *EXAMPLES, "--config", "nowhere"), "icaccess: nowhere: no such configuration folder"),
        (("decide", *EXAMPLES, "--policy", "nowhere", "--opa-url", ""), "icaccess: nowhere: no such policy"),
        (("decide", "--facts", "nowhere"), "icaccess: nowhere: no such file or folder; correct --facts"),
        (("decide", *EXAMPLES, "--opa-url", "http://127.0.0.1:9"), "icaccess: "),
        (("decide", *EXAMPLES, "--colour"), "icaccess: No such option"),
        (("nothing",), "icaccess: No such command 'nothing'. Try 'icaccess --help'."),
    ],
)
def test_bad_input_gets_one_line(command, arguments, says):
    code, out, err = command(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith(says)
    assert err.count("\n") == 1


def test_an_id_cannot_forge_a_line(command, tmp_path):
    facts = tmp_path / "facts.jsonl"
    person = {
        "employment": [],
        "assignments": [],
        "certifications": [],
        "approvals": [],
        "access": {"held": False},
    }
    facts.write_text(json.dumps({"id": "1\n2 allow\u202e"} | person) + "\n")
    out = command("decide", "--facts", facts, "--at", "2027-06-29")[1]
    assert out.splitlines() == ["1\\n2 allow\\u202e   deny       none    not_employed"]


@pytest.mark.parametrize("url", ["http://somebody:s3cret@127.0.0.1:9", "http://s3cret@127.0.0.1:9"])
def test_a_password_in_a_url_is_refused_and_not_shown(command, url):
    code, _, err = command("decide", *EXAMPLES, "--opa-url", url)
    assert code == 1
    assert "s3cret" not in err
    assert "leave them out" in err


def test_a_line_end_after_the_token_is_no_part_of_it(command, engine, monkeypatch):
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", f"{engine.token}\n")
    assert command("decide", *EXAMPLES)[0] == 0
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", "s3c\nret")
    code, _, err = command("decide", *EXAMPLES)
    assert (code, err.count("\n")) == (1, 1)
    assert "ret" not in err.replace("correct it", "")


def test_an_empty_path_is_not_here(command):
    assert command("plan", "--store", "")[2].startswith("icaccess: --store: is empty; give a URL such as")
    assert command("decide", "--facts", "") == (1, "", "icaccess: --facts: is empty; name a file or folder\n")
    for words in (["report"], ["plan"], ["facts"], ["audit", "export"], ["policy", "bundle"]):
        code, _, err = command(*words, "--out", "")
        assert (code, err) == (1, "icaccess: --out: is empty; name a file or folder\n"), words
    assert command("apply", "", "--yes")[2] == "icaccess: FILE: is empty; name a file or folder\n"
    assert command("policy", "page", "")[2] == "icaccess: FILE: is empty; name a file or folder\n"


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", ":8181"])
def test_an_address_that_is_none(command, address):
    code, out, err = command("opa", "run", "--address", address)
    assert (code, out) == (1, "")
    assert err.startswith(f"icaccess: --address '{address}': write HOST:PORT")


def test_a_group_without_its_command_says_so(command):
    assert command("opa") == (
        1,
        "",
        "icaccess: icaccess opa needs a subcommand. Try 'icaccess opa --help'.\n",
    )
