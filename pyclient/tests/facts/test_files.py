"""Facts out of files: what each bad input is told, and that nothing is dropped."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import msgspec
import pytest

from icaccess.errors import FactsError
from icaccess.facts.files import FileFacts, load
from icaccess.facts.record import DATED
from icaccess.models import (
    Access,
    Approval,
    Assignment,
    Certification,
    Employee,
    EmploymentPeriod,
    InvalidRecord,
    Record,
)

DENVER = ZoneInfo("America/Denver")
GOOD = {
    "id": "001234",
    "name": "Sample Person",
    "employment": [{"start": "2019-08-01", "end": "2022-05-31"}, {"start": "2023-08-07"}],
    "assignments": [
        {"role": "Office Professional", "location": "210", "start": "2023-08-07", "school_based": True}
    ],
    "certifications": [{"name": "Walk-In Scheduling", "completed_on": "2023-08-10"}],
    "approvals": [
        {
            "decision": "approved",
            "decided_on": "2023-08-14",
            "approver": "000777",
            "approver_role": "Principal",
        }
    ],
    "access": {"held": True, "since": "2023-08-16", "locations": ["210"]},
}


def write(file: Path, text: str | bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def read(*paths: Path) -> list[Record]:
    return list(load(paths, DENVER).records())


def one(folder: Path, name: str, text: str | bytes) -> Record:
    (record,) = read(write(folder / name, text))
    return record


def problem(record: Record) -> str:
    assert isinstance(record, InvalidRecord)
    assert "\n" not in record.problem
    return record.problem


def refusal(*paths: Path) -> str:
    with pytest.raises(FactsError) as caught:
        read(*paths)
    assert "\n" not in str(caught.value)
    return str(caught.value)


YAML_GOOD = """\
employees:
  - id: "001234"
    name: Sample Person
    employment:
      - {start: 2019-08-01, end: "2022-05-31"}   # a day may stand without quotes
      - {start: "2023-08-07"}
    assignments:
      - {role: Office Professional, location: "210", start: "2023-08-07", school_based: true}
    certifications:
      - {name: Walk-In Scheduling, completed_on: "2023-08-10"}
    approvals:
      - {decision: approved, decided_on: "2023-08-14", approver: "000777", approver_role: Principal}
    access: {held: true, since: "2023-08-16", locations: ["210"]}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", YAML_GOOD),
        ("a.yml", YAML_GOOD.removeprefix("employees:\n")),
        ("a.YAML", "\ufeff" + YAML_GOOD),
        ("a.json", json.dumps({"employees": [GOOD]})),
        ("a.json", json.dumps([GOOD], indent=2)),
        ("a.json", "\ufeff" + json.dumps([GOOD])),
        ("a.jsonl", json.dumps(GOOD)),
        ("a.jsonl", "\ufeff" + json.dumps(GOOD) + "\r\n\n"),
        ("a.jsonl", json.dumps(GOOD, separators=(",", ":")) + "\n"),
        ("a.jsonl", json.dumps(GOOD, separators=(" , ", " : ")) + "\n"),
    ],
)
def test_every_format_and_shape(tmp_path: Path, name: str, text: str) -> None:
    assert one(tmp_path, name, text) == msgspec.convert(GOOD, Employee)


def test_an_absent_list_stays_absent_and_an_empty_one_empty(tmp_path: Path) -> None:
    record = one(tmp_path, "a.yaml", 'employees: [{id: "1", approvals: []}]')
    assert msgspec.json.encode(record) == b'{"id":"1","approvals":[]}'


def test_a_year_9999_passes_through_as_it_is(tmp_path: Path) -> None:
    text = '[{id: "1", employment: [{start: 2020-01-01, end: 9999-12-31}]}]'
    assert b'"end":"9999-12-31"' in msgspec.json.encode(one(tmp_path, "a.yaml", text))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-09-11T01:30:00Z", "2025-09-10"),
        ("2025-09-11T06:00:00Z", "2025-09-11"),
        ("2025-12-11 06:59:59.999+00:00", "2025-12-10"),
        ("2025-09-10T23:30:00-06:00", "2025-09-10"),
        ("2025-09-10t23:30-0600", "2025-09-10"),
    ],
)
def test_a_timestamp_with_an_offset(tmp_path: Path, written: str, day: str) -> None:
    for name in ("a.yaml", "a.json"):
        text = json.dumps([{"id": "1", "certifications": [{"name": "X", "completed_on": written}]}])
        record = one(tmp_path, name, text)
        assert isinstance(record, Employee)
        assert record.certifications == (msgspec.convert({"name": "X", "completed_on": day}, Certification),)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ('nmae: "X"', "line 2: nmae: is not a known field; known here: id, name, email"),
        ("employment: [{start: 2025-02-30}]", "employment[0].start: '2025-02-30' is not a calendar date; write YYYY-MM-DD"),
        ("employment: [{start: 20250230}]", "employment[0].start: 20250230 is not a calendar date"),
        ("employment: [{start: 2025-02-03, end: 2025-02-02}]", "employment[0].end: 2025-02-02 is before the start, 2025-02-03"),
        ("employment: [{start: 2025-02-03, end: null}]", "employment[0].end: is null or left empty; give a value, or leave"),
        ("employment: [{end: 2025-02-03}]", "employment[0].start: is required and absent; add it"),
        ("employment:", "employment: is null or left empty"),
        ("employment: {start: 2025-02-03}", "employment: must be a list, not a mapping"),
        ("assignments: [{role: R, location: 210, start: 2025-02-03}]", "assignments[0].location: 210 does not read as text"),
        ("assignments: [{role: R, location: 0210, start: 2025-02-03}]", "assignments[0].location: '0210' does not read as text"),
        ("assignments: [{role: no, location: '1', start: 2025-02-03}]", "assignments[0].role: 'no' does not read as text"),
        ("assignments: [{role: '', location: '1', start: 2025-02-03}]", "assignments[0].role: is empty; give a value"),
        ("assignments: [{role: R, location: '1', start: 2025-02-03, school_based: yes}]", "school_based: 'yes' must be true or false"),
        ("access: {held: true, locations: 0210}", "access.locations: '0210' must be a list"),
        ("access: {held: 'true'}", "access.held: must be true or false, not text"),
        ("access: {}", "access.held: is required and absent; add it"),
        ("certifications: [{name: X, completed_on: 2025-02-03T10:00:00}]", "is a time without an offset; give its day, or its offset"),
        ("certifications: [{name: X, completed_on: 2025-02-30T10:00:00Z}]", "is no time that exists"),
        ("certifications: [{name: X, completed_on: 0001-01-01T00:00:00Z}]", "is no time that exists"),
        ("approvals: [{decision: yes!, decided_on: 2025-02-03, approver: a, approver_role: b}]", "'yes!' is not one of approved, denied"),
        ("approvals: [{decision: approved, decided_on: 2025-02-03}]", "approvals[0].approver: is required and absent"),
        ("approvals: [{decision: approved, decided_on: 2025-02-03, approver: a, approver_jobs: {}}]", "approver_jobs: must be a list, not a mapping"),
        ('name: "a\\0b"', "name: holds a NUL character; remove it"),
        (f"name: {'x' * 1001}", "name: is 1001 characters long; at most 1000 are allowed"),
        (f"certifications: [{', '.join(['{name: X, completed_on: 2025-02-03}'] * 501)}]", "certifications: holds more than 500 entries"),
        ("name: A\n  name: B", "line 3: name: is given twice; keep one"),
        ("employment: [{start: 2025-02-03, start: 2025-02-04}]", "line 2: employment[0].start: is given twice; keep one"),
        ("name: &n A\n  email: *n", "line 3: email: *n is an alias; write the value out"),
        ("<<: {name: A}", "line 2: <<: merge keys are not read; write the values out"),
        ("name: !!python/name:os.system x", "name: carries the tag tag:yaml.org,2002:python/name:os.system; remove the tag"),
        ("7: x", "line 2: 7: this key does not read as text; quote it"),
    ],
)  # fmt: skip
def test_an_invalid_record_among_others(tmp_path: Path, fields: str, says: str) -> None:
    bad, good = read(write(tmp_path / "a.yaml", f'- id: "7"\n  {fields}\n- id: "8"\n'))
    assert bad.id == "7"
    assert problem(bad).startswith(f"{tmp_path}/a.yaml line ")
    assert says in problem(bad)
    assert good == Employee(id="8")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ('"nmae": "X"', "nmae: is not a known field"),
        ('"name": "A", "name": "B"', "name: is given twice; keep one"),
        ('"name" : "A", "name":"B"', "name: is given twice; keep one"),
        ('"name":"A\\u0022:","name":"B"', "name: is given twice; keep one"),
        ('"name":"\\"\\u003a","name":"B"', "name: is given twice; keep one"),
        ('"employment":[{"start":"2025-02-03","start":"2025-02-03"}]', "employment[0].start: is given twice; keep one"),
        ('"employment": [{"start": "2025-02-30"}]', "employment[0].start: '2025-02-30' is not a calendar date"),
        ('"employment": [{"start": "2025-02-03", "end": "2025-02-02"}]', "employment[0].end: 2025-02-02 is before the start"),
        ('"employment": [{"start": "2025-02-03", "end": "2999-12-31"}]', "employment[0].end: 2999-12-31 is outside the years 1900 to 2199; give a day within them, or one in 9999 for no end"),
        ('"employment": [{"start":"9999-01-01"}]', "employment[0].start: 9999-01-01 is outside the years 1900 to 2199; give a day within them"),
        ('"certifications": [{"name": "X", "completed_on": "1899-12-31"}]', "certifications[0].completed_on: 1899-12-31 is outside the years 1900 to 2199"),
        ('"employment": null', "employment: is null or left empty"),
        ('"name": 7', "name: 7 does not read as text; put it in quotes"),
        ('"name": "\\ud800"', "name: holds half of a character"),
        ('"name": "a\\u0000b"', "name: holds a NUL character; remove it"),
        ('"name":"' + "x" * 1001 + '"', "name: is 1001 characters long; at most 1000 are allowed"),
        ('"employment":[' + ",".join(['{"start":"2025-02-03"}'] * 501) + "]", "employment: holds more than 500 entries"),
        ('"access": []', "access: must be a mapping, not a list"),
        ('"employment": ["x"]', "employment[0]: must be a mapping, not text"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_an_invalid_json_record(tmp_path: Path, name: str, fields: str, says: str) -> None:
    lines = ['{"id": "7", ' + fields + "}", '{"id": "8"}']
    text = "[" + ",\n".join(lines) + "]" if name == "a.json" else "\n".join(lines)
    bad, good = read(write(tmp_path / name, text))
    assert f"{name} line 1: {says}" in problem(bad)
    assert bad.id == "7"
    assert good == Employee(id="8")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.yaml"])
@pytest.mark.parametrize(
    ("written", "kept"), [("7\\u0000b", "7\\x00b"), ("x" * 1001, "x" * 999 + "…")], ids=["NUL", "long"]
)
def test_an_id_nothing_can_hold(tmp_path: Path, name: str, written: str, kept: str) -> None:
    lines = ['{"id": "' + written + '"}', '{"id": "8"}']
    text = "\n".join(lines) if name == "a.jsonl" else "[" + ",\n".join(lines) + "]"
    file = write(tmp_path / name, text)
    bad, good = read(file)
    assert (bad.id, good) == (kept, Employee(id="8"))
    assert f"{name} line 1: id: " in problem(bad)
    if name == "a.jsonl":  # read without decoding, its ids are the same
        assert [one.id for one in load([file], DENVER).unread()] == [kept, "8"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.yaml", "employees: [{id: 001234}]", "line 1: id: '001234' is not text; put it in quotes"),
        ("a.yaml", "employees: [{id: [x]}]", "line 1: id: a list is not text; put it in quotes"),
        ("a.yaml", "employees: [{id: true}]", "line 1: id: true is not text; put it in quotes"),
        ("a.yaml", "employees: [{id: 1234}]", "line 1: id: 1234 is not text; put it in quotes"),
        ("a.yaml", "employees: [{id: 1e3}]", "line 1: id: '1e3' is not text; put it in quotes"),
        ("a.yaml", "employees: [{id: 0o17}]", "line 1: id: '0o17' is not text; put it in quotes"),
        ("a.yaml", "employees: [{id: 12:30:45}]", "line 1: id: '12:30:45' is not text; put it in quotes"),
        ("a.yaml", "employees: [{id: }]", "line 1: id: is empty; give one"),
        ("a.yaml", "employees: [{id: ''}]", "line 1: id: is empty; give one"),
        ("a.yaml", "employees:\n- name: X\n", "line 2: id: is required and absent; add it"),
        ("a.yaml", "employees: [{id: '1', id: '2'}]", "line 1: id: is given twice; keep one"),
        ("a.yaml", "employees: [x]", "line 1: must be one employee's record"),
        ("a.yaml", "employees: []", "a.yaml: no employee at all; an empty population is an error"),
        ("a.yaml", "", "line 1: is empty; expected `employees: [...]` or a list"),
        ("a.yaml", "employees: {}", "line 1: expected `employees: [...]` or a list"),
        ("a.yaml", "people: []", "line 1: expected `employees: [...]` or a list"),
        ("a.yaml", "employees: [{id: '1'}]\nemployees: []", "line 2: `employees` must be the only key, given once"),
        ("a.yaml", "- id: '1'\n---\n- id: '2'\n", "line 2: a second document starts; keep one in each file"),
        ("a.yaml", "- id: '1'\n  employment: [\n", "line 3: is not YAML"),
        ("a.yaml", b"- id: '\xff'\n", "is not readable as UTF-8 text at byte"),
        ("a.yaml", "- id: '1'\n  name: " + "[" * 99, "is nested more than 40 deep"),
        ("a.json", '[{"id": 1234}]', "line 1: id: 1234 is not text; put it in quotes"),
        ("a.json", '[{"name": "X"}]', "line 1: id: is required and absent; add it"),
        ("a.json", '[\n{"id": "1"},\n{"id": "2", "id": "3"}]', "line 3: id: is given twice; keep one"),
        ("a.json", "[7]", "line 1: must be one employee's record"),
        ("a.json", "[]", "no employee at all"),
        ("a.json", "", "is empty; expected {\"employees\": [...]} or a list"),
        ("a.json", '[{"id": "1"},\n', "line 2: is cut short; get the whole file again"),
        ("a.json", '[{"id": "1"},\n x]', "line 2: is not JSON at column 2"),
        ("a.json", '[{"id": "1"}] x', "line 1: expected {\"employees\": [...]} or a list of records, and nothing after it"),
        ("a.json", '{"people": []}', 'expected {"employees": [...]} or a list of records'),
        ("a.json", '{"employees": [{"id": "1"}], "employees": [{"id": "2"}]}', "and nothing else"),
        ("a.json", '{"employees": [{"id": "1"}], "of": 1}', 'expected {"employees": [...]} or a list'),
        ("a.json", b'[{"id": "\xff"}]', "line 1: is not UTF-8 at byte 10; save it as UTF-8"),
        ("a.json", "[" * 100_000, "a.json"),
        ("a.json", "[" * 100_000, "that a record can hold: nested more than 40 deep; correct it"),
        ("a.json", '[{"id": "1", "name": ' + "[" * 500 + "]" * 500 + "}]", "nested more than 40 deep"),
        ("a.json", '[{"id": "1", "name": NaN}]', "NaN is not a JSON number"),
        ("a.jsonl", "", "is empty; an empty file proves nothing"),
        ("a.jsonl", "\n\n", "no employee at all"),
        ("a.jsonl", '{"id": "1"}\n{"id": "2", "na', "line 2: is cut short; get the whole file again"),
        ("a.jsonl", '{"id": "1"}\n{"id": "2",\n', "line 2: is cut short; get the whole file again"),
        ("a.jsonl", '{"id": "1"}\n{"id": "2",\r\n{"id": "3"}\n', "line 2: is cut short; get the whole file"),
        ("a.jsonl", '{"id": "1"}\n{"id": "2",, "name": "x"}\n', "line 2: is not JSON at column 12"),
        ("a.jsonl", '{"id": "1"} {"id": "2"}\n', "line 1: is not JSON at column 13"),
        ("a.jsonl", b'{"id": "1"}\n{"id": "\xff"}\n', "line 2: is not UTF-8 at byte 9; save it as UTF-8"),
        ("a.jsonl", '{"id": 1}\n', "line 1: id: 1 is not text; put it in quotes"),
        ("a.jsonl", '{"id": "1", "name": NaN}\n', "line 1: is not JSON that a record can hold: NaN is not a JSON number"),
        ("a.jsonl", '[{"id": "1"}]\n', "line 1: must be one employee's record"),
        ("a.txt", "", "is not a kind of file that icaccess reads (.yaml, .yml, .json, .jsonl)"),
    ],
)  # fmt: skip
def test_bad_files_stop_the_run(tmp_path: Path, name: str, text: str | bytes, says: str) -> None:
    assert says in refusal(write(tmp_path / name, text))


def test_an_id_used_twice_names_both_places(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", '- id: "1"\n- id: "2"\n')
    second = write(tmp_path / "b.jsonl", '{"id": "3"}\n{"id": "2", "zzz": 1}\n')
    said = f"{second} line 2: id '2' is used already in {first} line 2; keep one record for each employee"
    assert refusal(first, second) == said
    assert refusal(tmp_path) == said


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.jsonl"])
@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\n"], ids=["blank", "tab", "unbroken", "line end"])
def test_blanks_around_texts_do_not_count(tmp_path: Path, name: str, blank: str) -> None:
    padded = json.loads(json.dumps(GOOD), object_hook=lambda one: {
        key: f"{blank}{value}{blank}" if isinstance(value, str) else value for key, value in one.items()
    })  # fmt: skip
    text = json.dumps(padded) if name == "a.jsonl" else json.dumps([padded])
    file = write(tmp_path / name, text)
    assert read(file) == [msgspec.convert(GOOD, Employee)]
    assert [one.id for one in load([file], DENVER).unread()] == ["001234"]


@pytest.mark.parametrize("written", ["7 ", "\\t7", "\u00a07"], ids=["blank", "tab", "unbroken"])
@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.jsonl"])
def test_two_spellings_of_an_id_are_one_person(tmp_path: Path, name: str, written: str) -> None:
    lines = ['{"id": "7"}', f'{{"id": "{written}"}}']
    file = write(tmp_path / name, "\n".join(lines) if name == "a.jsonl" else f"[{','.join(lines)}]")
    assert "id '7' is used already in" in refusal(file)
    with pytest.raises(FactsError, match="id '7' is used already in"):
        list(load([file], DENVER).unread())
    assert "line 1: id: is empty; give one" in refusal(write(tmp_path / "b.json", '[{"id": " "}]'))


def test_an_id_is_in_one_unicode_form(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", '{"id": "Jose\u0301"}\n{"id": "Jos\u00e9"}\n')
    assert "id 'José' is used already in" in refusal(file)


def test_an_id_used_twice_in_one_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", '[{"id": "1"},\n{"id": "1"}]')
    assert (
        refusal(file)
        == f"{file} line 2: id '1' is used already in {file} line 1; keep one record for each employee"
    )


def test_an_id_used_twice_on_one_line_and_a_file_named_twice(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", '[{"id": "1"}, {"id": "1"}]')
    said = f"{file} line 1: id '1' is used already in {file} line 1; keep one record for each employee"
    assert refusal(file) == said
    once = write(tmp_path / "b.json", '[{"id": "1"}]')
    assert "id '1' is used already in" in refusal(once, once)


def test_two_ids_of_one_hash_are_told_apart(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", '[{"id": "1"}, {"id": "2"}, {"id": "3"}]')
    assert len(list(FileFacts([file], DENVER, hashing=len).records())) == 3
    assert "id '2' is used already" in refusal(
        write(tmp_path / "b.json", '[{"id": "1"}, {"id": "2"}, {"id": "2"}]')
    )


def test_a_folder_is_read_in_order_without_other_files(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "b/1.json", "a.yml", "c.YAML"):
        text = json.dumps([{"id": name}]) if not name.endswith("jsonl") else json.dumps({"id": name})
        write(tmp_path / name, text)
    write(tmp_path / "README.md", "not facts")
    write(tmp_path / ".hidden/d.yaml", "not facts")
    assert [record.id for record in read(tmp_path)] == ["a.yml", "b/1.json", "b/2.jsonl", "c.YAML"]


def test_a_folder_without_facts_and_paths_that_are_not_there(tmp_path: Path) -> None:
    assert "holds no facts (.yaml, .yml, .json, .jsonl)" in refusal(tmp_path)
    assert "no such file or folder; correct --facts" in refusal(tmp_path / "absent.yaml")
    assert "no facts were named" in refusal()


def test_the_dated_fields_are_those_that_the_types_hold_as_dates() -> None:
    parts = {"employment": EmploymentPeriod, "assignments": Assignment, "certifications": Certification}
    parts |= {"approvals": Approval, "access": Access}
    dated = {
        part: tuple(
            field.encode_name
            for field in msgspec.inspect.type_info(of).fields  # type: ignore[attr-defined]
            if str(field.type).startswith("DateType") or "types=(DateType" in str(field.type)
        )
        for part, of in parts.items()
    }
    assert dated == DATED


@pytest.mark.parametrize(("name", "start"), [("a.yaml", "- "), ("a.jsonl", "")])
def test_a_spreadsheets_number_is_no_id(tmp_path: Path, name: str, start: str) -> None:
    lists = '"employment": [], "assignments": [], "certifications": [], "approvals": []'
    lines = [f'{start}{{"id": "{one}", {lists}}}\n' for one in ("100101.0", "100101", "A.0")]
    write(tmp_path / name, "".join(lines))
    wrong, *others = read(tmp_path / name)
    assert isinstance(wrong, InvalidRecord)
    assert wrong.problem == (
        f"{tmp_path / name} line 1: id: '100101.0' is a number of a spreadsheet; "
        "write the id as text, without `.0`"
    )
    assert [(type(one), one.id) for one in others] == [(Employee, "100101"), (Employee, "A.0")]


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.jsonl"])
def test_a_pipe_is_no_file(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    said = "cannot be read: it is a pipe or device, not a file; give a file that this user can read"
    assert refusal(tmp_path / name) == refusal(tmp_path) == f"{tmp_path / name}: {said}"


def test_nothing_in_a_folder_is_left_out_without_a_word(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "b.yaml", '[{id: "2"}]')
    write(tmp_path / "facts" / "a.yaml", '[{id: "1"}]')
    (tmp_path / "facts" / "linked").symlink_to(tmp_path / "elsewhere")
    assert [record.id for record in read(tmp_path / "facts")] == ["1", "2"]
    (tmp_path / "facts" / "linked" / "c.yaml").symlink_to(tmp_path / "absent.yaml")
    assert "c.yaml: cannot be read: No such file or directory; give a file" in refusal(tmp_path / "facts")
    (tmp_path / "facts" / "linked" / "c.yaml").unlink()
    (tmp_path / "facts" / "linked" / "again").symlink_to(tmp_path / "facts")
    assert "id '1' is used already" in refusal(tmp_path / "facts")


def test_a_folder_that_this_user_may_not_read_is_not_empty() -> None:
    said = "cannot be read: Permission denied; let this user read the folder"
    with _as_another_user() as folder:
        (folder / "facts" / "closed" / "within").mkdir(parents=True)
        (folder / "facts" / "a.yaml").write_text('[{id: "1"}]')
        (folder / "facts" / "closed").chmod(0)
        assert refusal(folder / "facts") == f"{folder}/facts/closed: {said}"
        said = "cannot be read: Permission denied; give a file or folder that this user can read"
        within = folder / "facts" / "closed" / "within"
        assert refusal(within) == f"{within}: {said}"
        (folder / "facts" / "closed").chmod(0o700)


@contextmanager
def _as_another_user() -> Iterator[Path]:
    """A folder of a user other than root, who may read every folder; outside root's own `tmp_path`."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        with TemporaryDirectory() as folder:
            yield Path(folder)
    finally:
        if is_root:
            os.seteuid(0)
