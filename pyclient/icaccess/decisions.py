"""The decision cache: a nightly run asks OPA only about people whose answer can have changed.

A decision holds until its `recheck_on`, as long as the person's facts, the policy and the policy data are the
same. The cache is one layer round the client, behind the client's own interface: records in, decisions out in
their order. Each run decides a random sample of the cached ones again, and stops where one differs.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import tee
from typing import Any, Protocol, get_args

import msgspec
from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    String,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    delete,
    func,
    or_,
    select,
)

from icaccess.batches import batches, ordered_map
from icaccess.errors import EngineError, StoreError
from icaccess.facts.interface import digest
from icaccess.models import Action, AnyRecord, DecisionJson, Outcome, Unread, Verdict
from icaccess.opa.bundles import Revisions
from icaccess.seen_ids import SeenIds
from icaccess.store import audit, history, rows
from icaccess.store.audit import RecordKey
from icaccess.store.database import Store, upsert
from icaccess.store.schema import decision

SAMPLED = 500
"""One in so many of the cached decisions is made again."""
TOGETHER = 8000
"""How many records are looked up together; memory grows with this, not with the population."""
_DIGITS = 64
"""How long a key is: the digests of a record and of what the target shows."""
_ESSENCE = 32
"""How long the digest of a decision is."""
_SIDE_BY_SIDE = 2
"""How many batches are looked up and asked about at a time, by measurement."""

# Decisions that change nothing. A change is shown with its reasons, so it is decided today.
_SETTLED: tuple[Action, ...] = ("keep", "none")
_encode = msgspec.json.Encoder().encode
_CACHED = {
    (outcome, action): _encode(Verdict(outcome, action))
    for outcome in get_args(Outcome)
    for action in _SETTLED
}
_chance = random.SystemRandom()


class Decider(Protocol):
    """What makes new decisions: the client of OPA."""

    def decide_json(
        self, records: Iterable[AnyRecord], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[DecisionJson]:
        """The decisions for all records in their order, as JSON."""


class _Dated(msgspec.Struct, frozen=True):
    outcome: Outcome
    action: Action
    recheck_on: date | None


_dated = msgspec.json.Decoder(_Dated).decode
_places = msgspec.json.Decoder(list[int]).decode
_codes = msgspec.json.Decoder(list[str]).decode


class DecisionCache:
    """The decisions cached in one store, and the client that makes new ones.

    With `full` no cached decision is used. With `keep` new decisions are cached for the next run; without it
    the store is only read. `document` makes what is kept of a record and its decision for `audit replay`.
    """

    def __init__(
        self,
        client: Decider,
        store: Store,
        *,
        full: bool = False,
        keep: bool = False,
        document: Callable[[AnyRecord, dict[str, Any]], bytes] | None = None,
    ) -> None:
        self.used = 0
        """How many of the decisions given were cached ones."""
        self._client = client
        self._store = store
        self._full = full
        self._keep = keep
        self._document = document
        self._query = _query(sqlite=store.is_sqlite)

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
            return self._client.decide_json(records, at, revisions=revisions)
        if self._keep:
            with self._store.writing() as connection:
                connection.execute(delete(decision).where(decision.c.rules != rules))
        decide = self._decide_all if self._full or not self._has_any(rules) else self._decide_changed
        if not self._keep or self._document is None:
            return decide(records, at, revisions, rules)
        seen = SeenIds()
        return self._without_absent(decide(_noted(records, seen), at, revisions, rules), seen)

    def _without_absent(self, answers: Iterator[DecisionJson], seen: SeenIds) -> Iterator[DecisionJson]:
        """The answers; then the history notes who had no record, and their cached decisions are deleted."""
        yield from answers
        with self._store.writing() as connection:
            for some in batches(history.keep_absent(connection, self._store.now(), seen), TOGETHER):
                connection.execute(delete(decision).where(decision.c.employee_id.in_(some)))

    def _has_any(self, rules: str) -> bool:
        with self._store.reading() as connection:
            query = select(decision.c.employee_id).where(decision.c.rules == rules).limit(1)
            return connection.execute(query).first() is not None

    def _decide_all(
        self, records: Iterable[AnyRecord], at: date, revisions: Revisions, rules: str
    ) -> Iterator[DecisionJson]:
        sent, asked = tee(records)
        answers = self._client.decide_json(asked, at, revisions=revisions)
        for some in batches(zip(sent, answers, strict=True), TOGETHER):
            self._put(some, rules, at)
            yield from (answer for _, answer in some)

    def _decide_changed(
        self, records: Iterable[AnyRecord], at: date, revisions: Revisions, rules: str
    ) -> Iterator[DecisionJson]:
        def decide(batch: list[AnyRecord]) -> _Decided:
            answers = self._cached(batch, rules, at)
            sure = [place for place, answer in enumerate(answers) if answer is not None]
            # At least one of each batch, so that a small district is looked at as well.
            sampled = _chance.sample(sure, -(-len(sure) // SAMPLED))
            asked = [place for place, answer in enumerate(answers) if answer is None] + sampled
            new = self._client.decide_json([batch[place] for place in asked], at, revisions=revisions)
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
        """The cached decisions that hold on a day because neither facts nor rules have changed.

        With a key of the record, `StoreError` names one that somebody edited, and one without a seal is none.
        """
        found: list[DecisionJson | None] = [None] * len(batch)
        people = [_key(record) + record.id for record in batch]
        values = {"asked": _encode(people).decode(), "rules": rules, "day": at.isoformat()}
        with self._store.reading() as connection:
            key = audit.key_of(connection)
            for *said, places, codes in connection.execute(self._query, values).all():
                answer = _CACHED.get((said[-2], said[-1]))
                seal = None if key is None else rows.sealer(key, rules, *said)
                for place, code in zip(_places(places), _codes(codes), strict=True):
                    sealed = seal is None or code[_ESSENCE:] == seal(people[place], code[:_ESSENCE])
                    if not sealed and code[_ESSENCE:]:
                        raise StoreError(rows.edited(batch[place].id))
                    found[place] = answer if sealed else None
        return found

    def _put(self, decided: Sequence[tuple[AnyRecord, DecisionJson]], rules: str, at: date) -> None:
        if not (decided and self._keep):
            return
        with self._store.writing() as connection:
            key = audit.key_of(connection)
            essences = [essence(answer) for _, answer in decided]
            cached = [
                _row(record, answer, _digest(one), rules, at, key)
                for (record, answer), one in zip(decided, essences, strict=True)
                if one["outcome"] != "undecided" and not one["warnings"]
            ]
            if cached:
                upsert(connection, decision, cached)
            if self._document is not None:
                documents = {
                    record.id: self._document(record, one)
                    for (record, _), one in zip(decided, essences, strict=True)
                }
                history.keep(connection, self._store.now(), documents)

    def _compare(self, employee_id: str, answer: DecisionJson) -> None:
        """Stop unless the cached decision says what OPA says now, wording and days of its making aside."""
        with self._store.reading() as connection:
            c = decision.c
            query = select(c.decided_on, c.essence, c.outcome, c.action)
            row = connection.execute(query.where(c.employee_id == employee_id)).one()
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


def _query(*, sqlite: bool) -> Select[Any]:
    """The places, by outcome and action, of those of a batch whose cached decision holds.

    A batch goes to the database as one text, a list of each key with the id after it, and the places come
    back as one: so little is left to Python that the next batch is read on one core meanwhile.
    """
    asked = bindparam("asked", type_=Text)
    table: TableValuedAlias
    place: ColumnElement[Any]
    if sqlite:
        table = func.json_each(asked).table_valued("key", "value")
        in_list = func.json_group_array
        place = table.c.key
    else:
        texts = func.json_array_elements_text(cast(asked, JSON))
        table = texts.table_valued("value", with_ordinality="key").render_derived()
        in_list = func.json_agg
        place = table.c.key - 1
    c, day = decision.c, bindparam("day", type_=String)
    said = (c.decided_on, c.recheck_on, c.outcome, c.action)
    return (
        select(*said, cast(in_list(place), Text), cast(in_list(c.essence.concat(c.seal)), Text))
        .where(
            c.employee_id == func.substr(table.c.value, _DIGITS + 1),
            c.facts == func.substr(table.c.value, 1, _DIGITS),
            c.rules == bindparam("rules", type_=String),
            c.action.in_(_SETTLED),
            c.decided_on <= day,
            or_(c.recheck_on.is_(None), c.recheck_on > day),
        )
        .group_by(*said)
    )


def rules_of(revisions: Revisions) -> str | None:
    """One digest for policy and policy data together; null where OPA does not say which it has."""
    if not (revisions.policy and revisions.data):
        return None
    return hashlib.blake2b(_encode(revisions), digest_size=16).hexdigest()


def _key(record: AnyRecord) -> str:
    """The digest of the facts as OPA receives them."""
    own = record.digest if isinstance(record, Unread) else digest(_encode(record))
    return own.hex().ljust(_DIGITS, "-")


def _row(
    record: AnyRecord, answer: DecisionJson, decided: str, of_rules: str, at: date, key: RecordKey | None
) -> dict[str, str | None]:
    dated, facts = _dated(answer), _key(record)
    recheck_on = None if dated.recheck_on is None else dated.recheck_on.isoformat()
    said = of_rules, at.isoformat(), recheck_on, dated.outcome, dated.action
    return {
        "employee_id": record.id,
        "facts": facts,
        **dict(zip(("rules", "decided_on", "recheck_on", "outcome", "action"), said, strict=True)),
        "essence": decided,
        "seal": "" if key is None else rows.sealer(key, *said)(facts + record.id, decided),
    }


def _digest(decided: dict[str, Any]) -> str:
    return hashlib.blake2b(audit.canonical(decided), digest_size=_ESSENCE // 2).hexdigest()


def essence(answer: DecisionJson) -> dict[str, Any]:
    """A decision apart from its wording and the days of its making."""
    document: dict[str, Any] = msgspec.json.decode(answer)
    document["reasons"] = [reason["code"] for reason in document["reasons"]]
    return {name: value for name, value in document.items() if name not in ("as_of", "recheck_on")}
