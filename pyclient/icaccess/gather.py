"""People on their way to OPA: each record joined with what the target shows for its account."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from icaccess.batches import batches, counted
from icaccess.errors import unknown_ids
from icaccess.facts.interface import digest
from icaccess.models import Access, AnyRecord, Employee, InvalidRecord, Record, Unread, decoded
from icaccess.targets.interface import Match, account_of

if TYPE_CHECKING:  # a single decision needs no database
    from icaccess.diff import Subject
    from icaccess.request import Opened
    from icaccess.store.holders import StoredBasis

_TOGETHER = 1000
"""How many people are joined at a time."""
_encode = msgspec.json.Encoder(order="sorted").encode


class Gatherer:
    """Reads the facts of a run and joins them with what is held; `progress` gets how many passed."""

    def __init__(self, parts: Opened, progress: Callable[[str, int], None]) -> None:
        self._parts = parts
        self._progress = progress

    def records(self, ids: Collection[str] = ()) -> Iterator[Record]:
        """The records of `ids`, or of everybody, in the order of the facts, for `decide` and what-ifs.

        A record without `access` gets what the target shows; only such a record causes a request to the
        target. `UsageError` names the ids without facts once all records have passed.
        """
        wanted = set(ids)
        held: dict[str, Access] | None = None
        people = counted(self._parts.facts.records(), self._progress)
        named = (record for record in people if not ids or record.id in ids)
        for batch in batches(named, _TOGETHER):
            wanted.difference_update(record.id for record in batch)
            open_ = [one for one in batch if isinstance(one, Employee) and one.access is UNSET]
            if open_ and held is None:
                held = {} if self._parts.nobody_yet else self._parts.target.listing().held
            accounts = {one.id: account_in(self._parts.target.match, one) for one in open_ if held}
            known = self._evidence(account for account in accounts.values() if held and account in held)
            for record in batch:
                account = accounts.get(record.id, "")
                access = held.get(account) if held and account else None
                yield (
                    record
                    if access is None
                    else with_access(record, _rests(access, account, known.get(account)))
                )
        if wanted:
            raise unknown_ids(wanted)

    def everybody(self, held: dict[str, Access]) -> Iterator[Subject]:
        """Everybody, each with what the target shows for their account, whatever the record says.

        Each record takes its account out of `held`; at the end `held` has the accounts that no record names.
        """
        from icaccess.diff import Subject

        match = self._parts.target.match
        for batch in batches(counted(self._parts.facts.unread(), self._progress), _TOGETHER):
            records = batch if match == "id" else [*map(decoded, batch)]
            accounts = [one.id if isinstance(one, Unread) else account_in(match, one) for one in records]
            known = self._evidence(account for account in accounts if account in held)
            for record, account in zip(records, accounts, strict=True):
                access = held.pop(account, None) if account else None
                evidence = None if access is None else known.get(account)
                joined: AnyRecord
                if isinstance(record, Unread):
                    own = record.digest
                    read = partial(_read, record, account, access, evidence)
                    joined = Unread(record.id, own + _mark(access, evidence), read)
                else:
                    own = digest(_encode(record))
                    joined = with_access(record, _rests(access, account, evidence))
                yield Subject(joined, account, access, own, evidence)

    def adopted(self, shown: Mapping[str, Access]) -> Iterator[Subject]:
        """Everybody, each with what they hold: as the target shows it, or, for the ledger, as records say."""
        from icaccess.diff import Subject

        target = self._parts.target
        for record in counted(self._parts.facts.records(), self._progress):
            account = account_in(target.match, record)
            access = shown.get(account)
            if target.is_store and (said := access_in(record)) is not None:
                access = replace(said, basis=UNSET)
            yield Subject(with_access(record, access), account, access, b"")

    def gone(self, records: Iterable[AnyRecord], day: date) -> dict[str, tuple[str, ...]]:
        """The evidence for access that has gone according to the policy, and rows that may be it, by id."""
        valid = [record for record in map(decoded, records) if not isinstance(record, InvalidRecord)]
        facts = self._parts.facts
        unmatched = facts.unmatched() if valid else {}

        def may_be(told: Collection[str]) -> Iterator[str]:
            return (text for name, text in unmatched.items() if any(f"`{name}`" in one for one in told))

        found = self._parts.client.evidence(valid, day, facts.givers())
        return {identifier: (*told, *may_be(told)) for identifier, told in found}

    def former_owners(self, accounts: Iterable[str]) -> dict[str, str]:
        """Whose each account was that no record names any more, by employee id, where the store knows."""
        from icaccess.store import holders

        target, found = self._parts.target, dict[str, str]()
        for some in batches(accounts, _TOGETHER):
            with self._parts.store.reading() as connection:
                found |= holders.owners(connection, target.identity, some)
        return {account: owner for account, owner in found.items() if owner != account}

    def _evidence(self, accounts: Iterable[str]) -> dict[str, StoredBasis]:
        """What the store remembers of the decisions that allowed what these accounts hold."""
        held = list(accounts)
        if not held:
            return {}
        from icaccess.store import holders

        with self._parts.store.reading() as connection:
            return holders.evidence(connection, self._parts.target.identity, held)


def account_in(match: Match, record: Record) -> str:
    """The account that a record names, empty where it names none."""
    if match == "id":
        return record.id
    value = getattr(record, match)
    return "" if value is UNSET else account_of(match, value)


def access_in(record: Record) -> Access | None:
    """What a record itself says that the person holds."""
    access = record.access if isinstance(record, Employee) else None
    return access if isinstance(access, Access) and access.held else None


def with_access(record: Record, access: Access | None) -> Record:
    """The record with `access` as a target shows it, absent where nothing is held."""
    if isinstance(record, InvalidRecord) or (access is None and record.access is UNSET):
        return record
    return replace(record, access=UNSET if access is None else access)


def _rests(access: Access | None, account: str, evidence: StoredBasis | None) -> Access | None:
    """What is held, with the basis of the last decision that allowed it, if the store has one."""
    if access is None or evidence is None:
        return access
    return replace(access, basis=evidence.read(account))


@lru_cache(10_000)  # most people hold the same as others
def _shared_mark(access: Access | None) -> bytes:
    return digest(_encode(access))


def _mark(access: Access | None, evidence: StoredBasis | None) -> bytes:
    shown = _shared_mark(access)
    return shown if evidence is None else digest(shown + evidence.basis.encode())


def _read(unread: Unread, account: str, access: Access | None, evidence: StoredBasis | None) -> Record:
    return with_access(unread.read(), _rests(access, account, evidence))
