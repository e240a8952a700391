"""Records that are not read before somebody asks: the same records, ids, complaints and digests."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from icaccess.errors import FactsError
from icaccess.facts.files import load
from icaccess.facts.interface import TOGETHER
from icaccess.models import AnyRecord, InvalidRecord, Record, Unread
from tests.people import population, spoil

DENVER = ZoneInfo("America/Denver")


def lines(seed: int, size: int = 60) -> list[str]:
    """Made-up people as lines of JSON, some of them spoilt."""
    rng = Random(seed)
    facts = [question["employee"] for question in population(seed, size)[1]]
    people = [spoil(rng, one) if rng.random() < 0.2 else one for one in facts]
    for number, one in enumerate(people):
        one["id"] = f"{number:06}"
    return [json.dumps(one) for one in people]


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
@pytest.mark.parametrize("seed", range(5))
def test_read_later_they_are_the_same_records(tmp_path: Path, seed: int, suffix: str) -> None:
    file = tmp_path / f"people{suffix}"
    separator, ends = ("\n", ("", "")) if suffix == ".jsonl" else (",", ("[", "]"))
    file.write_text(ends[0] + separator.join(lines(seed)) + ends[1])
    records = list(load([file], DENVER).records())
    unread = list(load([file], DENVER).unread())
    assert [one.id for one in unread] == [record.id for record in records]
    assert [read(one) for one in unread] == records
    assert any(isinstance(record, InvalidRecord) for record in records)


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_invalid_records_are_counted_once(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"people{suffix}"
    file.write_text(
        '{"id": "1", "x": 1}\n{"id": "2"}\n' if suffix == ".jsonl" else '[{"id": "1", "x": 1}, {"id": "2"}]'
    )
    facts = load([file], DENVER)
    for unread in facts.unread():
        assert read(unread) == read(unread)
    assert facts.reports()[0].text() == f"{file}: 2 rows: 1 used, 1 rejected"


def digests(file: Path, zone: str = "America/Denver") -> list[bytes]:
    return [record.digest for record in load([file], ZoneInfo(zone)).unread()]


def read(record: AnyRecord) -> Record:
    return record.read() if isinstance(record, Unread) else record


def test_many_records_keep_their_order(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    ids = [f"{number:06}" for number in range(2 * TOGETHER + 1)]
    file.write_text("".join(f'{{"id": "{one}"}}\n' for one in ids))
    records = list(load([file], DENVER).unread())
    assert [one.id for one in records] == ids
    assert read(records[TOGETHER + 1]).id == ids[TOGETHER + 1]
    with file.open("a") as stream:
        stream.write(f'{{"id": "{ids[1]}"}}\n')
    message = f"line {len(ids) + 1}: id '000001' is used already in .* line 2;"
    for taken in (load([file], DENVER).unread(), load([file], DENVER).records()):
        with pytest.raises(FactsError, match=message):
            list(taken)


@pytest.mark.parametrize(
    "lines",
    [
        ['{"id": "a"', '"name": "x"}', '{"id": "b"},{"id": "c"}'],  # as a list they are three records
        ['{"id": "a"', '"name": "x"}'],
        ['{"id": "a"},{"id": "b"}'],
        ['{"id": "a"}', "]", "["],
        ['{"id": "a"},', '{"id": "b"}'],
    ],
)
def test_wrong_lines_that_are_right_together(tmp_path: Path, lines: list[str]) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(lines))
    with pytest.raises(FactsError, match=r"line \d"):
        for record in load([file], DENVER).unread():
            read(record)


def test_an_id_used_twice_nearby_is_found_first(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"id": "1"}\n{"id": "2"}\n{"id": "1"}\n')
    for taken in (load([file], DENVER).unread(), load([file], DENVER).records()):
        with pytest.raises(FactsError, match=r"line 3: id '1' is used already in .* line 1"):
            next(taken)


def test_a_digest_changes_with_the_line_and_with_the_zone_alone(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"id": "1"}\n{"id": "2"}\n')
    first = digests(file)
    assert digests(file) == first
    assert first[0] != first[1]
    assert not set(digests(file, "UTC")) & set(first)
    file.write_text('{"id": "1"}\n{"id": "2", "name": "Changed"}\n')
    second = digests(file)
    assert second[0] == first[0]
    assert second[1] != first[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "1"}\n{"id": "1"}\n', "line 2: id '1' is used already in .* line 1"),
        ('{"id": "1"}\n{"id": "2", "na', "line 2: is cut short"),
        ('{"id": "1"}\n{"id": 2}\n', "line 2: id: 2 is not text"),
        ('{"id": "1"}\n{"name": "x"}\n', "line 2: id: is required"),
        ("", "is empty"),
        ("\n\n", "no employee at all"),
    ],
)
def test_what_stops_a_run_unread(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(text)
    with pytest.raises(FactsError, match=message):
        list(load([file], DENVER).unread())
    with pytest.raises(FactsError, match=message):
        list(load([file], DENVER).records())


TIMED = '{{"id": "{}", "certifications": [{{"name": "X", "completed_on": "2026-01-01T{}Z"}}]}}\n'


def test_midnights_unread_are_told_and_asked_about(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(TIMED.format(1, "00:00:00"))
    facts = load([file], DENVER)
    assert [read(one) for one in facts.unread()] == list(load([file], DENVER).records())
    (report,) = facts.reports()
    assert report.notes[0].endswith("1 time of midnight UTC is read as the written day")
    file.write_text(TIMED.format(1, "00:00:00") + TIMED.format(2, "18:30:00"))
    with pytest.raises(FactsError, match=r"1 time is midnight UTC.* and 1 is not; write days as YYYY-MM-DD$"):
        list(load([file], DENVER).unread())


def test_an_id_given_twice_in_one_record(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"id": "1", "id": "2"}\n')
    (unread,) = load([file], DENVER).unread()
    with pytest.raises(FactsError, match="given twice"):
        read(unread)
