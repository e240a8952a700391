"""Facts from files: one, many, or a folder of them, in YAML, JSON or JSON Lines."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from icaccess.batches import batches
from icaccess.errors import FactsError, file_errors
from icaccess.facts.days import DayReader
from icaccess.facts.interface import TOGETHER, Facts, SourceReport, Traces
from icaccess.facts.readers import READERS, json_lines_unread
from icaccess.facts.record import at
from icaccess.facts.snapshot import taken_at
from icaccess.files import file_to_read
from icaccess.models import AnyRecord, InvalidRecord, Record

T = TypeVar("T")
PlacedRecord = tuple[Path, int, Record]
"""A record with its file and the line on which it starts."""

_PARTS = 16
_SUFFIXES = ", ".join(READERS)


def load(paths: Iterable[Path], zone: ZoneInfo) -> Facts:
    """The facts in `paths`: files, and folders with all their subfolders.

    Timestamps become days in `zone`. `FactsError` when a path does not exist, a file is of an unknown
    kind, or a folder holds no file of a known kind.
    """
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise FactsError("no facts were named; give --facts with a file or folder")
    return FileFacts(files, zone)


class FileFacts(Facts):
    """Records of files, in the order of the files and within each; an id may appear only once."""

    def __init__(self, files: list[Path], zone: ZoneInfo, hashing: Callable[[str], int] = hash) -> None:
        self._files = files
        self._zone = zone
        self._hash = hashing
        self._read = 0
        self._problems: list[str] = []
        self._invalid: set[str] = set()
        self._notes: list[str] = []

    def traced(self) -> Iterator[tuple[Record, Traces]]:
        """Each record with its file and line; `FactsError` also when there is none at all."""
        self._problems, self._invalid = [], set()
        for file, line, record in self._once(self._placed(), lambda placed: placed[2].id):
            if isinstance(record, InvalidRecord):
                self._problems.append(f"{record.id}: {record.problem}")
            yield record, {"record": [f"{file}:{line}"]}

    def reports(self) -> list[SourceReport]:
        """One for all the files: how many records they hold, and how many of those read are invalid."""
        invalid = len(self._invalid)
        return [
            SourceReport(
                name=", ".join(self.names[:3]),
                rows=self._read,
                used=self._read - invalid,
                rejected=invalid,
                people=self._read,
                as_of=self.as_of,
                notes=tuple(self._notes),
            )
        ]

    def issues(self) -> Iterator[str]:
        """The problem of each record that is invalid."""
        return iter(self._problems)

    def unread(self) -> Iterator[AnyRecord]:
        """Each record once; a line of JSON is decoded only when somebody needs its content."""
        self._problems, self._invalid = [], set()
        return self._once(self._unread(), lambda record: record.id)

    def _counted(self, record: Record) -> Record:
        if isinstance(record, InvalidRecord):
            self._invalid.add(record.id)
        return record

    def _once(self, items: Iterable[T], id_of: Callable[[T], str]) -> Iterator[T]:
        # A set of a million ids takes 130 MB, an array of their hashes 8 MB. So the ids are compared at the
        # end, a part of the hashes at a time, and before that only ids that are near each other.
        hashes = [array("q") for _ in range(_PARTS)]
        self._read, self._notes = 0, []
        for some in batches(items, TOGETHER):
            new = [self._hash(id_of(one)) for one in some]
            self._read += len(new)
            for one in new:
                hashes[one % _PARTS].append(one)
            if len(set(new)) < len(new):
                self._refuse_second(hashes)
            yield from some
        if not any(hashes):
            names = ", ".join(map(str, self._files[:3]))
            raise FactsError(f"{names}: no employee at all; an empty population is an error, not a departure")
        if any(len(set(part)) < len(part) for part in hashes):
            self._refuse_second(hashes)

    @property
    def names(self) -> list[str]:
        """The files, in reading order."""
        return [str(file) for file in self._files]

    def _placed(self) -> Iterator[PlacedRecord]:
        for file in self._files:
            for line, record in self._records_of(file):
                yield file, line, record

    def _unread(self) -> Iterator[AnyRecord]:
        for file in self._files:
            if file.suffix.lower() == ".jsonl":
                days = DayReader(self._zone)
                with self._reading(file):
                    yield from json_lines_unread(file, self._zone, days, self._counted)
                self._settle(file, days)
            else:
                yield from (record for _, record in self._records_of(file))

    def _records_of(self, file: Path) -> Iterator[tuple[int, Record]]:
        days = DayReader(self._zone)
        with self._reading(file):
            for line, record in READERS[file.suffix.lower()](file, days):
                yield line, self._counted(record)
        self._settle(file, days)

    def _settle(self, file: Path, days: DayReader) -> None:
        try:
            self._notes += [f"{file}: {note}" for note in days.settle()]
        except FactsError as error:
            raise FactsError(f"{file}: {error}") from error

    @contextmanager
    def _reading(self, file: Path) -> Iterator[None]:
        with file_errors(FactsError, f"{file}: cannot be read", "give a file that this user can read"):
            made = taken_at(file_to_read(file)) or datetime.fromtimestamp(file.stat().st_mtime, UTC)
            self.as_of = min(made, self.as_of or made)
            yield

    def _refuse_second(self, hashes: list[array[int]]) -> None:
        """Refuse the first repeated id among the records whose ids have these hashes."""
        repeated = {one for part in hashes for one, times in Counter(part).items() if times > 1}
        first: dict[str, str] = {}
        for file, line, record in islice(self._placed(), sum(map(len, hashes))):
            if self._hash(record.id) not in repeated:
                continue
            if record.id in first:
                raise FactsError(
                    f"{at(file, line)}: id {record.id!r} is used already in {first[record.id]}; "
                    "keep one record for each employee"
                )
            first[record.id] = at(file, line)


def _files(path: Path) -> list[Path]:
    with file_errors(FactsError, f"{path}: cannot be read", "give a file or folder that this user can read"):
        is_folder, is_there = path.is_dir(), path.exists()
    if is_folder:
        found = files_in(path, READERS)
        if not found:
            raise FactsError(f"{path}: holds no facts ({_SUFFIXES}); give a folder that does")
        return found
    if not is_there:
        raise FactsError(f"{path}: no such file or folder; correct --facts")
    if path.suffix.lower() not in READERS:
        raise FactsError(
            f"{path}: is not a kind of file that icaccess reads ({_SUFFIXES}); convert or rename it"
        )
    return [path]


def files_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The files with these suffixes in a folder, as `all_files` finds them."""
    return [file for file in all_files(folder) if file.suffix.lower() in suffixes]


def all_files(folder: Path, *, hidden: bool = False) -> list[Path]:
    """The files in a folder and its subfolders, also linked ones; without hidden ones, or only these.

    Hidden subfolders do not count.

    `FactsError` when a subfolder cannot be read: what it holds is not known to be nothing.
    """

    def fail(error: OSError) -> None:
        with file_errors(FactsError, f"{error.filename}: cannot be read", "let this user read the folder"):
            raise error

    found: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        folders[:] = (name for name in folders if not name.startswith("."))
        found += (Path(root, name) for name in names if name.startswith(".") is hidden)
    return sorted(found)
