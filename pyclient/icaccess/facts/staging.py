"""Rows of all feeds, set down in a temporary database and taken up again employee by employee.

Memory stays the same whatever the size: SQLite keeps what does not fit its cache on disk, in a file that has
no name and is gone when the process ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import msgspec

from icaccess.facts.aliases import Renaming
from icaccess.facts.mapping import FACTS, Person
from icaccess.facts.reading import Item
from icaccess.facts.settings import KeyKind, Kind, Normalise
from icaccess.models import Assignment, Fact

HR_KINDS: tuple[Kind, ...] = ("people", "employment", "assignments")
"""The kinds of fact that make somebody an employee; the others are about people whom these know."""
_CACHE_KIBIBYTES = 65_536
_DAY_FIELDS = ("start", "completed_on", "decided_on", "since")
_SCHEMA = """
CREATE TABLE entry(
    source INT, row INT, kind TEXT, key_kind TEXT, key TEXT, id TEXT, day TEXT, fact BLOB, reason TEXT
);
CREATE TABLE name(key_kind TEXT, key TEXT, id TEXT, PRIMARY KEY(key_kind, key, id)) WITHOUT ROWID;
CREATE TABLE person(id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE unsure(id TEXT, kind TEXT);
CREATE TABLE issue(source INT, row INT, id TEXT, reason TEXT);
"""
_RESOLVE = """
UPDATE entry SET id = (
    SELECT CASE WHEN count(*) = 1 THEN min(n.id) END FROM name n
    WHERE n.key_kind = entry.key_kind AND n.key = entry.key
) WHERE key_kind <> 'id' AND key NOT NULL;
CREATE INDEX by_id ON entry(id, kind, day, fact, source, row);
INSERT INTO person
    SELECT DISTINCT id FROM entry WHERE id NOT NULL AND kind IN ('people', 'employment', 'assignments');
INSERT INTO unsure
    SELECT DISTINCT n.id, e.kind FROM entry e JOIN name n ON n.key_kind = e.key_kind AND n.key = e.key
    WHERE e.id IS NULL;
CREATE INDEX unsure_by_id ON unsure(id);
INSERT INTO issue
    SELECT source, row, key, coalesce(reason, key_kind || ' ' || key || CASE
        WHEN EXISTS (SELECT 1 FROM name n WHERE n.key_kind = e.key_kind AND n.key = e.key)
        THEN ' fits more than one employee, so they are undecided'
        ELSE ' fits no employee, so the row is not used' END)
    FROM entry e WHERE reason NOT NULL OR id IS NULL OR NOT EXISTS (SELECT 1 FROM person p WHERE p.id = e.id);
"""


class Staged(NamedTuple):
    """One row of one employee: a fact, or the reason why it is none."""

    kind: Kind
    source: int
    row: int
    fact: Fact | None
    reason: str | None


class Issue(NamedTuple):
    """Something to be looked at: the place of its source in the list, the row, whose it is, and why."""

    source: int
    row: int
    id: str | None
    reason: str


class Staging:
    """The rows of all feeds; `add` them, `resolve` their keys, then take the employees."""

    def __init__(self, keys: dict[KeyKind, Normalise], renaming: Renaming) -> None:
        self._keys = keys
        self._renaming = renaming
        self._as_it_is = Normalise()
        self.normalised = 0
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIBIBYTES};"
            "PRAGMA temp_store=FILE; BEGIN;" + _SCHEMA
        )
        self._encode = msgspec.json.Encoder().encode
        self._decoders = {kind: msgspec.json.Decoder(of).decode for kind, of in FACTS.items()}
        self._decode_person = msgspec.json.Decoder(Person).decode
        self._held = lru_cache(20_000)(self._assignments)
        self._known_as = lru_cache(20_000)(self._ids)

    def add(self, source: int, items: Iterable[Item]) -> None:
        """Set down rows of the source at that place in the list."""
        self._db.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [self._line(source, item) for item in items],
        )

    def drop(self, source: int) -> None:
        """Forget all rows of a source that turned out not to be credible."""
        self._db.execute("DELETE FROM entry WHERE source = ?", (source,))

    def resolve(self) -> None:
        """Find out whose each row is, and note the rows of nobody and of more than one."""
        for fact, identifier in self._db.execute(
            "SELECT fact, id FROM entry WHERE kind = 'people' AND fact NOT NULL"
        ):
            self._name(self._decode_person(fact), identifier)
        self._db.executescript(_RESOLVE)

    def employees(self) -> Iterator[tuple[str, list[Staged], set[str]]]:
        """Each employee in the order of ids: the id, the rows by kind and day, the kinds in doubt."""
        rows = self._db.execute(
            "SELECT e.id, e.kind, e.source, e.row, e.fact, e.reason FROM person p JOIN entry e ON e.id = p.id"
            " ORDER BY p.id, e.kind, e.day, e.fact, e.source, e.row"
        )
        for identifier, group in groupby(rows, itemgetter(0)):
            staged = [
                Staged(kind, source, row, None if fact is None else self._decoders[kind](fact), reason)
                for _, kind, source, row, fact, reason in group
            ]
            unsure = self._db.execute("SELECT kind FROM unsure WHERE id = ?", (identifier,))
            yield identifier, staged, {kind for (kind,) in unsure}

    def employees_called(self, key_kind: KeyKind, key: str) -> list[str]:
        """The ids of the employees whom HR knows by that key: none, one, or more where it is ambiguous."""
        return self._known_as(key_kind, self._normal(key_kind, key))

    def roles_on(self, identifier: str, day: date) -> list[str] | None:
        """The roles that HR knows an employee to have held on a day, in order and without repeats.

        None when some row of theirs cannot be used, so that nobody can say.
        """
        held = self._held(identifier)
        if held is None:
            return None
        return sorted({job.role for job in held if job.start <= day and (not job.end or day <= job.end)})

    def note(self, issue: Issue) -> None:
        """Remember something to be looked at."""
        self._db.execute("INSERT INTO issue VALUES (?, ?, ?, ?)", issue)

    def issues(self) -> Iterator[Issue]:
        """Everything to be looked at, by source and row."""
        for line in self._db.execute(
            "SELECT source, row, id, reason FROM issue ORDER BY source, row, id, reason"
        ):
            yield Issue(*line)

    def count(self, source: int) -> tuple[int, int, int]:
        """How many rows of a source there are, of nobody whom HR knows, and rejected."""
        rows, unmatched, rejected = self._db.execute(
            "SELECT count(*), total(reason IS NULL AND (id IS NULL OR NOT EXISTS"
            " (SELECT 1 FROM person p WHERE p.id = entry.id))), total(reason NOT NULL)"
            " FROM entry WHERE source = ?",
            (source,),
        ).fetchone()
        return int(rows), int(unmatched), int(rejected)

    def _line(self, source: int, item: Item) -> tuple[object, ...]:
        key = None if item.key is None else self._normal(item.key_kind, item.key)
        fact = item.fact
        if isinstance(fact, Person):
            fact = msgspec.structs.replace(fact, id=key or "")
        elif fact is not None:
            fact = self._renaming.apply(fact)
        day = next((str(getattr(fact, name)) for name in _DAY_FIELDS if hasattr(fact, name)), "")
        return (
            source, item.row, item.kind, item.key_kind, key, key if item.key_kind == "id" else None, day,
            None if fact is None else self._encode(fact), item.reason,
        )  # fmt: skip

    def _normal(self, key_kind: KeyKind, key: str) -> str:
        normal = self._keys.get(key_kind, self._as_it_is)(key)
        self.normalised += normal != key
        return normal

    def _name(self, person: Person, identifier: str) -> None:
        for key_kind, called in (("email", person.email), ("username", person.username)):
            if called:
                self._db.execute(
                    "INSERT OR IGNORE INTO name VALUES (?, ?, ?)",
                    (key_kind, self._normal(key_kind, called), identifier),  # type: ignore[arg-type]
                )

    def _ids(self, key_kind: KeyKind, key: str) -> list[str]:
        if key_kind == "id":
            found = self._db.execute("SELECT id FROM person WHERE id = ?", (key,))
        else:
            found = self._db.execute("SELECT id FROM name WHERE key_kind = ? AND key = ?", (key_kind, key))
        return [identifier for (identifier,) in found]

    def _assignments(self, identifier: str) -> tuple[Assignment, ...] | None:
        (doubts,) = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM entry WHERE id = :id AND fact IS NULL "
            " AND kind IN ('people', 'assignments'))"
            " OR EXISTS (SELECT 1 FROM unsure WHERE id = :id AND kind = 'assignments')",
            {"id": identifier},
        ).fetchone()
        if doubts:
            return None
        facts = self._db.execute(
            "SELECT fact FROM entry WHERE id = ? AND kind = 'assignments'", (identifier,)
        )
        return tuple(msgspec.json.decode(fact, type=Assignment) for (fact,) in facts)
