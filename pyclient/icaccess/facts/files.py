"""Facts out of files: one, many, or a folder of them, in YAML, JSON or JSON Lines."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from icaccess.batches import batches
from icaccess.errors import FactsError
from icaccess.facts.interface import TOGETHER, FactsSource, Provenance
from icaccess.facts.readers import READERS, json_lines_unread
from icaccess.facts.record import at
from icaccess.facts.snapshot import taken_at
from icaccess.models import AnyRecord, Record

T = TypeVar("T")
Placed = tuple[Path, int, Record]
"""A record with its file and the line on which it starts."""

_PARTS = 16
_SUFFIXES = ", ".join(READERS)


def load(paths: Iterable[Path], zone: ZoneInfo) -> FactsSource:
    """The facts in `paths`: files, and folders that are searched with all that is under them.

    Timestamps are made days in `zone`. `FactsError` is raised when a path does not exist, a file is of an
    unknown kind, or a folder holds no file of a known one.
    """
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise FactsError("no facts were named; give --facts with a file or folder")
    return FileFacts(files, zone)


class FileFacts(FactsSource):
    """Records of files, in the order of the files and within each; an id may stand in one place only."""

    def __init__(self, files: list[Path], zone: ZoneInfo, hashing: Callable[[str], int] = hash) -> None:
        self._files = files
        self._zone = zone
        self._hash = hashing

    def records(self) -> Iterator[Record]:
        """Each record once; `FactsError` also when there is none at all, since nobody works nowhere."""
        return (record for _, _, record in self._placed_once())

    def traced(self) -> Iterator[tuple[Record, Provenance]]:
        """Each record with its file and line."""
        for file, line, record in self._placed_once():
            yield record, {"record": [f"{file}:{line}"]}

    def unread(self) -> Iterator[AnyRecord]:
        """Each record once; lines of JSON are not decoded before somebody asks what is in them."""
        return self._once(self._unread(), lambda record: record.id)

    def _placed_once(self) -> Iterator[Placed]:
        return self._once(self._placed(), lambda placed: placed[2].id)

    def _once(self, items: Iterable[T], id_of: Callable[[T], str]) -> Iterator[T]:
        # A set of a million ids takes 130 MB, and their hashes in a row 8. So ids are compared at the end, a
        # part of the hashes at a time, and before only those that are near to each other.
        hashes = [array("q") for _ in range(_PARTS)]
        for some in batches(items, TOGETHER):
            new = [self._hash(id_of(one)) for one in some]
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
        """The files, in the order in which they are read."""
        return [str(file) for file in self._files]

    def _placed(self) -> Iterator[Placed]:
        for file in self._files:
            with self._reading(file):
                for line, record in READERS[file.suffix.lower()](file, self._zone):
                    yield file, line, record

    def _unread(self) -> Iterator[AnyRecord]:
        for file in self._files:
            suffix = file.suffix.lower()
            with self._reading(file):
                if suffix == ".jsonl":
                    yield from json_lines_unread(file, self._zone)
                else:
                    yield from (record for _, record in READERS[suffix](file, self._zone))

    @contextmanager
    def _reading(self, file: Path) -> Iterator[None]:
        try:
            made = taken_at(file) or datetime.fromtimestamp(file.stat().st_mtime, UTC)
            self.as_of = min(made, self.as_of or made)
            yield
        except OSError as error:
            raise FactsError(f"{file}: cannot be read: {error.strerror}") from error

    def _refuse_second(self, hashes: list[array[int]]) -> None:
        """Refuse the first id that is used twice among the records whose ids have these hashes."""
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
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in READERS
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
            and file.is_file()
        )
        if not found:
            raise FactsError(f"{path}: holds no facts ({_SUFFIXES}); give a folder that does")
        return found
    if not path.exists():
        raise FactsError(f"{path}: no such file or folder; correct --facts")
    if path.suffix.lower() not in READERS:
        raise FactsError(f"{path}: is of no kind that is read here ({_SUFFIXES}); convert or rename it")
    return [path]
