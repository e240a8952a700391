"""Decisions with a shelf life: a nightly run asks OPA only about those whose answer can have changed.

A decision holds until its `recheck_on`, so long as the person's facts, the policy and the policy data are the
same. What is kept here is only ever a shortcut: each run has a random sample decided anew, and stops where
one differs.
"""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, Protocol, get_args

import msgspec
from sqlalchemy import (
    JSON,
    Integer,
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

from icaccess.batches import ahead
from icaccess.errors import EngineError
from icaccess.facts.interface import RecordBatch
from icaccess.models import Action, Answer, Answered, Gist, Outcome, Record
from icaccess.opa.transport import Revisions
from icaccess.store.database import Store, upsert
from icaccess.store.schema import decision

SAMPLED = 500
"""One in so many of the decisions that could be used again is made again."""
_SIDE_BY_SIDE = 2
"""How many batches are looked up and asked about at a time, by measurement."""

# What changes nothing; a change is shown with its reasons, so is decided today.
_SETTLED: tuple[Action, ...] = ("keep", "none")
_GISTS = {(outcome, action): Gist(outcome, action) for outcome in get_args(Outcome) for action in _SETTLED}
_encode = msgspec.json.Encoder().encode
_chance = random.SystemRandom()

_Row = dict[str, object]


class Decider(Protocol):
    """Whoever makes new decisions: the client of OPA."""

    def decide_json(
        self, records: Iterable[Record], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[Answer]:
        """The decisions for all records in their order, as JSON."""


class _Dated(msgspec.Struct, frozen=True):
    outcome: Outcome
    action: Action
    recheck_on: date | None


class _Answers(NamedTuple):
    """What is to be said of one batch."""

    batch: RecordBatch
    kept: list[Gist | None]
    """The gist of what was kept and holds; null for the others."""
    asked: list[int]
    """The places in the batch of those about whom OPA was asked."""
    sampled: set[int]
    """Those of them whose kept decision would have held."""
    new: list[Answer]


_dated = msgspec.json.Decoder(_Dated).decode
_places = msgspec.json.Decoder(list[int]).decode


def everybody(
    client: Decider, batches: Iterable[RecordBatch], at: date, revisions: Revisions
) -> Iterator[tuple[RecordBatch, list[Answer]]]:
    """Each batch with the decisions of OPA on it."""
    sent: deque[RecordBatch] = deque()

    def passing() -> Iterator[Record]:
        for batch in batches:
            sent.append(batch)
            yield from map(batch.read, range(len(batch)))

    answers = client.decide_json(passing(), at, revisions=revisions)
    for first in answers:
        batch = sent.popleft()
        yield batch, [first, *islice(answers, len(batch) - 1)]


class Shelf:
    """The kept decisions of one store, before the client that makes new ones.

    With `full` nothing kept is used. With `keep` what is decided is kept for the next run; without it the
    store is only read.
    """

    def __init__(self, store: Store, client: Decider, *, full: bool = False, keep: bool = False) -> None:
        self.store = store
        self._client = client
        self._full = full
        self._keep = keep
        self._query = _query(sqlite=store.is_sqlite)
        self.used = 0
        """How many decisions of the last run were kept ones."""

    def decide(
        self, batches: Iterable[RecordBatch], at: date, *, revisions: Revisions
    ) -> Iterator[Sequence[Answered]]:
        """The decisions for each batch of records in their order, those that hold still from the shelf.

        Of a kept decision the gist is given, which is all that a plan asks of somebody for whom nothing
        changes. `EngineError` when a kept one is not what OPA decides now.
        """
        rules = rules_of(revisions)
        self.used = 0
        if self._full or rules is None or not self._prepare(rules):
            yield from self._everybody(batches, at, revisions, rules)
            return
        # While one batch is read, others are looked up and asked about: neither the database nor OPA waits.
        for answers in ahead(
            lambda batch: self._answer(batch, at, revisions, rules), batches, threads=_SIDE_BY_SIDE
        ):
            yield self._settle(answers, at, rules)

    def _prepare(self, rules: str) -> bool:
        """Whether any decision was kept by these rules; those by others are of no use any more."""
        if self._keep:
            with self.store.writing() as connection:
                connection.execute(delete(decision).where(decision.c.rules != rules))
        with self.store.reading() as connection:
            query = select(decision.c.employee_id).where(decision.c.rules == rules).limit(1)
            return connection.execute(query).first() is not None

    def _everybody(
        self, batches: Iterable[RecordBatch], at: date, revisions: Revisions, rules: str | None
    ) -> Iterator[Sequence[Answered]]:
        for batch, answers in everybody(self._client, batches, at, revisions):
            if self._keep and rules is not None:
                self._put(batch, enumerate(answers), rules, at)
            yield answers

    def _answer(self, batch: RecordBatch, at: date, revisions: Revisions, rules: str) -> _Answers:
        kept = self._lasting(batch, rules, at)
        lasting = [place for place, gist in enumerate(kept) if gist is not None]
        # At least one of each batch, so that a small district is looked at as well.
        sampled = set(_chance.sample(lasting, -(-len(lasting) // SAMPLED)))
        asked = [place for place, gist in enumerate(kept) if gist is None or place in sampled]
        read = [batch.read(place) for place in asked]
        new = list(self._client.decide_json(read, at, revisions=revisions))
        return _Answers(batch, kept, asked, sampled, new)

    def _settle(self, answers: _Answers, at: date, rules: str) -> Sequence[Answered]:
        """What is said of a batch; what was asked anew is kept, or compared with what was kept."""
        batch, kept, asked, sampled, new = answers
        self.used += len(batch) - len(asked)
        new_at = dict(zip(asked, new, strict=True))
        for place in sampled:
            self._compare(batch.ids[place], new_at[place])
        if self._keep:
            changed = ((place, one) for place, one in new_at.items() if place not in sampled)
            self._put(batch, changed, rules, at)
        return [new_at[place] if gist is None else gist for place, gist in enumerate(kept)]

    def _lasting(self, batch: RecordBatch, rules: str, at: date) -> list[Gist | None]:
        """The gist of each kept decision that holds on a day because neither facts nor rules have changed."""
        found: list[Gist | None] = [None] * len(batch)
        asked = [own.hex() + one for own, one in zip(batch.digests, batch.ids, strict=True)]
        values = {
            "asked": _encode(asked).decode(),
            "digits": 2 * len(batch.digests[0]),
            "rules": rules,
            "day": at.isoformat(),
        }
        with self.store.reading() as connection:
            for outcome, action, places in connection.execute(self._query, values).all():
                gist = _GISTS.get((outcome, action))
                for place in _places(places):
                    found[place] = gist
        return found

    def _put(self, batch: RecordBatch, answers: Iterable[tuple[int, Answer]], rules: str, at: date) -> None:
        rows = [
            _row(batch.ids[place], batch.digests[place].hex(), rules, at, answer) for place, answer in answers
        ]
        rows = [row for row in rows if row["outcome"] != "undecided"]
        if not rows:
            return
        with self.store.writing() as connection:
            upsert(connection, decision, rows)

    def _compare(self, employee_id: str, answer: Answer) -> None:
        """Stop unless the kept decision says what OPA says now, wording and days of its making aside."""
        with self.store.reading() as connection:
            c = decision.c
            query = select(c.decided_on, c.document, c.outcome, c.action)
            row = connection.execute(query.where(c.employee_id == employee_id)).one()
        # What is used of a kept decision are the columns, so they are looked at with the whole of it.
        now = _essence(answer)
        if _essence(row.document) != now or (row.outcome, row.action) != (now["outcome"], now["action"]):
            raise EngineError(
                f"{employee_id}: the decision kept from {row.decided_on} is not what OPA decides now, so "
                "none that is kept can be relied on; run again with --full, and report it to whoever keeps "
                "the policy"
            )


def _query(*, sqlite: bool) -> Select[Any]:
    """The places, by gist, of those of a batch whose kept decision holds.

    A batch goes to the database as one text, a list of each digest with the id after it, and the places come
    back as one: so little is left to Python that the next batch is read on one core meanwhile.
    """
    asked, digits = bindparam("asked", type_=Text), bindparam("digits", type_=Integer)
    table: TableValuedAlias
    if sqlite:
        table = func.json_each(asked).table_valued("key", "value")
        places = func.json_group_array(table.c.key)
    else:
        texts = func.json_array_elements_text(cast(asked, JSON))
        table = texts.table_valued("value", with_ordinality="key").render_derived()
        places = func.json_agg(table.c.key - 1)
    c, day = decision.c, bindparam("day", type_=String)
    return (
        select(c.outcome, c.action, cast(places, Text))
        .where(
            c.employee_id == func.substr(table.c.value, digits + 1),
            c.facts == func.substr(table.c.value, 1, digits),
            c.rules == bindparam("rules", type_=String),
            c.action.in_(_SETTLED),
            c.decided_on <= day,
            or_(c.recheck_on.is_(None), c.recheck_on > day),
        )
        .group_by(c.outcome, c.action)
    )


def rules_of(revisions: Revisions) -> str | None:
    """One digest for policy and policy data together; null where OPA does not say which it has."""
    if not (revisions.policy and revisions.data):
        return None
    return hashlib.blake2b(_encode(revisions), digest_size=16).hexdigest()


def _row(employee_id: str, facts: str, rules: str, at: date, answer: Answer) -> _Row:
    dated = _dated(answer)
    return {
        "employee_id": employee_id,
        "facts": facts,
        "rules": rules,
        "decided_on": at.isoformat(),
        "recheck_on": None if dated.recheck_on is None else dated.recheck_on.isoformat(),
        "outcome": dated.outcome,
        "action": dated.action,
        "document": bytes(answer).decode(),
    }


def _essence(answer: Answer | str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = msgspec.json.decode(answer)
        document["reasons"] = [reason["code"] for reason in document["reasons"]]
    except (msgspec.DecodeError, LookupError, TypeError):  # somebody edited the store
        return {}
    return {name: value for name, value in document.items() if name not in ("as_of", "recheck_on")}
