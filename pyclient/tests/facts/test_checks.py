"""Sources compared with their last good run and with the names of policy data."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from icaccess.config import Config
from icaccess.errors import FactsError
from icaccess.facts import open_facts
from icaccess.facts.interface import SourceReport
from icaccess.facts.names import KnownNames
from icaccess.models import SourceSize
from tests.facts.feeds import APPROVALS, DISTRICT, JOBS, LMS, SOURCES, employee, folder, merged

CONFIG = Path(__file__).parents[3] / "config"
ROWS = "".join(f"one@example.org,Walk-In Scheduling,2023-08-{day:02}\n" for day in range(1, 21))


def reports(config: Config, remembered: dict[str, SourceSize] | None = None) -> dict[str, SourceReport]:
    facts = open_facts(config, remembered=remembered or {})
    assert list(facts.records())
    return {report.name: report for report in facts.reports()}


def with_lms(tmp_path: Path, rows: str, **settings: Any) -> Config:
    sources = [{**source, **settings} if source is LMS else source for source in SOURCES]
    return folder(tmp_path, {"lms.csv": "email,course,done\n" + rows}, sources)


def first(rows: int) -> str:
    return "".join(ROWS.splitlines(keepends=True)[:rows])


def test_what_a_run_remembers_is_what_the_next_one_is_compared_with(tmp_path: Path) -> None:
    size = reports(with_lms(tmp_path, ROWS))["lms"].size
    filled = {"certifications.name": 20, "certifications.completed_on": 20}
    assert size == SourceSize(rows=20, people=1, newest=date(2023, 8, 20), filled=filled)
    again = reports(with_lms(tmp_path, ROWS), {"lms": size})
    assert again["lms"].notes == ()


@pytest.mark.parametrize(
    ("before", "now", "expect", "says"),
    [
        (100, 0, {"min_rows": 0}, "lms: has 0 rows, and had 100 in the last good run; get it whole again, or set `expect.max_shrink: 1` for one run"),
        (20, 17, {}, "lms: has 17 rows, and had 20 in the last good run; get it whole again, or set `expect.max_shrink: 0.16` for one run"),
        (20, 18, {}, None),
        (100, 20, {"max_shrink": 0.8}, None),
        (100, 19, {"max_shrink": 0.8}, "lms: has 19 rows, and had 100"),
        (20, 17, {"max_shrink": 0.16}, None),
        (100, 20, {}, "or set `expect.max_shrink: 0.81` for one run"),
        (5, 20, {}, None),
        (5, 20, {"max_growth": None}, None),
        (5, 20, {"max_growth": 2}, "lms: has 20 rows, and had 5 in the last good run; get it whole again, or set `expect.max_growth: null` for one run"),
        (7, 20, {"max_growth": 2}, None),
    ],
)  # fmt: skip
def test_a_source_of_another_size(
    tmp_path: Path, before: int, now: int, expect: dict[str, Any], says: str | None
) -> None:
    config = with_lms(tmp_path, first(now), expect=expect)
    remembered = {"lms": SourceSize(rows=before, people=1)}
    if says is None:
        assert reports(config, remembered)["lms"].rows == now
        return
    with pytest.raises(FactsError) as caught:
        reports(config, remembered)
    assert says in str(caught.value)


def test_as_many_rows_of_fewer_people_are_not_believed(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match="lms: has 1 person, and had 9"):
        reports(with_lms(tmp_path, ROWS), {"lms": SourceSize(rows=20, people=9)})


def test_facts_of_an_optional_source_that_shrank_are_unknown(tmp_path: Path) -> None:
    config = with_lms(tmp_path, first(12), optional=True)
    facts = open_facts(config, remembered={"lms": SourceSize(rows=20, people=1)})
    records = {record.id: record for record in facts.records()}
    assert "certifications" not in employee(records, "1")  # type: ignore[arg-type]
    assert "has 12 rows, and had 20" in facts.reports()[3].text()


@pytest.mark.parametrize(
    ("name", "field", "then", "is_believed"),
    [
        ("jobs", "assignments.school_based", 1, False),
        ("jobs", "assignments.end", 40, True),  # there is one still
        ("employment", "employment.end", 3, False),
        ("employment", "employment.end", 2, True),
        ("approvals", "approvals.location", 1, False),
    ],
)
def test_a_column_empty_now(tmp_path: Path, name: str, field: str, then: int, is_believed: bool) -> None:
    remembered = {name: SourceSize(rows=3, people=1, filled={field: then})}
    if is_believed:
        assert reports(folder(tmp_path), remembered)
        return
    with pytest.raises(FactsError, match=f"{name}: no row has {field} any more, and {then} had it"):
        reports(folder(tmp_path), remembered)


def test_a_course_that_no_row_names_any_more_was_renamed(tmp_path: Path) -> None:
    rows = COURSES.replace("Scheduling Certification", "Scheduling") + COURSES.partition("\n")[2].replace(
        "Scheduling Certification", "Scheduling"
    )
    size = reports(judged(tmp_path, {"lms.csv": rows}))["lms"].size
    renamed = rows.replace("Elementary Scheduling", "Elementary Scheduling (2025-26)")
    with pytest.raises(FactsError) as caught:
        reports(judged(tmp_path, {"lms.csv": renamed}), {"lms": size})
    assert "lms: no row has certifications.name 'Elementary Scheduling' any more, and 4 had it" in str(
        caught.value
    )


def test_a_column_may_be_empty_where_the_settings_say_so(tmp_path: Path) -> None:
    remembered = {"lms": SourceSize(rows=20, people=1, filled={"certifications.x": 20})}
    assert reports(with_lms(tmp_path, ROWS, expect={"max_shrink": 1}), remembered)


@pytest.mark.parametrize(("location", "is_believed"), [("210", True), ("Principal", False)])
def test_approvals_that_name_jobs_which_nobody_has(tmp_path: Path, location: str, is_believed: bool) -> None:
    rows = "".join(f"1,approved,2023-08-1{day},2,{location}\n" for day in range(3))
    source = {
        **APPROVALS,
        "fields": {"decision": "decision", "decided_on": "on", "approver": "by", "location": "at"},
    }
    files = {
        "approvals.csv": "id,decision,on,by,at\n" + rows,
        "lms.csv": COURSES.replace(" Certification", ""),
    }
    config = judged(tmp_path, files, [*SOURCES[:4], source])
    if is_believed:
        assert reports(config)
        return
    with pytest.raises(
        FactsError, match="approvals: none of its 3 approvals has a location that policy data"
    ):
        reports(config)


@pytest.mark.parametrize(("state", "is_new"), [("Passed", True), ("Failed", False)])
def test_a_new_text_that_leaves_rows_out_is_told(tmp_path: Path, state: str, *, is_new: bool) -> None:
    source = {**LMS, "where": {"state": ["Completed"]}}
    rows = "email,course,done,state\none@example.org,X,2023-08-10,Completed\none@example.org,X,2023-08-11,Failed\n"
    size = reports(folder(tmp_path, {"lms.csv": rows}, [*SOURCES[:3], source]))["lms"].size
    assert size.filled["where state 'Failed'"] == 1
    again = rows + f"two@example.org,X,2026-02-02,{state}\n"
    notes = reports(folder(tmp_path, {"lms.csv": again}, [*SOURCES[:3], source]), {"lms": size})["lms"].notes
    said = "`where` leaves 1 row out for state 'Passed', a text that is new since the last good run; add it if such rows count"
    assert notes == ((said,) if is_new else ())
    larger = SourceSize(9, 2, filled=size.filled)
    with pytest.raises(FactsError, match="lms: has 1 row, and had 9 in the last good run; ") as caught:
        reports(folder(tmp_path, {"lms.csv": again}, [*SOURCES[:3], source]), {"lms": larger})
    assert (said in str(caught.value)) == is_new
    without = rows.replace("Failed", "Completed")
    assert reports(folder(tmp_path, {"lms.csv": without}, [*SOURCES[:3], source]), {"lms": size})


def test_texts_that_leave_rows_out_may_be_anything(tmp_path: Path) -> None:
    rows = "email,course,done,score\none@example.org,X,2023-08-10,100\n"
    rows += "".join(f"one@example.org,X,2023-08-10,{score}\n" for score in range(21))
    source = {**LMS, "where": {"score": ["100"]}}
    filled = reports(folder(tmp_path, {"lms.csv": rows}, [*SOURCES[:3], source]))["lms"].size.filled
    assert not [field for field in filled if field.startswith("where")]


def test_an_older_export_is_told(tmp_path: Path) -> None:
    remembered = {"lms": SourceSize(rows=20, people=1, newest=date(2024, 1, 1))}
    assert reports(with_lms(tmp_path, ROWS), remembered)["lms"].notes == (
        "its newest day is 2023-08-20, and was 2024-01-01 in the last good run",
    )


def judged(tmp_path: Path, files: dict[str, str], sources: list[dict[str, Any]] | None = None) -> Config:
    """The small district with the project's own policy data beside it."""
    for name in ("requirements", "locations", "calendar"):
        shutil.copytree(CONFIG / name, tmp_path / name, dirs_exist_ok=True)
    return folder(tmp_path, dict(files), sources)


COURSES = "email,course,done\n" + "".join(
    f"{who}@example.org,{course},2023-08-10\n"
    for who in ("one", "two")
    for course in ("Walk-In Scheduling Certification", "Elementary Scheduling Certification")
)


MOVED = DISTRICT["jobs.csv"].replace(",210,", ",610,")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_location_renumbered_for_everybody(tmp_path: Path, *, is_known: bool) -> None:
    files = {"lms.csv": COURSES.replace(" Certification", "")}
    size = reports(judged(tmp_path, files))["jobs"].size
    assert size.filled["assignments.location '210'"] == 3
    config = judged(tmp_path, {**files, "jobs.csv": MOVED})
    if is_known:  # and the school has closed
        places = config.directory / "locations" / "data.yaml"
        places.write_text(places.read_text() + '"610": {name: Other, type: school}\n')
        assert reports(config, {"jobs": size})
        return
    before = {**size.filled, "unknown assignments.location": 1}
    assert reports(config, {"jobs": SourceSize(3, 3, filled=before)})
    with pytest.raises(FactsError) as caught:
        reports(config, {"jobs": size})
    assert str(caught.value).startswith(
        "jobs: no row has assignments.location '210' any more, and 3 had it in the last good run; they are '610' now"
    )


def test_a_transcript_with_no_known_name_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(FactsError) as caught:
        reports(judged(tmp_path, {"lms.csv": COURSES}))
    assert str(caught.value).startswith(
        "lms: none of its 4 certifications has a name that policy data knows ('Walk-In Scheduling', 'Elementary"
        " Scheduling'); they have 'Elementary Scheduling Certification', 'Walk-In Scheduling Certification'; correct"
    )
    sources = [{**one, "expect": {"known_names": False}} if one is LMS else one for one in SOURCES]
    assert reports(judged(tmp_path, {"lms.csv": COURSES}, sources))["lms"].notes[0] == (
        "2 certifications have the name 'Elementary Scheduling Certification'; policy data has 'Elementary Scheduling'"
    )


def test_a_required_course_that_stands_only_nearly(tmp_path: Path) -> None:
    rows = COURSES.replace("Walk-In Scheduling Certification", "Walk-In Scheduling")
    rows += "one@example.org,Elementary Scheduling Certification,2024-08-10\n"
    with pytest.raises(FactsError) as caught:
        reports(judged(tmp_path, {"lms.csv": rows}))
    assert str(caught.value).startswith(
        "lms: no row has the name 'Elementary Scheduling' of policy data, and 3 have 'Elementary Scheduling Cert"
    )
    whole = rows + "two@example.org,Elementary Scheduling,2024-08-10\n"
    report = reports(judged(tmp_path, {"lms.csv": whole}))["lms"]
    assert report.near == {"Elementary Scheduling Certification": "Elementary Scheduling"}


def test_jobs_that_name_no_role_of_policy_data_are_not_believed(tmp_path: Path) -> None:
    jobs = "id,role,location,start,end\n1,OFFICE PROFESSIONAL,210,2020-01-01,\n2,PRINCIPAL,210,2020-01-01,\n3,TEACHER,210,2020-01-01,\n"
    with pytest.raises(
        FactsError, match=r"jobs: none of its 3 assignments has a role .* 'OFFICE PROFESSIONAL'"
    ):
        reports(judged(tmp_path, {"jobs.csv": jobs}))
    other = {**JOBS, "name": "more-jobs", "path": "more.csv"}
    (tmp_path / "more.csv").write_text(jobs.replace("PRINCIPAL", "Principal"))
    notes = reports(judged(tmp_path, {"jobs.csv": jobs}, [*SOURCES, other]))["jobs"].notes
    assert "1 assignment has the role 'PRINCIPAL'; policy data has 'Principal'" in notes


def test_jobs_at_no_location_of_policy_data_are_not_believed(tmp_path: Path) -> None:
    jobs = "id,role,location,start,end\n1,Principal,Hilltop,2020-01-01,\n2,Principal,Hilltop,2020-01-01,\n3,Principal,Valley,2020-01-01,\n"
    with pytest.raises(FactsError, match="jobs: none of its 3 assignments has a location"):
        reports(judged(tmp_path, {"jobs.csv": jobs}))
    said = jobs.replace("end\n", "end,school\n").replace("2020-01-01,\n", "2020-01-01,,true\n")
    fields = {**JOBS["fields"], "school_based": "school"}  # type: ignore[dict-item]
    sources = [{**one, "fields": fields} if one is JOBS else one for one in SOURCES]
    assert reports(judged(tmp_path, {"jobs.csv": said}, sources))["jobs"].used == 3


def test_a_code_that_no_value_translates_is_named(tmp_path: Path) -> None:
    rows = "".join(f"1,PRN1,210,20{year}-01-01,20{year}-12-31\n" for year in range(10, 21))
    jobs = "id,role,location,start,end\n" + rows + "2,PRN2,210,2021-01-01,\n3,Principal,210,2020-01-01,\n"
    sources = [{**one, "values": {"role": {"PRN1": "Principal"}}} if one is JOBS else one for one in SOURCES]
    (note,) = reports(judged(tmp_path, {"jobs.csv": jobs + rows.replace("1,PRN1", "2,PRN1")}, sources))[
        "jobs"
    ].notes
    assert note == "1 assignment has the role 'PRN2', which no `values` translates"


def test_a_code_nearly_as_values_have_it_is_listed(tmp_path: Path) -> None:
    rows = "".join(f"1,prn1,210,20{year}-01-01,20{year}-12-31\n" for year in range(10, 21))
    jobs = "id,role,location,start,end\n" + rows + "2,PRN1,210,2021-01-01,\n3,Principal,210,2020-01-01,\n"
    sources = [{**one, "values": {"role": {"PRN1": "Principal"}}} if one is JOBS else one for one in SOURCES]
    report = reports(judged(tmp_path, {"jobs.csv": jobs}, sources))["jobs"]
    assert report.notes == ("11 assignments have the role 'prn1'; `values` has 'PRN1'",)
    assert report.near == {"prn1": "PRN1"}


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("elementary  scheduling", "Elementary Scheduling"),
        ("Elementary Scheduling SY25-26", "Elementary Scheduling"),
        ("Elementary Scheduling (2025-26)", "Elementary Scheduling"),
        ("Elementary Scheduling 2026", "Elementary Scheduling"),
        ("Elementary Scheduling Certification", "Elementary Scheduling"),
        ("Elementary Scheduling Certification - SY 2025/26", "Elementary Scheduling"),
        ("Elementary\u2013Scheduling", "Elementary Scheduling"),
        ("Elementry Scheduling", "Elementary Scheduling"),
        ("Walk In Scheduling", "Walk-In Scheduling"),
        ("Walk-In Schedulling", "Walk-In Scheduling"),
        ("Secondary Scheduling", None),
        ("Elementary Scheduling", None),
        ("", None),
    ],
)
def test_names_that_are_nearly_known(written: str, known: str | None) -> None:
    found = KnownNames(("Walk-In Scheduling", "Elementary Scheduling")).likeness(written)
    assert (found and found.name) == known


@pytest.mark.parametrize(
    ("written", "known"), [("0210", "210"), ("210 ", "210"), ("211", None), ("2100", None), ("Dept 9", None)]
)
def test_locations_that_are_nearly_known(written: str, known: str | None) -> None:
    found = KnownNames(("210", "213"), {}).likeness(written)
    assert (found and found.name) == known


def test_another_certification_than_those_required_may_be_there(tmp_path: Path) -> None:
    text = (
        "email,course,done\none@example.org,Walk-In Scheduling,2023-08-10\n"
        + "one@example.org,First Aid,2023-08-10\n" * 5
    )
    assert reports(judged(tmp_path, {"lms.csv": text}))["lms"].notes == ()


def test_how_many_records_lean_on_a_source_with_unmatched_rows(tmp_path: Path) -> None:
    text = DISTRICT["lms.csv"] + "nobody@example.org,X,2023-08-10\n"
    records, facts = merged(folder(tmp_path, {"lms.csv": text}))
    assert len(records) == 3
    assert facts.leaning == 1
    assert merged(folder(tmp_path, sources=[*SOURCES[:4], APPROVALS]))[1].leaning == 0
