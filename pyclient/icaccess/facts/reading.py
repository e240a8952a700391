"""Feeds read side by side: each row becomes an `Item`, and each feed is believed only when it is complete."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from queue import Full, Queue
from typing import NamedTuple

from icaccess.errors import FactsError
from icaccess.facts.interface import Feed
from icaccess.facts.mapping import Rejected, RowMapping
from icaccess.facts.settings import KeyKind, Kind, MappedSource, Source
from icaccess.models import Fact

_BATCH = 500
_QUEUED_BATCHES = 16


class Item(NamedTuple):
    """One row as merging takes it: a fact of the person named by `key`, or the reason why it is none."""

    kind: Kind
    row: int
    key_kind: KeyKind
    key: str | None
    fact: Fact | None
    reason: str | None = None


class Reader(ABC):
    """A source made ready to be read, and to be believed when it is whole, fresh and mostly usable.

    `joins_by_name` says whether its rows, or their approvers, go by e-mail or username, which only a source
    of people can tell the owner of.
    """

    joins_by_name = False
    key_kind: KeyKind = "id"
    """What its rows name their person by."""
    as_of: datetime | None = None
    """When the rows were made, known once they have been read; None where the source does not say."""
    total: int | None = None
    """How many rows the source says that it holds, known likewise."""

    def __init__(self, settings: Source) -> None:
        self.settings = settings
        self.read = 0

    @property
    @abstractmethod
    def kinds(self) -> frozenset[Kind]:
        """The kinds of fact that come from here."""

    @abstractmethod
    def rows(self) -> Iterator[Item]:
        """Every row as a fact, or with the reason why it is none; sets `as_of` and `total`."""

    def items(self) -> Iterator[Item]:
        """Every row, counted; `FactsError` when the source cannot be read, or not be believed as a whole."""
        self.read = rejected = 0
        first = None
        try:
            for item in self.rows():
                self.read += 1
                if item.fact is None:
                    rejected, first = rejected + 1, first or item.reason
                yield item
            self._believe(rejected, first)
        except FactsError as error:
            raise FactsError(f"{self.settings.name}: {error}") from error

    def _believe(self, rejected: int, first: str | None) -> None:
        expect = self.settings.expect
        if self.total is not None and self.total != self.read:
            raise FactsError(f"gave {self.read} rows but says that it holds {self.total}; get it whole again")
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


class MappedReader(Reader):
    """A feed of rows, mapped by its settings."""

    def __init__(self, settings: MappedSource, feed: Feed, mapping: RowMapping) -> None:
        super().__init__(settings)
        self._feed = feed
        self._kind: Kind = settings.gives
        self._mapping = mapping
        self.key_kind = mapping.key_kind
        self.joins_by_name = mapping.key_kind != "id" or (
            settings.gives == "approvals" and settings.approver_key != "id"
        )

    @property
    def kinds(self) -> frozenset[Kind]:
        """The one kind that the settings name."""
        return frozenset({self._kind})

    def rows(self) -> Iterator[Item]:
        """Each row mapped; one without any content is passed over."""
        key_kind = self._mapping.key_kind
        for row, raw in self._feed.rows():
            if isinstance(raw, str):
                yield Item(self._kind, row, key_kind, None, None, self._place(row, raw))
                continue
            mapped = self._mapping.map(row, raw)
            if isinstance(mapped, Rejected):
                yield Item(self._kind, row, key_kind, mapped.key, None, self._place(row, mapped.reason))
            elif mapped is not None:
                yield Item(self._kind, row, key_kind, mapped.key, mapped.fact)
        self.as_of, self.total = self._feed.as_of, self._feed.total

    def _place(self, row: int, reason: str) -> str:
        return f"{self.settings.name} row {row}: {reason}"


Failures = dict[int, FactsError]
"""The optional sources that could not be read, by their place in the list, and why."""


def read_side_by_side(readers: Sequence[Reader], take: Callable[[int, list[Item]], None]) -> Failures:
    """Read every source in a thread of its own; `take` gets its rows in batches, in the caller's thread.

    A source that cannot be read or believed raises its `FactsError`, and the others are stopped, unless it is
    optional; then it is among the failures that are returned.
    """
    queue: Queue[tuple[int, list[Item] | Exception | None]] = Queue(_QUEUED_BATCHES)
    stop = threading.Event()
    threads = [
        threading.Thread(target=_produce, args=(index, reader, queue, stop), daemon=True)
        for index, reader in enumerate(readers)
    ]
    for thread in threads:
        thread.start()
    failures: Failures = {}
    try:
        running = len(threads)
        while running:
            index, got = queue.get()
            if isinstance(got, list):
                take(index, got)
                continue
            running -= 1
            if isinstance(got, FactsError) and readers[index].settings.optional:
                failures[index] = got
            elif got is not None:
                raise got
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return failures


def _produce(
    index: int,
    reader: Reader,
    queue: Queue[tuple[int, list[Item] | Exception | None]],
    stop: threading.Event,
) -> None:
    def put(thing: list[Item] | Exception | None) -> bool:
        while not stop.is_set():
            try:
                queue.put((index, thing), timeout=0.1)
            except Full:
                continue
            return True
        return False

    batch: list[Item] = []
    try:
        for item in reader.items():
            batch.append(item)
            if len(batch) == _BATCH:
                if not put(batch):
                    return
                batch = []
        put(batch)
    except Exception as error:  # noqa: BLE001 — it is raised again in the caller's thread
        put(error)
    else:
        put(None)
