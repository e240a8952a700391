"""The decision cache: a nightly run asks OPA only about people whose answer can have changed.

A decision holds until its `recheck_on`, as long as the person's facts, the policy and the policy data are the
same. The cache is one layer round the client, behind the client's own interface: records in, decisions out in
their order. Each run decides a random sample of the cached ones again, and stops where one differs.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any, get_args

import msgspec

from icaccess.batches import batches, ordered_map
from icaccess.errors import EngineError
from icaccess.facts.interface import digest
from icaccess.models import AnyRecord, DecisionJson, Outcome, Unread, Verdict
from icaccess.opa.bundles import Revisions
from icaccess.opa.client import AccessClient
from icaccess.store import decisions as cached
from icaccess.store import history
from icaccess.store.audit import canonical
from icaccess.store.database import Store
from icaccess.store.decisions import ESSENCE_DIGITS, FACTS_DIGITS, SETTLED

SAMPLED = 500
"""One in so many of the cached decisions is made again."""
TOGETHER = 8000
"""How many records are looked up together; memory grows with this, not with the population."""
_SIDE_BY_SIDE = 2
"""How many batches are looked up and asked about at a time, by measurement."""
_PARTS = 64
"""How many parts a set of ids has, to be sorted one at a time."""

_encode = msgspec.json.Encoder().encode
_CACHED: dict[tuple[str, str], bytes] = {
    (one, action): _encode(Verdict(one, action)) for one in get_args(Outcome) for action in SETTLED
}
_chance = random.SystemRandom()


class _Dated(msgspec.Struct, frozen=True):
    recheck_on: str | None


_dated = msgspec.json.Decoder(_Dated).decode


@dataclass(eq=False)
class DecisionCache:
    """The decisions cached in one store, and the client that makes new ones.

    With `full` no cached decision is used. With `keep` new decisions are cached for the next run; without it
    the store is only read. `document` makes what is kept of a record and its decision for `audit replay`.
    """

    client: AccessClient
    store: Store
    full: bool = False
    keep: bool = False
    document: Callable[[AnyRecord, dict[str, Any]], bytes] | None = None
    used: int = field(default=0, init=False)
    """How many of the decisions given were cached ones."""

    def decide_json(
        self, records: Iterable[AnyRecord], at: date, *, revisions: Revisions
    ) -> Iterator[DecisionJson]:
        """The decisions for all records in their order, as JSON.

        Of a cached decision, outcome and action are given, which is all that anybody needs of a person for
        whom nothing changes; one with warnings is not cached. `EngineError` when a cached decision is not
        what OPA decides now.
        """
        rules = rules_of(revisions)
        if rules is None:
            return self.client.decide_json(records, at, revisions=revisions)
        if self.keep:
            with self.store.writing() as connection:
                cached.forget_other_rules(connection, rules)
        if not self.keep or self.document is None:
            return self._decide(records, at, revisions, rules)
        seen = SeenIds()
        return self._without_absent(self._decide(_noted(records, seen), at, revisions, rules), seen)

    def _without_absent(self, answers: Iterator[DecisionJson], seen: SeenIds) -> Iterator[DecisionJson]:
        """The answers; then the history notes who had no record, and their cached decisions are deleted."""
        yield from answers
        with self.store.writing() as connection:
            for some in batches(history.keep_absent(connection, self.store.now(), seen), TOGETHER):
                cached.forget(connection, some)

    def _decide(
        self, records: Iterable[AnyRecord], at: date, revisions: Revisions, rules: str
    ) -> Iterator[DecisionJson]:
        def decide(batch: list[AnyRecord]) -> _Decided:
            answers = self._cached(batch, rules, at)
            sure = [place for place, answer in enumerate(answers) if answer is not None]
            # At least one of each batch, so that a small district is looked at as well.
            sampled = _chance.sample(sure, -(-len(sure) // SAMPLED))
            asked = [place for place, answer in enumerate(answers) if answer is None] + sampled
            new = self.client.decide_json([batch[place] for place in asked], at, revisions=revisions)
            return batch, answers, dict(zip(asked, new, strict=True))

        # While one batch is read, others are looked up and asked about: neither the database nor OPA waits.
        for batch, answers, new in ordered_map(decide, batches(records, TOGETHER), _SIDE_BY_SIDE):
            self.used += len(batch) - len(new)
            decided = []
            for place, answer in new.items():
                if answers[place] is None:
                    answers[place] = answer
                    decided.append((batch[place], answer))
                else:
                    self._compare(batch[place].id, answer)
            self._put(decided, rules, at)
            yield from answers  # type: ignore[misc]  # none is null any more

    def _cached(self, batch: Sequence[AnyRecord], rules: str, at: date) -> list[DecisionJson | None]:
        """The cached decisions that hold on a day because neither facts nor rules have changed."""
        found: list[DecisionJson | None] = [None] * len(batch)
        if self.full or self.store.is_absent:
            return found
        people = [_key(record) + record.id for record in batch]
        with self.store.reading() as connection:
            for outcome, action, places in cached.holding(connection, people, rules, at):
                for place in places:
                    found[place] = _CACHED.get((outcome, action))
        return found

    def _put(self, decided: Sequence[tuple[AnyRecord, DecisionJson]], rules: str, at: date) -> None:
        if not (decided and self.keep):
            return
        essences = [(record, answer, essence(answer)) for record, answer in decided]
        rows = [
            (record.id, _key(record), _dated(answer).recheck_on, one["outcome"], one["action"], _digest(one))
            for record, answer, one in essences
            if one["outcome"] != "undecided" and not one["warnings"]
        ]
        with self.store.writing() as connection:
            cached.keep(connection, rules, at, rows)
            if self.document is not None:
                documents = {record.id: self.document(record, one) for record, _, one in essences}
                history.keep(connection, self.store.now(), documents)

    def _compare(self, employee_id: str, answer: DecisionJson) -> None:
        """Stop unless the cached decision says what OPA says now, wording and days of its making aside."""
        with self.store.reading() as connection:
            row = cached.find(connection, employee_id)
        now = essence(answer)
        if tuple(row[1:]) != (_digest(now), now["outcome"], now["action"]):
            raise EngineError(
                f"{employee_id!r}: the decision cached on {row.decided_on} is not what OPA decides now, so "
                "no cached decision can be relied on; run again with --full, and report it to the "
                "policy's maintainers"
            )


_Decided = tuple[list[AnyRecord], list[DecisionJson | None], dict[int, DecisionJson]]
"""A batch, what was cached for each of it, and the new decisions by their place in it."""


def _noted(records: Iterable[AnyRecord], seen: SeenIds) -> Iterator[AnyRecord]:
    for record in records:
        seen.add(record.id)
        yield record


class SeenIds(Container[str]):
    """A set of ids in about ten bytes each, of which a million in a Python set would take 130 MB.

    It keeps a hash of 64 bits of each, so of a million others one is taken for one of a million in it with a
    chance of 1 in 18 million.
    """

    def __init__(self) -> None:
        self._added = [array("q") for _ in range(_PARTS)]
        self._sorted = [array("q") for _ in range(_PARTS)]

    def add(self, employee_id: str) -> None:
        """Take an id in."""
        number = hash(employee_id)
        self._added[number % _PARTS].append(number)

    def __contains__(self, employee_id: object) -> bool:
        number = hash(employee_id)
        part = number % _PARTS
        if self._added[part]:  # a part at a time, so that few are Python's integers at once
            self._sorted[part] = array("q", sorted(chain(self._sorted[part], self._added[part])))
            self._added[part] = array("q")
        place = bisect_left(self._sorted[part], number)
        return place < len(self._sorted[part]) and self._sorted[part][place] == number


def rules_of(revisions: Revisions) -> str | None:
    """One digest for policy and policy data together; null where OPA does not say which it has."""
    if not (revisions.policy and revisions.data):
        return None
    return hashlib.blake2b(_encode(revisions), digest_size=16).hexdigest()


def _key(record: AnyRecord) -> str:
    """The digest of the facts as OPA receives them."""
    own = record.digest if isinstance(record, Unread) else digest(_encode(record))
    return own.hex().ljust(FACTS_DIGITS, "-")


def _digest(decided: dict[str, Any]) -> str:
    return hashlib.blake2b(canonical(decided), digest_size=ESSENCE_DIGITS // 2).hexdigest()


def essence(answer: DecisionJson) -> dict[str, Any]:
    """A decision apart from its wording and the days of its making."""
    document: dict[str, Any] = msgspec.json.decode(answer)
    document["reasons"] = [reason["code"] for reason in document["reasons"]]
    return {name: value for name, value in document.items() if name not in ("as_of", "recheck_on")}
