"""One record for each employee, out of everything that the feeds know of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import UNSET, UnsetType

from icaccess.errors import FactsError
from icaccess.facts.aliases import Renaming
from icaccess.facts.interface import FactsSource, Provenance
from icaccess.facts.mapping import Person
from icaccess.facts.reading import Item, Reader, read_side_by_side
from icaccess.facts.settings import FactsSettings, KeyKind, Kind
from icaccess.facts.staging import HR_KINDS, Issue, Staged, Staging
from icaccess.models import Access, Approval, Employee, InvalidRecord, Record

LISTS: tuple[Kind, ...] = ("employment", "assignments", "certifications", "approvals")
NOT_EMPLOYED_THEN = "no job on that day, says HR"
"""The role of an approver who is an employee but held no job on the day of the approval."""
UNVERIFIED = "not known to HR"
"""The role of an approver whom HR does not know, where the feed does not vouch for roles."""


class SourceCount(NamedTuple):
    """What became of a source's rows: `rows` is the sum of the four that follow.

    `declared` and `as_of` are how many rows the feed says it holds and when it was made, where it says so.
    """

    name: str
    rows: int
    used: int
    repeated: int
    unmatched: int
    rejected: int
    failure: str | None = None
    declared: int | None = None
    as_of: datetime | None = None


class MergedFacts(FactsSource):
    """The records that the feeds give together, in the order of ids.

    `counts` and `issues` tell, once the records have been taken, what became of every row.
    """

    def __init__(
        self,
        readers: Sequence[Reader],
        settings: FactsSettings,
        progress: Callable[[str, int], None] | None = None,
    ) -> None:
        if not readers:
            raise FactsError("no facts: list sources in icaccess.yaml, or give --facts with a file or folder")
        self._readers = readers
        self._settings = settings
        self._progress = progress
        self._staging: Staging | None = None
        self._repeated: Counter[int] = Counter()
        self._strangers: Counter[int] = Counter()
        self._failures: dict[int, FactsError] = {}

    def records(self) -> Iterator[Record]:
        """Each employee's record once; `FactsError` before the first when a source cannot be believed."""
        for record, _ in self.traced():
            yield record

    def traced(self) -> Iterator[tuple[Record, Provenance]]:
        """Each record, with the rows that it came from."""
        staging = self._staging = Staging(self._settings.keys, Renaming(self._settings.aliases))

        def take(source: int, items: list[Item]) -> None:
            self._refuse_nobodys(items)
            staging.add(source, items)
            if self._progress is not None:
                self._progress(f"rows of {self._readers[source].settings.name}", len(items))

        self._repeated.clear()
        self._strangers.clear()
        self._failures = read_side_by_side(self._readers, take)
        for source in self._failures:
            staging.drop(source)
        self.as_of = min(
            (made for reader in self._readers if (made := reader.as_of) is not None), default=None
        )
        staging.resolve()
        for source in range(len(self._readers)):
            self._believe_matches(source, staging)
        absent = self._absent_for_all()
        empty = True
        for identifier, rows, unsure in staging.employees():
            empty = False
            yield self._record(identifier, rows, unsure | absent), self._provenance(rows)
        for source in self._strangers:
            self._believe_approvers(source, staging)
        if empty:
            raise FactsError(
                "the sources hold no employee at all; an empty population is an error, not a departure"
            )

    @property
    def names(self) -> list[str]:
        """The names of the feeds, in the order of the settings."""
        return [reader.settings.name for reader in self._readers]

    @property
    def normalised(self) -> int:
        """How many keys were changed before they were compared."""
        return self._staging.normalised if self._staging else 0

    def issues(self) -> Iterator[Issue]:
        """Everything to be looked at, by source and row."""
        return iter(()) if self._staging is None else self._staging.issues()

    def issue_lines(self) -> Iterator[str]:
        """Each issue as a line: source, row, whose it is, and why."""
        for issue in self.issues():
            name = f"{self._readers[issue.source].settings.name} row {issue.row}: "
            owner = f"{issue.id}: " if issue.id and issue.id not in issue.reason else ""
            yield f"{name}{owner}{issue.reason.removeprefix(name)}"

    def counts(self) -> list[SourceCount]:
        """What became of every source's rows, in the order of the sources."""
        return [self._count(index, reader) for index, reader in enumerate(self._readers)]

    def _count(self, index: int, reader: Reader) -> SourceCount:
        name, staging = reader.settings.name, self._staging
        if staging is None:
            return SourceCount(name, 0, 0, 0, 0, 0)
        if index in self._failures:
            return SourceCount(name, 0, 0, 0, 0, 0, str(self._failures[index]))
        rows, unmatched, rejected = staging.count(index)
        repeated = self._repeated[index]
        used = rows - unmatched - rejected - repeated
        counts = (rows, used, repeated, unmatched, rejected)
        return SourceCount(name, *counts, declared=reader.total, as_of=reader.as_of)

    def _believe_matches(self, source: int, staging: Staging) -> None:
        rows, unmatched, _ = staging.count(source)
        error = self._too_many(source, unmatched, f"of {rows} rows fit", rows)
        if error is not None and not self._readers[source].settings.optional:
            raise error
        if error is not None:
            self._failures[source] = error

    def _believe_approvers(self, source: int, staging: Staging) -> None:
        """Known only after the last record, and still before anything is decided to change."""
        rows = staging.count(source)[0]
        error = self._too_many(source, self._strangers[source], f"approvers in {rows} approvals are", rows)
        if error is not None:
            raise error

    def _too_many(self, source: int, number: int, what: str, rows: int) -> FactsError | None:
        settings = self._readers[source].settings
        if number <= 1 or number <= settings.expect.max_unmatched * rows:
            return None
        return FactsError(
            f"{settings.name}: {number} {what} nobody whom HR knows; correct its keys or HR's feeds, "
            "or set `expect.max_unmatched`"
        )

    def _refuse_nobodys(self, items: Iterable[Item]) -> None:
        for item in items:
            if item.key is None and item.kind in HR_KINDS:
                raise FactsError(f"{item.reason}; correct the row, since it may be anybody's")

    def _absent_for_all(self) -> set[str]:
        """The kinds of fact that nobody looked up, or that could not be: unknown is not none."""
        looked = {kind for reader in self._readers for kind in reader.kinds}
        failed = {kind for index in self._failures for kind in self._readers[index].kinds}
        if "people" in failed:  # then nobody knows whose the rows are that go by other keys
            failed |= {kind for reader in self._readers for kind in reader.kinds if reader.joins_by_name}
        return (set(LISTS) - looked) | failed

    def _record(self, identifier: str, rows: list[Staged], unknown: set[str]) -> Record:
        wrong = next((row.reason for row in rows if row.fact is None), None)
        if wrong is not None:
            return InvalidRecord(identifier, wrong)
        people = [cast("Person", row.fact) for row in rows if row.kind == "people"]
        facts: dict[str, Any] = {kind: self._facts(identifier, rows, kind) for kind in LISTS}
        none = {kind for person in people for kind in person.none or ()}
        unknown |= {kind for person in people for kind in person.unknown or ()}
        identity = self._identity(identifier, rows)
        unknown |= self._out_of_reach(identity) - none
        if not facts["employment"] and "employment" not in none | unknown:
            unknown.add("employment")
            self._note(rows[0], identifier, "has no employment record, so is undecided")
        for kind in unknown & set(LISTS):
            facts[kind] = UNSET
        return Employee(id=identifier, **identity, **facts, access=self._access(identifier, rows))

    def _out_of_reach(self, identity: dict[str, Any]) -> set[str]:
        """The kinds of fact that a feed gives by a name that this person has not: nobody looked them up."""
        return {
            kind
            for reader in self._readers
            if reader.key_kind != "id" and reader.key_kind not in identity
            for kind in reader.kinds
        }

    def _facts(self, identifier: str, rows: list[Staged], kind: Kind) -> tuple[Any, ...] | UnsetType:
        """The facts of one kind, equal ones once; absent when one of them is in doubt."""
        kept: list[Any] = []
        in_doubt = False
        for row in rows:
            if row.kind != kind:
                continue
            new = self._approval(identifier, row) if kind == "approvals" else [row.fact]
            in_doubt |= new is None
            new = [fact for fact in new or () if fact not in kept[-8:]]
            if not new:
                self._repeated[row.source] += 1
            kept += new
        return UNSET if in_doubt else tuple(kept)

    def _approval(self, identifier: str, row: Staged) -> list[Approval] | None:
        """An approval with its approver as HR knows them; one for each role that they held that day.

        None when HR cannot say who the approver is or what they were: then nobody may lose access over it.
        """
        assert self._staging is not None  # noqa: S101 — records are being made
        approval = cast("Approval", row.fact)
        settings = cast("Any", self._readers[row.source].settings)
        key_kind: KeyKind = settings.approver_key
        called = self._staging.employees_called(key_kind, approval.approver)
        if not called:
            self._note(row, identifier, f"approver {approval.approver} is no employee that HR knows")
            self._strangers[row.source] += not settings.vouches_for_roles
            role = approval.approver_role if settings.vouches_for_roles else UNVERIFIED
            return [msgspec.structs.replace(approval, approver_role=role)]
        roles = self._staging.roles_on(called[0], approval.decided_on) if len(called) == 1 else None
        if roles is None:
            text = f"approver {approval.approver} cannot be told from HR's rows, so approvals are undecided"
            self._note(row, identifier, text)
            return None
        if approval.approver_role not in roles:
            said = f"was {', '.join(roles) or NOT_EMPLOYED_THEN} on {approval.decided_on}"
            self._note(row, identifier, f"approver {called[0]} {said}, not {approval.approver_role}")
        return [
            msgspec.structs.replace(approval, approver=called[0], approver_role=role)
            for role in roles or [NOT_EMPLOYED_THEN]
        ]

    def _identity(self, identifier: str, rows: list[Staged]) -> dict[str, Any]:
        """Name, e-mail and username, each from the first source that has it; others are noted."""
        identity: dict[str, Any] = {}
        for row in _by_source(rows, "people"):
            for field in ("name", "email", "username"):
                value = getattr(row.fact, field)
                if value and identity.setdefault(field, value) != value:
                    self._note(
                        row, identifier, f"{field} differs from the one in an earlier row, which is used"
                    )
        return identity

    def _access(self, identifier: str, rows: list[Staged]) -> Any:
        found = _by_source(rows, "access")
        for row in found[1:]:
            self._repeated[row.source] += 1
            if row.fact != found[0].fact:
                self._note(
                    row, identifier, "access held differs from the one in an earlier row, which is used"
                )
        return cast("Access", found[0].fact) if found else UNSET

    def _note(self, row: Staged, identifier: str, reason: str) -> None:
        assert self._staging is not None  # noqa: S101 — records are being made
        self._staging.note(Issue(row.source, row.row, identifier, reason))

    def _provenance(self, rows: list[Staged]) -> Provenance:
        places: Provenance = {}
        for row in rows:
            places.setdefault(row.kind, []).append(f"{self._readers[row.source].settings.name}:{row.row}")
        return places


def _by_source(rows: Iterable[Staged], kind: Kind) -> list[Staged]:
    return sorted((row for row in rows if row.kind == kind), key=lambda row: (row.source, row.row))
