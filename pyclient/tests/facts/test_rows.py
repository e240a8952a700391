"""Rows that count, what ends them, and what their texts and times mean."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from icaccess.errors import ConfigError, FactsError
from icaccess.facts import open_facts
from icaccess.models import InvalidRecord
from tests.facts.feeds import DISTRICT, EMPLOYMENT, JOBS, LMS, SOURCES, employee, folder, merged

BY_ID = {**LMS, "key": {"id": "id"}}


def changed(**sources: dict[str, Any]) -> list[dict[str, Any]]:
    """The sources of the small district, each changed as its name says."""
    return [{**source, **sources.get(source["name"], {})} for source in SOURCES]


def certifications(tmp_path: Path, text: str, **settings: Any) -> list[str]:
    """The days of completion that one person has after reading a transcript."""
    records, _ = merged(folder(tmp_path, {"lms.csv": text}, changed(lms={"key": {"id": "id"}, **settings})))
    return [one["completed_on"] for one in employee(records, "1")["certifications"]]


TRANSCRIPT = "id,course,done,state\n1,X,2023-08-10, Completed\n1,X,,In progress\n1,X,2023-09-10,Failed\n1,X,2023-10-10,Passed\n"


def test_only_rows_that_where_lets_through_count(tmp_path: Path) -> None:
    where = {"state": ["Completed", "Passed"]}
    assert certifications(tmp_path, TRANSCRIPT, where=where) == ["2023-08-10", "2023-10-10"]
    _, source = merged(
        folder(tmp_path, {"lms.csv": TRANSCRIPT}, changed(lms={"key": {"id": "id"}, "where": where}))
    )
    assert source.reports()[3].text() == "lms: 2 rows: 2 used, 2 left out by `where`"
    assert isinstance(merged(folder(tmp_path, {"lms.csv": TRANSCRIPT}, changed(lms={"key": {"id": "id"}})))[0]["1"], InvalidRecord)  # fmt: skip


@pytest.mark.parametrize("written", ["PASSED", " passed", "Passed."])
def test_a_row_left_out_for_its_spelling_is_unknown(tmp_path: Path, written: str) -> None:
    text = TRANSCRIPT.replace("Passed", written)
    where = {"state": ["Completed", "Passed"]}
    records, source = merged(
        folder(tmp_path, {"lms.csv": text}, changed(lms={"key": {"id": "id"}, "where": where}))
    )
    assert records["1"] == InvalidRecord(
        "1",
        f"lms row 5: state {written.strip()!r} may be 'Passed' of `where`, spelled differently; correct it, or add it to `where`",
        "one@example.org",
        "one",
    )
    assert source.reports()[3].text() == "lms: 2 rows: 1 used, 1 rejected, 2 left out by `where`"


def test_a_row_that_only_another_condition_leaves_out_is_left_out(tmp_path: Path) -> None:
    where = {"state": ["PASSED"], "done": ["2023-08-10"]}
    with pytest.raises(FactsError, match="`where` lets none of its 4 rows through"):
        certifications(tmp_path, TRANSCRIPT, where=where)


def test_all_conditions_of_where_must_hold(tmp_path: Path) -> None:
    where = {"state": ["Completed", "Passed"], "done": ["2023-10-10"]}
    assert certifications(tmp_path, TRANSCRIPT, where=where) == ["2023-10-10"]


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"status": ["Completed"]}, "lms.csv line 1: has no column 'status'; was it renamed 'state'?"),
        ({"state": ["COMPLETED"]}, "lms: `where` lets none of its 4 rows through; correct the column or its texts"),
    ],
)  # fmt: skip
def test_a_where_that_cannot_be_right(tmp_path: Path, where: dict[str, list[str]], says: str) -> None:
    with pytest.raises(FactsError) as caught:
        certifications(tmp_path, TRANSCRIPT, where=where)
    assert says in str(caught.value)


def test_a_trailer_counts_rows_that_are_left_out(tmp_path: Path) -> None:
    where = {"state": ["Completed"]}
    text = TRANSCRIPT + "END,{},,\n"
    assert certifications(tmp_path, text.format(4), where=where, trailer="END") == ["2023-08-10"]
    with pytest.raises(FactsError, match="gave 4 rows but says that it holds 5"):
        certifications(tmp_path, text.format(5), where=where, trailer="END")


def test_lines_above_a_header_are_skipped(tmp_path: Path) -> None:
    text = 'Transcript of all staff\n"as of, today"\nid,course,done\n1,X,2023-08-10\n1,X,2023-02-30\n'
    with pytest.raises(FactsError, match="line 1: has no column 'id'"):
        certifications(tmp_path, text)
    records, _ = merged(
        folder(tmp_path, {"lms.csv": text}, changed(lms={"key": {"id": "id"}, "skip_rows": 2}))
    )
    bad = records["1"]
    assert isinstance(bad, InvalidRecord)
    assert bad.problem.startswith("lms row 5: completed_on: '2023-02-30'")
    with pytest.raises(FactsError, match="ends within the lines that `skip_rows` skips"):
        certifications(tmp_path, text, skip_rows=9)


def test_values_may_be_patterns(tmp_path: Path) -> None:
    jobs = "id,role,location,start,end\n1,OFP1,210,2020-01-01,2020-06-30\n1,OFP-22,S211,2020-07-01,\n1,OFPX,210,2020-07-01,\n"
    values = {"role": {"OFP1": "First", "/OFP-?\\d+/": "Office"}, "location": {"/S(\\d+)/": "\\1"}}
    records, _ = merged(folder(tmp_path, {"jobs.csv": jobs}, changed(jobs={"values": values})))
    held = [(job["role"], job["location"]) for job in employee(records, "1")["assignments"]]
    assert held == [("First", "210"), ("OFPX", "210"), ("Office", "211")]
    with pytest.raises(ConfigError, match=r"jobs: values\.role: /\(/ is not a regular expression"):
        open_facts(folder(tmp_path, sources=changed(jobs={"values": {"role": {"/(/": "x"}}})))


def employment(tmp_path: Path, text: str, **settings: Any) -> Any:
    files: dict[str, str | bytes] = {"employment.csv": text}
    return merged(folder(tmp_path, files, changed(employment=settings)))[0]["1"]


@pytest.mark.parametrize("turned", [2, 3])
def test_days_with_month_and_day_turned(tmp_path: Path, turned: int) -> None:
    days = [*["31/08/2020"] * turned, *["08/31/2020"] * 30]
    rows = "".join(f"{1 + place % 3},{day},\n" for place, day in enumerate(days))
    sources = changed(employment={"date_format": "%m/%d/%Y"})
    config = folder(tmp_path, {"employment.csv": f"id,start,end\n{rows}"}, sources)
    if turned == 2:
        assert "start: '31/08/2020' is not in the declared form" in getattr(
            merged(config)[0]["1"], "problem", ""
        )
        return
    said = "3 days have month and day in another order than the declared form %m/%d/%Y, such as start '31/08/2020'"
    with pytest.raises(FactsError, match=f"employment: {said}"):
        merged(config)


def test_an_end_may_be_the_day_after_the_last(tmp_path: Path) -> None:
    text = "id,start,end\n1,2020-01-01,2021-03-01\n1,2022-01-01,9999-12-31\n2,2020-01-01,\n"
    record = employment(tmp_path, text, ends="day_after")
    assert [str(period.end) for period in record.employment] == ["2021-02-28", "9999-12-31"]
    bad = employment(tmp_path, "id,start,end\n1,2020-01-01,2020-01-01\n", ends="day_after")
    assert "end: 2020-01-01 is the day after the last, and not after the start, 2020-01-01" in bad.problem


EFFECTIVE = "id,role,location,start,action\n1,A,210,2020-01-01,HIR\n1,B,210,2022-05-01,XFR\n1,C,211,2022-05-01,XFR\n1,,,2023-06-01,TER\n1,D,210,2024-01-01,REH\n2,Principal,210,2020-01-01,HIR\n"
NO_END = {"fields": {"role": "role", "location": "location", "start": "start"}}


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("01/01/2020", "12/31/2999", "end (column end): 2999-12-31 is outside the years 1900 to 2199; give a day within them, or one in 9999 for no end"),
        ("01/01/2020", "12/31/2199", ""),
        ("01/01/2020", "12/31/9999", ""),
        ("12/31/1899", "", "start (column start): 1899-12-31 is outside the years 1900 to 2199; give a day within them"),
        ("01/01/9999", "", "start (column start): 9999-01-01 is outside the years 1900 to 2199; give a day within them"),
    ],
    ids=["an end", "the last day", "no end", "a start", "no such start"],
)  # fmt: skip
def test_a_day_that_the_policy_does_not_know(tmp_path: Path, start: str, end: str, says: str) -> None:
    text = f"id,start,end\n1,{start},{end}\n2,01/01/2020,\n3,01/01/2020,\n"
    sources = changed(employment={"date_format": "%m/%d/%Y"})
    records, _ = merged(folder(tmp_path, {"employment.csv": text}, sources))
    said = f"employment row 2: {says}, or list its text in `nulls` if it stands for an empty cell"
    assert getattr(records["1"], "problem", "") == (says and said)


def test_each_row_may_end_the_one_before_it(tmp_path: Path) -> None:
    settings = {**NO_END, "ends": "next_row", "ended": {"action": ["TER", "RET"]}}
    records, source = merged(folder(tmp_path, {"jobs.csv": EFFECTIVE}, changed(jobs=settings)))
    held = [(job["role"], job["start"], job.get("end")) for job in employee(records, "1")["assignments"]]
    assert held == [
        ("A", "2020-01-01", "2022-04-30"),
        ("C", "2022-05-01", "2023-05-31"),
        ("D", "2024-01-01", None),
    ]
    assert source.reports()[2].text() == "jobs: 6 rows: 6 used"
    assert employee(records, "1")["approvals"][0]["approver_jobs"] == employee(records, "2")["assignments"]


@pytest.mark.parametrize("turned", [False, True])
def test_of_rows_of_one_day_the_newest_counts(tmp_path: Path, *, turned: bool) -> None:
    head, *rows = (
        "id,role,location,start",
        "1,A,210,2020-01-01",
        "1,B,210,2022-05-01",
        "1,C,210,2022-05-01",
        "2,Principal,210,2020-01-01",
    )
    text = "\n".join([head, *(reversed(rows) if turned else rows)])
    settings = {**NO_END, "ends": "next_row"}
    records, _ = merged(folder(tmp_path, {"jobs.csv": text}, changed(jobs=settings)))
    assert [job["role"] for job in employee(records, "1")["assignments"]] == ["A", "C"]


def test_a_row_ends_only_one_of_its_own_series(tmp_path: Path) -> None:
    text = (
        "id,role,location,start,job,action\n1,A,210,2020-01-01,0,HIR\n1,B,900,2022-05-01,1,HIR\n"
        "1,C,210,2023-05-01,0,XFR\n1,,,2024-05-01,1,TER\n2,Principal,210,2020-01-01,0,HIR\n"
    )
    settings = {**NO_END, "ends": "next_row", "series": "job", "ended": {"action": ["TER"]}}
    records, source = merged(folder(tmp_path, {"jobs.csv": text}, changed(jobs=settings)))
    held = [(job["role"], job.get("end")) for job in employee(records, "1")["assignments"]]
    assert held == [("A", "2023-04-30"), ("B", "2024-04-30"), ("C", None)]
    assert source.reports()[2].notes == ()
    mixed = text.replace("1,,,2024-05-01,1,TER", "1,B,900,2024-05-01,1,RAI").replace("1,C,210", "1,A,210")
    _, source = merged(folder(tmp_path, {"jobs.csv": mixed}, changed(jobs={**settings, "series": None})))
    assert source.reports()[2].notes == (
        "people with a job again after another one: 1; where jobs run side by side, name the column that tells them "
        "apart as `series`",
    )
    settings["series"] = "record"
    with pytest.raises(FactsError, match=r"jobs: .* has no column 'record'"):
        merged(folder(tmp_path, {"jobs.csv": text}, changed(jobs=settings)))


def test_an_end_whose_action_is_misspelled_is_unknown(tmp_path: Path) -> None:
    text = "id,role,location,start,action\n1,A,210,2020-01-01,HIR\n1,A,210,2022-05-01,Ter\n"
    settings = {**NO_END, "ends": "next_row", "ended": {"action": ["TER", "RET"]}}
    records, _ = merged(folder(tmp_path, {"jobs.csv": text}, changed(jobs=settings)))
    said = "action 'Ter' may be 'TER' of `ended`, spelled differently; correct it, or add it to `ended`"
    assert records["1"] == InvalidRecord("1", f"jobs row 3: {said}", "one@example.org", "one")


def test_employment_that_ended_by_a_row_of_its_own(tmp_path: Path) -> None:
    text = "id,start,why\n1,2020-01-01,HIR\n1,2021-06-30,TER\n2,2020-01-01,HIR\n3,2020-01-01,HIR\n"
    record = employment(tmp_path, text, fields={"start": "start"}, ends="next_row", ended={"why": ["TER"]})
    assert [str(period.end) for period in record.employment] == ["2021-06-29"]


def test_rows_that_nothing_ends_are_not_believed(tmp_path: Path) -> None:
    jobs = "id,role,location,start\n1,A,210,2020-01-01\n1,B,210,2022-05-01\n2,Principal,210,2020-01-01\n"
    with pytest.raises(FactsError, match=r"jobs: 1 person has rows of several days, .* set `ends: next_row`"):
        merged(folder(tmp_path, {"jobs.csv": jobs}, changed(jobs=NO_END)))
    records, _ = merged(folder(tmp_path, {"jobs.csv": jobs}, changed(jobs={**NO_END, "ends": "last_day"})))
    assert len(employee(records, "1")["assignments"]) == 2


def test_two_open_rows_of_a_source_that_has_ends_are_told(tmp_path: Path) -> None:
    jobs = (
        "id,role,location,start,end\n1,A,210,2020-01-01,\n1,B,210,2022-05-01,\n2,Principal,210,2020-01-01,\n"
    )
    _, source = merged(folder(tmp_path, {"jobs.csv": jobs}))
    assert source.reports()[2].notes == (
        "people with several rows without an end: 1; where the later ends the earlier, set `ends: next_row`",
    )
    assert list(source.issues()) == [
        "jobs: 1: has several rows without an end, from 2020-01-01 and from 2022-05-01; does the later end it?"
    ]
    assert list(merged(folder(tmp_path))[1].issues()) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({**EMPLOYMENT, "fields": {"end": "end"}, "ends": "next_row"}, "ends: next_row needs the start of each row"),
        ({**EMPLOYMENT, "fields": {"start": "start"}, "ends": "day_after"}, "ends: day_after needs the end of each row"),
        ({**JOBS, "values": {"role": {"/A(B)/": "\\2"}}}, "values.role: \\2 cannot replace /A(B)/: invalid group refer"),
        ({**JOBS, "values": {"role": {"/A(B)/": "\\g<x>"}}}, "values.role: \\g<x> cannot replace /A(B)/: "),
        ({**JOBS, "zone": "America/Denvr"}, "zone: there is no time zone America/Denvr; write one such as"),
        ({**JOBS, "key": {"id": "a", "email": "b"}}, "key: must name only one thing"),
        ({**BY_ID, "ends": "day_after"}, "ends: certifications have no end; leave it out"),
        ({**JOBS, "ended": {"x": ["y"]}}, "ended: works only with `ends: next_row`"),
        ({**JOBS, "series": "x"}, "series: works only with `ends: next_row`"),
        ({**JOBS, "ends": "whenever"}, "ends: the value is not one of day_after, last_day, next_row"),
        ({**JOBS, "where": {"x": ["y"], "z": []}}, "sources[0].where.z: is empty; give a value"),
        ({**JOBS, "fields": {"role": 1}}, "sources[0].fields.role: the value does not read as text; put it in quotes"),
        ({**JOBS, "values": {"role": {"A": "B", "C": True}}}, "sources[0].values.role.C: must be text, not true or false"),
        ({**JOBS, "date_format": "%Y-%m-%d %H:%M %Z"}, "date_format: %Z reads a zone's name and drops it; write %z, or set `zone`"),
        *[({**JOBS, "date_format": form}, f"date_format: {form} does not give a whole day; write year, month and day as in '%m/%d/%Y'") for form in ("%m-%d", "%Y-%m", "%d %Y", "%j", "%Y-%U", "%H:%M", "day", "%Q", "%Y-%m-%d %d", "%m/%d/%Y %")],
    ],
)  # fmt: skip
def test_settings_without_sense(tmp_path: Path, source: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_facts(folder(tmp_path, sources=[source]))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("%Y-%j", "2026-045"),
        ("%x", "02/14/26"),
        ("%d %b %y", "14 Feb 26"),
        ("%G-W%V-%u", "2026-W07-6"),
        ("%Y%m%d", "20260214"),
        ("on %A, %B %d, %Y", "on Saturday, February 14, 2026"),
        ("%m/%d/%Y %I:%M:%S %p %z", "02/14/2026 12:00:00 PM -0700"),
    ],
)
def test_forms_that_give_a_whole_day(tmp_path: Path, form: str, written: str) -> None:
    jobs = f'id,role,location,start\n1,R,210,"{written}"\n'
    source = {
        **JOBS,
        "fields": {"role": "role", "location": "location", "start": "start"},
        "date_format": form,
    }
    records, _ = merged(folder(tmp_path, {"jobs.csv": jobs}, changed(jobs=source)))
    assert employee(records, "1")["assignments"][0]["start"] == "2026-02-14"


MIDNIGHT = "1,X,2026-01-01{}\n2,X,2025-07-01{}\n"


@pytest.mark.parametrize("written", ["T00:00:00Z", " 00:00:00.000+00:00", "T00:00Z", "T00:00:00+01:00"])
def test_a_column_of_midnights_holds_days(tmp_path: Path, written: str) -> None:
    text = "id,course,done\n" + MIDNIGHT.format(written, written)
    sources = changed(lms={"key": {"id": "id"}})
    records, source = merged(folder(tmp_path, {"lms.csv": text}, sources))
    assert employee(records, "1")["certifications"][0]["completed_on"] == "2026-01-01"
    assert source.reports()[3].notes == (
        "completed_on: 2 times of midnight UTC are read as the written days",
    )


def test_midnights_in_a_zone_of_the_source(tmp_path: Path) -> None:
    text = "id,course,done\n1,X,01/01/2026 00:00\n"
    settings = {"date_format": "%m/%d/%Y %H:%M", "zone": "UTC"}
    assert certifications(tmp_path, text, **settings) == ["2026-01-01"]
    assert certifications(tmp_path, text, **settings, midnight_utc="time") == ["2025-12-31"]
    assert certifications(tmp_path, text, **{**settings, "zone": "America/Denver"}) == ["2026-01-01"]


def test_midnights_among_other_times_need_an_answer(tmp_path: Path) -> None:
    text = "id,course,done\n1,X,2026-01-01T00:00:00Z\n1,X,2026-02-02T15:30:00Z\n"
    with pytest.raises(
        FactsError, match=r"lms: completed_on: 1 time is midnight UTC, .* and 1 is not; write"
    ):
        certifications(tmp_path, text)
    assert certifications(tmp_path, text, midnight_utc="day") == ["2026-01-01", "2026-02-02"]
    assert certifications(tmp_path, text, midnight_utc="time") == ["2025-12-31", "2026-02-02"]


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        (["2026-01-01T06:00:00Z", "2023-08-10T05:00:00Z", "2026-02-02T06:00:00Z"], "05:00 or 06:00"),
        (["2026-01-01T03:00Z", "2026-01-02T03:00Z", "2026-01-05T03:00Z"], "03:00"),
    ],
)
def test_midnights_of_another_zone(tmp_path: Path, times: list[str], hours: str) -> None:
    text = "id,course,done\n" + "".join(f"1,X,{one}\n" for one in times)
    _, source = merged(folder(tmp_path, {"lms.csv": text}, changed(lms={"key": {"id": "id"}})))
    (note,) = (note for note in source.reports()[3].notes if "midnight_utc" in note)
    assert note.startswith(f"completed_on: every time is {hours}, as programs write days of another zone, ")
    assert note.endswith(
        "if days are meant, write days as YYYY-MM-DD, or set `midnight_utc: day` or `midnight_utc: time`"
    )
    read = certifications(tmp_path, text)
    assert read[-1] < max(times)[:10]
    assert certifications(tmp_path, text, midnight_utc="time") == read
    assert certifications(tmp_path, text, midnight_utc="day") == sorted(one[:10] for one in times)


@pytest.mark.parametrize(
    "times",
    [
        ["2026-01-01T06:00:00Z", "2026-02-02T06:00:00Z"],  # perhaps by chance
        ["2026-01-01T06:00:00Z"] * 4,  # one moment
        ["2026-01-01T06:00:00Z", "2026-02-02T03:00:00Z", "2026-02-03T04:00:00Z"],
        ["2026-01-01T06:00:00Z", "2026-02-02T06:00:00Z", "2026-02-03T06:00:00Z", "2026-02-03T09:30:00Z"],
    ],
)
def test_hours_that_are_no_midnights(tmp_path: Path, times: list[str]) -> None:
    text = "id,course,done\n" + "".join(f"1,X,{one}\n" for one in times)
    assert certifications(tmp_path, text)[0] == "2025-12-31"


def test_a_text_that_nothing_can_hold_makes_its_person_undecided(tmp_path: Path) -> None:
    for text, says in (("a\0b", "holds a NUL character"), ("x" * 1001, "is 1001 characters long")):
        records, _ = merged(
            folder(
                tmp_path,
                {"lms.csv": f"id,course,done\n1,{text},2023-08-10\n"},
                changed(lms={"key": {"id": "id"}}),
            )
        )
        bad = records["1"]
        assert isinstance(bad, InvalidRecord)
        assert f"name: {says}" in bad.problem


@pytest.mark.parametrize(("identifier", "kept"), [("1\0b", "1\\x00b"), ("x" * 1001, "x" * 999 + "…")])
def test_an_id_nothing_can_hold(tmp_path: Path, identifier: str, kept: str) -> None:
    rows = DISTRICT["people.csv"] + f"{identifier},x@example.org,x\n"
    records, _ = merged(folder(tmp_path, {"people.csv": rows}))
    assert set(records) == {"1", "2", "3", kept}
    bad = records.pop(kept)
    assert isinstance(bad, InvalidRecord)
    assert "people row 5: id " in bad.problem
    assert not any(isinstance(one, InvalidRecord) for one in records.values())


def test_a_text_that_is_neither_true_nor_false(tmp_path: Path) -> None:
    text = "id,role,location,start,school\n1,A,210,2020-01-01,Yes\n2,Principal,210,2020-01-01,TRUE\n"
    settings = {"fields": {**NO_END["fields"], "school_based": "school"}}
    records, _ = merged(folder(tmp_path, {"jobs.csv": text}, changed(jobs=settings)))
    said = "jobs row 2: school_based: 'Yes' is neither true nor false; translate it with `values`"
    assert getattr(records["1"], "problem", "") == said
    assert employee(records, "2")["assignments"][0]["school_based"] is True
