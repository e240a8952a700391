"""Policy data: judged before OPA sees it, because OPA would read some of it as something else."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from icaccess.config.policy_data import load_policy_data
from icaccess.errors import ConfigError
from tests.naming import named_by_last

SHIPPED = Path(__file__).parents[3] / "config"
REQUIREMENTS = """\
roles: [Office Professional]
school_location_types: [school]
certifications: {prerequisite: Walk-In Scheduling, required: Elementary Scheduling}
approver_roles: [Principal]
job_change_rule_from: 2023-06-01
approval_lead_days: 120
between_assignments_days: 100
between_employments_days: 3
summer: {from: "05-15", through: "09-15"}
validity: {first_removal: "2026-06-30", every_school_years: 2, recertification_opens: "01-01"}
grant_within_business_days: 2
"""
LOCATIONS = '"210": {type: school}\n'
CALENDAR = 'covers: {from: "2023-07-01", through: "2027-06-30"}\nclosed: []\n'


def folder(
    tmp_path: Path, requirements: str = REQUIREMENTS, locations: str = LOCATIONS, calendar: str = CALENDAR
) -> Path:
    for name, text in (("requirements", requirements), ("locations", locations), ("calendar", calendar)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_what_the_project_ships_is_valid() -> None:
    shipped = load_policy_data(SHIPPED)
    assert shipped.requirements.validity.first_removal == date(2026, 6, 30)
    assert shipped.locations["900"].type == "office"
    assert date(2025, 9, 1) in shipped.calendar.closed


def test_contact_and_the_names_of_locations_are_optional(tmp_path: Path) -> None:
    loaded = load_policy_data(folder(tmp_path))
    assert loaded.locations["210"].type == "school"
    assert not loaded.requirements.contact


@named_by_last(
    ("old", "new", "says"),
    [
        ("roles: [Office", "rolls: [Office", "line 1: rolls: is not a known field; known here: roles, school_location"),
        ("roles: [Office Professional]", "roles: []", "line 1: roles: is empty; give a value"),
        ("roles: [Office Professional]", "roles: [7]", "line 1: roles[0]: 7 does not read as text; put it in quotes"),
        ("roles: [Office Professional]", "roles: ['']", "line 1: roles[0]: is empty"),
        ("approver_roles: [Principal]\n", "", "approver_roles: is required and absent; add it"),
        ("approver_roles: [Principal]", "approver_roles: Principal", "line 4: approver_roles: must be a list, not text"),
        ("approver_roles: [Principal]", "approver_roles:", "line 4: approver_roles: is null or left empty"),
        ("approver_roles: [Principal]", "roles: [Principal]", "line 4: roles: is given twice; keep one"),
        ("2023-06-01", "2023-06-31", "line 5: job_change_rule_from: '2023-06-31' is not a calendar date"),
        ("120", "'120'", "line 6: approval_lead_days: must be a whole number, not text"),
        ("120", "0120", "line 6: approval_lead_days: '0120' must be a plain decimal number"),
        ("120", "-1", "line 6: approval_lead_days: must be at least 0"),
        ("every_school_years: 2", "every_school_years: 0", "line 10: validity.every_school_years: must be at least 1"),
        ("business_days: 2", "business_days: 0", "line 11: grant_within_business_days: must be at least 1"),
        ('"01-01"', "02-29", "line 10: validity.recertification_opens: February 29 does not come every year"),
        ('"01-01"', "0211", "line 10: validity.recertification_opens: '0211' does not read as text; put it in quotes"),
        ('"01-01"', '"0211"', "line 10: validity.recertification_opens: '0211' does not have the form [0-9]{2}-[0-9]{2}"),
        ('"01-01"', "04-31", "line 10: validity.recertification_opens: '04-31' is not a day of the year; write MM-DD"),
        ('"01-01"', "07-01", "line 10: validity.recertification_opens: 07-01 comes after the removal, 2026-06-30"),
        ('"2026-06-30"', '"2028-02-29"', "line 10: validity.first_removal: February 29 does not come every year"),
        ("120", "10001", "line 6: approval_lead_days: must be at most 10000"),
        ('"05-15"', "0515", "line 9: summer.from: '0515' does not read as text; put it in quotes"),
        ('"05-15"', '"02-29"', "line 9: summer.from: February 29 does not come every year"),
        ('"05-15"', '"09-15"', "line 9: summer.through: 09-15 is not after 09-15; correct one of them"),
        ('"09-15"', '"09-31"', "line 9: summer.through: '09-31' is not a day of the year; write MM-DD"),
        ('"09-15"', '"01-15"', "line 9: summer.through: 01-15 is not after 05-15; correct one of them"),
        (', through: "09-15"', "", "line 9: summer.through: is required and absent; add it"),
        ("2023-06-01", "1823-06-01", "line 5: job_change_rule_from: 1823-06-01 is outside the years 1900 to 2199"),
        ("2026-06-30", "2226-06-30", "line 10: validity.first_removal: 2226-06-30 is outside the years 1900 to 2199"),
        ("roles: [Office", "contact: {phone: 1}\nroles: [Office", "line 1: contact.phone: 1 does not read as text"),
    ],
)  # fmt: skip
def test_bad_requirements_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in REQUIREMENTS
    with pytest.raises(ConfigError, match=r"requirements/data\.yaml line ") as caught:
        load_policy_data(folder(tmp_path, requirements=REQUIREMENTS.replace(old, new, 1)))
    assert says in str(caught.value)


def test_a_district_may_have_no_summer(tmp_path: Path) -> None:
    without = REQUIREMENTS.replace('summer: {from: "05-15", through: "09-15"}\n', "")
    assert not load_policy_data(folder(tmp_path, requirements=without)).requirements.summer


def test_recertification_may_open_on_the_day_of_the_removal(tmp_path: Path) -> None:
    load_policy_data(folder(tmp_path, requirements=REQUIREMENTS.replace('"01-01"', "06-30")))


@named_by_last(
    ("locations", "says"),
    [
        ("210: {type: school}", "line 1: 210: this key does not read as text; quote it"),
        ("0888: {type: school}", "line 1: 0888: this key does not read as text; quote it"),
        ("1e3: {type: school}", "line 1: 1e3: this key does not read as text; quote it"),
        ('"a": {type: school}\n"a": {type: office}', "line 2: a: is given twice; keep one"),
        (
            '"a": {type: school}\n"b": {typ: office}',
            "line 2: b.typ: is not a known field; known here: type, name",
        ),
        ('"a": {name: X}', "line 1: a.type: is required and absent; add it"),
        ('"a": {type: 7}', "line 1: a.type: 7 does not read as text"),
        ('"a": school', "line 1: a: must be a mapping, not text"),
        ("{}", "line 1: the whole: is empty"),
        ("", "line 1: the whole: is null or left empty"),
        ("- a", "line 1: the whole: must be a mapping, not a list"),
        ("a: {", "line 2: is not YAML"),
    ],
)
def test_bad_locations_are_refused(tmp_path: Path, locations: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"locations/data\.yaml line ") as caught:
        load_policy_data(folder(tmp_path, locations=locations + "\n" if locations else ""))
    assert says in str(caught.value)


@named_by_last(
    ("old", "new", "says"),
    [
        ("[]", "['2025-02-29']", "line 2: closed[0]: '2025-02-29' is not a calendar date"),
        ("[]", "[2025-01-02, '2025-01-02']", "line 2: closed[1]: 2025-01-02 is given twice; keep one"),
        (
            "[]",
            "['2025-01-02T00:00:00Z']",
            "line 2: closed[0]: '2025-01-02T00:00:00Z' is not a calendar date",
        ),
        (
            "2023-07-01",
            "2027-07-01",
            "line 1: covers.through: 2027-06-30 is before 2027-07-01, where it starts",
        ),
        ("closed: []\n", "", "line 1: closed: is required and absent"),
        ("through", "thru", "line 1: covers.thru: is not a known field; known here: from, through"),
    ],
)
def test_a_bad_calendar_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"calendar/data\.yaml line ") as caught:
        load_policy_data(folder(tmp_path, calendar=CALENDAR.replace(old, new, 1)))
    assert says in str(caught.value)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration folder"):
        load_policy_data(tmp_path / "absent")
    folder(tmp_path)
    (tmp_path / "calendar" / "data.yaml").unlink()
    with pytest.raises(
        ConfigError, match=r"calendar/data\.yaml: cannot be read: No such file.*; write it, or"
    ):
        load_policy_data(tmp_path)
