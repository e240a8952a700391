"""The embedded target: the store itself says who holds access, since when, and for which locations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from icaccess.models import Access, Change
from icaccess.store import holders
from icaccess.store.database import Store
from icaccess.targets.interface import NOBODY, Listing, Result, Target


class LedgerTarget(Target):
    """Holders by employee id in the store's table `access`."""

    identity = "ledger"
    batch_size = 500
    is_store = True

    def __init__(self, store: Store) -> None:
        self._store = store

    def listing(
        self,
        expected: Mapping[str, Access] = NOBODY,  # noqa: ARG002 (nothing else knows)
        accounts_before: int = 0,  # noqa: ARG002 (nothing else knows)
    ) -> Listing:
        """Everybody in the ledger."""
        with self._store.reading() as connection:
            return Listing(held=holders.everybody(connection, self.identity), proof="the store itself")

    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:  # noqa: ARG002 (a set has no trace)
        """Write the changes in one transaction; all of them are made, or the store raises `StoreError`."""
        with self._store.writing() as connection:
            held = {change.account: (change.employee_id, change.after) for change in changes}
            holders.record(connection, self._store.now(), self.identity, held)
        yield from (Result("made") for _ in changes)
