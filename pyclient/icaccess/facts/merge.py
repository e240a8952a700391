"""One record for each employee, from everything that the sources know about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from msgspec import UNSET
from msgspec.structs import replace

from icaccess.batches import batches
from icaccess.errors import FactsError
from icaccess.facts.checks import Checks
from icaccess.facts.interface import Facts, ParsedRow, Source, SourceReport, Traces
from icaccess.facts.kinds import Person
from icaccess.facts.names import Vocabulary
from icaccess.facts.record import MAX_FACTS
from icaccess.facts.settings import FactsSettings, Kind
from icaccess.facts.staging import HR_KINDS, Issue, Staged, Staging
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
    SourceSize,
)
from icaccess.text import how_many

_BATCH = 500


class MergedFacts(Facts):
    """The records that the sources give together, in the order of ids.

    `remembered` holds the size of each source at the end of the last good run, and `known` the names of
    policy data; after the records were read, `reports` and `issues` say what became of every row.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        settings: FactsSettings,
        progress: Callable[[str, int], None] | None = None,
        remembered: Mapping[str, SourceSize] | None = None,
        known: Vocabulary | None = None,
    ) -> None:
        if not sources:
            raise FactsError("no facts: list sources in icaccess.yaml, or give --facts with a file or folder")
        self._sources = sources
        self._settings = settings
        self._progress = progress
        self._remembered = remembered or {}
        self._known = known
        self._staging: Staging | None = None
        self._reports: list[SourceReport] = []
        self._repeated: Counter[int] = Counter()
        self._doubts: dict[str, str] = {}
        self.leaning = 0
        """How many records have rows from a source with unmatched rows."""

    def traced(self) -> Iterator[tuple[Record, Traces]]:
        """Each record with the rows behind it; `FactsError` before the first for a bad source."""
        staging = self._staging = Staging(self._settings, self.names)
        failures = self._read(staging)
        self._repeated.clear()
        self._doubts = {}
        self.leaning = 0
        self.as_of = min((made for source in self._sources if (made := source.as_of)), default=None)
        gives_people = any(
            "people" in source.kinds for index, source in enumerate(self._sources) if index not in failures
        )
        staging.resolve(people=gives_people)
        checks = Checks(self._sources, staging, self._remembered, self._known)
        reports = [self._report(index, checks, failures) for index in range(len(self._sources))]
        self._reports = [checks.reject_misspelled(report, index) for index, report in enumerate(reports)]
        absent = self._absent_for_all(failures)
        doubtful = {index for index, report in enumerate(self._reports) if report.unmatched}
        empty = True
        for identifier, rows, unsure in staging.employees():
            empty = False
            self.leaning += any(row.source in doubtful for row in rows)
            yield self._record(identifier, rows, unsure, absent), self._provenance(rows)
        if empty:
            raise FactsError(
                "the sources hold no employee at all; an empty population is an error, not a departure"
            )

    @property
    def names(self) -> list[str]:
        """The names of the sources, in the order of the settings."""
        return [source.settings.name for source in self._sources]

    def reports(self) -> list[SourceReport]:
        """What became of every source's rows, in the order of the sources."""
        return [
            replace(report, used=report.used - repeated, repeated=repeated)
            for index, report in enumerate(self._reports)
            for repeated in [self._repeated[index]]
        ]

    def givers(self) -> dict[str, list[str]]:
        """The names of the sources that give each list of facts, in the order of the settings."""
        return {
            kind: [source.settings.name for source in self._sources if kind in source.kinds] for kind in LISTS
        }

    def issues(self) -> Iterator[str]:
        """Each problem that needs attention: source, row, whose it is, and why."""
        if self._staging is not None:
            yield from map(self._staging.placed, self._staging.issues())

    def unmatched(self) -> Mapping[str, str]:
        """A sentence on each source with rows of nobody known, by its name, after the records were read."""
        assert self._staging is not None  # noqa: S101 — the records were read
        return {
            report.name: f"{how_many(report.unmatched, 'row')} of `{report.name}`, such as row {row}, "
            f"{'fits' if report.unmatched == 1 else 'fit'} no employee by {source.key_kind}, and may be this "
            "person's"
            for index, (source, report) in enumerate(zip(self._sources, self._reports, strict=True))
            if report.unmatched and (row := self._staging.first_unmatched(index))
        }

    def doubts(self) -> Mapping[str, str]:
        """Why a list of somebody's facts is unknown, by id, after the records were read."""
        return self._doubts

    def _read(self, staging: Staging) -> dict[int, FactsError]:
        """Read all sources in parallel; the optional ones that are unreadable or not credible, and why."""

        def read(index: int) -> FactsError | None:
            source = self._sources[index]
            try:
                for rows in batches(source.rows(), _BATCH):
                    _refuse_nobodys(rows)
                    staging.add(index, rows, source.settings.approver_key)
                    if self._progress is not None:
                        self._progress(f"rows of {source.settings.name}", len(rows))
            except FactsError as error:
                if not source.settings.optional:
                    raise
                return error
            return None

        count = len(self._sources)
        with ThreadPoolExecutor(count, thread_name_prefix="source") as pool:
            failures = {index: error for index, error in enumerate(pool.map(read, range(count))) if error}
        for index in failures:
            staging.drop(index)
        return failures

    def _report(self, index: int, checks: Checks, failures: dict[int, FactsError]) -> SourceReport:
        """What is known about a source before its records; `failures` gets one that is not credible."""
        source = self._sources[index]
        try:
            if index in failures:
                raise failures[index]
            return checks.check(index)
        except FactsError as error:
            if not source.settings.optional:
                raise
            failures[index] = error
            checks.staging.drop(index)
            return SourceReport(name=source.settings.name, failure=str(error))

    def _absent_for_all(self, failures: Mapping[int, FactsError]) -> set[str]:
        """The kinds of fact that nobody looked up or could look up: unknown is not none."""
        looked = {kind for source in self._sources for kind in source.kinds}
        failed = {kind for index in failures for kind in self._sources[index].kinds}
        if "people" in failed:  # then nobody knows whose rows those with other keys are
            failed |= {kind for source in self._sources for kind in source.kinds if source.joins_by_name}
        return (set(LISTS) - looked) | failed

    def _record(
        self, identifier: str, rows: list[Staged], unsure: Mapping[str, str], absent: set[str]
    ) -> Record:
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
        unknown = absent | doubts.keys() | self._unknown(rows)
        if not facts["employment"] and "employment" not in none | unknown:
            unknown.add("employment")
            # The person's own row says who it is; where no source gives people, some row of theirs has to.
            row = next((one for one in rows if isinstance(one.fact, Person)), rows[0])
            self._note(row, identifier, "has no employment record, so is undecided")
        if why := dict.fromkeys(doubts[kind] for kind in LISTS if kind in doubts):
            self._doubts[identifier] = "; ".join(why)
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
                    others = {kind for source in self._sources[: row.source] for kind in source.kinds}
                    others |= {kind for source in self._sources[row.source + 1 :] for kind in source.kinds}
                    unknown |= set(row.fact.absent) - others
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
            fact = self._approval(row) if kind == "approvals" else row.fact
            if isinstance(fact, str):
                doubt = doubt or f"{self._sources[row.source].settings.name} row {row.row}: {fact}"
            elif fact in kept[-8:]:
                self._repeated[row.source] += 1
            else:
                if any(_ends_otherwise(fact, other) for other in kept[-8:]):
                    reason = "differs in its end alone from another row; the later end counts"
                    self._note(row, identifier, f"{reason}, so correct the row that is wrong")
                kept.append(fact)
        return tuple(kept), doubt

    def _approval(self, row: Staged) -> Approval | str:
        """An approval with its approver's id, and with the approver's own jobs as HR has them.

        Text says why nobody can tell who approved: a row of the approver is unusable, or two people fit. An
        approval keeps the role that a source gives only if the source may vouch for it.
        """
        assert self._staging is not None  # noqa: S101 — records are being made
        approval = cast("Approval", row.fact)
        if not self._sources[row.source].settings.vouches_for_roles:
            approval = replace(approval, approver_role=UNSET)
        if row.approver is None:
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
            self._repeated[row.source] += 1
            if row.fact != found[0].fact:
                self._note(
                    row, identifier, "access held differs from the one in an earlier row, which is used"
                )
        return cast("Access", found[0].fact) if found else UNSET

    def _note(self, row: Staged, identifier: str, reason: str) -> None:
        assert self._staging is not None  # noqa: S101 — records are being made
        self._staging.note(Issue(row.source, row.row, identifier, reason))

    def _provenance(self, rows: list[Staged]) -> Traces:
        places: Traces = {}
        for row in rows:
            places.setdefault(row.kind, []).append(f"{self._sources[row.source].settings.name}:{row.row}")
        return places


def _refuse_nobodys(rows: Iterable[ParsedRow]) -> None:
    for row in rows:
        if row.key is None and row.kind in HR_KINDS:
            raise FactsError(f"{row.reason}; correct the row: it may be anybody's")


def _ends_otherwise(fact: Fact | None, other: Fact) -> bool:
    """Whether two periods of employment, or two jobs, differ in their ends alone."""
    dated = EmploymentPeriod | Assignment
    return isinstance(fact, dated) and isinstance(other, dated) and replace(fact, end=other.end) == other


def _by_source(rows: Iterable[Staged], kind: Kind) -> list[Staged]:
    return sorted((row for row in rows if row.kind == kind), key=lambda row: (row.source, row.row))
