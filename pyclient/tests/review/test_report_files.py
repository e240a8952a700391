"""The report's files: cells that no spreadsheet runs, a JSON that comes back, all of them or none."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import resource
import stat

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icaccess import tables
from icaccess.errors import UsageError
from icaccess.review import report_files
from icaccess.review.report_gather import select
from icaccess.text import printable
from tests.review.reports import HOSTILE, drawn, hostile, sample


@pytest.fixture(scope="module")
def report(client, tmp_path_factory):
    return drawn([*sample(1, 120), *hostile()], client, tmp_path_factory.mktemp("store"))


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u200b=1", "\ufeff=1", "\u00a0@a",
        "\u202e=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\u22121", "\t", "\ta", "\rb", "\x00=1", "  ",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_text(cell):
    assert tables.harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "O'Neil", "001234", "a=b", "2026-03-10", "Zo\u0301e", "\u05d0=1", "'=1"]
)
def test_another_cell_stays_as_it_is(cell):
    assert tables.harmless(cell) == cell


@given(st.text())
def test_no_cell_begins_a_formula(cell):
    safe = tables.harmless(cell)
    assert safe[:1] not in tuple("=+-@\t\r\n")
    assert safe.removeprefix("'") == cell.removeprefix("'")


def test_csv_has_a_line_for_each_person_whatever_their_name(report):
    table = rows(report_files.as_csv(report))
    assert [row["employee_id"] for row in table] == [one.id for one in report.people]
    by_id = {row["employee_id"]: row for row in table}
    for kind, name in HOSTILE.items():
        assert by_id[f"h-{kind}"]["name"] == tables.harmless(printable(name))
    assert by_id["h-formula"]["name"].startswith("'=")
    for row in table:
        assert not any(cell[:1] in tuple("=+-@\t\r\n") and cell for cell in row.values())
        assert all(cell.isprintable() for cell in row.values())


def test_json_has_no_character_that_a_terminal_obeys(report):
    text = report_files.as_json(report).decode()
    assert text.removesuffix("\n").isprintable()
    names = {one["id"]: one["name"] for one in json.loads(text)["people"] if one["id"].startswith("h-")}
    assert names == {f"h-{kind}": name for kind, name in HOSTILE.items()}


def test_csv_says_what_the_decision_says(report):
    table = {row["employee_id"]: row for row in rows(report_files.as_csv(report))}
    allowed = next(one for one in report.people if one.outcome == "allow" and one.held)
    row = table[allowed.id]
    assert row["approver"] == allowed.basis.approval.approver
    assert row["approved_on"] == str(allowed.basis.approval.decided_on)
    assert row["valid_through"] == str(allowed.expiry.valid_through)
    assert row["held"] == "true"
    denied = next(one for one in report.people if len(one.reasons) > 1)
    assert table[denied.id]["reason_codes"] == "; ".join(reason.code for reason in denied.reasons)
    assert table[denied.id]["outcome"] == denied.outcome


def test_json_comes_back_as_the_same_report(report, tmp_path):
    report_files.write(report, tmp_path)
    assert report_files.read(tmp_path / "report.json") == report


def test_files_are_for_their_owner_alone(report, tmp_path):
    for path in report_files.write(report, tmp_path / "new" / "folder"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_page_names_the_digests_of_the_files_beside_it(report, tmp_path):
    report_files.write(report, tmp_path)
    page = (tmp_path / "report.html").read_text()
    for name in ("report.csv", "report.json"):
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() in page


def test_no_personal_leaves_out_all_names_and_addresses(client, tmp_path):
    bare = drawn([*sample(1, 120), *hostile()], client, tmp_path, personal=False)
    report_files.write(bare, tmp_path)
    for path in tmp_path.glob("report.*"):
        content = path.read_text(encoding="utf-8")
        for word in ("Sample Person", "sample.example", "Private Person", "harmed", "txt.exe"):
            assert word not in content, (path, word)
    assert not {"name", "username", "email"} & rows((tmp_path / "report.csv").read_bytes())[0].keys()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file or directory; give the report.json of an earlier report"),
        (b"", "is no report; give the report.json of an earlier report"),
        (b"<html>", "is no report"),
        (b"[1]", "is no report"),
        (b'{"decisions": []}', "is no report"),
        (
            b'{"format": "icaccess-report/99"}',
            "is of the format 'icaccess-report/99' and not 'icaccess-report/1'",
        ),
        (b'{"format": "icaccess-report/1"}', "is a damaged report (Object missing required field `as_of`"),
    ],
)
def test_a_bad_report_is_refused(content, says, tmp_path):
    file = tmp_path / "old.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        report_files.read(file)
    assert str(caught.value).startswith(f"{file}: {says}")
    assert "\n" not in str(caught.value)


def test_a_report_on_some_people_is_no_base_for_another(report, tmp_path):
    report_files.write(select(report, [report.people[0].id]), tmp_path)
    with pytest.raises(UsageError, match="is a report on some people alone; give one on everybody"):
        report_files.read(tmp_path / "report.json")


def test_a_folder_that_is_a_file_is_refused(report, tmp_path):
    (tmp_path / "taken").write_text("mine")
    for place in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(UsageError, match="no report can be written there"):
            report_files.write(report, place)
    assert (tmp_path / "taken").read_text() == "mine"


def test_nothing_half_written_is_left(report, tmp_path):
    report_files.write(report, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    other = msgspec.structs.replace(report, people=())
    with pytest.raises(UsageError, match="a folder of that name is in the way"):
        report_files.write(other, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(before)
    for name in ("report.csv", "report.json"):
        assert (tmp_path / name).read_bytes() == before[name]


def test_running_out_of_room_leaves_the_old_report(report, tmp_path):
    report_files.write(report, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["report.csv"]), hard))  # the JSON is longer
    try:
        with pytest.raises(UsageError, match="no report can be written there: File too large"):
            report_files.write(report, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_is_judged_before_the_work(tmp_path):
    report_files.check_folder(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UsageError) as caught:
        report_files.check_folder(tmp_path / "taken" / "below")
    assert str(caught.value) == (
        f"{tmp_path}/taken/below: no report can be written there: {tmp_path}/taken is no folder that you may "
        "write to; give another folder with --out"
    )
