"""A name that differs from policy data's in spelling alone is unknown until it is corrected, and takes nothing."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from icaccess.facts.names import KnownNames
from icaccess.models import Employee, InvalidRecord
from tests.facts.feeds import APPROVALS, DISTRICT, JOBS, SOURCES, employee, folder, merged

CONFIG = Path(__file__).parents[3] / "config"
NAMED = {**APPROVALS, "fields": {**APPROVALS["fields"], "role": "role", "location": "place"}}  # type: ignore[dict-item]
FILES = {
    "jobs.csv": DISTRICT["jobs.csv"] + "1,Office Professional,210,2027-07-01,\n",
    "lms.csv": DISTRICT["lms.csv"] + "one@example.org,Elementary Scheduling,2023-08-21\n",
    "approvals.csv": "id,decision,on,by,as,role,place\n1,approved,2023-08-14,2,Principal,Office Professional,210\n",
}


def records(tmp_path: Path, files: dict[str, str], **expect: Any) -> tuple[dict[str, Any], Any]:
    for name in ("requirements", "locations", "calendar"):
        shutil.copytree(CONFIG / name, tmp_path / name)
    sources = [NAMED if one is APPROVALS else one for one in SOURCES]
    sources = [
        {**one, "expect": expect} if one["name"] in ("jobs", "lms", "approvals") else one for one in sources
    ]
    return merged(folder(tmp_path, {**FILES, **files}, sources))


@pytest.mark.parametrize(
    ("feed", "old", "new", "written", "known"),
    [
        ("jobs", "1,Office Professional,210,2027", "1,OFFICE PROFESSIONAL,210,2027", "role 'OFFICE PROFESSIONAL'", "'Office Professional'"),
        ("jobs", "1,Office Professional,210,2020", "1,Office  Professional,210,2020", "role 'Office  Professional'", "'Office Professional'"),
        ("jobs", "1,Office Professional,210,2027", "1,Office Profesional,210,2027", "role 'Office Profesional'", "'Office Professional'"),
        ("jobs", "Professional,210,2027", "Professional,0210,2027", "location '0210'", "'210'"),
        ("approvals", "Office Professional,210", "Office Professional,0210", "location '0210'", "'210'"),
        ("approvals", "Office Professional,210", "office professional,210", "role 'office professional'", "'Office Professional'"),
        ("approvals", "Professional,210", "Professional,Sample Elementary A", "location 'Sample Elementary A'", "'210'"),
        ("lms", "Elementary Scheduling", "Elementary Scheduling (SY25-26)", "name 'Elementary Scheduling (SY25-26)'", "'Elementary Scheduling'"),
        ("lms", "Elementary Scheduling", "Recertification: Elementary Scheduling", "name 'Recertification: Elementary Scheduling'", "'Elementary Scheduling'"),
        ("lms", "Walk-In Scheduling", "Walk\u2013In Scheduling", "name 'Walk\u2013In Scheduling'", "'Walk-In Scheduling'"),
    ],
    ids=["capitals", "blanks", "a letter", "zeros", "where approved", "for which role", "a place's name", "a year", "a renewal", "a dash"],
)  # fmt: skip
def test_a_spelling_leaves_its_person_undecided(
    tmp_path: Path, feed: str, old: str, new: str, written: str, known: str
) -> None:
    text = FILES[f"{feed}.csv"]
    row = next(number for number, line in enumerate(text.splitlines(), 1) if old in line)
    found, source = records(tmp_path, {f"{feed}.csv": text.replace(old, new, 1)})
    said = f"{feed} row {row}: {written} may be {known} of policy data, spelled differently; correct it or translate it with `values`; for another name set `expect.known_names: false`"
    assert found["1"] == InvalidRecord("1", said, "one@example.org", "one")
    assert isinstance(found["2"], Employee)
    (report,) = [one for one in source.reports() if one.rejected]
    assert (report.name, report.rejected, report.used) == (feed, 1, report.rows - 1)
    assert any(written in note and known in note for note in report.notes)
    assert said.partition(": ")[2] in " ".join(source.issues())


def test_approvals_by_a_misspelled_job_are_unknown(tmp_path: Path) -> None:
    jobs = FILES["jobs.csv"].replace("2,Principal", "2,PRINCIPAL")
    found, source = records(tmp_path, {"jobs.csv": jobs})
    assert "approvals" not in employee(found, "1")
    assert isinstance(found["2"], InvalidRecord)
    why = f"approvals row 2: the approver 2 is undecided: {found['2'].problem}"
    assert source.doubts() == {"1": why}


@pytest.mark.parametrize(
    "role", ["Office Professional II", "Office Professional 2", "Assistant Principal", "Teacher"]
)
def test_another_name_is_a_fact(tmp_path: Path, role: str) -> None:
    found, _ = records(tmp_path, {"jobs.csv": FILES["jobs.csv"] + f"1,{role},211,2027-08-01,\n"})
    assert [job["role"] for job in employee(found, "1")["assignments"]][-1] == role


def test_the_settings_may_say_that_a_name_is_another(tmp_path: Path) -> None:
    jobs = FILES["jobs.csv"] + "1,OFFICE PROFESSIONAL,210,2027-08-01,\n"
    found, _ = records(tmp_path, {"jobs.csv": jobs}, known_names=False)
    assert len(employee(found, "1")["assignments"]) == 3


@pytest.mark.parametrize(
    "written",
    [
        "N/A",
        "#N/A",
        "\\N",
        "#REF!",
        "NULL",
        "none",
        "-",
        "TBD",
        "To be determined",
        "Err:502",
        "Multiple",
        "(blank)",
        "[none]",
        "Not Applicable",
        "vacant",
        "000",
    ],
)
def test_what_stands_for_no_value_is_no_name(tmp_path: Path, written: str) -> None:
    approvals = FILES["approvals.csv"].replace("Office Professional,210", f"Office Professional,{written}")
    found, _ = records(tmp_path, {"approvals.csv": approvals})
    assert found["1"].problem.startswith(
        f"approvals row 2: location '{written}' is not a name; correct it, or list it in `nulls`"
    )


def test_names_in_the_wrong_columns_are_unknown(tmp_path: Path) -> None:
    jobs = FILES["jobs.csv"] + "1,210,Office Professional,2027-08-01,\n"
    found, source = records(tmp_path, {"jobs.csv": jobs})
    row = len(jobs.splitlines())
    assert found["1"].problem.startswith(
        f"jobs row {row}: role '210' is a location of policy data, so may be in the"
    )
    assert isinstance(found["2"], Employee)
    assert sum(report.rejected for report in source.reports()) == 1


@pytest.mark.parametrize(
    ("written", "rejected"),
    [("ofp1", 1), ("\u041e\u0424P1", 0), ("\u041eFP1", 1), ("OFP-1", 1), ("0FP1", 1), ("OFP2", 0)],
)
def test_a_spelling_of_a_code(tmp_path: Path, written: str, rejected: int) -> None:
    jobs = FILES["jobs.csv"] + f"1,{written},210,2027-08-01,\n"
    values = {"role": {"OFP1": "Office Professional"}}
    sources = [{**one, "values": values} if one is JOBS else one for one in SOURCES]
    for name in ("requirements", "locations", "calendar"):
        shutil.copytree(CONFIG / name, tmp_path / name)
    found, source = merged(folder(tmp_path, {"jobs.csv": jobs}, sources))
    assert isinstance(found["1"], InvalidRecord) == bool(rejected)
    assert sum(report.rejected for report in source.reports()) == rejected


@pytest.mark.parametrize(
    ("feed", "written", "rejected"),
    [
        ("jobs", "TEACHER", 1),
        ("jobs", "Teacher.", 1),
        ("jobs", "Teachers", 0),
        ("approvals", "teacher", 1),
        ("approvals", "Teacher", 0),
        ("approvals", "Nurse", 0),
    ],
)
def test_a_spelling_of_another_job(tmp_path: Path, feed: str, written: str, rejected: int) -> None:
    jobs = FILES["jobs.csv"] + "".join(
        f"3,Teacher,210,20{year}-09-01,20{year}-12-31\n" for year in range(10, 20)
    )
    files = {
        "jobs.csv": jobs + (f"1,{written},210,2027-08-01,\n" if feed == "jobs" else ""),
        "approvals.csv": FILES["approvals.csv"].replace(
            "Office Professional", written if feed == "approvals" else "Teacher"
        ),
    }
    found, source = records(tmp_path, files)
    assert isinstance(found["1"], InvalidRecord) == bool(rejected)
    said = f"role '{written}' may be 'Teacher' of HR, spelled differently"
    assert any(said in issue for issue in source.issues()) == bool(rejected)


def test_two_spellings_that_hr_uses_are_two_jobs(tmp_path: Path) -> None:
    jobs = FILES["jobs.csv"] + "".join(
        f"3,{role},210,20{year}-09-01,20{year}-12-31\n"
        for year in range(10, 20)
        for role in ("Teacher", "TEACHER")
    )
    found, _ = records(tmp_path, {"jobs.csv": jobs})
    assert {job["role"] for job in employee(found, "3")["assignments"]} == {"Teacher", "TEACHER", "Manager"}


@pytest.mark.parametrize(
    ("written", "meaning", "rejected"),
    [
        ("OFP1", "Office Professional", 1),
        ("Office Professional (OFP1)", "Office Professional", 1),
        ("OFP1 Intern", "Office Professional", 0),
        ("OFP1", "Teacher", 0),
    ],
    ids=["code", "beside its meaning", "more", "no known meaning"],
)
def test_a_code_of_another_source(tmp_path: Path, written: str, meaning: str, rejected: int) -> None:
    approvals = FILES["approvals.csv"].replace("Office Professional,210", f"{written},210")
    sources = [{**one, "values": {"role": {"OFP1": meaning}}} if one is JOBS else one for one in SOURCES]
    sources = [NAMED if one is APPROVALS else one for one in sources]
    for name in ("requirements", "locations", "calendar"):
        shutil.copytree(CONFIG / name, tmp_path / name)
    found, source = merged(folder(tmp_path, {"approvals.csv": approvals}, sources))
    said = (
        f"approvals row 2: 1: role '{written}' means 'Office Professional' in `values` of jobs; translate it here too, "
        "or set `expect.known_names: false`"
    )
    assert isinstance(found["1"], InvalidRecord) == bool(rejected)
    assert (said in list(source.issues())) == bool(rejected)


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("ECE-102", None),
        ("ece 101", "ECE-101"),
        ("ECE101", "ECE-101"),
        ("ECE-1O1", "ECE-101"),
        ("ECE-101A", "ECE-101"),
        ("DPS ECE 0101", "ECE-101"),
        ("101", "ECE-101"),
        ("MS-101", None),
        ("Gar.", "Garfield"),
        ("Garfeild", "Garfield"),
        ("Garfield 2026-27", "Garfield"),
        ("Garfield (SY 26-27)", "Garfield"),
        ("Garfield 2", None),
        ("Garfield Annex", None),
        ("Garfield", None),
        ("211.0", "211"),
        ("2l1", "211"),
        ("2 1 1", "211"),
        ("Hill School", "211"),
        ("211 - Hill School", "211"),
        ("Hill School (211)", "211"),
        ("K-8 School (212)", "212"),
        ("School K-8", "212"),
        ("Hill Sch.", "211"),
        ("K-8 Scho", "212"),
        ("K-8 School A", None),
        ("North P", "D-211"),
        ("North", None),
        ("Hill Sc", "211"),
        ("Hill", None),
        ("Hill Shcool", "211"),
        ("H\u00edll&nbsp;School", "211"),
        ("Hall School", None),
        ("North Lane", None),
        ("Norht Park", "D-211"),
        ("Nort Park", "D-211"),
        ("Hill School Annex", None),
        ("DPS 211", "211"),
        ("S0211", "211"),
        ("211-ES", "211"),
        ("#211", "211"),
        ("School 211.0", "211"),
        ("212/211", "212"),
        ("212/213", None),
        ("Floor 2, 211", None),
        ("Room 5", None),
        ("2111", None),
        ("D-211", None),
    ],
)
def test_a_place_spelled(written: str, known: str | None) -> None:
    places = ("ECE-101", "Garfield", "211", "212", "5", "D-211")
    found = KnownNames(places, {"211": "Hill School", "212": "K-8 School", "D-211": "North Park"}).likeness(
        written
    )
    assert (found.name if found and found.is_spelling else None) == known


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("Office Prof", "Office Professional"),
        ("OFF. PROF.", "Office Professional"),
        ("O. Professional", "Office Professional"),
        ("Sch Counselor", "School Counselor"),
        ("Counselor, School", "School Counselor"),
        ("Counselor - Sch.", "School Counselor"),
        ("Ofice Profesional", "Office Professional"),
        ("Office Profession B", None),
        ("Office Profes", "Office Professional"),
        ("Of Professional", None),
        ("1234 - Office Professional", "Office Professional"),
        ("Office Professional (40123)", "Office Professional"),
        ("Office Professional 12", None),
        ("Office Professional II", None),
        ("Off. Prof. II", None),
        ("Office", None),
        ("Principal Intern", None),
        ("Prin.", "Principal"),
        ("OFP", None),
        ("OFPA", None),
        ("Office Manager I", None),
        ("Office Manager", None),
    ],
)
def test_a_role_spelled(written: str, known: str | None) -> None:
    roles = ("Office Professional", "School Counselor", "Principal", "OFP1", "Office Manager II")
    found = KnownNames(roles).likeness(written)
    assert (found.name if found and found.is_spelling else None) == known
