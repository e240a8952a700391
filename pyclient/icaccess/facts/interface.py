"""What a source of facts is: whole records, or the rows of one feed that merging makes into records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from icaccess.models import AnyRecord, Record

TOGETHER = 8_000
"""How many records or lines are looked at together; memory grows with this, not with the population."""

Provenance = dict[str, list[str]]
"""For each kind of fact, the rows that it came from: `{"employment": ["hr:12"]}`."""


def digest(content: bytes) -> bytes:
    """As much of the SHA-256 as is kept of each record: enough for equal digests to mean equal contents."""
    return sha256(content).digest()[:16]


class FactsSource(ABC):
    """A place that holds complete employee records.

    Records come one at a time, in the order of the source, so that a million of them never stand in memory.
    """

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """Each employee's record once.

        A record with a readable id that is wrong in itself comes as `InvalidRecord`. `FactsError` is raised
        when the source as a whole cannot be read, or an id is missing, not a string, or used twice.
        """

    def unread(self) -> Iterator[AnyRecord]:
        """Each record once, as `records` gives it, but not decoded where that can be left for later."""
        return self.records()

    @abstractmethod
    def traced(self) -> Iterator[tuple[Record, Provenance]]:
        """Each record once, as `records` gives it, with the places that it came from."""

    as_of: datetime | None = None
    """When the oldest of the facts were made, known once the records were taken; None if nobody can say."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """What the facts are read from: files, or the names of feeds."""


class Feed(ABC):
    """One export or API, read row by row, before anything is made of its columns.

    `total` and `as_of` are what the feed itself declares, known by the time that its rows have been read;
    None where it does not say.
    """

    total: int | None = None
    """How many rows the feed says that it holds: a trailer, a manifest, `X-Total-Count`."""
    as_of: datetime | None = None
    """When the feed was made."""

    @abstractmethod
    def rows(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Each row with its number: its fields by name, or a sentence that says why it cannot be told apart.

        `FactsError` is raised when the feed as a whole cannot be read or believed.
        """
