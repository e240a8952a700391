"""What a report gathers: every decision as OPA gave it, and what the store and the target show."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import update

from icaccess.errors import EngineError, UsageError
from icaccess.models import Access, Assignment, BasisApproval, Employee, EmploymentPeriod, InvalidRecord
from icaccess.review.report_data import Given, Held, Outlook
from icaccess.review.report_findings import checks, count, count_reasons, removal_words
from icaccess.review.report_gather import compare, draw, expiries, select
from icaccess.review.report_page import render
from icaccess.review.report_store import History
from icaccess.store.database import open_store
from icaccess.store.schema import audit as audit_table
from icaccess.targets.ledger import LedgerTarget
from tests.review.reports import DAY, DENVER, ROOT, drawn, entitled, run, sample
from tests.scripted import adopt, run_on
from tests.targets.fakes import MemoryTarget

pytestmark = pytest.mark.xdist_group("report")  # what its tests share is made once


@pytest.fixture(scope="module")
def records():
    return sample(3, 400)


@pytest.fixture(scope="module")
def report(client, records, tmp_path_factory):
    return drawn(records, client, tmp_path_factory.mktemp("store"))


def test_each_person_is_there_once_with_opas_decision(report, records, client):
    assert [person.id for person in report.people] == [record.id for record in records]
    for record, person in list(zip(records, report.people, strict=True))[::7]:
        decision = client.decide(record, DAY)
        for field in decision.__struct_fields__:
            if field not in ("employee_id", "as_of"):
                assert getattr(person, field) == getattr(decision, field), (record.id, field)


def test_the_counts_prove_that_everybody_was_looked_at(report, records, client):
    population = report.population
    assert population.records == population.answered == len(records) == len(report.people)
    assert population.unreadable == sum(isinstance(record, InvalidRecord) for record in records) == 4
    assert population.without_record == 0
    codes = Counter(
        reason.code for decision in client.decide_many(records, DAY) for reason in decision.reasons
    )
    assert {one.code: one.people for one in count_reasons(report.people)} == codes
    assert report.evidence.policy_revision == client.revisions().policy
    assert report.evidence.data_revision == client.revisions().data


def test_the_records_say_access_before_the_first_day(report, records):
    held = {one.id for one in records if isinstance(one, Employee) and one.access and one.access.held}
    assert {person.id for person in report.people if person.held} == held
    assert report.evidence.target == ""
    assert report.removals is None
    assert "holds no run for the target ledger yet" in report.absent["removals"]


def test_the_facts_digest_is_the_plans(report, records, client, sqlite_store):
    plan = run_on(records, client, LedgerTarget(sqlite_store), sqlite_store, DAY).plan()
    assert report.population.facts_digest == plan.facts_digest


def test_without_personal_fields_only_these_are_gone(report, records, client, tmp_path):
    bare = drawn(records, client, tmp_path, personal=False)
    emptied = {"name": "", "username": "", "email": ""}
    ids = {record.id for record in records}
    for with_them, without in zip(report.people, bare.people, strict=True):
        if with_them.reasons and with_them.reasons[0].code == "invalid_record":
            assert "Private Person" not in without.reasons[0].message
            assert without.reasons[0].remedy == with_them.reasons[0].remedy
            continue
        if with_them.basis and with_them.basis.approval.approver not in ids:
            assert without.basis.approval.approver == "somebody without an employee record"
            without = msgspec.structs.replace(without, basis=with_them.basis)
        assert without == msgspec.structs.replace(with_them, **emptied)


def by_a_principal_of(location: str, record: Employee) -> Employee:
    (approval,) = record.approvals
    jobs = (Assignment(role="Principal", location=location, start=date(2015, 8, 1)),)
    return replace(record, approvals=(replace(approval, approver_jobs=jobs),))


def test_an_approval_by_another_schools_principal_is_listed(client, tmp_path):
    people = [
        by_a_principal_of("210", entitled("1")),
        by_a_principal_of("211", entitled("2")),
        by_a_principal_of("211", entitled("3", end=date(2025, 6, 30))),
        entitled("4"),
    ]
    report = drawn(people, client, tmp_path, personal=False)
    assert [(one.id, one.location, one.approver_locations) for one in report.elsewhere] == [
        ("2", "210", ("211",)),
        ("4", "210", None),
    ]
    assert {one.approver for one in report.elsewhere} == {"somebody without an employee record"}
    page = render(report).decode()
    section = page[page.index('<section id="elsewhere"') : page.index('<section id="since"')]
    assert "<bdi>2</bdi>" in section
    assert "<bdi>4</bdi>" not in section
    assert "Of 1 more approval no source says" in section
    assert select(report, ["1"]).elsewhere == ()


def test_an_opa_that_knows_no_such_question_leaves_the_rest(client, tmp_path, monkeypatch):
    def refuse(*_):
        raise EngineError("refused the token")

    monkeypatch.setattr(client, "approved_elsewhere", refuse)
    report = drawn([entitled("1")], client, tmp_path)
    assert (report.elsewhere, report.absent["elsewhere"]) == (None, "OPA did not say: refused the token.")
    assert "OPA did not say: refused the token." in render(report).decode()
    assert len(select(report, ["1"]).people) == 1


def test_expiries_count_those_who_are_allowed_once(report):
    allowed = [one for one in report.people if one.outcome == "allow"]
    months = {one.month: one for one in report.expiries}
    assert sum(one.valid + one.recertify for one in months.values()) == len(allowed) > 50
    assert months["2026-06"].recertify == sum(
        one.expiry.valid_through == date(2026, 6, 30) and one.expiry.state == "recertify" for one in allowed
    )
    assert next(iter(months)) == "2026-03"
    assert list(months) == sorted(months)
    assert len(months) == (2028 - 2026) * 12 + 4
    assert expiries([], DAY) == ()


def test_the_outlook_is_what_deciding_then_gives(report, records, client):
    outlook = report.outlook
    assert outlook.through == date(2026, 7, 1)  # the day after the next removal
    now = {one.employee_id: one for one in client.decide_many(records, DAY)}
    then = {one.employee_id: one for one in client.decide_many(records, outlook.through)}
    assert outlook.allowed_now == sum(one.outcome == "allow" for one in now.values()) > 50
    assert outlook.allowed_then == sum(one.outcome == "allow" for one in then.values())
    removed = [
        ident for ident, one in then.items() if now[ident].outcome == "allow" and one.outcome == "expired"
    ]
    months = {one.month: one for one in outlook.months}
    assert sum(one.removed for one in months.values()) >= len(removed) > 0
    assert months["2026-07"].removed > 0
    assert sum(outlook.by_role.values()) >= len(removed)


def test_where_nobody_is_allowed_a_year_is_looked_ahead(client, tmp_path):
    report = drawn(
        [Employee(id="1", employment=(), assignments=(), certifications=(), approvals=())], client, tmp_path
    )
    assert report.outlook == Outlook(
        through=date(2027, 3, 10), allowed_now=0, allowed_then=0, months=(), by_role={}, by_location={}
    )


def test_the_same_report_has_nobody_stand_differently(report):
    assert compare(report, report.people).changes == ()


def test_what_changed_since_is_found(report):
    gone, turned, *others = report.people
    other = replace(turned, outcome="expired", reasons=())
    new = replace(gone, id="999999")
    since = compare(report, [other, *others, new])
    assert [(one.id, one.before is None, one.after is None) for one in since.changes] == [
        (turned.id, False, False),
        ("999999", True, False),
        (gone.id, False, True),
    ]
    assert since.changes[0].before.outcome == turned.outcome
    assert since.changes[0].after.outcome == "expired"
    assert since.as_of == DAY


def test_those_asked_for_are_shown_and_the_population_stays(report):
    few = select(
        msgspec.structs.replace(report, since=compare(report, report.people[:2])),
        ["000003", "000001", "000003"],
    )
    assert [one.id for one in few.people] == ["000003", "000001"]
    assert [one.id for one in few.since.changes] == ["000003"]
    assert few.expiries == expiries(few.people, DAY)
    assert few.population == report.population
    with pytest.raises(UsageError) as caught:
        select(report, ["000001", "nobody"])
    assert str(caught.value) == "no employee has the id 'nobody'; ids are as in `icaccess facts`"


def test_what_a_grant_of_an_older_store_rested_on_is_told(tmp_path: Path) -> None:
    """The record of that time has less of what a change rested on."""
    file = tmp_path / "icaccess.db"
    with closing(sqlite3.connect(file)) as older:
        older.executescript((ROOT / "pyclient/tests/store/older.sql").read_text("utf-8"))
    with open_store(f"sqlite:///{file}") as store:
        history = History(store, LedgerTarget(store), DENVER)
    assert history.given()["000002"].approval == BasisApproval(date(2027, 6, 19), "000777")
    assert [one.reasons for one in history.removals({}, {})] == [("not_employed",)]


@pytest.mark.parametrize("kind", ["ledger", "memory"])
def test_removals_tell_the_days_since_departure(kind, client, tmp_path):
    clock = [datetime(2026, 2, 2, 18, tzinfo=UTC)]
    with open_store(f"sqlite:///{tmp_path}/icaccess.db", now=lambda: clock[0]) as store:
        target = LedgerTarget(store) if kind == "ledger" else MemoryTarget()
        run(store, client, target, [entitled(one) for one in "1234"], date(2026, 2, 2))
        clock[0] = datetime(2026, 3, 7, 3, tzinfo=UTC)  # March 6 in Denver
        later = [entitled("1", end=date(2026, 2, 27)), entitled("2"), entitled("3", end=date(2026, 3, 3))]
        withdrawn = replace(entitled("4").approvals[0], decision="withdrawn", decided_on=date(2026, 3, 1))
        earlier = EmploymentPeriod(start=date(2015, 8, 1), end=date(2017, 6, 30))
        stayed = entitled("4")
        later.append(
            replace(
                stayed,
                employment=(earlier, *stayed.employment),
                approvals=(*stayed.approvals, withdrawn),
            )
        )
        run(store, client, target, later, date(2026, 3, 5))
        report = draw(run_on(later, client, target, store, DAY), DENVER)
    told = {one.id: one for one in report.removals}
    assert sorted(told) == ["1", "3", "4"]
    assert told["1"].state == "verified"
    assert told["1"].reasons == ("not_employed",)
    assert (told["1"].departed_on, told["1"].asked_on, told["1"].settled_on) == (
        date(2026, 2, 27),
        date(2026, 3, 5),
        date(2026, 3, 6),
    )
    assert (told["1"].days, told["3"].days) == (7, 3)
    assert (told["4"].reasons, told["4"].departed_on, told["4"].days) == (("approval_withdrawn",), None, None)
    assert removal_words(report.removals) == (
        "3 of 3 removals were seen to be carried out by reading the target back. After 2 departures it took "
        "5 days in the median and 7 at most, counted from the last day employed."
    )
    assert {one.id: one.held for one in report.people if one.held} == {
        "2": Held(since=date(2026, 2, 2), locations=("210",))
    }
    assert {one.id: one.given for one in report.people if one.given} == {
        "2": Given(
            run=1,
            how="granted",
            on=date(2026, 2, 2),
            approval=BasisApproval(decided_on=date(2023, 8, 14), approver="000777"),
        )
    }
    assert report.audit.entries > 0
    assert report.audit.problem == ""


def test_a_removal_that_was_not_seen_has_no_days(client, tmp_path):
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        target = MemoryTarget()
        run(store, client, target, [entitled("1"), entitled("2")], date(2026, 2, 2))
        target.faults = {"1": "lied", "2": "slow"}
        left = [entitled("1", end=date(2026, 2, 27)), entitled("2", end=date(2026, 2, 27))]
        run(store, client, target, left, date(2026, 3, 5))
        target.faults = {}
        target.held["2"] = Access(held=True, locations=("210",))  # nobody has worked on the list
        report = draw(run_on(left, client, target, store, DAY), DENVER)
    assert [(one.id, one.state, one.days) for one in report.removals] == [
        ("1", "failed", None),
        ("2", "pending", None),
    ]
    assert report.removals[0].note == "the target does not show it"
    assert report.under_way.pending == 1


def test_drift_and_holders_without_a_record_are_told(client, tmp_path):
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        target = MemoryTarget()
        records = [entitled("1"), entitled("2"), entitled("3")]
        target.faults = {"3": "refused"}
        run(store, client, target, records, date(2026, 2, 2))
        del target.held["1"]
        target.held["3"] = Access(held=True, locations=("210",))  # by hand, since the grant was refused
        target.held["stranger"] = Access(held=True, locations=("211",), since=date(2026, 3, 1))
        report = draw(run_on(records, client, target, store, DAY), DENVER)
    assert {one.id: one.kind for one in report.drift} == {"1": "taken", "3": "given", "stranger": "given"}
    assert {one.id: one.action for one in report.drift} == {"1": "grant", "3": "keep", "stranger": "none"}
    given = {one.id: one.given for one in report.people}
    assert given["2"].run == 1
    assert given["3"] is None
    stranger = report.people[-1]
    assert (stranger.id, stranger.outcome, stranger.action) == ("stranger", "undecided", "none")
    assert stranger.reasons[0].code == "no_employee_record"
    assert stranger.given is None
    assert stranger.held == Held(since=date(2026, 3, 1), locations=("211",))
    assert report.population.without_record == 1
    assert report.population.records == report.population.answered == 3


def test_who_waits_is_told_with_the_day_and_what_has_gone(client, tmp_path):
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        target = MemoryTarget()
        whole = [entitled(str(one)) for one in range(1, 5)]
        run(store, client, target, whole, date(2026, 2, 2))
        short = [whole[0], replace(whole[1], certifications=whole[1].certifications[:1]), *whole[2:]]
        run(store, client, target, short, date(2026, 2, 3))
        short[2] = replace(short[2], approvals=())
        report = draw(run_on(short, client, target, store, DAY), DENVER)
    waits = {one.id: (one.waits_since, one.gone) for one in report.people if one.waits_since}
    assert waits == {
        "2": (
            date(2026, 2, 3),
            (
                "the Elementary Scheduling completion of 2023-08-21, on which access rested, "
                "is no longer in the facts",
            ),
        ),
        "3": (DAY, ("the approval of 2023-08-14, on which access rested, is no longer in the facts",)),
    }
    assert "2 revocations wait for a person's consent." in [
        one.text for one in checks(report, count(report.people)) if one.verdict == "Look"
    ]
    page = render(report, []).decode()
    assert "<strong>2</strong>, since 2026-02-03: " in page
    assert "The Elementary Scheduling completion of 2023-08-21, on which access rested" in page


def test_an_account_that_is_an_address_is_left_out_too(client, tmp_path):
    held = ("somebody@sample.example", "one@sample.example", "gone@sample.example")
    target = MemoryTarget(dict.fromkeys(held, Access(held=True)))
    target.match = "email"
    records = [entitled("1", email="One@Sample.Example", name="One Person")]
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        adopt(store, target, records, date(2026, 2, 2))
        target.held["other@sample.example"] = Access(held=True)
        del target.held["gone@sample.example"]
        report = draw(run_on(records, client, target, store, DAY), DENVER, personal=False)
    assert [one.id for one in report.people] == [
        "1",
        "holder without record 1",
        "holder without record 2",
    ]
    assert report.people[0].held is not None
    assert report.people[0].given == Given(run=1, how="adopted", on=date(2026, 2, 2))
    assert {one.id: one.kind for one in report.drift} == {
        "holder without record 1": "given",
        "holder without record 3": "taken",
    }
    assert b"sample.example" not in msgspec.json.encode(report).lower()
    assert b"One Person" not in msgspec.json.encode(report)


@pytest.mark.parametrize("damage", [{"at": "1999"}, {"body": "gone"}, {"body": "{}"}])
def test_the_report_tells_of_a_broken_audit_record(client, tmp_path, damage):
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        run(store, client, LedgerTarget(store), [entitled("1")], date(2026, 2, 2))
        with store.writing() as connection:
            connection.execute(update(audit_table).where(audit_table.c.seq == 2).values(damage))
        report = draw(run_on([entitled("1")], client, LedgerTarget(store), store, DAY), DENVER)
    assert report.audit.problem.startswith("audit entry 2: does not match its hash")
    assert report.people[0].given.how == "granted"


def test_the_target_is_believed_over_the_records(client, tmp_path):
    claims = entitled("1", access=Access(held=True, since=date(2020, 1, 1)))
    with open_store(f"sqlite:///{tmp_path}/icaccess.db") as store:
        target = MemoryTarget()
        report = draw(run_on([claims], client, target, store, DAY), DENVER)
    assert report.people[0].held is None
    assert report.people[0].action == "grant"
