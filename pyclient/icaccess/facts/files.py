"""Facts out of files: one, many, or a folder of them, in YAML, JSON or JSON Lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice, tee
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from icaccess.errors import FactsError
from icaccess.facts.interface import FactsSource, Provenance, Written, as_written
from icaccess.facts.readers import READERS, json_lines_as_written
from icaccess.facts.record import at
from icaccess.facts.snapshot import taken_at
from icaccess.models import Record

Named = TypeVar("Named", Record, Written)
"""What has an id."""

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

    def __init__(self, files: list[Path], zone: ZoneInfo, digest: Callable[[str], int] = hash) -> None:
        self._files = files
        self._zone = zone
        self._digest = digest

    def records(self) -> Iterator[Record]:
        """Each record once; `FactsError` also when there is none at all, since nobody works nowhere."""
        return self._once(record for _, _, record in self._placed())

    def traced(self) -> Iterator[tuple[Record, Provenance]]:
        """Each record with its file and line."""
        placed, again = tee(self._placed())  # in step: one with the places, one looked through for ids
        for (file, line, _), record in zip(placed, self._once(record for _, _, record in again), strict=True):
            yield record, {"record": [f"{file}:{line}"]}

    def written(self) -> Iterator[Written]:
        """Each record once; lines of JSON are not read before somebody asks what is in them."""
        return self._once(self._as_written())

    def _once(self, records: Iterable[Named]) -> Iterator[Named]:
        # The hashes of a million ids take 65 MB; the ids themselves would take half as much again, and where
        # each was seen twice as much. Two ids of one hash are told apart by reading the files once more.
        seen: set[int] = set()
        digest = self._digest
        for number, one in enumerate(records, 1):
            key = digest(one.id)
            if key in seen:
                self._refuse_second(one.id, number)
            seen.add(key)
            yield one
        if not seen:
            names = ", ".join(str(file) for file in self._files[:3])
            raise FactsError(f"{names}: no employee at all; an empty population is an error, not a departure")

    @property
    def names(self) -> list[str]:
        """The files, in the order in which they are read."""
        return [str(file) for file in self._files]

    def _placed(self) -> Iterator[tuple[Path, int, Record]]:
        for file in self._files:
            with self._reading(file):
                for line, record in READERS[file.suffix.lower()](file, self._zone):
                    yield file, line, record

    def _as_written(self) -> Iterator[Written]:
        for file in self._files:
            suffix = file.suffix.lower()
            with self._reading(file):
                if suffix == ".jsonl":
                    yield from json_lines_as_written(file, self._zone)
                else:
                    yield from (as_written(record) for _, record in READERS[suffix](file, self._zone))

    @contextmanager
    def _reading(self, file: Path) -> Iterator[None]:
        try:
            made = taken_at(file) or datetime.fromtimestamp(file.stat().st_mtime, UTC)
            self.as_of = min(made, self.as_of or made)
            yield
        except OSError as error:
            raise FactsError(f"{file}: cannot be read: {error.strerror}") from error

    def _refuse_second(self, identifier: str, number: int) -> None:
        """Refuse an id that is used twice among the first `number` records."""
        placed = islice(self._placed(), number)
        places = [at(file, line) for file, line, record in placed if record.id == identifier]
        if len(places) > 1:
            raise FactsError(
                f"{places[1]}: id {identifier!r} is used already in {places[0]}; "
                "keep one record for each employee"
            )


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
