"""One record for each employee, from everything that the sources know about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from icaccess.batches import batches
from icaccess.errors import FactsError
from icaccess.facts.checks import Checks
from icaccess.facts.interface import Facts, ParsedRow, Source, SourceReport, Traces
from icaccess.facts.names import Vocabulary
from icaccess.facts.records import RecordMaker
from icaccess.facts.settings import FactsSettings
from icaccess.facts.staging import HR_KINDS, Staging
from icaccess.models import LISTS, Record, SourceSize
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
        progress: Callable[[str, int], None],
        remembered: Mapping[str, SourceSize],
        known: Vocabulary | None,
    ) -> None:
        if not sources:
            raise FactsError("no facts: list sources in icaccess.yaml, or give --facts with a file or folder")
        self._sources = sources
        self._settings = settings
        self._progress = progress
        self._remembered = remembered
        self._known = known
        self._staging: Staging | None = None
        self._reports: list[SourceReport] = []
        self._maker: RecordMaker | None = None
        self.leaning = 0
        """How many records have rows from a source with unmatched rows."""

    def traced(self) -> Iterator[tuple[Record, Traces]]:
        """Each record with the rows behind it; `FactsError` before the first for a bad source."""
        staging = self._staging = Staging(self._settings, self.names)
        failures = self._read(staging)
        self.leaning = 0
        self.as_of = min((made for source in self._sources if (made := source.as_of)), default=None)
        gives_people = any(
            "people" in source.kinds for index, source in enumerate(self._sources) if index not in failures
        )
        staging.resolve(people=gives_people)
        checks = Checks(self._sources, staging, self._remembered, self._known)
        reports = [self._report(index, checks, failures) for index in range(len(self._sources))]
        self._reports = [checks.reject_misspelled(report, index) for index, report in enumerate(reports)]
        maker = self._maker = RecordMaker(self._sources, staging, self._absent_for_all(failures))
        doubtful = {index for index, report in enumerate(self._reports) if report.unmatched}
        empty = True
        for identifier, rows, unsure in staging.employees():
            empty = False
            self.leaning += any(row.source in doubtful for row in rows)
            yield maker.record(identifier, rows, unsure), maker.provenance(rows)
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
        repeated = self._maker.repeated if self._maker else Counter[int]()
        return [
            replace(report, used=report.used - repeated[index], repeated=repeated[index])
            for index, report in enumerate(self._reports)
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
        return self._maker.doubts if self._maker else {}

    def _read(self, staging: Staging) -> dict[int, FactsError]:
        """Read all sources in parallel; the optional ones that are unreadable or not credible, and why."""

        def read(index: int) -> FactsError | None:
            source = self._sources[index]
            try:
                for rows in batches(source.rows(), _BATCH):
                    _refuse_nobodys(rows)
                    staging.add(index, rows, source.settings.approver_key)
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
        settings = self._sources[index].settings
        try:
            if index not in failures:
                return checks.check(index)
        except FactsError as error:
            if not settings.optional:
                raise
            failures[index] = error
            checks.staging.drop(index)
        return SourceReport(name=settings.name, failure=str(failures[index]))

    def _absent_for_all(self, failures: Mapping[int, FactsError]) -> set[str]:
        """The kinds of fact that nobody looked up or could look up: unknown is not none."""
        looked = {kind for source in self._sources for kind in source.kinds}
        failed = {kind for index in failures for kind in self._sources[index].kinds}
        if "people" in failed:  # then nobody knows whose rows those with other keys are
            failed |= {kind for source in self._sources for kind in source.kinds if source.joins_by_name}
        return (set(LISTS) - looked) | failed


def _refuse_nobodys(rows: Iterable[ParsedRow]) -> None:
    for row in rows:
        if row.key is None and row.kind in HR_KINDS:
            raise FactsError(f"{row.reason}; correct the row: it may be anybody's")
