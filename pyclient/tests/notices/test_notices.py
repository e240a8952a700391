"""Who is told what, from the facts to the mailbox: real OPA, ledger and mail server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date

import pytest
import yaml
from msgspec.structs import replace

from icaccess.notices.proof import foretold_removals
from icaccess.pipeline import start
from icaccess.request import Request
from icaccess.review.report_files import read
from icaccess.store.database import open_store
from tests.notices.conftest import ROOT
from tests.notices.servers import Mailbox, mail_server
from tests.sidecar.service import wait_until

SENDER = {"host": "127.0.0.1", "security": "none", "from": "Access <access@example.org>"}


@pytest.fixture
def mailing(district, smtp):
    """A district that sends mail, whose two people hold access through 2028-06-30."""
    district.settings(
        mail={**SENDER, "port": smtp}, operators={"addresses": ["dots@example.org"]}, limit=None
    )
    district.person("000001")
    district.person("000002")
    district.person("000777")
    district.people["000777"]["approvals"] = []
    district.write()
    return district


def subjects(mailbox: Mailbox, address: str) -> list[str]:
    return [str(mail["Subject"]) for mail in mailbox.to(address)]


def test_a_cycle_as_one_person_is_told_it(mailing, mailbox, command):
    def on(day: str) -> None:
        applied, _, problem = command("apply", "--yes", "--at", day, *mailing.options)
        assert applied == 0, problem
        for _ in range(2):  # the second has nothing more to say
            sent, _, problem = command("notices", "send", "--at", day, *mailing.options)
            assert sent == 0, problem

    days = ["2026-02-02", "2027-12-31", "2028-01-01", "2028-05-01", "2028-05-20", "2028-06-16", "2028-06-17"]
    for day in [*days, "2028-06-29", "2028-06-30"]:
        on(day)
    renewed = mailing.people["000002"]["certifications"]
    renewed.append({"name": "Elementary Scheduling", "completed_on": "2028-06-30"})
    mailing.write()
    on("2028-07-01")
    ends = "Your Elementary Scheduling access ends after June 30, 2028"
    asked = [
        "You have access to Elementary Scheduling",
        "Recertify for Elementary Scheduling by June 30, 2028",
    ]
    assert subjects(mailbox, "p000001@example.org") == [
        *asked,
        *[ends] * 3,
        "Your Elementary Scheduling access was removed",
    ]
    assert subjects(mailbox, "p000002@example.org") == [
        *asked,
        *[ends] * 3,
        "You are recertified for Elementary Scheduling",
    ]
    removed = mailbox.to("p000001@example.org")[-1].get_body(("plain",)).get_content()
    assert "Elementary Scheduling, last completed 2026-01-12, was valid through 2028-06-30." in removed
    assert "access returns once it is completed" in removed
    assert "720-423-3888" in removed


def test_a_witness_sees_what_people_were_told(mailing, command, tmp_path):
    heads = tmp_path / "elsewhere" / "heads.jsonl"
    heads.parent.mkdir()
    with (mailing.config / "icaccess.yaml").open("a") as file:
        file.write(f"audit: {{witnesses: [{{type: file, path: {heads}}}]}}\n")
    seen = []
    for name in ("apply", "send", "send"):  # the second has nothing to say, and records nothing
        words = ["apply", "--yes"] if name == "apply" else ["notices", "send"]
        done, _, problem = command(*words, "--at", "2026-02-02", *mailing.options)
        assert done == 0, problem
        seen.append(len(heads.read_text().splitlines()))
    assert seen == [1, 2, 2]


def test_an_approver_has_one_digest_a_week(mailing, mailbox, command):
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    for day in ("2028-06-05", "2028-06-06", "2028-06-11", "2028-06-12"):  # Monday, Tuesday, Sunday, Monday
        command("notices", "send", "--at", day, *mailing.options)
    title = "Elementary Scheduling: 2 of those you approved will lose access"
    assert subjects(mailbox, "p000777@example.org") == [title, title]
    text = mailbox.to("p000777@example.org")[0].get_body(("plain",)).get_content()
    assert "- Sample 000001 (000001), after June 30, 2028." in text


def test_an_approver_hears_who_waits_for_an_approval(mailing, mailbox, command):
    principal = mailing.people["000777"]
    principal["assignments"] = [{"role": "Principal", "location": "210", "start": "2019-08-01"}]
    waits = mailing.person("000003", approvals=[])
    mailing.person("000004", approvals=[], certifications=[])
    elsewhere = [{"role": "Office Professional", "location": "211", "start": "2019-08-01"}]
    mailing.person("000005", approvals=[], assignments=elsewhere)
    mailing.write()
    for day in ("2026-02-09", "2026-02-10"):  # Monday and Tuesday
        command("notices", "send", "--at", day, *mailing.options)
    assert subjects(mailbox, "p000777@example.org") == ["Elementary Scheduling: 1 to approve"]
    text = mailbox.to("p000777@example.org")[0].get_body(("plain",)).get_content()
    assert "- Sample 000003 (000003), 210" in text
    assert "lose" not in text
    waits["approvals"] = mailing.people["000001"]["approvals"]
    mailing.write()
    command("notices", "send", "--at", "2026-02-16", *mailing.options)
    assert len(mailbox.to("p000777@example.org")) == 1


def test_facts_that_change_are_told_as_they_are_then(mailing, mailbox, command):
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    mailing.people["000001"]["employment"] = [{"start": "2019-08-01", "end": "2026-03-31"}]
    mailing.write()
    command("notices", "send", "--at", "2026-03-20", *mailing.options)
    mailing.people["000001"]["employment"] = [{"start": "2019-08-01", "end": "2026-04-02"}]
    mailing.write()
    command("notices", "send", "--at", "2026-03-30", *mailing.options)
    mailing.people["000001"]["employment"] = [{"start": "2019-08-01"}]
    mailing.write()
    command("notices", "send", "--at", "2026-04-01", *mailing.options)
    assert subjects(mailbox, "p000001@example.org") == [
        "Your Elementary Scheduling access ends after March 31, 2026",
        "Your Elementary Scheduling access ends after April 2, 2026",
        "You keep your Elementary Scheduling access after April 2, 2026",
    ]
    text = mailbox.to("p000001@example.org")[-1].get_body(("plain",)).get_content()
    assert "would end after April 2, 2026." in text
    assert "That has changed: you keep the access." in text
    assert "It lasts through June 30, 2028" in text


def test_what_a_longer_lead_foretold_is_not_taken_back(mailing, mailbox, command):
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    command("notices", "send", "--at", "2028-05-03", *mailing.options)
    written = mailing.config / "icaccess.yaml"
    shorter = yaml.safe_load(written.read_text())["notices"]
    mailing.settings(**shorter, people={"days_before": [14]})
    command("notices", "send", "--at", "2028-05-10", *mailing.options)
    # Now the person leaves before that day, so what was told is not true, and access does not go on either.
    mailing.people["000001"]["employment"] = [{"start": "2019-08-01", "end": "2028-06-10"}]
    mailing.write()
    command("notices", "send", "--at", "2028-05-11", *mailing.options)
    assert [one for one in subjects(mailbox, "p000001@example.org") if "after" in one] == [
        "Your Elementary Scheduling access ends after June 30, 2028"
    ]


def test_an_end_that_is_told_with_the_access_is_told_once(mailing, mailbox, command):
    for day in ("2028-05-20", "2028-05-21"):
        command("apply", "--yes", "--at", day, *mailing.options)
        command("notices", "send", "--at", day, *mailing.options)
    assert subjects(mailbox, "p000001@example.org") == [
        "You have access to Elementary Scheduling",
        "Recertify for Elementary Scheduling by June 30, 2028",
        "Your Elementary Scheduling access ends after June 30, 2028",
    ]


def test_the_guard_stops_notices_and_tells_operators_why(mailing, mailbox, command):
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    command("notices", "send", "--at", "2026-02-02", *mailing.options)
    with (mailing.config / "icaccess.yaml").open("a") as file:
        file.write("guard: {revocations: {count: 0}}\n")
    for person in mailing.people.values():
        person["employment"] = [{"start": "2019-08-01", "end": "2026-02-03"}]
    mailing.write()
    code, _, problem = command("notices", "send", "--at", "2026-02-10", *mailing.options)
    assert code == 1
    assert "people and approvers are told nothing now: the guard stops the changes" in problem
    assert len(mailbox.to("p000001@example.org")) == 1  # that access was given
    (told,) = mailbox.to("dots@example.org")
    text = " ".join(told.get_body(("plain",)).get_content().split())
    assert "2 revocations, more than the 0 allowed" in text
    plan = json.loads(command("plan", "--at", "2026-02-10", "--format", "json", *mailing.options)[1])
    assert f"icaccess apply --allow {plan['plan']['digest'][:12]} --by NAME" in text


def test_facts_that_cannot_be_read_are_told_to_operators_alone(mailing, mailbox, command):
    mailing.facts.write_text("{\n")
    for _ in range(2):
        code, _, problem = command("notices", "send", "--at", "2026-02-10", *mailing.options)
        assert code == 1
        assert "people and approvers are told nothing now: " in problem
    (told,) = mailbox.to("dots@example.org")
    assert "The run of 2026-02-10 failed: " in told.get_body(("plain",)).get_content()


def test_a_plan_shows_what_goes_out_and_a_trial_diverts_it(mailing, mailbox, command):
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    code, shown, _ = command("notices", "plan", "--at", "2026-02-02", *mailing.options)
    assert code == 0
    assert "By mail (2):\n  000001  access_given  run 1.1 → p000001@example.org\n" in shown
    code, shown, _ = command("notices", "plan", "--format", "json", "--at", "2026-02-02", *mailing.options)
    assert [one["recipient"] for one in json.loads(shown)["notices"]] == ["000001", "000002"]
    code, shown, _ = command(
        "notices", "send", "--to", "me@example.org", "--at", "2026-02-02", *mailing.options
    )
    assert (code, shown) == (0, "Sent 2 messages to me@example.org for a trial; nothing is recorded.\n")
    assert subjects(mailbox, "me@example.org")[0] == (
        "[trial, for 000001 p000001@example.org] You have access to Elementary Scheduling"
    )
    code, _, said = command("notices", "show", "000001", *mailing.options[:2])
    assert (code, said) == (1, "icaccess: 000001: the store holds no notice to this id\n")
    code, _, said = command("notices", "show", "000001", "--store", "sqlite:////nowhere/x.db")
    assert (code, "there is no store yet; give --store" in said) == (1, True)
    command("notices", "send", "--at", "2026-02-02", *mailing.options)
    code, shown, _ = command("notices", "show", "000001", *mailing.options[:2])
    assert code == 0
    assert "sent by mail to p000001@example.org: You have access to Elementary Scheduling" in shown
    code, shown, _ = command("notices", "show", "000001", "--format", "json", *mailing.options[:2])
    assert [one["state"] for one in json.loads(shown)] == ["sent"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ["--to", "me@example.org", "--allow", "x"],
            "--allow, --by and --reason are for a lot that goes out; ",
        ),
        (["--to", "nobody"], "--to 'nobody': is no e-mail address"),
        (["--allow", "0123456789ab"], "give --allow, --by and --reason"),
    ],
)
def test_a_senseless_option_is_one_line(mailing, command, options, says):
    code, _, problem = command("notices", "send", *options, "--at", "2026-02-02", *mailing.options)
    assert code == 1
    assert problem.startswith("icaccess: ")
    assert problem.count("\n") == 1
    assert says in problem


def test_a_server_that_wants_a_log_in_is_one_line(mailing, mailbox, command):
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    open_log_in = pytest.warns(UserWarning, match="Requiring AUTH")
    with open_log_in, mail_server(mailbox, login=("s", "p")) as port:
        mailing.settings(mail={**SENDER, "port": port})
        code, _, problem = command("notices", "send", "--at", "2026-02-02", *mailing.options)
    assert code == 4
    assert problem.count("\n") == 1
    assert "wants a log-in" in problem
    assert "2 messages wait for the next run" in problem


@pytest.mark.parametrize(
    ("ails", "code", "counts", "lines"),
    [
        (
            {"dies": ["after"] * 5},
            4,
            "2 unconfirmed",
            ["000001: the mail server ", "000002: the mail server "],
        ),
        ({"answers": ["451 later"]}, 4, "1 sent, 1 waiting", ["000001: the mail server "]),
        ({"answers": ["550 no"]}, 4, "1 failed, 1 sent", ["000001: the mail server "]),
    ],
    ids=["unconfirmed", "not taken for now", "refused"],
)
def test_what_did_not_go_out_is_a_line_each(mailing, mailbox, command, ails, code, counts, lines):
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    for name, script in ails.items():
        getattr(mailbox, name).extend(script)
    ended, shown, problem = command("notices", "send", "--at", "2026-02-02", *mailing.options)
    assert (ended, shown) == (code, f"{counts}\n")
    said = problem.splitlines()
    assert [line.startswith(f"icaccess: {one}") for line, one in zip(said, lines, strict=True)] == [
        True
    ] * len(lines)


@pytest.mark.slow
def test_a_killed_process_loses_nothing_and_repeats_nothing(mailing, mailbox, command):
    for number in range(100, 140):
        mailing.person(f"{number:06}")
    mailing.write()
    command("apply", "--yes", "--at", "2026-02-02", *mailing.options)
    send = [sys.executable, "-m", "icaccess", "notices", "send", "--at", "2026-02-02", *mailing.options]
    for _ in range(8):
        mailbox.handed_over.clear()
        sending = subprocess.Popen(send)
        wait_until(
            lambda: mailbox.handed_over.is_set() or sending.poll() is not None,  # noqa: B023
            "one more message, or none is left",
        )
        sending.send_signal(signal.SIGKILL)
        sending.wait()
    command("notices", "send", "--at", "2026-02-02", *mailing.options)
    reached = [address for address, _ in mailbox.mails]
    assert len(reached) == len(set(reached))
    for number in mailing.people.keys() - {"000777"}:
        _, shown, _ = command("notices", "show", number, "--format", "json", *mailing.options[:2])
        (one,) = json.loads(shown)
        # Where the end came just before the last line, nobody can know, and this is what it says.
        assert one["address"] in reached or one["state"] == "handed_over"


def test_the_proof_says_when_each_was_told(mailing, command, tmp_path):
    mailing.people["000002"]["email"] = ""
    mailing.write()
    for day in ("2026-02-02", "2028-05-01", "2028-06-16", "2028-07-01"):
        command("apply", "--yes", "--at", day, *mailing.options)
        command("notices", "send", "--at", day, *mailing.options)
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        one, other = foretold_removals(store, "ledger")
    assert (one.employee_id, one.removed_on) == ("000001", date(2028, 7, 1))
    assert [(telling.days_before, telling.last_day) for telling in one.told] == [
        (60, date(2028, 6, 30)),
        (14, date(2028, 6, 30)),
    ]
    assert (other.employee_id, other.told) == ("000002", ())
    assert command("report", *mailing.options, "--at", "2028-07-01", "--out", tmp_path / "report")[0] == 0
    removals = {one.id: one for one in read(tmp_path / "report" / "report.json").removals or ()}
    assert [one.days_before for one in removals["000001"].told or ()] == [60, 14]
    assert removals["000002"].told == ()


def test_a_plan_says_who_was_not_told_of_removal_by_date(mailing, command, tmp_path):
    mailing.people["000002"]["email"] = ""
    mailing.person("000003")
    mailing.write()
    for day in ("2026-02-02", "2028-06-16"):
        command("apply", "--yes", "--at", day, *mailing.options)
        command("notices", "send", "--at", day, *mailing.options)
    # Somebody whose facts changed could not be told before.
    mailing.people["000003"]["employment"] = [{"start": "2019-08-01", "end": "2028-06-20"}]
    mailing.write()
    request = Request(
        config=mailing.config,
        facts=(mailing.facts,),
        at=date(2028, 7, 1),
        store=f"sqlite:///{tmp_path}/icaccess.db",
        policy=ROOT / "policy",
        opa_url=(os.environ["ICACCESS_OPA_URL"],),
    )
    with start(request, read_only=True) as run:
        drawn = run.plan()
        assert [change.employee_id for change in drawn.of("revoke")] == ["000001", "000002", "000003"]
        warned = run.guard(drawn)
        assert [change.employee_id for change in warned.untold] == ["000002"]
        assert warned.waiting == ()
        run.limits = replace(run.limits, untold="stop")
        assert [change.employee_id for change in run.guard(drawn).waiting] == ["000002"]
    _, shown, _ = command("plan", *mailing.options, "--at", "2028-07-01")
    assert "Not told before the removal (1):\n  000002  certification_expired" in shown


def test_doctor_reaches_the_mail_server(mailing, command):
    _, shown, _ = command("doctor", *mailing.options)
    assert "ok    notices: the mail server 127.0.0.1:" in shown
    mailing.settings(mail={**SENDER, "port": 1})
    code, shown, _ = command("doctor", *mailing.options)
    assert code == 1
    assert "FAIL  notices: the mail server 127.0.0.1:1: cannot be reached: Connection refused" in shown
    mailing.settings(mail={**SENDER, "port": 1}, templates=str(mailing.config))
    _, shown, _ = command("doctor", *mailing.options)
    assert "calendar: is the template of no notice" in shown
    mailing.settings()
    _, shown, _ = command("doctor", *mailing.options)
    assert "ok    notices: nobody is told anything" in shown
