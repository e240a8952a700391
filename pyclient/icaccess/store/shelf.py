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
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import Column, ColumnElement, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from icaccess.errors import EngineError
from icaccess.facts.interface import Written
from icaccess.models import Action, Outcome, Record
from icaccess.opa.client import batches
from icaccess.opa.transport import Revisions
from icaccess.store.database import Store
from icaccess.store.schema import decision

WINDOW = 8_000
"""Records that are looked up together; memory grows with this, and not with the population."""
SAMPLED = 500
"""One in so many of the decisions that could be used again is made again."""

_CHUNK = 1_000
_SETTLED = ("keep", "none")  # what changes nothing; a change is shown with its reasons, so is decided today
_encode = msgspec.json.Encoder().encode
_chance = random.SystemRandom()

Answer = bytes | msgspec.Raw
_Row = dict[str, object]


class Decider(Protocol):
    """Whoever decides: the client of OPA, or the shelf before it."""

    def decide_json(
        self, records: Iterable[Record], at: date, *, revisions: Revisions | None = None
    ) -> Iterator[Answer]:
        """The decisions for all records in their order, as JSON."""


class _Dated(msgspec.Struct, frozen=True):
    outcome: Outcome
    action: Action
    recheck_on: date | None


class _Kept(NamedTuple):
    facts: str
    decided_on: str
    recheck_on: str | None
    outcome: str
    action: str


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

    def decide_json(self, records: Iterable[Written], at: date, *, revisions: Revisions) -> Iterator[Answer]:
        """The decisions for all records in their order, those that hold still from the shelf.

        Of a kept decision only `outcome` and `action` are given, which is all that a plan asks of somebody
        for whom nothing changes. `EngineError` when a kept one is not what OPA decides now.
        """
        rules = rules_of(revisions)
        self.used = 0
        if self._full or rules is None or not self._prepare(rules):
            yield from self._everybody(records, at, revisions, rules)
            return
        for window in batches(records, WINDOW):
            yield from self._window(window, at, revisions, rules)

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

    def _window(self, window: list[Written], at: date, revisions: Revisions, rules: str) -> Iterator[Answer]:
        kept = self._kept([one.id for one in window], rules)
        day = at.isoformat()
        lasting = [
            index
            for index, one in enumerate(window)
            if (found := kept.get(one.id)) is not None
            and found.facts == one.digest.hex()
            and _holds(found, day)
        ]
        # At least one of each window, so that a small district is looked at as well.
        sampled = set(_chance.sample(lasting, -(-len(lasting) // SAMPLED)))
        used = set(lasting) - sampled
        asked = [one.read() for index, one in enumerate(window) if index not in used]
        answers = self._client.decide_json(asked, at, revisions=revisions)
        new: list[_Row] = []
        for index, one in enumerate(window):
            if index in used:
                yield _short(kept[one.id])
                continue
            answer = next(answers)
            if index in sampled:
                self._compare(one.id, answer)
            elif self._keep:
                new.append(_row(one.id, one.digest.hex(), rules, at, answer))
            yield answer
        self.used += len(used)
        self._put(new)

    def _kept(self, ids: list[str], rules: str) -> dict[str, _Kept]:
        c = decision.c
        query = select(c.employee_id, c.facts, c.decided_on, c.recheck_on, c.outcome, c.action)
        query = query.where(c.rules == rules)
        found: dict[str, _Kept] = {}
        with self.store.reading() as connection:
            for these in _named(c.employee_id, ids, sqlite=self.store.is_sqlite):
                for employee_id, *rest in connection.execute(query.where(these)).all():
                    found[employee_id] = _Kept(*rest)
        return found

    def _put(self, new: list[_Row]) -> None:
        rows = [row for row in new if row["outcome"] != "undecided"]
        if not rows:
            return
        with self.store.writing() as connection:
            dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
            insert = dialect.insert(decision)
            changed = {name: insert.excluded[name] for name in rows[0] if name != "employee_id"}
            connection.execute(
                insert.on_conflict_do_update(index_elements=["employee_id"], set_=changed), rows
            )

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


def _holds(kept: _Kept, day: str) -> bool:
    return (
        kept.action in _SETTLED
        and kept.decided_on <= day
        and (kept.recheck_on is None or day < kept.recheck_on)
    )


def _short(kept: _Kept) -> bytes:
    known = (kept.outcome, kept.action)
    return _SHORT.setdefault(known, _encode({"action": kept.action, "outcome": kept.outcome}))


_SHORT: dict[tuple[str, str], bytes] = {}


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
