"""What a source of facts is, and what becomes of its rows."""

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

TOGETHER = 8_000
"""How many records or lines are looked at together; memory grows with this, not with the population."""

Traces = dict[str, list[str]]
"""For each kind of fact, the rows that it came from: `{"employment": ["hr:12"]}`."""


class ParsedRow(NamedTuple):
    """One row of a source: a fact of the person named by `key`, or the reason why it is none."""

    kind: Kind
    row: int
    key_kind: KeyKind
    key: str | None
    fact: Fact | None
    reason: str | None = None
    account: str | None = None
    """The source's own name of that person, such as a `sourcedId`, where it has one beside the key."""


class Unusable(NamedTuple):
    """A row that its source knows to be of no use, and why; whose it is still counts."""

    row: Mapping[str, Any]
    reason: str


class Source(ABC):
    """One place that facts come from, believed when it is whole, fresh and mostly usable.

    A new kind of source is one new file with a subclass, and one line in `sources/__init__.py`. The subclass
    takes the configuration and its settings, and raises `ValueError` for settings that make no sense.

    `parse` sets `as_of`, when the rows were made, and `total`, how many rows the source says that it holds;
    both stay None where the source does not say.
    """

    key_kind: KeyKind = "id"
    """How its rows name their person."""
    joins_by_name = False
    """Whether its rows, or their approvers, go by e-mail or username, which only a source of people knows."""
    as_of: datetime | None = None
    total: int | None = None
    left_out = 0
    """How many rows `where` left out."""
    misspelt = 0
    """How many more `where` leaves out for their spelling alone; nobody can say whether these count."""

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings
        self.read = 0
        self.untranslated: dict[str, Counter[str]] = {}
        """For each field that has `values`, the texts that none of them translates, with their rows."""
        self.notes: list[str] = []
        """What a person should know of how the rows were read, a sentence each."""

    @property
    @abstractmethod
    def kinds(self) -> frozenset[Kind]:
        """The kinds of fact that come from here."""

    @abstractmethod
    def parse(self) -> Iterator[ParsedRow]:
        """Every row that counts; `FactsError` when the source cannot be read or is not whole."""

    def rows(self) -> Iterator[ParsedRow]:
        """Every row that counts; `FactsError` also when the source as a whole cannot be believed."""
        self.read = self.left_out = self.misspelt = rejected = 0
        self.total = None
        self.notes = []
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
            raise FactsError(f"gave {given} rows but says that it holds {self.total}; get it whole again")
        if given and self.read == self.misspelt:
            raise FactsError(
                f"`where` lets none of its {given} rows through; correct the column or its texts"
            )
        if self.read < expect.min_rows:
            what = "no rows" if self.read == 0 else f"{self.read} rows"
            raise FactsError(f"has {what}, at least {expect.min_rows} were expected; get it whole again")
        hours = 0.0 if self.as_of is None else (datetime.now(UTC) - self.as_of).total_seconds() / 3600
        if expect.max_age_hours is not None and hours > expect.max_age_hours:
            allowed = f"at most {expect.max_age_hours:g} are allowed"
            raise FactsError(f"is {hours:.0f} hours old, {allowed}; get it anew")
        if rejected > 1 and rejected > expect.max_rejected * self.read:
            raise FactsError(
                f"{rejected} of {self.read} rows cannot be used, the first because of {first}; "
                "correct the feed or its settings"
            )


class SourceReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a source's rows: `rows` is the sum of `used`, `repeated`, `unmatched` and `rejected`.

    A plan, and whatever else is saved of a run, carries one for each source.
    """

    name: str
    rows: int = 0
    used: int = 0
    repeated: int = 0
    unmatched: int = 0
    """Rows of nobody whom HR knows, or of more than one person."""
    rejected: int = 0
    unverified: int = 0
    """Approvals by somebody of whom no job is known, so that nobody can say what the approver was."""
    strangers: int = 0
    """Those of them by nobody whom HR knows, where the source may not vouch for roles."""
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
    """What a person should know of it: names that match nothing, times that were read as days."""
    near: dict[str, str] = {}
    """Names in its rows that policy data nearly has, each with the one that it has."""

    @property
    def size(self) -> SourceSize:
        """What the next run compares itself with, once this one ended well."""
        return SourceSize(self.rows, self.people, self.newest, self.filled)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows, in all and by what became of them."""
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
            (self.unverified, "approvals unverified"),
            (self.left_out, "left out by `where`"),
        )
        return f"{self.name}: {self.rows} rows: {self.used} used" + "".join(
            f", {count} {what}" for count, what in counts if count
        )


class Facts(ABC):
    """The records of all employees, out of whatever sources.

    Records come one at a time, so that a million of them never stand in memory.
    """

    as_of: datetime | None = None
    """When the oldest of the facts were made, known once the records were taken; None if nobody can say."""
    leaning: int = 0
    """How many records have rows of a source with unmatched rows, known once the records were taken."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """What the facts are read from: files, or the names of sources."""

    @abstractmethod
    def traced(self) -> Iterator[tuple[Record, Traces]]:
        """Each employee's record once, with the places that it came from.

        A record with a readable id that is wrong in itself comes as `InvalidRecord`. `FactsError` is raised
        when a source cannot be read or believed, or an id is missing, not a string, or used twice.
        """

    def records(self) -> Iterator[Record]:
        """Each employee's record once, with errors as `traced` raises them."""
        return (record for record, _ in self.traced())

    def reports(self) -> list[SourceReport]:
        """What became of each source's rows, once the records were taken."""
        return []

    def givers(self) -> dict[str, list[str]]:
        """The names of the sources that give each list of facts, where the facts have sources."""
        return {}

    def issues(self) -> Iterator[str]:
        """Each thing that a person should look at, on one line, once the records were taken."""
        return iter(())

    def unread(self) -> Iterator[AnyRecord]:
        """Each record once, as `records` gives it, but not decoded where that can be left for later."""
        return self.records()


def digest(content: bytes) -> bytes:
    """As much of the SHA-256 as is kept of each record: enough for equal digests to mean equal contents."""
    return sha256(content).digest()[:16]
