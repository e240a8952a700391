"""The interface of a source of facts, and the report on its rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from icaccess.errors import FactsError
from icaccess.facts.settings import KeyKind, Kind, SourceSettings
from icaccess.models import AnyRecord, Fact, Record, SourceSize
from icaccess.text import how_many

TOGETHER = 8_000
"""How many records or lines are handled together; memory grows with this, not with the population."""

Traces = dict[str, list[str]]
"""For each kind of fact, the rows behind it: `{"employment": ["hr:12"]}`."""


class ParsedRow(NamedTuple):
    """One row of a source: a fact about the person with this `key`, or the reason why it is unusable."""

    kind: Kind
    row: int
    key_kind: KeyKind
    key: str | None
    fact: Fact | None
    reason: str | None = None
    account: str | None = None
    """The source's own name for that person, such as a `sourcedId`, if it has one beside the key."""
    series: str = ""
    """Which of that person's jobs it is about, if the source tells them apart."""


class Unusable(NamedTuple):
    """A row that its source knows to be unusable, and why; its person still counts."""

    row: Mapping[str, Any]
    reason: str


class Source(ABC):
    """One source of facts, credible when it is complete, fresh and mostly usable.

    A new kind of source is one new file with a subclass, and one line in `sources/__init__.py`. The subclass
    takes the configuration and its settings, and raises `ValueError` for settings that make no sense. `parse`
    sets `as_of`, the time of the rows, and `total`, how many rows the source says that it holds; both stay
    None if the source does not say.
    """

    key_kind: KeyKind = "id"
    """How its rows name their person."""
    joins_by_name = False
    """Whether its rows or approvers have e-mail or username keys, which only a source of people knows."""
    as_of: datetime | None = None
    total: int | None = None
    left_out = 0
    """How many rows `where` left out."""
    misspelled = 0
    """How many more `where` leaves out for their spelling alone; nobody can say whether these count."""

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings
        self.read = 0
        self.untranslated: dict[str, Counter[str]] = {}
        """For each field that has `values`, the texts that none of them translates, with their rows."""
        self.left_out_for: Counter[tuple[str, str]] = Counter()
        """The columns and texts for which `where` left rows out, with their rows; the first hundred."""
        self.notes: list[str] = []
        """What a person should know about how the rows were read, a sentence each."""

    @property
    @abstractmethod
    def kinds(self) -> frozenset[Kind]:
        """The kinds of fact that this source gives."""

    @abstractmethod
    def parse(self) -> Iterator[ParsedRow]:
        """Every row that counts; `FactsError` when the source is unreadable or incomplete."""

    def rows(self) -> Iterator[ParsedRow]:
        """Every row that counts; `FactsError` also when the source as a whole is not credible."""
        self.read = self.left_out = self.misspelled = rejected = 0
        self.total = None
        self.notes = []
        self.left_out_for.clear()
        first = None
        try:
            for item in self.parse():
                self.read += 1
                if item.fact is None:
                    rejected, first = rejected + 1, first or item.reason
                yield item
            self._believe(rejected, first)
        except FactsError as error:
            raise FactsError(f"{self.settings.name}: {error}") from error

    def _believe(self, rejected: int, first: str | None) -> None:
        expect, given = self.settings.expect, self.read + self.left_out
        if self.total is not None and self.total != given:
            raise FactsError(
                f"gave {how_many(given, 'row')} but says that it holds {self.total:,}; get it whole again"
            )
        if given and self.read == self.misspelled:
            raise FactsError(
                f"`where` lets none of its {how_many(given, 'row')} through; correct the column or its texts"
            )
        if self.read < expect.min_rows:
            what = "no rows" if self.read == 0 else how_many(self.read, "row")
            raise FactsError(f"has {what}, at least {expect.min_rows} were expected; get it whole again")
        hours = 0.0 if self.as_of is None else (datetime.now(UTC) - self.as_of).total_seconds() / 3600
        if expect.max_age_hours is not None and hours > expect.max_age_hours:
            allowed = f"at most {expect.max_age_hours:g} are allowed"
            raise FactsError(f"is {hours:.0f} hours old, {allowed}; get a new one")
        if rejected > 1 and rejected > expect.max_rejected * self.read:
            raise FactsError(
                f"{rejected} of {self.read} rows cannot be used, the first because of {first}; "
                "correct the feed or its settings"
            )


class SourceReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a source's rows: `rows` is the sum of `used`, `repeated`, `unmatched` and `rejected`.

    A plan, and everything else that a run saves, carries one for each source.
    """

    name: str
    rows: int = 0
    used: int = 0
    repeated: int = 0
    unmatched: int = 0
    """Rows of nobody whom HR knows, or of more than one person."""
    rejected: int = 0
    unverified: int = 0
    """Approvals by somebody without a known job: the approver's role is unknown."""
    strangers: int = 0
    """Those of them by somebody unknown to HR, if the source may not vouch for roles."""
    left_out: int = 0
    people: int = 0
    newest: date | None = None
    filled: dict[str, int] = {}
    declared: int | None = None
    """How many rows the source says that it holds, `left_out` among them."""
    as_of: datetime | None = None
    failure: str | None = None
    """Why an optional source was not used."""
    notes: tuple[str, ...] = ()
    """What a person should know about it: names that match nothing, times that were read as days."""
    near: dict[str, str] = {}
    """Names in its rows that nearly match policy data, each with the name there."""

    @property
    def size(self) -> SourceSize:
        """What the next run compares itself with after this one succeeds."""
        return SourceSize(self.rows, self.people, self.newest, self.filled)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows, in total and by what became of them."""
        names = ("rows", "used", "repeated", "unmatched", "rejected", "unverified", "left_out")
        return {name: getattr(self, name) for name in names}

    def text(self) -> str:
        """The report on one line."""
        if self.failure:
            return f"{self.name}: not used: {self.failure}"
        counts = (
            (self.repeated, "repeated"),
            (self.unmatched, "of nobody known"),
            (self.rejected, "rejected"),
            (self.unverified, "approval unverified" if self.unverified == 1 else "approvals unverified"),
            (self.left_out, "left out by `where`"),
        )
        return f"{self.name}: {how_many(self.rows, 'row')}: {self.used:,} used" + "".join(
            f", {count:,} {what}" for count, what in counts if count
        )


class Facts(ABC):
    """The records of all employees, from any sources.

    Records come one at a time, so that memory never holds a million of them.
    """

    as_of: datetime | None = None
    """The time of the oldest facts, known after the records were read; None if unknown."""
    leaning: int = 0
    """How many records have rows from a source with unmatched rows, known after the records were read."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Where the facts come from: files, or the names of sources."""

    @abstractmethod
    def traced(self) -> Iterator[tuple[Record, Traces]]:
        """Each employee's record once, with the rows behind it.

        A record with a readable id and some other error comes as `InvalidRecord`. `FactsError` when a source
        is unreadable or not credible, or an id is missing, not a string, or used twice.
        """

    def records(self) -> Iterator[Record]:
        """Each employee's record once, with errors as `traced` raises them."""
        return (record for record, _ in self.traced())

    def reports(self) -> list[SourceReport]:
        """What became of each source's rows, after the records were read."""
        return []

    def givers(self) -> dict[str, list[str]]:
        """The names of the sources that give each list of facts, if the facts have sources."""
        return {}

    def issues(self) -> Iterator[str]:
        """Each problem that needs attention, on one line, after the records were read."""
        return iter(())

    def unmatched(self) -> Mapping[str, str]:
        """A sentence on each source with rows of nobody known, by its name, after the records were read."""
        return {}

    def doubts(self) -> Mapping[str, str]:
        """Why a list of somebody's facts is unknown, by id, after the records were read."""
        return {}

    def unread(self) -> Iterator[AnyRecord]:
        """Each record once, as `records` gives it, but not yet decoded if that can wait."""
        return self.records()


def digest(content: bytes) -> bytes:
    """The part of each record's SHA-256 to keep: enough for equal digests to mean equal contents."""
    return sha256(content).digest()[:16]
