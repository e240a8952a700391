"""Facts in the project's own shape: whole records, or approvals in a repository, one in each file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from icaccess.config import Config
from icaccess.errors import FactsError, file_errors
from icaccess.facts.days import DayReader
from icaccess.facts.files import all_files, load
from icaccess.facts.interface import ParsedRow, Source
from icaccess.facts.kinds import Person
from icaccess.facts.record import at, convert, tidy
from icaccess.facts.settings import Kind, YamlSettings
from icaccess.files import file_to_read
from icaccess.marked_yaml import read_file
from icaccess.models import LISTS, Approval, Employee, InvalidRecord, Text

_NAMED = re.compile(r".+\.(ya?ml|json)", re.IGNORECASE)
_LISTS = cast("tuple[Kind, ...]", LISTS)


class YamlSource(Source):
    """A file or folder of facts in the project's own shape."""

    def __init__(self, config: Config, settings: YamlSettings) -> None:
        if settings.expect.columns:
            raise ValueError("expect.columns: facts in the project's own shape have no columns; leave it out")
        super().__init__(settings)
        self._path = config.path(settings.path)
        self._zone = config.zone
        self.joins_by_name = settings.approver_key != "id"


class RecordsSource(YamlSource):
    """Whole records from files, split into facts, so that other sources can add to them.

    A list that is absent from a record is unknown, unless another source gives that kind of fact.
    """

    kinds = frozenset[Kind](("people", *_LISTS, "access"))

    def parse(self) -> Iterator[ParsedRow]:
        """The parts of each record, numbered by record; an invalid record gives only its reason."""
        if not self._path.exists():
            raise FactsError(f"{self._path}: no such file or folder; correct `path`")
        facts = load([self._path], self._zone)
        for number, record in enumerate(facts.records(), 1):
            if isinstance(record, InvalidRecord):
                yield ParsedRow("people", number, "id", record.id, None, record.problem)
            else:
                yield from self._parts(number, record)
        self.as_of = facts.as_of

    def _parts(self, number: int, record: Employee) -> Iterator[ParsedRow]:
        lists = {kind: getattr(record, kind) for kind in _LISTS}
        person = Person(
            id=record.id,
            name=record.name,
            email=record.email,
            username=record.username,
            absent=tuple(kind for kind in _LISTS if lists[kind] is msgspec.UNSET),
            none=tuple(kind for kind in _LISTS if lists[kind] == ()),
        )
        yield ParsedRow("people", number, "id", record.id, person)
        for kind in _LISTS:
            for fact in lists[kind] or ():
                yield ParsedRow(kind, number, "id", record.id, fact)
        if record.access:
            yield ParsedRow("access", number, "id", record.id, record.access)


class ApprovalFile(Approval, frozen=True, kw_only=True):
    """An approval with its employee."""

    employee: Text


class ApprovalsSource(YamlSource):
    """A folder of approvals, reviewed and merged like code: each names its employee as `employee`."""

    kinds = frozenset[Kind](("approvals",))

    def parse(self) -> Iterator[ParsedRow]:
        """Each file's approval; `FactsError` when the folder, or a file in it, cannot be read."""
        if not self._path.is_dir():
            raise FactsError(f"{self._path} is not a folder; correct `path`")
        days = DayReader(self._zone)
        files = all_files(self._path)
        read = _approval_files(files)
        _refuse_hidden(all_files(self._path, hidden=True), read)
        for number, file in enumerate(read, 1):
            yield _approval_row(number, file, days)
        self.notes += days.settle()
        others = [file.name for file in files if file not in read and file.suffix.lower() != ".md"]
        if others:
            self.notes.append(f"files whose names do not end in .yaml are not read: {', '.join(others[:5])}")


def _approval_files(files: list[Path]) -> dict[Path, None]:
    """The files to read; `FactsError` for one whose name hides that it may hold an approval, or a withdrawal.

    A copy that an editor left beside a file that is read does not count.
    """
    read = {file: None for file in files if file.suffix.lower() in (".yaml", ".yml")}
    for file in files:
        named = None if file in read else _NAMED.match(file.name)
        if named is not None and file.with_name(named[0]) not in read:
            raise FactsError(
                f"{file}: is not read, since its name does not end in .yaml; rename or remove it"
            )
    return read


def _refuse_hidden(files: list[Path], read: dict[Path, None]) -> None:
    """`FactsError` for a hidden file that holds an approval, or a withdrawal; not for an editor's copy."""
    for file in files:
        if file.suffix.lower() not in (".yaml", ".yml") or file.with_name(file.name.lstrip("._#")) in read:
            continue
        with (
            file_errors(FactsError, f"{file}: cannot be read", "take it out of the folder"),
            suppress(FileNotFoundError),  # an editor's lock is a link that leads nowhere
        ):
            if b"employee:" in file_to_read(file).read_bytes():
                raise FactsError(f"{file}: is not read, since it is hidden; rename or remove it")


def _approval_row(number: int, file: Path, days: DayReader) -> ParsedRow:
    written = read_file(file, FactsError, "correct it, or take it out of the folder")
    written = written._replace(value=tidy(written.value))
    value = written.value
    owner = value.get("employee") if isinstance(value, dict) else None
    if not isinstance(owner, str) or not owner:
        raise FactsError(
            f"{at(file, written.line(('employee',)))}: employee: must be there, in quotes: "
            "the id of the employee for whom the approval is"
        )
    try:
        approval = convert(written, ApprovalFile, file, days)
    except ValueError as error:
        return ParsedRow("approvals", number, "id", owner, None, str(error))
    fields = {name: getattr(approval, name) for name in Approval.__struct_fields__}
    return ParsedRow("approvals", number, "id", owner, Approval(**fields))


def open_yaml(config: Config, settings: YamlSettings) -> YamlSource:
    """The source of what the settings say it gives; `ValueError` if they make no sense."""
    return (ApprovalsSource if settings.gives == "approvals" else RecordsSource)(config, settings)
