"""A snapshot of facts: what a decision rested on, so that the same decision can be made again a year later.

The file is JSON Lines: a head, one line for each record with the rows behind it, and an end that declares
the number of records and the SHA-256 of everything before it. `--facts` reads it back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icaccess.errors import FactsError, file_errors
from icaccess.facts.record import at
from icaccess.files import write_private
from icaccess.models import Employee, InvalidRecord, Record

VERSION = 1
HEAD = b'{"snapshot":'
_TAIL_BYTES = 4096
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class SnapshotHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line: when the facts were taken, and from which sources."""

    snapshot: int
    taken_at: datetime
    sources: tuple[str, ...]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One record, valid or not, and for each kind of fact the rows behind it."""

    employee: Employee | None = None
    invalid: InvalidRecord | None = None
    from_: dict[str, list[str]] = msgspec.field(name="from", default_factory=dict)


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: it proves that the lines before it are complete and unchanged."""

    records: int
    sha256: str


def write_snapshot(
    file: Path, traced: Iterable[tuple[Record, dict[str, list[str]]]], sources: Iterable[str]
) -> End:
    """Write the records with the rows behind them, and give the last line of the file.

    The file appears complete or not at all. It holds personal data, so only its owner may read it.
    `FactsError` when it cannot be written.
    """
    written: list[End] = []
    with file_errors(FactsError, f"{file}: cannot be written", "name another file"):
        write_private(file, _lines(traced, SnapshotHead(VERSION, datetime.now(UTC), tuple(sources)), written))
    return written[0]


def _lines(
    traced: Iterable[tuple[Record, dict[str, list[str]]]], head: SnapshotHead, written: list[End]
) -> Iterator[bytes]:
    """The lines of a snapshot; at the end, `written` gets its counts and digest."""
    digest, records, encode = hashlib.sha256(), 0, msgspec.json.Encoder().encode

    def line(value: object) -> bytes:
        data = encode(value) + b"\n"
        digest.update(data)
        return data

    yield line(head)
    for record, places in traced:
        records += 1
        kind = "employee" if isinstance(record, Employee) else "invalid"
        yield line({kind: record, "from": places})
    written.append(End(records, digest.hexdigest()))
    yield encode(written[0]) + b"\n"


def read_snapshot(file: Path) -> Iterator[tuple[int, Record]]:
    """The records of a snapshot with their lines.

    `FactsError` before the first when the file was changed, cut short, or made by another version.
    """
    end = _verify(file)
    decode = msgspec.json.Decoder(Line).decode
    with file.open("rb") as stream:
        next(stream)
        for number, raw in enumerate(stream, 2):
            if number == end.records + 2:
                return
            try:
                line = decode(raw)
            except msgspec.DecodeError as error:
                raise FactsError(
                    f"{at(file, number)}: is not a line of a snapshot; take a new one"
                ) from error
            record = line.employee or line.invalid
            if record is None:
                raise FactsError(f"{at(file, number)}: holds no record; take a new snapshot")
            yield number, record


def taken_at(file: Path) -> datetime | None:
    """When a snapshot was taken; None for any other file."""
    with file.open("rb") as stream:
        first = stream.readline(_TAIL_BYTES)
    try:
        return msgspec.json.decode(first, type=SnapshotHead).taken_at if first.startswith(HEAD) else None
    except _UNREADABLE:
        return None  # reading it will say why it is not a snapshot


def _verify(file: Path) -> End:
    """The end of a complete snapshot."""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _TAIL_BYTES))
        last = stream.read().rstrip(b"\n").rpartition(b"\n")[2]
        try:
            end = msgspec.json.decode(last, type=End)
        except _UNREADABLE as error:
            raise FactsError(
                f"{file}: is cut short: a snapshot ends with its digest; take a new one"
            ) from error
        stream.seek(0)
        try:
            head = msgspec.json.decode(next(stream), type=dict[str, msgspec.Raw])
        except _UNREADABLE as error:
            raise FactsError(f"{file}: was changed after it was taken (its head); take a new one") from error
        if bytes(head["snapshot"]) != str(VERSION).encode():
            raise FactsError(f"{file}: was made by another version of icaccess; read it with that one")
        stream.seek(0)
        digest, left = hashlib.sha256(), size - len(last) - 1
        while left > 0 and (data := stream.read(min(left, 1 << 20))):
            digest.update(data)
            left -= len(data)
        if digest.hexdigest() != end.sha256:
            raise FactsError(f"{file}: was changed after it was taken (its SHA-256 differs); take a new one")
        return end
