"""Cached decisions as the store holds them: looked up many at a time, and each sealed by the record's key.

They are too many for a digest of each in the audit record, and each stays true for its facts and rules: a
code with a secret of the record's key seals it, and a row whose code is wrong is never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
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

from icaccess.errors import StoreError
from icaccess.models import Action
from icaccess.store.audit import RecordKey, key_of
from icaccess.store.database import upsert
from icaccess.store.schema import decision

# Decisions that change nothing. A change is shown with its reasons, so it is decided today.
SETTLED: tuple[Action, ...] = ("keep", "none")
FACTS_DIGITS = 64
"""How long the digest is of a record and of what the target shows."""
ESSENCE_DIGITS = 32
"""How long the digest of a decision is."""
_SEAL_BYTES = 16
_TOGETHER = 1000
_encode = msgspec.json.Encoder().encode
_places = msgspec.json.Decoder(list[int]).decode
_codes = msgspec.json.Decoder(list[str]).decode


def forget_other_rules(connection: Connection, rules: str) -> None:
    """Delete the decisions that were made by other rules."""
    connection.execute(delete(decision).where(decision.c.rules != rules))


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Delete the decisions on these people."""
    connection.execute(delete(decision).where(decision.c.employee_id.in_(ids)))


def find(connection: Connection, employee_id: str) -> Any:
    """What is cached of one person: `decided_on`, `essence`, `outcome` and `action`."""
    c = decision.c
    query = select(c.decided_on, c.essence, c.outcome, c.action)
    return connection.execute(query.where(c.employee_id == employee_id)).one()


def holding(
    connection: Connection, people: Sequence[str], rules: str, day: date
) -> Iterator[tuple[str, str, list[int]]]:
    """Whose cached decision holds on a day, since neither facts nor rules have changed.

    `people` are the digest of the facts with the id after it. Gives each outcome and action with the places
    in `people` that have them. With a key of the record, `StoreError` names a row that somebody edited, and
    one without a seal does not hold.
    """
    key = key_of(connection)
    values = {"asked": _encode(people).decode(), "rules": rules, "day": day.isoformat()}
    query = _query(sqlite=connection.dialect.name == "sqlite")
    for *said, places, codes in connection.execute(query, values).all():
        seal = None if key is None else _sealer(key, rules, *said)
        held = []
        for place, code in zip(_places(places), _codes(codes), strict=True):
            if seal is None or code[ESSENCE_DIGITS:] == seal(people[place], code[:ESSENCE_DIGITS]):
                held.append(place)
            elif code[ESSENCE_DIGITS:]:
                raise StoreError(_edited(people[place][FACTS_DIGITS:]))
        yield said[-2], said[-1], held


def keep(connection: Connection, rules: str, day: date, decided: Iterable[Sequence[str | None]]) -> None:
    """Cache decisions of a day: `employee_id`, `facts`, `recheck_on`, `outcome`, `action` and `essence`."""
    key = key_of(connection)
    rows = []
    for employee_id, facts, *dated, essence in decided:
        said = (rules, day.isoformat(), *dated)
        seal = "" if key is None else _sealer(key, *said)(f"{facts}{employee_id}", f"{essence}")
        rows.append(dict(zip(decision.c.keys(), (employee_id, facts, *said, essence, seal), strict=True)))
    if rows:
        upsert(connection, decision, rows)


def check(connection: Connection, key: RecordKey) -> None:
    """`StoreError` names the first cached decision that somebody edited or added.

    Rows without a code are of a time before there was a key, and are not used.
    """
    c = decision.c
    query = select(
        c.rules, c.decided_on, c.recheck_on, c.outcome, c.action, c.employee_id, c.facts, c.essence, c.seal
    ).where(c.seal != "")
    sealers: dict[tuple[str | None, ...], Callable[[str, str], str]] = {}
    with connection.execute(query.execution_options(yield_per=_TOGETHER)) as found:
        for *said, employee_id, facts, essence, seal in found:
            code = sealers.get(tuple(said)) or sealers.setdefault(tuple(said), _sealer(key, *said))
            if code(f"{facts}{employee_id}", essence) != seal:
                raise StoreError(_edited(employee_id))


@cache
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
            c.employee_id == func.substr(table.c.value, FACTS_DIGITS + 1),
            c.facts == func.substr(table.c.value, 1, FACTS_DIGITS),
            c.rules == bindparam("rules", type_=String),
            c.action.in_(SETTLED),
            c.decided_on <= day,
            or_(c.recheck_on.is_(None), c.recheck_on > day),
        )
        .group_by(*said)
    )


def _sealer(key: RecordKey, *said: str | None) -> Callable[[str, str], str]:
    """What codes cached decisions of the same rules, days, outcome and action.

    It takes a row's digest of the facts with the employee's id after it, and its digest of the decision.
    """
    begun = hashlib.blake2b(_encode(said), key=key.secret, digest_size=_SEAL_BYTES)

    def seal(person: str, essence: str) -> str:
        code = begun.copy()
        code.update(_encode((person, essence)))
        return code.hexdigest()

    return seal


def _edited(employee_id: str) -> str:
    """What is said of a cached decision whose code is wrong."""
    return (
        f"{employee_id!r}: somebody edited this cached decision in the store, or the record has another key "
        "now, so it is not used; find out which, and run `icaccess apply --full`, which uses none"
    )
