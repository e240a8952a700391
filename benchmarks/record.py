"""Measures what the proof of rows costs: cached decisions with and without a key, and `audit verify`.

    python benchmarks/record.py 20000

Nothing is decided by OPA: one decision stands for everybody, so that what is measured is the store.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from icaccess.audit.keys import SigningKey, signing_key
from icaccess.decisions import DecisionCache
from icaccess.models import AnyRecord, DecisionJson, Employee
from icaccess.opa.answers import invalid_record
from icaccess.opa.bundles import Revisions
from icaccess.store import audit, rows
from icaccess.store.database import Store, open_store
from icaccess.store.holders import StoredBasis, remember
from icaccess.store.verify import verify

DAY = date(2026, 3, 10)
REVISIONS = Revisions("a" * 64, "b" * 64)


class OneAnswer:
    """Denies everybody, at no cost."""

    def __init__(self) -> None:
        one = invalid_record("ID", DAY, "nobody")
        self._json = msgspec.json.encode(msgspec.structs.replace(one, outcome="deny"))

    def decide_json(
        self,
        records: Iterable[AnyRecord],
        at: date,  # noqa: ARG002 (as the client has it)
        *,
        revisions: Revisions | None = None,  # noqa: ARG002 (as the client has it)
    ) -> Iterator[DecisionJson]:
        """The same decision for each record."""
        return (msgspec.Raw(self._json.replace(b"ID", one.id.encode())) for one in records)


class Filled:
    """A store with everybody's decision cached, and a basis for every second person."""

    def __init__(self, store: Store, people: list[Employee], key: SigningKey | None) -> None:
        self.store, self.people, self.key = store, people, key
        bases = {
            one.id: StoredBasis('{"role": "Teacher"}', "2028-06-30", "2026-03-10") for one in people[::2]
        }
        self.decided = processor_time(self.decide)
        with store.writing() as connection:
            self.written = processor_time(lambda: remember(connection, store.now(), "ledger", bases))
        with store.reading() as connection:
            entries = audit.entries(connection, kind=rows.KIND)
            self.bytes = sum(len(audit.canonical(one)) for one in entries) / len(bases)

    def decide(self) -> None:
        """Decide everybody, by the cache where it has them."""
        cache = DecisionCache(OneAnswer(), self.store, keep=True)
        deque(cache.decide_json(self.people, DAY, revisions=REVISIONS), maxlen=0)

    def verify(self) -> None:
        """Verify the record and all rows."""
        with self.store.reading() as connection:
            verify(connection, key=self.key)


def processor_time(work: Callable[[], object]) -> float:
    """The processor time that some work takes, in seconds, which other work hardly changes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    """Measure both stores in turn, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=int)
    people = [Employee(id=f"{one:07}") for one in range(parser.parse_args().people)]
    with tempfile.TemporaryDirectory() as work:
        key = signing_key(Path(work, "key.pem"), make=True)
        with (
            open_store(f"sqlite:///{work}/a.db") as plain,
            open_store(f"sqlite:///{work}/b.db", key=key) as signed,
        ):
            without, sealed = Filled(plain, people, None), Filled(signed, people, key)
            looked_up, verified = ([(), ()] for _ in "12")
            for _ in range(7):
                for place, one in enumerate((without, sealed)):
                    looked_up[place] += (processor_time(one.decide),)
                    verified[place] += (processor_time(one.verify),)
    print(f"{len(people):,} people, processor time in seconds    without a key    with one")
    table = {
        "decided by one answer, and cached": (without.decided, sealed.decided),
        "looked up in the cache": map(min, looked_up),
        f"{len(people[::2]):,} bases written ({sealed.bytes:.0f} bytes of record each)": (
            without.written,
            sealed.written,
        ),
        "audit verify": map(min, verified),
    }
    for what, times in table.items():
        print(f"{what:<54}", *(f"{one:8.2f}" for one in times))


if __name__ == "__main__":
    main()
