"""Facts in the project's own shape: whole records, or approvals in a repository, one in each file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from icaccess.errors import FactsError
from icaccess.facts.days import district_day
from icaccess.facts.files import load
from icaccess.facts.mapping import Person
from icaccess.facts.reading import Item, Reader
from icaccess.facts.record import at
from icaccess.facts.settings import KeyKind, Kind, YamlSource
from icaccess.marked_yaml import Marked, MarkedYamlError, read_document
from icaccess.models import Approval, Employee, InvalidRecord, Text
from icaccess.validation import explain, field_name

_LISTS: tuple[Kind, ...] = ("employment", "assignments", "certifications", "approvals")


class RecordsReader(Reader):
    """Whole records from files, taken apart, so that other sources can add to them.

    A list that is absent from a record is unknown, unless another source gives that kind of fact (`others`).
    """

    def __init__(self, settings: YamlSource, path: Path, zone: ZoneInfo, others: frozenset[Kind]) -> None:
        super().__init__(settings)
        self._path = path
        self._zone = zone
        self._others = others
        self.joins_by_name = settings.approver_key != "id"

    @property
    def kinds(self) -> frozenset[Kind]:
        """Everything that a record holds."""
        return frozenset(("people", *_LISTS, "access"))

    def rows(self) -> Iterator[Item]:
        """The parts of each record, numbered by record; an invalid one comes as its reason alone."""
        if not self._path.exists():
            raise FactsError(f"{self._path}: no such file or folder; correct `path`")
        source = load([self._path], self._zone)
        for number, record in enumerate(source.records(), 1):
            if isinstance(record, InvalidRecord):
                yield Item("people", number, "id", record.id, None, record.problem)
            else:
                yield from self._parts(number, record)
        self.as_of = source.as_of

    def _parts(self, number: int, record: Employee) -> Iterator[Item]:
        lists = {kind: getattr(record, kind) for kind in _LISTS}
        yield Item(
            "people",
            number,
            "id",
            record.id,
            Person(
                id=record.id,
                name=record.name,
                email=record.email,
                username=record.username,
                unknown=tuple(
                    kind for kind in _LISTS if lists[kind] is msgspec.UNSET and kind not in self._others
                ),
                none=tuple(kind for kind in _LISTS if lists[kind] == ()),
            ),
        )
        for kind in _LISTS:
            for fact in lists[kind] or ():
                yield Item(kind, number, "id", record.id, fact)
        if record.access:
            yield Item("access", number, "id", record.id, record.access)


class ApprovalFile(Approval, frozen=True, kw_only=True):
    """An approval with the employee whom it is for."""

    employee: Text


class ApprovalsReader(Reader):
    """A folder of approvals, reviewed and merged like code: whom each is for stands in it as `employee`."""

    def __init__(self, settings: YamlSource, path: Path, zone: ZoneInfo) -> None:
        super().__init__(settings)
        self._path = path
        self._zone = zone
        self.joins_by_name = settings.approver_key != "id"

    @property
    def kinds(self) -> frozenset[Kind]:
        """Approvals alone."""
        return frozenset({"approvals"})

    def rows(self) -> Iterator[Item]:
        """Each file's approval; `FactsError` when the folder, or a file in it, cannot be read."""
        if not self._path.is_dir():
            raise FactsError(f"{self._path} is no folder; correct `path`")
        files = sorted(
            file
            for file in self._path.rglob("*")
            if file.suffix.lower() in (".yaml", ".yml")
            and not any(part.startswith(".") for part in file.relative_to(self._path).parts)
        )
        for number, file in enumerate(files, 1):
            yield self._item(number, file)

    def _item(self, number: int, file: Path) -> Item:
        try:
            with file.open("rb") as stream:
                written = read_document(stream)
        except OSError as error:
            raise FactsError(f"{file}: cannot be read: {error.strerror}") from error
        except MarkedYamlError as error:
            raise FactsError(f"{at(file, error.line)}: {error.problem}") from error
        key_kind: KeyKind = "id"
        value = written.value
        owner = value.get("employee") if isinstance(value, dict) else None
        if not isinstance(owner, str) or not owner:
            raise FactsError(
                f"{at(file, written.line(('employee',)))}: employee: must be there, in quotes: "
                "the id of the employee whom the approval is for"
            )
        try:
            approval = self._approval(written, file)
        except ValueError as error:
            return Item("approvals", number, key_kind, owner, None, str(error))
        fields = {name: getattr(approval, name) for name in Approval.__struct_fields__}
        return Item("approvals", number, key_kind, owner, Approval(**fields))

    def _approval(self, written: Marked, file: Path) -> ApprovalFile:
        """The approval in a file; `ValueError` says where and why it is wrong in itself."""
        for problem in written.problems:
            raise ValueError(f"{at(file, problem.line)}: {field_name(problem.path)}: {problem.text}")
        value = dict(written.value)
        if isinstance(value.get("decided_on"), str):
            line = written.line(("decided_on",))
            try:
                value["decided_on"] = district_day(value["decided_on"], self._zone)
            except ValueError as error:
                raise ValueError(f"{at(file, line)}: decided_on: {error}") from error
        try:
            return msgspec.convert(value, ApprovalFile)
        except msgspec.ValidationError as error:
            complaint = explain(error, value, ApprovalFile)
            place = at(file, written.line(complaint.path))
            raise ValueError(f"{place}: {field_name(complaint.path)}: {complaint.text}") from error
