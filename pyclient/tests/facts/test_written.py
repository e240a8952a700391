"""Records that are not read before somebody asks: the same records, ids, complaints and digests."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from icaccess.errors import FactsError
from icaccess.facts.files import load
from icaccess.models import InvalidRecord
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
    unread = list(load([file], DENVER).written())
    assert [one.id for one in unread] == [record.id for record in records]
    assert [one.read() for one in unread] == records
    assert any(isinstance(record, InvalidRecord) for record in records)


def test_a_digest_changes_with_the_line_and_with_the_zone_alone(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"id": "1"}\n{"id": "2"}\n')
    first = [one.digest for one in load([file], DENVER).written()]
    assert [one.digest for one in load([file], DENVER).written()] == first
    assert first[0] != first[1]
    assert [one.digest for one in load([file], ZoneInfo("UTC")).written()] != first
    file.write_text('{"id": "1"}\n{"id": "2", "name": "Changed"}\n')
    second = [one.digest for one in load([file], DENVER).written()]
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
def test_what_stops_a_run_stops_it_unread_as_well(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(text)
    with pytest.raises(FactsError, match=message):
        list(load([file], DENVER).written())
    with pytest.raises(FactsError, match=message):
        list(load([file], DENVER).records())


def test_an_id_given_twice_in_one_record_stops_the_run_when_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"id": "1", "id": "2"}\n')
    (unread,) = load([file], DENVER).written()
    with pytest.raises(FactsError, match="given twice"):
        unread.read()
