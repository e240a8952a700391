"""Readers of facts written as YAML, JSON and JSON Lines: the records of one file, each with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import msgspec

from icaccess import __version__
from icaccess.batches import batches
from icaccess.errors import FactsError
from icaccess.facts.days import DayReader
from icaccess.facts.interface import TOGETHER, digest
from icaccess.facts.record import MAX_TEXT, at, misordered, tidy, to_record, unsupported
from icaccess.facts.snapshot import HEAD, read_snapshot
from icaccess.marked_yaml import Marked, MarkedYamlError, Problem, Steps, read_items
from icaccess.models import AnyRecord, Employee, Record, Text, Unread

LIST_KEY = "employees"
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_MAX_DEPTH = 40
_SHAPE = f'expected {{"{LIST_KEY}": [...]}} or a list of records'
_CUT_SHORT = "is cut short; get the whole file again"
_OPENING = re.compile(rf'[ \t\r\n]*(?P<wrapped>{{[ \t\r\n]*"{LIST_KEY}"[ \t\r\n]*:[ \t\r\n]*)?\[[ \t\r\n]*')
_SEPARATOR = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_CLOSING = re.compile(r"[ \t\r\n]*\][ \t\r\n]*")
_FAR_DAY = re.compile(rb'"(?!19|20|21)\d{4}-(?<!"end":"9999-)(?<!"end": "9999-)')
"""What may be a day outside the years of the policy. Beginning with a quote alone, it is found fast."""
_UNTIDY = re.compile(rb'\\|" | "')
"""What a record as written here holds if a text may begin or end with a blank, or holds a NUL character."""
_TIME = re.compile(rb"-\d\d[Tt ]\d\d:")
"""What may be a time. Beginning with a dash alone, it is found fast."""
_CLOSING_WRAPPED = re.compile(r"[ \t\r\n]*\][ \t\r\n]*}[ \t\r\n]*")


class _Identified(msgspec.Struct, frozen=True):
    id: Text


_scan = json.JSONDecoder().raw_decode
_decode = msgspec.json.Decoder(Employee).decode
_decode_ids = msgspec.json.Decoder(list[_Identified]).decode
_encode = msgspec.json.Encoder().encode

NumberedRecords = Iterator[tuple[int, Record]]
"""Records with the line on which each starts."""


def read_yaml(file: Path, days: DayReader) -> NumberedRecords:
    """The records of a YAML file, read piece by piece; every scalar counts as written."""
    try:
        with file.open("rb") as stream:
            for written in read_items(stream, LIST_KEY):
                yield written.line(()), to_record(written, file, days)
    except MarkedYamlError as error:
        raise FactsError(error.at(file)) from error


def read_json(file: Path, days: DayReader) -> NumberedRecords:
    """The records of a JSON file, whose whole text is in memory."""
    text = _text(file.read_bytes().removeprefix(_BOM), file, 1)
    opening = _OPENING.match(text)
    if opening is None:
        raise FactsError(f"{at(file, 1)}: {_SHAPE}" if text.strip() else f"{file}: is empty; {_SHAPE}")
    closing = _CLOSING_WRAPPED if opening["wrapped"] else _CLOSING
    position, line = opening.end(), 1 + text.count("\n", 0, opening.end())
    while not (end := closing.match(text, position)):
        with _complaining(file, text, 1):
            start, position = position, _scan(text, position)[1]
        yield line, _from_json(text[start:position].encode(), file, line, days)
        separator = _SEPARATOR.match(text, position)
        position = separator.end() if separator else position
        line += text.count("\n", start, position)
        if separator is None and not closing.match(text, position):
            problem = (
                f"{_SHAPE}, and nothing else; correct the file" if text[position:].strip() else _CUT_SHORT
            )
            raise FactsError(f"{at(file, line)}: {problem}")
    if end.end() != len(text):
        raise FactsError(f"{at(file, line)}: {_SHAPE}, and nothing after it; correct the file")


def read_json_lines(file: Path, days: DayReader) -> NumberedRecords:
    """The records of a JSON Lines file, one on each line, read line by line; skips blank lines.

    Its head shows whether the file is a snapshot, which is also JSON Lines.
    """
    if _is_snapshot(file):
        yield from read_snapshot(file)
        return
    for line, raw in _lines(file):
        yield line, _from_json(raw, file, line, days)


def json_lines_unread(
    file: Path, zone: ZoneInfo, days: DayReader, counted: Callable[[Record], Record]
) -> Iterator[AnyRecord]:
    """The same records unread: finds only the id of each line, and takes its digest.

    Reads lines with times at once, so that `days` counts all times of the file. Each record that is read goes
    through `counted`.
    """
    if _is_snapshot(file):
        yield from (counted(record) for _, record in read_snapshot(file))
        return

    def read_line(raw: bytes, number: int) -> Record:
        return counted(_from_json(raw, file, number, days))

    reading = f"{__version__} {zone.key} ".encode()  # the meaning of a line also depends on these
    for numbers, lines in _lines_together(file):
        read = [partial(read_line, raw, number) for number, raw in zip(numbers, lines, strict=True)]
        if any(map(_TIME.search, lines)):
            yield from (one() for one in read)
            continue
        ids = _ids(lines) or [
            _from_json(raw, file, number, days).id for number, raw in zip(numbers, lines, strict=True)
        ]
        digests = [digest(reading + raw) for raw in lines]
        yield from map(Unread, ids, digests, read)


def _ids(lines: list[bytes]) -> list[str]:
    """The id on each line; none if a line is wrong or an id cannot be kept: reading the line then says why.

    Wrong lines that together happen to form a list get ids that are not theirs. No decision on a wrong line
    is ever cached, so the line will be read, which stops the run.
    """
    try:
        found = _decode_ids(b"[" + b",".join(lines) + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    ids = [one.id for one in found]
    sound = len(ids) == len(lines) and len(max(ids, key=len)) <= MAX_TEXT
    return ids if sound and tidy(ids) == ids and not any(b"\\u0000" in line for line in lines) else []


def _is_snapshot(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.readline().removeprefix(_BOM).startswith(HEAD)


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    for numbers, lines in _lines_together(file):
        yield from zip(numbers, lines, strict=True)


def _lines_together(file: Path) -> Iterator[tuple[Sequence[int], list[bytes]]]:
    """The lines of a file that are not blank, some at a time, with their numbers."""
    with file.open("rb") as stream:
        first = 1
        for lines in batches(stream, TOGETHER):
            if first == 1:
                lines[0] = lines[0].removeprefix(_BOM)
            numbers: Sequence[int] = range(first, first + len(lines))
            first += len(lines)
            if not all(map(bytes.strip, lines)):
                numbers = [number for number, raw in zip(numbers, lines, strict=True) if raw.strip()]
                lines = [raw for raw in lines if raw.strip()]
            if lines:
                yield numbers, lines
        if first == 1:
            raise FactsError(f"{file}: is empty; an empty file proves nothing")


READERS: dict[str, Callable[[Path, DayReader], NumberedRecords]] = {
    ".yaml": read_yaml,
    ".yml": read_yaml,
    ".json": read_json,
    ".jsonl": read_json_lines,
}
"""The reader for each suffix of a file's name."""


def _from_json(raw: bytes, file: Path, line: int, days: DayReader) -> Record:
    """A record from its JSON: straight into the type if nothing can be wrong, else with every check.

    Decoding keeps the last of two equal keys. So the record is written back, and must have its old length,
    without blanks: no JSON is shorter than the form written here, so a shorter one shows that a key was
    dropped. A record that was longer for another reason, such as an escaped character, also takes the slow
    way, and so does one with a text that may need to be tidied.
    """
    try:
        employee = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return to_record(_parse(raw, file, line), file, days)
    again = _encode(employee)
    if (
        len(raw.translate(None, _BLANK)) == len(again) - again.count(b" ")
        and again.isascii()
        and not _UNTIDY.search(again)
        and not employee.id.endswith(".0")
        and misordered(employee) is None
        and ((len(raw) <= MAX_TEXT and not _FAR_DAY.search(raw)) or unsupported(employee) is None)
    ):
        return employee
    return to_record(_parse(raw, file, line), file, days)


class _Object(dict[str, Any]):
    """A JSON object that remembers its duplicate keys."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.twice = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]


def _parse(raw: bytes, file: Path, line: int) -> Marked:
    text = _text(raw.rstrip(), file, line)  # a line that is cut short may still end with a line feed
    with _complaining(file, text, line):
        value = json.loads(text, object_pairs_hook=_Object, parse_constant=_no_constant)
        problems = [Problem(path, line, "is given twice; keep one") for path in _given_twice(value, ())]
    return Marked(value, {(): line}, problems)


def _text(raw: bytes, file: Path, line: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        place = at(file, line + raw.count(b"\n", 0, error.start))
        raise FactsError(f"{place}: is not UTF-8 at byte {error.start + 1}; save it as UTF-8") from error


@contextmanager
def _complaining(file: Path, text: str, line: int) -> Iterator[None]:
    """Say in one line why `text`, which starts on `line` of `file`, does not parse."""
    try:
        yield
    except json.JSONDecodeError as error:
        place = at(file, line + error.lineno - 1)
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise FactsError(f"{place}: {_CUT_SHORT}") from error
        raise FactsError(f"{place}: is not JSON at column {error.colno}: {error.msg}; correct it") from error
    except (ValueError, RecursionError) as error:
        why = f"nested more than {_MAX_DEPTH} deep" if isinstance(error, RecursionError) else error
        raise FactsError(
            f"{at(file, line)}: is not JSON that a record can hold: {why}; correct it"
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _given_twice(value: Any, path: Steps) -> Iterator[Steps]:
    if len(path) > _MAX_DEPTH:
        raise ValueError(f"nested more than {_MAX_DEPTH} deep")
    if isinstance(value, _Object):
        for key in value.twice:
            yield (*path, key)
        for key, inner in value.items():
            yield from _given_twice(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _given_twice(inner, (*path, index))
