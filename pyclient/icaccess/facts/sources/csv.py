"""Delimited files, as exports and spreadsheets really write them (RFC 4180 and its variants)."""

from __future__ import annotations

import codecs
import csv
import difflib
import hashlib
import json
import operator
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from icaccess.config import Config
from icaccess.errors import FactsError, file_errors
from icaccess.facts.mapping import MappedSource
from icaccess.facts.settings import CsvSettings
from icaccess.files import file_to_read
from icaccess.text import quoted

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t|"
_NOT_TEXT = (b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How gzip files, zip files (workbooks among them) and older workbooks begin."""


class CsvSource(MappedSource):
    """One delimited file; a row's number is the line on which it ends."""

    settings: CsvSettings

    def __init__(self, config: Config, settings: CsvSettings) -> None:
        super().__init__(config, settings)
        if settings.delimiter in '"\r\n':
            raise ValueError("delimiter: must be a character that divides cells, such as ',' or ';'")
        series = (settings.series,) if settings.series else ()
        mapped = (
            *settings.key.values(),
            *settings.fields.values(),
            *settings.where,
            *settings.ended,
            *series,
        )
        self._file = CsvFile(settings, config.path(settings.path), (*mapped, *settings.expect.columns))
        self._manifest = config.path(settings.manifest) if settings.manifest else None
        self._skip = 0  # these lines come before the header, and are skipped there

    def column(self, name: str) -> Any:
        """A column by its name."""
        return operator.itemgetter(name)

    def raw_rows(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Each row by its header's names; `FactsError` when the file does not match its settings."""
        yield from self._file.rows(self._manifest)
        self.as_of, self.total = self._file.as_of, self._file.total


class _Declared(msgspec.Struct, frozen=True):
    """What a manifest declares of a file: its rows, its digest, or both."""

    rows: int | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if self.rows is None and self.sha256 is None:
            raise ValueError


class CsvFile:
    """A delimited file with a header; `needed` are the columns that it must have.

    Errors call it `name`, if it is a copy of the file that people know.
    """

    def __init__(
        self, settings: CsvSettings, file: Path, needed: tuple[str, ...], name: Path | None = None
    ) -> None:
        self._settings = settings
        self._file = file
        self._name = name or file
        self._needed = needed
        self.as_of: datetime | None = None
        self.total: int | None = None

    def rows(self, manifest: Path | None = None) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Each row by its header's names, with the line on which it ends."""
        self.total = None
        try:
            self.as_of = datetime.fromtimestamp(file_to_read(self._file).stat().st_mtime, UTC)
            if manifest is not None:
                self._believe_manifest(manifest)
            with self._file.open(encoding=self._encoding(), newline="") as text:
                yield from self._read(text)
        except FactsError:
            raise
        except OSError as error:
            raise FactsError(
                f"{self._name}: cannot be read: {error.strerror}; correct `path`, or let this user read it"
            ) from error
        except UnicodeError as error:
            raise FactsError(
                f"{self._name}: is not {self._settings.encoding or 'UTF-8'}; set `encoding`, such as cp1252"
            ) from error
        except LookupError as error:
            raise FactsError(
                f"{self._name}: {self._settings.encoding!r} is not a known encoding; write one such as cp1252"
            ) from error

    def _encoding(self) -> str:
        with self._file.open("rb") as raw:
            mark = raw.read(4)
        if mark.startswith(_NOT_TEXT):
            raise FactsError(
                f"{self._name}: is a compressed file or a workbook, not text; unpack it or save it as CSV"
            )
        marked = next((name for bom, name in _MARKS if mark.startswith(bom)), None)
        return marked or self._settings.encoding or "utf-8"

    def _read(self, text: IO[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        delimiter, before = self._settings.delimiter, 0
        while before < self._settings.skip_rows:
            before += 1
            if not text.readline():
                raise FactsError(f"{self._name}: ends within the lines that `skip_rows` skips; correct it")
        start = text.tell()
        first = text.readline()
        if first.lower().startswith("sep=") and len(first.strip("\r\n")) == 5:  # Excel's own hint
            delimiter, before = first[4], before + 1
        else:
            text.seek(start)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            header = next(([name.strip() for name in cells] for cells in reader if _any(cells)), [])
            self._check_header(header, delimiter, before + reader.line_num)
            yield from self._body(reader, header, before)
        except csv.Error as error:
            line = reader.line_num + before
            if "unexpected end of data" in str(error):
                raise FactsError(
                    f"{self._name} line {line}: a quote is never closed; the file is cut short, get it "
                    "whole again"
                ) from error
            raise FactsError(
                f"{self._name} line {line}: is not readable as CSV: {error}; correct the line"
            ) from error

    def _body(
        self, reader: Any, header: list[str], before: int
    ) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        trailer, ended = self._settings.trailer, False
        short: tuple[int, str] | None = None
        for cells in reader:
            line = reader.line_num + before
            if short is not None:
                yield short
                short = None
            if not _any(cells):
                continue
            if (
                self._needed[0] in cells
                and cells != header
                and set(self._needed) <= set(map(str.strip, cells))
            ):
                raise FactsError(
                    f"{self._name} line {line}: is another header, with its columns in another order; the "
                    "file was put together from several, so give each as a source of its own"
                )
            if ended:
                raise FactsError(
                    f"{self._name} line {line}: follows the trailer; the file was assembled wrongly"
                )
            if trailer is not None and cells[0].strip() == trailer:
                self.total, ended = self._trailer_count(cells, line), True
            elif len(cells) == len(header):
                yield line, dict(zip(header, cells, strict=True))
            else:
                # Reported one row later: midway it is one bad row, at the end of the file a broken file.
                short = line, f"has {len(cells)} cells where the header has {len(header)}"
        if short is not None:
            raise FactsError(
                f"{self._name} line {short[0]}: the last line {short[1]}; the file is cut short, get it "
                "whole again"
            )
        if trailer is not None and not ended:
            raise FactsError(
                f"{self._name}: has no trailer row {trailer!r}; the file is cut short, get it whole again"
            )

    def _check_header(self, header: list[str], delimiter: str, line: int) -> None:
        if not header:
            raise FactsError(f"{self._name}: is empty; it has not even a header: get it again")
        if any("\0" in name for name in header):
            raise FactsError(
                f"{self._name} line {line}: holds NUL characters, as UTF-16 without a byte-order mark does; "
                "set `encoding`, such as utf-16-le"
            )
        for name in self._needed:
            if header.count(name) > 1:
                raise FactsError(f"{self._name} line {line}: the column {name!r} appears twice; keep one")
            if name in header:
                continue
            other = next((one for one in _DELIMITERS if one != delimiter and one in header[0]), None)
            if len(header) == 1 and other is not None:
                raise FactsError(
                    f"{self._name} line {line}: no column is divided by {delimiter!r}, but {other!r} occurs; "
                    "set `delimiter`"
                )
            near = difflib.get_close_matches(name, header, 1, 0.6)
            hint = f"was it renamed {near[0]!r}?" if near else f"there are {quoted(', '.join(header))};"
            raise FactsError(
                f"{self._name} line {line}: has no column {name!r}; {hint} correct the settings or the file"
            )

    def _trailer_count(self, cells: list[str], line: int) -> int:
        if len(cells) < 2 or not cells[1].strip().isdecimal():
            raise FactsError(
                f"{self._name} line {line}: the trailer does not say how many rows there are; get it again"
            )
        return int(cells[1])

    def _believe_manifest(self, manifest: Path) -> None:
        with file_errors(FactsError, f"{manifest}: cannot be read", "correct `manifest` or get the file"):
            written = file_to_read(manifest).read_bytes()
        try:
            said = msgspec.convert(json.loads(written)[self._file.name], _Declared)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise FactsError(
                f"{manifest}: is not a manifest that describes {self._file.name}; "
                'write {"' + self._file.name + '": {"rows": 1, "sha256": "…"}}'
            ) from error
        if said.sha256 is not None and said.sha256.lower() != _sha256(self._file):
            raise FactsError(
                f"{self._name}: is not the file that {manifest} describes (its SHA-256 differs); get "
                "both again"
            )
        self.total = said.rows


def _any(cells: list[str]) -> bool:
    return any(map(str.strip, cells))


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
