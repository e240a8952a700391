"""Decisions with a shelf life: a nightly run asks OPA only about those whose answer can have changed.

A decision holds until its `recheck_on`, so long as the person's facts, the policy and the policy data are the
same. What is kept here is only ever a shortcut: each run has a random sample decided anew, and stops where
one differs.
"""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any, NamedTuple, Protocol, get_args

import msgspec
from sqlalchemy import Column, ColumnElement, delete, func, or_, select

from icaccess.batches import batches
from icaccess.errors import EngineError
from icaccess.facts.interface import Written
from icaccess.models import Action, Gist, Outcome, Record
from icaccess.opa.transport import Revisions
from icaccess.store.database import Store, upsert
from icaccess.store.schema import decision

WINDOW = 8_000
"""Records that are looked up together; memory grows with this, and not with the population."""
SAMPLED = 500
"""One in so many of the decisions that could be used again is made again."""

_CHUNK = 1_000
# What changes nothing; a change is shown with its reasons, so is decided today.
_SETTLED: tuple[Action, ...] = ("keep", "none")
_GISTS = {(outcome, action): Gist(outcome, action) for outcome in get_args(Outcome) for action in _SETTLED}
_encode = msgspec.json.Encoder().encode
_chance = random.SystemRandom()

Answer = bytes | msgspec.Raw
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


class _Asked(NamedTuple):
    """Somebody about whom OPA is asked, with the digest of the facts as it is kept."""

    id: str
    facts: str
    is_sample: bool


class _Window(NamedTuple):
    """Some records in their order: what was kept of each, or None where the next of the answers belongs."""

    slots: list[Gist | None]
    asked: list[_Asked]
    answers: Future[list[Answer]]


_dated = msgspec.json.Decoder(_Dated).decode


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
        self.used = 0
        """How many decisions of the last run were kept ones."""

    def decide(
        self, records: Iterable[Written], at: date, *, revisions: Revisions
    ) -> Iterator[Answer | Gist]:
        """The decisions for all records in their order, those that hold still from the shelf.

        Of a kept decision the gist is given, which is all that a plan asks of somebody for whom nothing
        changes. `EngineError` when a kept one is not what OPA decides now.
        """
        rules = rules_of(revisions)
        self.used = 0
        if self._full or rules is None or not self._prepare(rules):
            yield from self._everybody(records, at, revisions, rules)
            return
        with ThreadPoolExecutor(1, thread_name_prefix="shelf") as pool:
            # OPA decides on some while the next ones are looked up.
            begun: _Window | None = None
            for some in batches(records, WINDOW):
                window = self._begin(some, at, revisions, rules, pool)
                if begun is not None:
                    yield from self._finish(begun, at, rules)
                begun = window
            if begun is not None:
                yield from self._finish(begun, at, rules)

    def _prepare(self, rules: str) -> bool:
        """Whether any decision was kept by these rules; those by others are of no use any more."""
        if self._keep:
            with self.store.writing() as connection:
                connection.execute(delete(decision).where(decision.c.rules != rules))
        with self.store.reading() as connection:
            query = select(decision.c.employee_id).where(decision.c.rules == rules).limit(1)
            return connection.execute(query).first() is not None

    def _everybody(
        self, records: Iterable[Written], at: date, revisions: Revisions, rules: str | None
    ) -> Iterator[Answer]:
        if not self._keep or rules is None:
            yield from self._client.decide_json((one.read() for one in records), at, revisions=revisions)
            return
        sent: deque[Written] = deque()

        def passing() -> Iterator[Record]:
            for one in records:
                sent.append(one)
                yield one.read()

        new: list[_Row] = []
        for answer in self._client.decide_json(passing(), at, revisions=revisions):
            one = sent.popleft()
            new.append(_row(one.id, one.digest.hex(), rules, at, answer))
            if len(new) >= WINDOW:
                self._put(new)
                new = []
            yield answer
        self._put(new)

    def _begin(
        self, records: list[Written], at: date, revisions: Revisions, rules: str, pool: ThreadPoolExecutor
    ) -> _Window:
        kept = self._lasting([one.id for one in records], rules, at)
        slots = [
            found[1] if (found := kept.get(one.id)) is not None and found[0] == one.digest.hex() else None
            for one in records
        ]
        lasting = [index for index, slot in enumerate(slots) if slot is not None]
        # At least one of each window, so that a small district is looked at as well.
        sampled = set(_chance.sample(lasting, -(-len(lasting) // SAMPLED)))
        for index in sampled:
            slots[index] = None
        asking = [index for index, slot in enumerate(slots) if slot is None]
        asked = [_Asked(records[i].id, records[i].digest.hex(), i in sampled) for i in asking]
        read = [records[index].read() for index in asking]
        self.used += len(slots) - len(asked)
        answers = pool.submit(lambda: list(self._client.decide_json(read, at, revisions=revisions)))
        return _Window(slots, asked, answers)

    def _finish(self, window: _Window, at: date, rules: str) -> Iterator[Answer | Gist]:
        answered = zip(window.asked, window.answers.result(), strict=True)
        new: list[_Row] = []
        for slot in window.slots:
            if slot is not None:
                yield slot
                continue
            one, answer = next(answered)
            if one.is_sample:
                self._compare(one.id, answer)
            elif self._keep:
                new.append(_row(one.id, one.facts, rules, at, answer))
            yield answer
        self._put(new)

    def _lasting(self, ids: list[str], rules: str, at: date) -> dict[str, tuple[str, Gist | None]]:
        """The kept decisions that hold on a day if the facts, whose digest is given, are still the same."""
        c, day = decision.c, at.isoformat()
        query = select(c.employee_id, c.facts, c.outcome, c.action).where(
            c.rules == rules,
            c.action.in_(_SETTLED),
            c.decided_on <= day,
            or_(c.recheck_on.is_(None), c.recheck_on > day),
        )
        with self.store.reading() as connection:
            return {
                employee_id: (facts, _GISTS.get((outcome, action)))
                for these in _named(c.employee_id, ids, sqlite=self.store.is_sqlite)
                for employee_id, facts, outcome, action in connection.execute(query.where(these)).all()
            }

    def _put(self, new: list[_Row]) -> None:
        rows = [row for row in new if row["outcome"] != "undecided"]
        if not rows:
            return
        with self.store.writing() as connection:
            upsert(connection, decision, rows)

    def _compare(self, employee_id: str, answer: Answer) -> None:
        """Stop unless the kept decision says what OPA says now, wording and days of its making aside."""
        with self.store.reading() as connection:
            query = select(decision.c.decided_on, decision.c.document)
            row = connection.execute(query.where(decision.c.employee_id == employee_id)).one()
        if _essence(row[1]) != _essence(answer):
            raise EngineError(
                f"{employee_id}: the decision kept from {row[0]} is not what OPA decides now, so none that "
                "is kept can be relied on; run again with --full, and report it to whoever keeps the policy"
            )


def _named(column: Column[str], ids: list[str], *, sqlite: bool) -> Iterator[ColumnElement[bool]]:
    """Conditions that hold together for the rows of `ids`, in as few statements as the database can take."""
    if sqlite:  # all in one value, which takes half the time of a list of variables
        values = func.json_each(_encode(ids).decode()).table_valued("value")
        yield column.in_(select(values.c.value))
        return
    for start in range(0, len(ids), _CHUNK):
        yield column.in_(ids[start : start + _CHUNK])


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
    document: dict[str, Any] = msgspec.json.decode(answer)
    document["reasons"] = [reason["code"] for reason in document["reasons"]]
    return {name: value for name, value in document.items() if name not in ("as_of", "recheck_on")}
