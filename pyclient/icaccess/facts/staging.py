"""Rows of all sources, written to a temporary database and read back employee by employee.

Memory stays the same whatever the size: SQLite keeps what does not fit its cache on disk, in a file without a
name that disappears when the process ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from threading import Lock
from typing import NamedTuple

import msgspec

from icaccess.facts.interface import ParsedRow, SourceReport
from icaccess.facts.kinds import FACTS, Person
from icaccess.facts.names import spreadsheet_id
from icaccess.facts.record import FAR_YEAR
from icaccess.facts.settings import FactsSettings, KeyKind, Kind
from icaccess.facts.staging_rows import ENDED, RowWriter, names_of
from icaccess.facts.staging_sql import (
    COUNT,
    COUNT_TEXTS,
    FILLED,
    FIRST_UNMATCHED,
    ORDER,
    REJECT,
    RESOLVE,
    TABLES,
)
from icaccess.models import Assignment, Fact

HR_KINDS: tuple[Kind, ...] = ("people", "employment", "assignments")
"""The kinds of fact that make somebody an employee; the others are about people known from these."""
_CACHE_KIBIBYTES = 65_536


class Staged(NamedTuple):
    """One row of one employee: a fact, or why there is none; for an approval, the approver's id."""

    kind: Kind
    source: int
    row: int
    fact: Fact | None
    reason: str | None
    approver: str | None
    approver_in_doubt: bool


class Issue(NamedTuple):
    """A problem that needs attention: the place of its source in the list, the row, whose it is, and why."""

    source: int
    row: int
    id: str | None
    reason: str


class Staging:
    """The rows of all sources; `add` them, `resolve` their keys, then read the employees."""

    def __init__(self, settings: FactsSettings, names: Sequence[str]) -> None:
        self._writer = RowWriter(settings)
        self._names = names
        self._lock = Lock()
        self._given: set[tuple[int, str]] = set()
        """Each source with the kinds of its rows."""
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.create_function("near", 1, spreadsheet_id, deterministic=True)
        self._db.create_function("source_name", 1, names.__getitem__, deterministic=True)
        self._db.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIBIBYTES};"
            "PRAGMA temp_store=FILE; BEGIN;" + TABLES
        )
        self._encode = msgspec.json.Encoder().encode
        self._decoders = {kind: msgspec.json.Decoder(of).decode for kind, of in FACTS.items()}
        self.jobs_of = lru_cache(20_000)(self._assignments)
        """Gives the assignments that HR's rows give somebody, or which of the rows leaves them unknown."""
        self._texts: dict[tuple[int, str, str], dict[str, int]] = {}
        """What `texts` answered, until rows change."""

    def add(self, source: int, rows: Iterable[ParsedRow], approver_key: KeyKind) -> None:
        """Write rows of the source at that place in the list; any thread may."""
        with self._lock:
            rows = list(rows)
            self._given.update((source, row.kind) for row in rows)
            lines = [self._writer.line(source, row, approver_key) for row in rows]
            self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", lines)
            identities = [identity for row in rows for identity in self._writer.identities(source, row)]
            self._db.executemany("INSERT OR IGNORE INTO identity VALUES (?, ?, ?, ?, ?, ?)", identities)

    def drop(self, source: int) -> None:
        """Drop all rows of a source that turned out not to be credible."""
        self._texts.clear()
        self._db.execute("DELETE FROM entry WHERE source = ?", (source,))
        self._db.execute("DELETE FROM identity WHERE source = ?", (source,))

    def resolve(self, *, people: bool) -> None:
        """Find out whose each row is, and note the rows of nobody and of more than one.

        If a source gives one key to two people, the row of the second becomes unusable. With `people`, only
        people from a source of people are employees.
        """
        decode = msgspec.json.Decoder(Person).decode
        rows = self._db.execute("SELECT fact, id FROM entry WHERE kind = 'people' AND fact NOT NULL")
        for person, identifier in ((decode(fact), identifier) for fact, identifier in rows):
            self._db.executemany(
                "INSERT OR IGNORE INTO name VALUES (?, ?, ?)",
                [(kind, self._writer.normal(kind, name), identifier) for kind, name in names_of(person)],
            )
        kinds = HR_KINDS[:1] if people else HR_KINDS
        # A script ends the transaction before it, and without one each change of a row is written by itself.
        self._db.executescript(RESOLVE.format(hr_kinds=", ".join(f"'{kind}'" for kind in kinds)) + "BEGIN;")

    def chain(self, source: int) -> int:
        """End each row of a person the day before their next one; if rows share a day, the later one counts.

        The later one is the last in the source, or the first where the source lists the newest row first. The
        result says how many people have a job again after another one: these may have run side by side.
        """
        returning: set[str] = set()
        self._texts.clear()
        (newest_first,) = self._db.execute(ORDER, (source,)).fetchone()
        self._db.execute("DROP TABLE IF EXISTS chain")
        self._db.execute(
            "CREATE TEMP TABLE chain AS SELECT rowid AS place, id, series, kind, fact FROM entry"
            " WHERE source = ? AND id NOT NULL AND fact NOT NULL ORDER BY id, series, day, iif(?, -row, row)",
            (source, newest_first),
        )
        rows = self._db.execute("SELECT place, id, series, kind, fact FROM chain ORDER BY rowid")
        for (identifier, _), group in groupby(rows, itemgetter(1, 2)):
            own = [(place, kind, msgspec.json.decode(fact)) for place, _, _, kind, fact in group]
            jobs: list[tuple[str | None, str | None]] = []
            for (place, kind, fact), (_, _, following) in zip(own, [*own[1:], (0, "", {})], strict=True):
                if kind == ENDED or fact["start"] == following.get("start"):
                    self._db.execute("UPDATE entry SET kind = ?, fact = NULL WHERE rowid = ?", (ENDED, place))
                    continue
                job = fact.get("role"), fact.get("location")
                if job not in jobs[-1:]:
                    if job in jobs:
                        returning.add(identifier)
                    jobs.append(job)
                if following:
                    last = str(date.fromisoformat(following["start"]) - timedelta(days=1))
                    fact["end"] = min(last, fact.get("end", last))
                    self._db.execute("UPDATE entry SET fact = ? WHERE rowid = ?", (self._encode(fact), place))
        return len(returning)

    def open_rows(self, source: int) -> list[tuple[str, str, str]]:
        """The people with several rows of different days in a source, none with an end.

        Gives each with the days of the first and the last row.
        """
        found = self._db.execute(
            "SELECT id, min(day), max(day) FROM entry WHERE source = ? AND id NOT NULL AND fact NOT NULL"
            " AND kind IN ('employment', 'assignments') GROUP BY id HAVING count(DISTINCT day) > 1"
            " AND count(nullif(json_extract(fact, '$.end') >= ?, 1)) = 0",
            (source, str(FAR_YEAR)),
        )
        return list(found)

    def texts(self, source: int, kind: str, field: str) -> dict[str, int]:
        """The texts that a field of one kind of fact holds in a source, with the number of rows of each."""
        if (source, kind) not in self._given:  # each query looks at the rows of all sources
            return {}
        asked = (source, kind, field)
        if asked not in self._texts:
            self._texts[asked] = dict(self._db.execute(COUNT_TEXTS, (field, source, kind)))
        return self._texts[asked]

    def employees(self) -> Iterator[tuple[str, list[Staged], dict[str, str]]]:
        """Each employee in the order of ids: the id, the rows by kind and day, the `doubts` about others."""
        rows = self._db.execute(
            "SELECT e.id, e.kind, e.source, e.row, e.fact, e.reason, e.by_id, e.by_id IS NULL AND EXISTS"
            " (SELECT 1 FROM name n WHERE n.key_kind = e.by_kind AND n.key = e.by_key)"
            " FROM person p JOIN entry e ON e.id = p.id WHERE e.kind <> 'ended'"
            " ORDER BY p.id, e.kind, e.day, e.fact, e.source, e.row"
        )
        for identifier, group in groupby(rows, itemgetter(0)):
            staged = [
                Staged(kind, source, row, None if fact is None else self._decoders[kind](fact), *rest)
                for _, kind, source, row, fact, *rest in group
            ]
            yield identifier, staged, self._doubts(identifier)

    def reject(self, source: int, place: tuple[Kind, str], reasons: Mapping[str, str]) -> int:
        """Make the rows unusable that have one of these texts in a field of one kind; how many these are."""
        self._texts.clear()
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS wrong(text TEXT PRIMARY KEY, why TEXT)")
        self._db.execute("DELETE FROM wrong")
        self._db.executemany("INSERT INTO wrong VALUES (?, ?)", reasons.items())
        kind, field = place
        found = self._db.execute(REJECT, (field, source, kind)).fetchall()
        for row, owner, problem in found:
            self.note(Issue(source, row, owner, problem))
        return len(found)

    def note(self, issue: Issue) -> None:
        """Remember a problem that needs attention."""
        self._db.execute("INSERT INTO issue VALUES (?, ?, ?, ?)", issue)

    def issues(self) -> Iterator[Issue]:
        """Every problem that needs attention, by source and row."""
        for line in self._db.execute(
            "SELECT source, row, id, reason FROM issue ORDER BY source, row, id, reason"
        ):
            yield Issue(*line)

    def placed(self, issue: Issue) -> str:
        """A problem on one line, after the name of its source and the row."""
        name = self._names[issue.source]
        place = f"{name} row {issue.row}: " if issue.row else f"{name}: "
        known = not issue.id or f" {issue.id} " in f" {issue.reason} "
        owner = "" if known else f"{issue.id}: "
        return f"{place}{owner}{issue.reason.removeprefix(place)}"

    def rejection(self, source: int) -> str | None:
        """Why the last unusable row of a source is unusable; None if all rows are usable."""
        found = self._db.execute(
            "SELECT reason FROM entry WHERE source = ? AND reason NOT NULL ORDER BY row DESC LIMIT 1",
            (source,),
        ).fetchone()
        return found and str(found[0])

    def first_unmatched(self, source: int) -> int:
        """The first row of a source that fits nobody; 0 if there is none."""
        return int(self._db.execute(FIRST_UNMATCHED, (source,)).fetchone()[0] or 0)

    def shared_key(self, source: int) -> str | None:
        """A key in the rows of a source that several employees share, with its kind, if there is one."""
        found = self._db.execute(
            "SELECT key_kind || ' ' || key FROM entry e WHERE source = ? AND id IS NULL AND EXISTS"
            " (SELECT 1 FROM name n WHERE n.key_kind = e.key_kind AND n.key = e.key) ORDER BY row LIMIT 1",
            (source,),
        ).fetchone()
        return found and str(found[0])

    def report(self, source: int, name: str, *, vouches: bool) -> SourceReport:
        """The counts of a source's rows; repeated ones count as used.

        `vouches` is whether the source may say what roles approvers had.
        """
        found = self._db.execute(COUNT, (source,)).fetchone()
        rows, unmatched, rejected, jobless, strangers, people, newest = found
        return SourceReport(
            name=name,
            rows=rows,
            used=rows - int(unmatched) - int(rejected),
            unmatched=int(unmatched),
            rejected=int(rejected),
            unverified=int(jobless) + (0 if vouches else int(strangers)),
            strangers=0 if vouches else int(strangers),
            people=people,
            newest=date.fromisoformat(newest) if newest else None,
            filled=dict(self._db.execute(FILLED, (source,))),
        )

    def _doubts(self, identifier: str) -> dict[str, str]:
        """The kinds of fact of which another row may be this person's, each with that row and why."""
        found = self._db.execute(
            "SELECT u.kind, u.source, u.row, i.reason FROM unsure u JOIN issue i USING (source, row)"
            " WHERE u.id = ? ORDER BY u.source DESC, u.row DESC",
            (identifier,),
        )
        return {kind: self.placed(Issue(source, row, None, reason)) for kind, source, row, reason in found}

    def _assignments(self, identifier: str) -> tuple[Assignment, ...] | str:
        unusable = self._db.execute(
            "SELECT reason FROM entry WHERE id = ? AND fact IS NULL AND kind IN ('people', 'assignments')"
            " ORDER BY source, row",
            (identifier,),
        ).fetchone()
        doubt = unusable[0] if unusable else self._doubts(identifier).get("assignments")
        if doubt is not None:
            return str(doubt)
        facts = self._db.execute(
            "SELECT DISTINCT fact FROM entry WHERE id = ? AND kind = 'assignments' ORDER BY day, fact",
            (identifier,),
        )
        return tuple(msgspec.json.decode(fact, type=Assignment) for (fact,) in facts)
