"""Snapshots: taken back exactly, and refused when anything in them was changed."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from icaccess.errors import FactsError
from icaccess.facts import open_facts
from icaccess.facts.files import load
from icaccess.facts.snapshot import write_snapshot
from icaccess.models import InvalidRecord
from tests.facts.feeds import folder
from tests.naming import named_by_last


def taken(tmp_path: Path) -> Path:
    config = folder(tmp_path, {"lms.csv": "email,course,done\ntwo@example.org,X,2023-02-30\n"})
    source = open_facts(config)
    written = write_snapshot(tmp_path / "snapshot.jsonl", source.traced(), source.names)
    assert written.records == 3
    return tmp_path / "snapshot.jsonl"


def test_a_snapshot_gives_back_every_record_the_invalid_ones_too(tmp_path: Path) -> None:
    file = taken(tmp_path)
    config = folder(tmp_path, {"lms.csv": "email,course,done\ntwo@example.org,X,2023-02-30\n"})
    replayed = list(open_facts(config, [file]).records())
    assert replayed == list(open_facts(config).records())
    assert isinstance(replayed[1], InvalidRecord)


def test_a_snapshot_replaces_a_link_and_leaves_what_it_names(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    target.write_text("old")
    link.symlink_to(target)
    assert write_snapshot(link, [], []).records == 0
    assert not link.is_symlink()
    assert target.read_text() == "old"


def test_a_snapshot_names_rows_and_is_private(tmp_path: Path) -> None:
    file = taken(tmp_path)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert '"sources":["people","employment","jobs","lms","approvals"]' in lines[0]
    assert lines[1].endswith(
        '"from":{"approvals":["approvals:2"],"assignments":["jobs:2"],"employment":["employment:2"],"people":["people:2"]}}'
    )
    assert file.stat().st_mode & 0o077 == 0
    assert [other.name for other in tmp_path.iterdir() if other.name.startswith(".")] == []


@named_by_last(
    ("old", "new", "says"),
    [
        (
            "Office Professional",
            "Office professional",
            "was changed after it was taken (its SHA-256 differs)",
        ),
        ('{"records":3', '{"record":3', "is cut short: a snapshot ends with its digest; take a new one"),
        ('{"snapshot":1', '{"snapshot":2', "was made by another version of icaccess"),
        ('"taken_at":"2', '"taken_at":"1', "was changed after it was taken"),
    ],
)
def test_an_edited_snapshot_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    file = taken(tmp_path)
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    records = open_facts(folder(tmp_path), [file]).records()
    with pytest.raises(FactsError) as caught:
        next(records)
    assert says in str(caught.value)


def test_a_snapshot_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    file = taken(tmp_path)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(FactsError, match="is cut short: a snapshot ends with its digest"):
        next(open_facts(folder(tmp_path), [file]).records())


@pytest.mark.parametrize(
    "kept", [slice(1, None), slice(2, 3), slice(-1, None)], ids=["head", "record", "end"]
)
def test_a_snapshot_that_lost_its_head_is_told(tmp_path: Path, kept: slice) -> None:
    file = taken(tmp_path)
    file.write_text(
        "".join(file.read_text(encoding="utf-8").splitlines(keepends=True)[kept]), encoding="utf-8"
    )
    for take in (lambda facts: facts.records(), lambda facts: facts.unread()):
        with pytest.raises(
            FactsError, match=r"line 1: looks like a line of a snapshot, .* a snapshot's head; get"
        ):
            list(take(load([file], ZoneInfo("America/Denver"))))


def test_facts_are_as_old_as_the_snapshot(tmp_path: Path) -> None:
    file = taken(tmp_path)
    os.utime(file, (time.time() + 9999, time.time() + 9999))
    source = open_facts(folder(tmp_path), [file])
    assert len(list(source.records())) == 3
    assert source.as_of is not None
    assert source.as_of < datetime.now(UTC)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    source = open_facts(folder(tmp_path))
    with pytest.raises(FactsError, match="cannot be written: Not a directory"):
        write_snapshot(Path("/dev/null/s.jsonl"), source.traced(), source.names)


@pytest.mark.parametrize(
    "content",
    [
        b'{"snapshot":x\n{"records":1,"sha256":"00"}\n',
        b'{"snapshot":1}\n{"records":1,"sha256":"\xff"}\n',
        b'{"snapshot":1}\n' + b"[" * 4000,
        b'{"snapshot":' + b"[" * 100_000 + b'\n{"records":1,"sha256":"00"}\n',
        b'\xef\xbb\xbf{"snapshot":1}\n{"records":1,"sha256":"00"}\n',
    ],
    ids=["head", "end", "deep end", "deep head", "mark"],
)
def test_a_broken_snapshot_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_bytes(content)
    for take in (lambda facts: facts.records(), lambda facts: facts.unread()):
        with pytest.raises(FactsError, match=r"broken\.jsonl: .*take a new one"):
            list(take(load([file], ZoneInfo("America/Denver"))))
