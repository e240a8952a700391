"""Feeds merged into records: whose each row is, what is unknown, and what became of every row."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icaccess.errors import ConfigError, FactsError
from icaccess.facts import open_facts
from icaccess.models import InvalidRecord, SourceSize
from tests.facts.feeds import (
    APPROVALS,
    DISTRICT,
    EMPLOYMENT,
    JOBS,
    LMS,
    PEOPLE,
    SOURCES,
    employee,
    folder,
    merged,
)


def replaced(index: int, **changes: Any) -> list[dict[str, Any]]:
    return [{**source, **changes} if place == index else source for place, source in enumerate(SOURCES)]


def test_each_kind_of_fact_comes_from_its_feed(tmp_path: Path) -> None:
    records, source = merged(folder(tmp_path))
    assert employee(records, "1") == {
        "id": "1",
        "email": "one@example.org",
        "username": "one",
        "employment": [{"start": "2020-01-01"}],
        "assignments": [{"role": "Office Professional", "location": "210", "start": "2020-01-01"}],
        "certifications": [{"name": "Walk-In Scheduling", "completed_on": "2023-08-10"}],
        "approvals": [
            {
                "decision": "approved",
                "decided_on": "2023-08-14",
                "approver": "2",
                "approver_jobs": [{"role": "Principal", "location": "210", "start": "2020-01-01"}],
            }
        ],
    }
    assert employee(records, "2")["certifications"] == []
    assert list(source.issues()) == []
    assert [report.text() for report in source.reports()] == [
        "people: 3 rows: 3 used",
        "employment: 3 rows: 3 used",
        "jobs: 4 rows: 4 used",
        "lms: 1 row: 1 used",
        "approvals: 1 row: 1 used",
    ]
    filled = dict.fromkeys(("assignments.role", "assignments.location", "assignments.start"), 4)
    filled["assignments.end"] = 1
    assert source.reports()[2].size == SourceSize(rows=4, people=3, newest=date(2022, 7, 1), filled=filled)


def test_records_come_in_the_order_of_ids_and_can_be_taken_again(tmp_path: Path) -> None:
    source = open_facts(folder(tmp_path, {"people.csv": "id,email,login\n10,,\n9,,\n1,,\n2,,\n3,,\n"}))
    first = list(source.records())
    assert [record.id for record in first] == ["1", "10", "2", "3", "9"]
    assert list(source.records()) == first


@pytest.mark.parametrize(
    ("email", "address"),
    [
        ("one@example.org", " ONE@Example.org"),
        ("one@example.org", "one@example.org\u00a0"),
        ("jos\u00e9@example.org", "jose\u0301@example.org"),
        ("stra\u00dfe@example.org", "STRASSE@example.org"),
    ],
)
def test_addresses_written_otherwise(tmp_path: Path, email: str, address: str) -> None:
    files: dict[str, str | bytes] = {
        "people.csv": f"id,email,login\n1,{email},\n2,two@example.org,\n3,three@example.org,\n",
        "lms.csv": f"email,course,done\n{address},X,2023-08-10\n",
    }
    records, _ = merged(folder(tmp_path, files))
    assert employee(records, "1")["certifications"] == [{"name": "X", "completed_on": "2023-08-10"}]


def test_usernames_are_equal_whatever_case_and_ids_are_trimmed(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "lms.csv": "login,course,done\n ONE,X,2023-08-10\n",
        "approvals.csv": "id,decision,on,by,as\n 1 ,approved,2023-08-14, 2,Principal\n",
    }
    records, _ = merged(folder(tmp_path, files, replaced(3, key={"username": "login"})))
    assert len(employee(records, "1")["certifications"]) == 1
    assert employee(records, "1")["approvals"][0]["approver"] == "2"


def test_ids_are_filled_with_zeros_as_the_settings_say(tmp_path: Path) -> None:
    records, _ = merged(folder(tmp_path, facts={"keys": {"id": {"zero_pad": 3}}}))
    assert set(records) == {"001", "002", "003"}


def test_an_id_with_letters_is_not_filled_with_zeros(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        name: DISTRICT[name].replace("\n3,", "\nE3,") for name in ("people.csv", "employment.csv", "jobs.csv")
    }
    records, _ = merged(folder(tmp_path, files, facts={"keys": {"id": {"zero_pad": 3}}}))
    assert set(records) == {"001", "002", "E3"}


def test_an_id_may_begin_with_a_number_sign(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        name: DISTRICT[name].replace("\n3,", "\n#A3,")
        for name in ("people.csv", "employment.csv", "jobs.csv")
    }
    records, _ = merged(folder(tmp_path, files))
    assert not isinstance(records["#A3"], InvalidRecord)


@pytest.mark.parametrize("written", ["#N/A", "#DIV/0!", r"\N", "NULL", "--"])
def test_what_a_spreadsheet_writes_for_no_id_is_nobodys(tmp_path: Path, written: str) -> None:
    changed = ("people.csv", "employment.csv", "jobs.csv")
    files: dict[str, str | bytes] = {
        name: DISTRICT[name].replace("\n3,", f"\n {written} ,") for name in changed
    }
    sources = [{**one, "expect": {"max_rejected": 1}} for one in SOURCES]
    records, source = merged(folder(tmp_path, files, sources, {"keys": {"id": {"zero_pad": 2}}}))
    assert isinstance(records.pop(written), InvalidRecord)
    assert set(records) == {"01", "02"}
    said = f"people row 4: id '{written}' is not an id; correct it"
    assert said in [one.replace(f"{written}: ", "") for one in source.issues()]


def test_an_approver_who_is_nearly_the_employee_is_unknown(tmp_path: Path) -> None:
    text = "id,decision,on,by,as\n1,approved,2023-08-14,01,Principal\n3,approved,2023-08-14,02,Principal\n"
    config = folder(tmp_path, {"approvals.csv": text}, replaced(4, vouches_for_roles=True))
    records, source = merged(config)
    assert "approvals" not in employee(records, "1")
    said = "approvals row 2: the approver 01 is nearly the employee's own id; correct one of them"
    assert source.doubts() == {"1": said}
    assert employee(records, "3")["approvals"][0]["approver_role"] == "Principal"


UNREACHED = "lms names people by email, and HR has none for this person"


@pytest.mark.parametrize(
    "written", ["1", "1.0", "01", "\uff11", "OO1", "00l", "001x", "'001", "0-01", "001\u200b", "\u041e01"]
)
def test_an_id_that_a_spreadsheet_changed(tmp_path: Path, written: str) -> None:
    files: dict[str, str | bytes] = {
        "people.csv": "id,email,login\n001,,\n2,,\n3,,\n",
        "employment.csv": "id,start,end\n001,2020-01-01,\n2,2020-01-01,\n3,2020-01-01,\n",
        "jobs.csv": "id,role,location,start,end\n2,R,210,2020-01-01,\n",
        "approvals.csv": f"id,decision,on,by,as\n{written},withdrawn,2023-08-14,2,Principal\n",
    }
    sources = [*SOURCES[:3], {**LMS, "optional": True}, SOURCES[4]]
    records, source = merged(folder(tmp_path, files, sources))
    assert "approvals" not in employee(records, "001")
    assert employee(records, "2")["approvals"] == []
    why = f"approvals row 2: id {written} fits no employee, but is nearly 001, who is undecided until it is corrected"
    assert why in list(source.issues())
    assert source.doubts() == {"001": f"{UNREACHED}; {why}", "2": UNREACHED, "3": UNREACHED}


def test_a_username_can_join_and_a_domain_be_dropped(tmp_path: Path) -> None:
    sources = replaced(3, key={"username": "email"})
    records, _ = merged(
        folder(tmp_path, sources=sources, facts={"keys": {"username": {"drop_domain": True}}})
    )
    assert len(employee(records, "1")["certifications"]) == 1


def test_rows_of_nobody_known_are_listed_and_not_used(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "lms.csv": "email,course,done\nwho@example.org,X,2023-08-10\n,Y,2023-08-10\n",
        "approvals.csv": "id,decision,on,by,as\n77,approved,2023-08-14,2,Principal\n",
    }
    records, source = merged(folder(tmp_path, files))
    assert set(records) == {"1", "2", "3"}
    assert list(source.issues()) == [
        "lms row 2: email who@example.org fits no employee, so the row is not used",
        "lms row 3: email is empty, so nobody can say whose row it is",
        "approvals row 2: id 77 fits no employee, so the row is not used",
    ]
    assert (source.reports()[3].unmatched, source.reports()[3].rejected) == (1, 1)
    assert source.unmatched() == {
        "lms": "1 row of `lms`, such as row 2, fits no employee by email, and may be this person's",
        "approvals": "1 row of `approvals`, such as row 2, fits no employee by id, and may be this person's",
    }


def test_a_feed_whose_rows_fit_nobody_is_not_believed(tmp_path: Path) -> None:
    # HR's e-mail column came empty: without this, everybody would seem to be without certification.
    files: dict[str, str | bytes] = {
        "people.csv": "id,email,login\n1,,one\n2,,two\n3,,three\n",
        "lms.csv": "email,course,done\none@example.org,X,2023-08-10\ntwo@example.org,X,2023-08-10\n",
    }
    with pytest.raises(
        FactsError,
        match="lms: 2 of 2 rows, such as row 2, fit nobody whom HR knows; correct its keys or HR's feeds",
    ):
        merged(folder(tmp_path, files))
    records, source = merged(folder(tmp_path, files, replaced(3, optional=True)))
    assert "certifications" not in employee(records, "1")
    assert "fit nobody" in (source.reports()[3].failure or "")
    records, source = merged(folder(tmp_path, files, replaced(3, expect={"max_unmatched": 1})))
    assert "certifications" not in employee(records, "1")
    assert source.doubts()["1"] == UNREACHED


def test_approvals_by_nobody_known_are_not_believed(tmp_path: Path) -> None:
    approvals = (
        "id,decision,on,by,as\n1,approved,2023-08-14,91,Principal\n2,approved,2023-08-14,92,Principal\n"
    )
    config = folder(tmp_path, {"approvals.csv": approvals})
    with pytest.raises(FactsError, match="approvals: 2 approvers in 2 approvals are nobody whom HR knows"):
        merged(config)


def test_a_key_that_fits_two_leaves_both_undecided(tmp_path: Path) -> None:
    people = "id,email,login\n1,one@example.org,a\n2,one@example.org,b\n3,three@example.org,c\n"
    records, source = merged(folder(tmp_path, {"people.csv": people}))
    assert "certifications" not in employee(records, "1")
    assert "certifications" not in employee(records, "2")
    assert employee(records, "3")["certifications"] == []
    assert "email one@example.org fits more than one employee (1, 2), so they are undecided" in next(
        iter(source.issues())
    )


def test_keys_that_fit_two_are_named_where_a_feed_is_not_believed(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "people.csv": "id,email,login\n1,one@example.org,a\n2,one@example.org,b\n3,three@example.org,c\n",
        "lms.csv": "email,course,done\none@example.org,X,2023-08-10\none@example.org,Y,2023-08-10\n",
    }
    with pytest.raises(FactsError) as caught:
        merged(folder(tmp_path, files))
    assert str(caught.value) == (
        "lms: 2 of 2 rows, such as row 2, fit nobody whom HR knows, or more than one employee, as email "
        "one@example.org does; correct its keys or HR's feeds, or set `expect.max_unmatched`"
    )


@pytest.mark.parametrize("vouches", [False, True])
def test_an_approver_whose_email_two_people_have(tmp_path: Path, *, vouches: bool) -> None:
    files: dict[str, str | bytes] = {
        "people.csv": "id,email,login\n1,,\n2,two@example.org,\n3,two@example.org,\n",
        "lms.csv": "email,course,done\n",
        "approvals.csv": "id,decision,on,by,as\n1,approved,2023-08-14,two@example.org,Principal\n"
        "2,approved,2023-08-14,two@example.org,Principal\n",
    }
    sources = [
        *SOURCES[:3],
        {**LMS, "expect": {"min_rows": 0}},
        {**APPROVALS, "approver_key": "email", "vouches_for_roles": vouches},
    ]
    records, source = merged(folder(tmp_path, files, sources))
    assert "approvals" not in employee(records, "1")
    assert "approvals" not in employee(records, "2")
    assert employee(records, "3")["approvals"] == []
    for row in (2, 3):
        why = f"approvals row {row}: the approver two@example.org fits more than one employee"
        assert source.doubts()[str(row - 1)].endswith(why)
    assert [issue for issue in source.issues() if issue.startswith("approvals")] == [
        f"approvals row {row}: {row - 1}: approver two@example.org fits more than one employee (2, 3), so "
        "approvals are undecided"
        for row in (2, 3)
    ]
    assert (source.reports()[4].unverified, source.reports()[4].strangers) == (0, 0)


def test_a_person_without_employment_is_undecided_and_listed(tmp_path: Path) -> None:
    records, source = merged(
        folder(tmp_path, {"employment.csv": "id,start,end\n1,2020-01-01,\n2,2020-01-01,\n"})
    )
    assert "employment" not in employee(records, "3")
    assert list(source.issues()) == ["people row 4: 3: has no employment record, so is undecided"]


def test_a_row_that_differs_in_its_end_alone_is_listed(tmp_path: Path) -> None:
    rows = "1,2020-01-01,\n1,2020-01-01,2025-06-30\n2,2020-01-01,\n2,2021-01-01,2021-06-30\n3,2020-01-01,\n"
    records, source = merged(folder(tmp_path, {"employment.csv": f"id,start,end\n{rows}"}))
    assert len(employee(records, "1")["employment"]) == 2
    assert list(source.issues()) == [
        "employment row 2: 1: differs in its end alone from another row; the later end counts, so correct the "
        "row that is wrong"
    ]


def test_a_row_that_cannot_be_used_makes_its_employee_invalid(tmp_path: Path) -> None:
    records, source = merged(
        folder(tmp_path, {"lms.csv": "email,course,done\none@example.org,X,2023-02-30\n"})
    )
    bad = records["1"]
    assert isinstance(bad, InvalidRecord)
    assert bad.problem == "lms row 2: completed_on: '2023-02-30' is not a calendar date; write YYYY-MM-DD"
    assert source.reports()[3].rejected == 1
    assert employee(records, "2")["certifications"] == []


def test_a_row_of_hr_that_is_nobodys_stops_the_run(tmp_path: Path) -> None:
    jobs = "id,role,location,start,end\n1,R,210,2020-01-01,\n,R,210,2020-01-01,\n"
    with pytest.raises(
        FactsError, match="jobs row 3: id is empty, so nobody can say whose row it is; correct"
    ):
        merged(folder(tmp_path, {"jobs.csv": jobs}))


def test_a_row_of_unmapped_columns_is_not_dropped(tmp_path: Path) -> None:
    people = "id,email,login,name\n1,,,\n2,,,\n3,,,\n,,,Somebody\n,,,\n"
    with pytest.raises(FactsError, match="people row 5: id is empty"):
        merged(folder(tmp_path, {"people.csv": people}))


def test_a_feed_that_fails_stops_the_run(tmp_path: Path) -> None:
    (folder(tmp_path).directory / "lms.csv").unlink()
    with pytest.raises(FactsError, match=r"lms: .*lms\.csv: cannot be read: No such file"):
        merged(folder_without(tmp_path, "lms.csv", SOURCES))


def folder_without(tmp_path: Path, name: str, sources: list[dict[str, Any]]) -> Any:
    config = folder(tmp_path, sources=sources)
    (tmp_path / name).unlink()
    return config


def test_without_an_optional_feed_its_lists_are_absent_for_everybody(tmp_path: Path) -> None:
    records, source = merged(folder_without(tmp_path, "lms.csv", replaced(3, optional=True)))
    for identifier in records:
        assert "certifications" not in employee(records, identifier)
        assert "approvals" in employee(records, identifier)
    assert "cannot be read" in (source.reports()[3].failure or "")


def test_rows_of_an_optional_feed_that_turns_out_short_are_not_used(tmp_path: Path) -> None:
    sources = replaced(3, optional=True, expect={"min_rows": 5})
    records, source = merged(folder(tmp_path, sources=sources))
    assert "certifications" not in employee(records, "1")
    assert "has 1 row, at least 5 were expected" in (source.reports()[3].failure or "")


def test_without_the_names_what_is_joined_by_name_is_unknown(tmp_path: Path) -> None:
    records, _ = merged(folder_without(tmp_path, "people.csv", replaced(0, optional=True)))
    assert "certifications" not in employee(records, "1")
    assert len(employee(records, "1")["approvals"]) == 1


def test_a_kind_of_fact_that_no_feed_gives_is_unknown(tmp_path: Path) -> None:
    records, _ = merged(folder(tmp_path, sources=SOURCES[:4]))
    assert "approvals" not in employee(records, "1")


PRINCIPAL = {"role": "Principal", "location": "210", "start": "2020-01-01"}


def test_an_approval_carries_its_approvers_jobs(
    tmp_path: Path,
) -> None:
    approvals = "id,decision,on,by,as\n3,approved,2023-08-14,2,Manager\n3,approved,2023-08-15,99,Principal\n"
    config = folder(tmp_path, {"approvals.csv": approvals})
    records, source = merged(config)
    known, unknown = employee(records, "3")["approvals"]
    assert known == {
        "decision": "approved", "decided_on": "2023-08-14", "approver": "2", "approver_jobs": [PRINCIPAL],
    }  # fmt: skip
    assert unknown == {"decision": "approved", "decided_on": "2023-08-15", "approver": "99"}
    assert list(source.issues()) == ["approvals row 3: 3: approver 99 is no employee that HR knows"]
    assert source.reports()[4].unverified == 1
    records, source = merged(
        folder(tmp_path, {"approvals.csv": approvals}, replaced(4, vouches_for_roles=True))
    )
    assert [one["approver_role"] for one in employee(records, "3")["approvals"]] == ["Manager", "Principal"]
    assert source.reports()[4].unverified == 0


def test_all_jobs_of_an_approver_are_given_whatever_their_days(tmp_path: Path) -> None:
    approvals = "id,decision,on,by,as\n1,approved,2021-12-31,3,Manager\n"
    records, _ = merged(folder(tmp_path, {"approvals.csv": approvals}))
    (approval,) = employee(records, "1")["approvals"]
    assert [job["role"] for job in approval["approver_jobs"]] == ["Teacher", "Manager"]


def test_an_approver_who_left_is_known_by_their_old_jobs(tmp_path: Path) -> None:
    jobs = DISTRICT["jobs.csv"] + "98,Principal,210,2015-01-01,2022-06-30\n"
    more = "".join(f"3,Teacher,210,20{year}-01-01,20{year}-12-31\n" for year in range(10, 20))
    approvals = "id,decision,on,by,as\n1,approved,2021-12-31,98,Principal\n"
    records, source = merged(folder(tmp_path, {"jobs.csv": jobs + more, "approvals.csv": approvals}))
    assert employee(records, "1")["approvals"][0]["approver_jobs"][0]["role"] == "Principal"
    assert "98" not in records
    assert source.reports()[2].unmatched == 1


def test_an_approver_without_a_job_is_unverified(tmp_path: Path) -> None:
    people = DISTRICT["people.csv"] + "4,four@example.org,four\n"
    approvals = "id,decision,on,by,as\n1,approved,2023-08-14,4,Principal\n"
    records, source = merged(folder(tmp_path, {"people.csv": people, "approvals.csv": approvals}))
    assert employee(records, "1")["approvals"][0]["approver_jobs"] == []
    assert source.reports()[4].unverified == 1
    assert "approvals row 2: 1: approver 4 has no job in HR's rows" in list(source.issues())


def test_an_approver_is_found_by_email(tmp_path: Path) -> None:
    approvals = "id,decision,on,by,as\n1,approved,2023-08-14,TWO@example.org,Principal\n1,denied,2023-08-15,x@y.z,HR\n"
    config = folder(
        tmp_path, {"approvals.csv": approvals}, replaced(4, approver_key="email", vouches_for_roles=True)
    )
    first, second = employee(merged(config)[0], "1")["approvals"]
    assert (first["approver"], first["approver_jobs"]) == ("2", [PRINCIPAL])
    assert (second["approver"], second["approver_role"]) == ("x@y.z", "HR")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {
                "jobs.csv": "id,role,location,start,end\n1,R,210,2020-01-01,\n2,Principal,210,2020-02-30,\n3,R,210,2020-01-01,\n"
            },
            "2 is undecided: jobs row 3: start: '2020-02-30' is not a calendar date",
        ),
        (
            {"people.csv": "id,email,login\n1,,\n2,two@example.org,\n3,two@example.org,\n"},
            "two@example.org fits more than one employee",
        ),
    ],
    ids=["a row", "an address"],
)
def test_an_unusable_row_of_an_approver(tmp_path: Path, files: dict[str, str | bytes], says: str) -> None:
    approvals = "id,decision,on,by,as\n1,approved,2023-08-14,two@example.org,Principal\n"
    sources = replaced(4, approver_key="email")
    records, source = merged(folder(tmp_path, {**DISTRICT, **files, "approvals.csv": approvals}, sources))
    assert "approvals" not in employee(records, "1")
    assert f"approvals row 2: the approver {says}" in source.doubts()["1"]


def test_renamed_things_go_by_todays_names_in_their_days_only(tmp_path: Path) -> None:
    aliases = {
        "roles": [{"old": "Teacher", "new": "Educator", "through": "2020-12-31"}],
        "locations": [{"old": "210", "new": "0210", "from": "2020-01-01"}],
        "certifications": [{"old": "Walk-In Scheduling", "new": "Walk-In"}],
    }
    jobs = "id,role,location,start,end\n1,Teacher,210,2020-01-01,2021-01-31\n1,Teacher,210,2021-02-01,\n"
    records, _ = merged(folder(tmp_path, {"jobs.csv": jobs}, facts={"aliases": aliases}))
    held = [(job["role"], job["location"]) for job in employee(records, "1")["assignments"]]
    assert held == [("Educator", "0210"), ("Teacher", "0210")]
    assert employee(records, "1")["certifications"][0]["name"] == "Walk-In"


def test_equal_rows_count_once_and_conflicts_are_listed(tmp_path: Path) -> None:
    access = {
        "type": "csv", "name": "access", "gives": "access", "path": "access.csv", "key": {"id": "id"},
        "fields": {"held": "held"},
    }  # fmt: skip
    files: dict[str, str | bytes] = {
        "other.csv": "id,email\n1,uno@example.org\n",
        "lms.csv": "email,course,done\none@example.org,X,2023-08-10\nuno@example.org,X,2023-08-10\n",
        "access.csv": "id,held\n1,true\n1,false\n",
    }
    other = {**PEOPLE, "name": "other", "path": "other.csv", "fields": {"email": "email"}}
    records, source = merged(folder(tmp_path, files, [*SOURCES, access, other]))
    assert employee(records, "1")["certifications"] == [{"name": "X", "completed_on": "2023-08-10"}]
    assert employee(records, "1")["access"] == {"held": True}
    assert source.reports()[3].repeated == 1
    assert list(source.issues()) == [
        "access row 3: 1: access held differs from the one in an earlier row, which is used",
        "other row 2: 1: email differs from the one in an earlier row, which is used",
    ]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("2,other@example.org,two", "email"),
        ("2,two@example.org,other", "username"),
        ("2,other@example.org,other", "email"),
        (" 2 ,other@example.org,", "email"),
    ],
)
def test_an_id_of_two_people_in_one_feed(tmp_path: Path, row: str, what: str) -> None:
    people = f"{DISTRICT['people.csv']}{row}\n"
    records, source = merged(folder(tmp_path, {"people.csv": people}))
    reason = (
        f"people row 5: id 2 is also in row 3, with another {what}, so nobody can say whose it is; "
        "correct one of the two rows"
    )
    assert records["2"] == InvalidRecord("2", reason)
    assert list(source.issues()) == [reason]
    assert source.reports()[0].rejected == 1
    assert "approvals" not in employee(records, "1")  # nobody can say who approved
    assert employee(records, "3")["approvals"] == []


@pytest.mark.parametrize(
    "row", ["2,two@example.org,two", " 2 , TWO@example.org,Two", "2,,two", "2,two@example.org,", "2,,"]
)
def test_a_person_in_several_rows_of_one_feed(tmp_path: Path, row: str) -> None:
    people = f"{DISTRICT['people.csv']}{row}\n"
    records, source = merged(folder(tmp_path, {"people.csv": people}))
    assert employee(records, "2")["email"] == "two@example.org"
    assert employee(records, "1")["approvals"][0]["approver_jobs"] == [PRINCIPAL]
    assert source.reports()[0].rejected == 0


def test_a_feed_with_many_ids_of_two_people_is_not_believed(tmp_path: Path) -> None:
    people = f"{DISTRICT['people.csv']}1,a@example.org,a\n2,b@example.org,b\n"
    with pytest.raises(
        FactsError, match="people: 2 of 5 rows cannot be used, such as people row 6: id 2 is also"
    ):
        merged(folder(tmp_path, {"people.csv": people}))
    expect = {"max_rejected": 1}
    records, _ = merged(folder(tmp_path, {"people.csv": people}, replaced(0, expect=expect)))
    assert {one for one, record in records.items() if isinstance(record, InvalidRecord)} == {"1", "2"}


def test_nobody_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        FactsError, match="the sources hold no employee at all; an empty population is an error"
    ):
        merged(folder(tmp_path, sources=[LMS]))
    with pytest.raises(FactsError, match=r"no facts: list sources in icaccess\.yaml"):
        merged(folder(tmp_path, sources=[]))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            {**JOBS, "fields": {"rolle": "role"}},
            "jobs: fields.rolle is not a field of assignments; known: end, location",
        ),
        ({**JOBS, "gives": "jobs"}, "sources[0].gives: the value is not one of access, approvals"),
        (
            {**JOBS, "zone": "America/Denber"},
            "jobs: zone: there is no time zone America/Denber; write one such as",
        ),
        ({**JOBS, "key": {}}, "sources[0].key: is empty"),
        ({**JOBS, "where": {"": ["x"]}}, "sources[0].where: holds an empty name; write one"),
        (
            {**JOBS, "constants": {"role": "Teacher"}},
            "jobs: constants.role has a column in `fields` too; keep one of them",
        ),
        ({**JOBS, "type": "xls"}, "sources[0]"),
        ({**PEOPLE, "key": {"email": "email"}}, "people: key: a source of people must use id"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, source: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=r"icaccess\.yaml line 1: ") as caught:
        open_facts(folder(tmp_path, sources=[source]))
    assert says in str(caught.value)


def test_two_sources_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sources\[1\]\.name: 'jobs' is used twice"):
        open_facts(folder(tmp_path, sources=[JOBS, JOBS]))


def test_the_rows_that_a_record_came_from(tmp_path: Path) -> None:
    traced = {record.id: places for record, places in open_facts(folder(tmp_path)).traced()}
    assert traced["3"] == {
        "assignments": ["jobs:4", "jobs:5"],
        "employment": ["employment:4"],
        "people": ["people:4"],
    }


cells = st.sampled_from(
    ["1", "2", "3", "4", "", "one@example.org", "two@example.org", "2023-08-10", "2023-02-30", "X", '"', "é"]
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(cells, cells, cells), max_size=8),
    st.lists(st.tuples(cells, cells, cells, cells), max_size=8),
)
def test_rows_in_are_rows_used_and_rows_reported(
    lms: list[tuple[str, ...]], approvals: list[tuple[str, ...]]
) -> None:
    def table(header: str, rows: list[tuple[str, ...]]) -> str:
        quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
        return "\n".join([header, *quoted]) + "\n"

    files: dict[str, str | bytes] = {
        "lms.csv": table("email,course,done", lms),
        "approvals.csv": table("id,on,by,as", approvals),
    }
    relaxed = {"min_rows": 0, "max_rejected": 1, "max_unmatched": 1}
    fields = {"decided_on": "on", "approver": "by", "approver_role": "as"}
    sources = [
        *SOURCES[:3],
        {**LMS, "expect": relaxed},
        {**APPROVALS, "expect": relaxed, "fields": fields, "constants": {"decision": "approved"}},
    ]
    with tempfile.TemporaryDirectory() as directory:
        _, source = merged(folder(Path(directory), files, sources))
    for count, rows in zip(source.reports()[3:], (lms, approvals), strict=True):
        assert count.rows == sum(any(cell.strip() for cell in row) for row in rows)
        assert count.rows == count.used + count.repeated + count.unmatched + count.rejected
        listed = sum(1 for line in source.issues() if line.startswith(f"{count.name} row"))
        assert listed >= count.unmatched


def test_employment_by_another_key_than_the_id(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"employment.csv": "login,start,end\none,2020-01-01,\ntwo,2020-01-01,\n"}
    sources = [SOURCES[0], {**EMPLOYMENT, "key": {"username": "login"}}, *SOURCES[2:]]
    records, _ = merged(folder(tmp_path, files, sources))
    assert employee(records, "1")["employment"] == [{"start": "2020-01-01"}]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({**EMPLOYMENT, "path": "pipe"}, "/pipe: cannot be read: it is a pipe or device, not a file; correct"),
        ({**EMPLOYMENT, "manifest": "pipe"}, "/pipe: cannot be read: it is a pipe or device, not a file; correct `manifest`"),
        ({"type": "yaml", "path": "pipe.yaml"}, "/pipe.yaml: cannot be read: it is a pipe or device, not a file; "),
        ({"type": "yaml", "path": "pipes", "gives": "approvals"}, "/pipes/pipe.yaml: cannot be read: it is a pipe or device"),
        ({"type": "oneroster", "path": "pipe", "gives": "people"}, "/pipe: is neither a folder nor a readable zip file"),
    ],
    ids=["csv", "manifest", "records", "approvals", "bundle"],
)  # fmt: skip
def test_a_pipe_is_no_source(tmp_path: Path, source: dict[str, Any], says: str) -> None:
    (tmp_path / "pipes").mkdir()
    for name in ("pipe", "pipe.yaml", "pipes/pipe.yaml"):
        os.mkfifo(tmp_path / name)
    config = folder(tmp_path, sources=[SOURCES[0], {**source, "name": "employment"}, SOURCES[2]])
    with pytest.raises(FactsError) as caught:
        merged(config)
    assert f"employment: {tmp_path}{says}" in str(caught.value)
