"""Delimited files as spreadsheets and exports write them, and the one line for each that cannot be believed."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import gzip
import hashlib
import os
import re
import time
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icaccess.errors import ConfigError, FactsError
from icaccess.facts import open_facts
from icaccess.text import impersonal
from tests.facts.feeds import JOBS, SOURCES, employee, folder, merged
from tests.naming import named_by_last

HEADER = "id,role,location,start,end\n"
GOOD = (
    HEADER
    + "1,Office Professional,210,2020-01-01,\n2,Principal,210,2020-01-01,\n3,Teacher,210,2020-01-01,2021-06-30\n"
)


def jobs(tmp_path: Path, text: str | bytes, **changes: Any) -> Any:
    sources = [*SOURCES[:2], {**JOBS, **changes}, *SOURCES[3:]]
    return merged(folder(tmp_path, {"jobs.csv": text}, sources))


def first_role(tmp_path: Path, text: str | bytes, **changes: Any) -> str:
    records, _ = jobs(tmp_path, text, **changes)
    return str(employee(records, "1")["assignments"][0]["role"])


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (GOOD, {}),
        (GOOD.replace("\n", "\r\n"), {}),
        (GOOD.rstrip("\n"), {}),
        ("\ufeff" + GOOD, {}),
        (GOOD.encode("utf-16"), {}),
        (b"\xfe\xff" + GOOD.encode("utf-16-be"), {}),
        (GOOD.replace(",", ";"), {"delimiter": ";"}),
        (GOOD.replace(",", "\t"), {"delimiter": "\t"}),
        ("sep=;\r\n" + GOOD.replace(",", ";"), {}),
        (GOOD.replace("Office Professional", '"Office Professional"'), {}),
        (GOOD + ",,,,\n\n", {}),
        ("\n,,,,\n" + GOOD, {}),
        ("  \n" + GOOD + " \n", {}),
        (GOOD.replace("id,", " id ,"), {}),
    ],
    ids=map(str, count()),
)
def test_what_spreadsheets_write(tmp_path: Path, text: str | bytes, changes: dict[str, Any]) -> None:
    assert first_role(tmp_path, text, **changes) == "Office Professional"


def test_quoted_line_breaks_delimiters_and_quotes(tmp_path: Path) -> None:
    assert (
        first_role(tmp_path, GOOD.replace("Office Professional", '"Office, ""Pro""\nfessional"'))
        == 'Office, "Pro"\nfessional'
    )


def test_a_declared_encoding(tmp_path: Path) -> None:
    text = GOOD.replace("Office Professional", "Secrétaire").encode("cp1252")
    assert first_role(tmp_path, text, encoding="cp1252") == "Secrétaire"


def test_titles_are_translated_and_constants_added(tmp_path: Path) -> None:
    text = "id,role,start\n1,T7,2020-01-01\n2,P,2020-01-01\n3,X,2020-01-01\n"
    fields = {"role": "role", "start": "start"}
    records, _ = jobs(
        tmp_path, text, fields=fields, values={"role": {"T7": "Teacher"}}, constants={"location": "210"}
    )
    assert employee(records, "1")["assignments"] == [
        {"role": "Teacher", "location": "210", "start": "2020-01-01"}
    ]
    assert employee(records, "3")["assignments"][0]["role"] == "X"


@pytest.mark.parametrize(
    ("written", "changes", "day"),
    [
        ("01/02/2020", {"date_format": "%m/%d/%Y"}, "2020-01-02"),
        ("43831", {"date_format": "spreadsheet"}, "2020-01-01"),
        ("43831.5", {"date_format": "spreadsheet"}, "2020-01-01"),
        ("2020-01-02T03:00:00Z", {}, "2020-01-01"),
        ("2020-01-02T03:00:00", {"zone": "UTC"}, "2020-01-01"),
        ("01/02/2020 01:30", {"date_format": "%m/%d/%Y %H:%M", "zone": "America/New_York"}, "2020-01-01"),
        ("01/02/2020 03:00 +0000", {"date_format": "%m/%d/%Y %H:%M %z"}, "2020-01-01"),
    ],
)
def test_days_as_declared(tmp_path: Path, written: str, changes: dict[str, Any], day: str) -> None:
    rows = "".join(f"{number},R,210,{written},\n" for number in (1, 2, 3))
    records, _ = jobs(tmp_path, HEADER + rows, **changes)
    assert employee(records, "1")["assignments"][0]["start"] == day


def test_nulls_are_absent_and_year_9999_stays(tmp_path: Path) -> None:
    text = HEADER + "1,R,210,2020-01-01,00/00/0000\n2,R,210,2020-01-01,9999-12-31\n3,R,210,2020-01-01,\n"
    records, _ = jobs(tmp_path, text, nulls=["00/00/0000"])
    assert "end" not in employee(records, "1")["assignments"][0]
    assert employee(records, "2")["assignments"][0]["end"] == "9999-12-31"


@named_by_last(
    ("text", "changes", "says"),
    [
        ("", {}, "is empty; it has not even a header"),
        (HEADER, {}, "jobs: has no rows, at least 1 were expected; get it whole again"),
        (GOOD.replace(",", ";"), {}, "line 1: no column is divided by ',', but ';' occurs; set `delimiter`"),
        (GOOD.replace("role", "Role"), {}, "line 1: has no column 'role'; was it renamed 'Role'?"),
        (GOOD.replace("role", "JOBTITLE"), {}, "line 1: has no column 'role'; there are 'id, JOBTITLE, location"),
        (GOOD.replace("location", "role"), {}, "line 1: the column 'role' appears twice; keep one"),
        (GOOD, {"expect": {"columns": ["campus"]}}, "line 1: has no column 'campus'"),
        (GOOD.replace("Office", "Secrétaire").encode("cp1252"), {}, "is not UTF-8; set `encoding`, such as cp1252"),
        (GOOD.encode("utf-16-le"), {}, "line 1: holds NUL characters, as UTF-16 without a byte-order mark does; set `encoding`"),
        (GOOD + "id,location,role,start,end\n4,210,R,2020-01-01,\n", {}, "line 5: is another header, with its columns in another order; the file was put together"),
        (GOOD + "role,location,start,end,id,x\nR,210,2020-01-01,,4,\n", {}, "line 5: is another header, with its columns in another order; the file was put together"),
        (GOOD, {"encoding": "klingon"}, "'klingon' is not a known encoding"),
        (GOOD + "4,Teach", {}, "line 5: the last line has 2 cells where the header has 5; the file is cut short"),
        (GOOD + '4,"Teacher,210,2020-01-01,\n', {}, "a quote is never closed; the file is cut short"),
        (GOOD + '4,"Teacher"x,210,2020-01-01,\n', {}, "line 5: is not readable as CSV"),
        (HEADER + "1,R,2,210,2020-01-01,\n" + GOOD.removeprefix(HEADER), {}, "row 2: has 6 cells where the header has 5"),
        (GOOD.replace("2020-01-01", "01/01/2020"), {}, "start '01/01/2020' is a date in a form that is not declared; set date_format"),
        (GOOD.replace("2020-01-01", "1.1.20"), {}, "start '1.1.20' is a date in a form that is not declared"),
        (GOOD.replace("2020-01-01", "43831"), {}, "start '43831' is a date in a form that is not declared; set date_format, such as '%m/%d/%Y', or 'spreadsheet'"),
        (GOOD.replace("2020-01-01", "2020-01-01T10:00:00"), {}, "3 of 3 rows cannot be used, the first because of jobs row 2: start: '2020-01-01T10:00:00' is a time without an offset"),
        (GOOD, {"date_format": "%m/%d/%Y"}, "3 of 3 rows cannot be used, the first because of jobs row 2: start: '2020-01-01' is not in the declared form"),
        (GOOD, {"date_format": "spreadsheet"}, "'2020-01-01' is no spreadsheet serial number"),
        (GOOD, {"trailer": "TRAILER"}, "has no trailer row 'TRAILER'; the file is cut short"),
        (GOOD + "TRAILER,4,,,\n", {"trailer": "TRAILER"}, "jobs: gave 3 rows but says that it holds 4; get it whole again"),
        (GOOD + "TRAILER,,,,\n", {"trailer": "TRAILER"}, "line 5: the trailer does not say how many rows there are"),
        (GOOD + "TRAILER,3\n4,R,210,2020-01-01,\n", {"trailer": "TRAILER"}, "line 6: follows the trailer"),
        (GOOD, {"expect": {"min_rows": 4}}, "jobs: has 3 rows, at least 4 were expected; get it whole again"),
        (GOOD, {"expect": {"max_age_hours": 1}}, "jobs: is 48 hours old, at most 1 are allowed; get a new one"),
        (GOOD, {"manifest": "absent.json"}, "absent.json: cannot be read: No such file or directory; correct `manifest`"),
        (gzip.compress(GOOD.encode()), {}, "is a compressed file or a workbook, not text; unpack it or save it as CSV"),
        (b"PK\x03\x04" + GOOD.encode(), {"encoding": "cp1252"}, "is a compressed file or a workbook"),
        (b"id\x00,role,location,start,end\n", {}, "jobs.csv"),
    ],
)  # fmt: skip
def test_a_bad_file_stops_the_run(
    tmp_path: Path, text: str | bytes, changes: dict[str, Any], says: str
) -> None:
    sources = [*SOURCES[:2], {**JOBS, **changes}, *SOURCES[3:]]
    config = folder(tmp_path, {"jobs.csv": text}, sources)
    two_days_ago = time.time() - 48 * 3600
    os.utime(tmp_path / "jobs.csv", (two_days_ago, two_days_ago))
    with pytest.raises(FactsError) as caught:
        merged(config)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_log_does_not_repeat_a_row_in_the_headers_place(tmp_path: Path) -> None:
    config = folder(tmp_path, {"jobs.csv": "000777,Sample Person,210,sample.person@example.org\n"}, SOURCES)
    with pytest.raises(FactsError, match="Sample Person") as caught:
        merged(config)
    assert not {"Sample", "Person", "example", "000777"} & {
        *re.findall(r"\w+", impersonal(str(caught.value)))
    }


def test_a_feed_that_declares_its_rows_can_be_read_again(tmp_path: Path) -> None:
    sources = [*SOURCES[:2], {**JOBS, "trailer": "TRAILER"}, *SOURCES[3:]]
    source = open_facts(folder(tmp_path, {"jobs.csv": GOOD + "TRAILER,3\n"}, sources))
    assert list(source.records()) == list(source.records())


def test_a_trailer_that_agrees_and_a_manifest_that_agrees(tmp_path: Path) -> None:
    assert first_role(tmp_path, GOOD + "TRAILER,3\n", trailer="TRAILER") == "Office Professional"
    manifest = {"jobs.csv": {"rows": 3, "sha256": hashlib.sha256(GOOD.encode()).hexdigest()}}
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    assert first_role(tmp_path, GOOD, manifest="manifest.json") == "Office Professional"
    manifest = {"jobs.csv": {"sha256": hashlib.sha256(GOOD.encode()).hexdigest().upper()}}
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    assert first_role(tmp_path, GOOD, manifest="manifest.json") == "Office Professional"


@pytest.mark.parametrize(
    ("delimiter", "says"),
    [
        ('"', "delimiter: must be a character that divides cells, such as ',' or ';'"),
        ("\n", "delimiter: must be a character that divides cells"),
        (";;", r"sources\[2\]\.delimiter: must be one character$"),
    ],
    ids=["quote", "line end", "two"],
)
def test_a_delimiter_that_is_none(tmp_path: Path, delimiter: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        jobs(tmp_path, GOOD, delimiter=delimiter)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"rows": 4}, "gave 3 rows but says that it holds 4"),
        ({"sha256": "0" * 64}, "is not the file that"),
        ("x", "is not a manifest that describes jobs.csv"),
        ({"rows": "3"}, "is not a manifest that describes jobs.csv"),
        ({"rows": True}, "is not a manifest that describes jobs.csv"),
        ({"Rows": 3}, "is not a manifest that describes jobs.csv"),
    ],
)
def test_a_manifest_that_differs(tmp_path: Path, said: object, says: str) -> None:
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode({"jobs.csv": said}))
    with pytest.raises(FactsError, match=says):
        jobs(tmp_path, GOOD, manifest="manifest.json")


def test_a_bad_row_of_a_feed_that_only_adds_is_listed(tmp_path: Path) -> None:
    text = (
        "email,course,done\none@example.org,X,2023-08-10\n" * 1
        + "two@example.org,X\n"
        + "one@example.org,Y,2023-08-11\n"
    )
    sources = [*SOURCES[:3], {**SOURCES[3], "expect": {"max_rejected": 0.5}}, *SOURCES[4:]]
    records, source = merged(folder(tmp_path, {"lms.csv": text}, sources))
    assert len(employee(records, "1")["certifications"]) == 2
    assert list(source.issues()) == ["lms row 3: has 2 cells where the header has 3"]
