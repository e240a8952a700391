"""One person's record out of the rows that are theirs, and what leaves parts of it unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from msgspec import UNSET
from msgspec.structs import replace

from icaccess.facts.interface import Source, Traces
from icaccess.facts.kinds import Person
from icaccess.facts.names import spreadsheet_id
from icaccess.facts.record import MAX_FACTS
from icaccess.facts.settings import Kind
from icaccess.facts.staging import Issue, Staged, Staging
from icaccess.models import (
    LISTS,
    Access,
    Approval,
    Assignment,
    Employee,
    EmploymentPeriod,
    Fact,
    InvalidRecord,
    Record,
)


class RecordMaker:
    """Makes the records of one run; `absent` are the kinds of fact that nobody looked up or could look up."""

    def __init__(self, sources: Sequence[Source], staging: Staging, absent: set[str]) -> None:
        self._sources = sources
        self._staging = staging
        self._absent = absent
        self.repeated: Counter[int] = Counter()
        """How many rows of each source say what another row says."""
        self.doubts: dict[str, str] = {}
        """Why a list of somebody's facts is unknown, by id."""

    def record(self, identifier: str, rows: list[Staged], unsure: Mapping[str, str]) -> Record:
        """One person's record; `unsure` says of which kinds of fact other rows may be theirs."""
        wrong = next((row.reason for row in rows if row.fact is None), None)
        identity = self._identity(identifier, rows)
        if wrong is not None:
            return InvalidRecord(
                identifier, wrong, identity.get("email", UNSET), identity.get("username", UNSET)
            )
        none = {kind for row in rows if isinstance(row.fact, Person) for kind in row.fact.none or ()}
        doubts = {kind: why for kind, why in self._out_of_reach(identity).items() if kind not in none}
        doubts |= unsure
        facts: dict[str, Any] = {}
        for kind in LISTS:
            facts[kind], doubt = self._facts(identifier, rows, kind)
            if doubt:
                doubts[kind] = doubt
            if len(facts[kind]) > MAX_FACTS:
                name = self._sources[rows[0].source].settings.name
                return InvalidRecord(identifier, f"{name}: more than {MAX_FACTS} {kind}; correct the source")
        unknown = self._absent | doubts.keys() | self._unknown(rows)
        if not facts["employment"] and "employment" not in none | unknown:
            unknown.add("employment")
            # The person's own row says who it is; where no source gives people, some row of theirs has to.
            row = next((one for one in rows if isinstance(one.fact, Person)), rows[0])
            self._note(row, identifier, "has no employment record, so is undecided")
        if why := dict.fromkeys(doubts[kind] for kind in LISTS if kind in doubts):
            self.doubts[identifier] = "; ".join(why)
        for kind in unknown & set(LISTS):
            facts[kind] = UNSET
        return Employee(id=identifier, **identity, **facts, access=self._access(identifier, rows))

    def _unknown(self, rows: Iterable[Staged]) -> set[str]:
        """The kinds of fact that a source leaves open for this person and no other source gives."""
        unknown: set[str] = set()
        for row in rows:
            if isinstance(row.fact, Person):
                unknown |= set(row.fact.unknown or ())
                if row.fact.absent:
                    others = [one for place, one in enumerate(self._sources) if place != row.source]
                    unknown |= set(row.fact.absent).difference(*(source.kinds for source in others))
        return unknown

    def _out_of_reach(self, identity: Mapping[str, Any]) -> dict[str, str]:
        """The kinds of fact that a source gives by a key that this person lacks, and which."""
        return {
            kind: f"{source.settings.name} names people by {source.key_kind}, and HR has none for this person"
            for source in self._sources
            if source.key_kind != "id" and source.key_kind not in identity
            for kind in source.kinds
        }

    def _facts(self, identifier: str, rows: Iterable[Staged], kind: str) -> tuple[tuple[Any, ...], str]:
        """The facts of one kind without repeats, and which row leaves them unknown, if one does.

        Notes a row that differs from an earlier one in its end alone: HR may have corrected one of them.
        """
        kept: list[Any] = []
        doubt = ""
        for row in rows:
            if row.kind != kind:
                continue
            fact = self._approval(identifier, row) if kind == "approvals" else row.fact
            if isinstance(fact, str):
                doubt = doubt or f"{self._sources[row.source].settings.name} row {row.row}: {fact}"
            elif fact in kept[-8:]:
                self.repeated[row.source] += 1
            else:
                if any(_ends_otherwise(fact, other) for other in kept[-8:]):
                    reason = "differs in its end alone from another row; the later end counts"
                    self._note(row, identifier, f"{reason}, so correct the row that is wrong")
                kept.append(fact)
        return tuple(kept), doubt

    def _approval(self, identifier: str, row: Staged) -> Approval | str:
        """An approval with its approver's id, and with the approver's own jobs as HR has them.

        Text says why nobody can tell who approved: a row of the approver is unusable, two people fit, or the
        approver's id is nearly the employee's own. An approval keeps the role that a source gives only if the
        source may vouch for it.
        """
        approval = cast("Approval", row.fact)
        if not self._sources[row.source].settings.vouches_for_roles:
            approval = replace(approval, approver_role=UNSET)
        if row.approver is None:
            if spreadsheet_id(approval.approver) == spreadsheet_id(identifier):
                return (
                    f"the approver {approval.approver} is nearly the employee's own id; correct one of them"
                )
            doubt = f"the approver {approval.approver} fits more than one employee"
            return doubt if row.approver_in_doubt else approval
        jobs = self._staging.jobs_of(row.approver)
        if isinstance(jobs, str):
            return f"the approver {row.approver} is undecided: {jobs}"
        return replace(approval, approver=row.approver, approver_jobs=jobs)

    def _identity(self, identifier: str, rows: list[Staged]) -> dict[str, Any]:
        """Name, e-mail and username, each from the first source that has it; notes other values.

        None where a row that says who this is cannot be used.
        """
        identity: dict[str, Any] = {}
        found = _by_source(rows, "people")
        for row in found if all(row.fact for row in found) else ():
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
            self.repeated[row.source] += 1
            if row.fact != found[0].fact:
                self._note(
                    row, identifier, "access held differs from the one in an earlier row, which is used"
                )
        return cast("Access", found[0].fact) if found else UNSET

    def _note(self, row: Staged, identifier: str, reason: str) -> None:
        self._staging.note(Issue(row.source, row.row, identifier, reason))

    def provenance(self, rows: list[Staged]) -> Traces:
        """For each kind of fact, the rows behind it."""
        places: Traces = {}
        for row in rows:
            places.setdefault(row.kind, []).append(f"{self._sources[row.source].settings.name}:{row.row}")
        return places


def _ends_otherwise(fact: Fact | None, other: Fact) -> bool:
    """Whether two periods of employment, or two jobs, differ in their ends alone."""
    dated = EmploymentPeriod | Assignment
    return isinstance(fact, dated) and isinstance(other, dated) and replace(fact, end=other.end) == other


def _by_source(rows: Iterable[Staged], kind: Kind) -> list[Staged]:
    return sorted((row for row in rows if row.kind == kind), key=lambda row: (row.source, row.row))
