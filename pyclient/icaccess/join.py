"""What the target shows, put into each record on its way to OPA: pure, streamed, a batch at a time."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.errors import FactsError
from icaccess.facts.interface import RecordBatch, digest
from icaccess.models import Access, Employee, InvalidRecord, Record
from icaccess.targets.interface import Holding, Match, account_of

T = TypeVar("T")

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Joined(RecordBatch):
    """Records with what the target shows for each, put together when somebody reads one."""

    accounts: list[str]
    """The account that each record names, empty where it names none."""
    holdings: list[Holding | None]


class Join:
    """Puts what the target shows into every record on its way to OPA, and counts and digests them all.

    It takes `holdings` over and leaves in it those whom no record claimed.
    """

    def __init__(self, holdings: dict[str, Holding], match: Match) -> None:
        self.unclaimed = holdings
        self.holders = len(holdings)
        self.people = 0
        self.shared: set[str] = set()
        """Accounts that more than one record claims: nobody can say whose they are."""
        self._match: Match = match
        self._seen: set[str] = set()
        self._digest = hashlib.sha256()
        self._marks = _Marks({None: digest(b"")})
        self._sent: deque[Joined] = deque()

    @property
    def facts_digest(self) -> str:
        """The digest of every record so far, as the sources gave it and in their order."""
        return self._digest.hexdigest()

    def batches(self, source: Iterable[RecordBatch]) -> Iterator[Joined]:
        """The records with `access` as the target shows it, unread where their account is known without."""
        for batch in source:
            self.people += len(batch)
            self._digest.update(b"".join(batch.digests))
            if self._match == "id":
                accounts = batch.ids
            else:
                accounts = [self._account(batch.read(place)) for place in range(len(batch))]
            holdings = [self.unclaimed.pop(account, None) for account in accounts]
            joined = Joined(
                batch.ids,
                [own + self._marks[shown] for own, shown in zip(batch.digests, holdings, strict=True)],
                _reading(batch, holdings),
                accounts,
                holdings,
            )
            self._sent.append(joined)
            yield joined
        if not self.people:
            raise FactsError(
                "the facts hold nobody, and an empty population is never believed; check the sources"
            )

    def answered(self, answers: Iterable[T]) -> Iterator[tuple[T, Joined]]:
        """What was answered on each batch, with the batch, in their order."""
        # Of each pair the answers are taken first, and by then their batch has been sent.
        return zip(answers, iter(self._sent.popleft, None), strict=False)

    def _account(self, record: Record) -> str:
        account = account_in(self._match, record)
        if not account:
            return ""
        if account in self._seen:
            self.shared.add(account)
        self._seen.add(account)
        return account


class _Marks(dict[Holding | None, bytes]):
    """The digest of each holding, taken once."""

    def __missing__(self, holding: Holding) -> bytes:
        self[holding] = mark = digest(_encode(holding))
        return mark


def _reading(batch: RecordBatch, holdings: list[Holding | None]) -> Callable[[int], Record]:
    def read(place: int) -> Record:
        record = batch.read(place)
        return record if isinstance(record, InvalidRecord) else with_access(record, holdings[place])

    return read


def account_in(match: Match, record: Record) -> str:
    """The account that a record names, empty where it names none."""
    if match == "id":
        return record.id
    value = UNSET if isinstance(record, InvalidRecord) else getattr(record, match)
    return "" if value is UNSET else account_of(match, value)


def with_access(record: Employee, holding: Holding | None) -> Employee:
    """The record with `access` as a target shows it, absent where nothing is held."""
    if holding is None:
        return record if record.access is UNSET else replace(record, access=UNSET)
    access = Access(
        held=True,
        since=UNSET if holding.since is None else holding.since,
        locations=UNSET if holding.locations is None else holding.locations,
    )
    return replace(record, access=access)


def state_digest(holdings: Mapping[str, Holding]) -> str:
    """The digest of all that a target shows, whatever order it showed it in."""
    total = hashlib.sha256()
    for account in sorted(holdings):
        total.update(_encode([account, holdings[account]]))
    return total.hexdigest()
