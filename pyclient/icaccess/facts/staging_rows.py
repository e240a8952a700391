"""A source's row as the temporary database holds it, its keys and names in the form for comparison."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import json, structs

from icaccess.facts.interface import ParsedRow
from icaccess.facts.kinds import Ended, Person
from icaccess.facts.settings import Alias, FactsSettings, KeyKind, Normalise
from icaccess.models import Access, Approval, Assignment, Certification, Fact

ENDED = "ended"
"""The kind of a row that another row replaced."""
_PLAIN = Normalise()
_encode = json.Encoder().encode
_NAMES: dict[type[Fact], tuple[tuple[str, str], ...]] = {
    Assignment: (("role", "roles"), ("location", "locations")),
    Certification: (("name", "certifications"),),
    Approval: (("role", "roles"), ("approver_role", "roles"), ("location", "locations")),
    Access: (("locations", "locations"),),
}
"""The fields of each type of fact that hold names, each with its aliases."""
_DAYS = ("start", "completed_on", "decided_on", "since")


class RowWriter:
    """Writes rows with the keys and aliases of the settings."""

    def __init__(self, settings: FactsSettings) -> None:
        self._keys = settings.keys
        self._aliases = {
            of: [(field, found) for field, kind in fields if (found := getattr(settings.aliases, kind))]
            for of, fields in _NAMES.items()
        }

    def line(self, source: int, row: ParsedRow, approver_key: KeyKind) -> tuple[object, ...]:
        """A row of the table `entry`, but for the id of an approver."""
        key = None if row.key is None else self.normal(row.key_kind, row.key)
        fact, kind, by = row.fact, str(row.kind), None
        if isinstance(fact, Person):
            fact = structs.replace(fact, id=key or "")
        elif isinstance(fact, Ended):
            kind = ENDED
        elif fact is not None:
            fact = self._renamed(fact)
        if isinstance(fact, Approval):
            by = self.normal(approver_key, fact.approver)
        day = _day_of(fact)
        return (
            source, row.row, kind, row.key_kind, key, key if row.key_kind == "id" else None,
            str(day or ""), None if fact is None else _encode(fact), row.reason,
            row.series, approver_key, by,
        )  # fmt: skip

    def identities(self, source: int, row: ParsedRow) -> Iterator[tuple[object, ...]]:
        """Rows of the table `identity`: what tells apart the people of two rows with the same key."""
        if row.key is None:
            return
        key = self.normal(row.key_kind, row.key)
        if row.account is not None:
            yield source, row.key_kind, key, "sourcedId", row.account, row.row
        if isinstance(row.fact, Person):
            for kind, name in names_of(row.fact):
                yield source, row.key_kind, key, kind, self.normal(kind, name), row.row

    def normal(self, kind: KeyKind, key: str) -> str:
        """A key in the form for comparison: trimmed, in one Unicode form, without case unless it is an id."""
        how = self._keys.get(kind, _PLAIN)
        key = unicodedata.normalize("NFC", key)
        if how.trim:
            key = key.strip()
        if how.lower if how.lower is not None else kind != "id":
            key = unicodedata.normalize("NFC", key.casefold())
        if how.drop_domain:
            key = key.partition("@")[0]
        return key.zfill(how.zero_pad) if key.isdecimal() else key

    def _renamed(self, fact: Fact) -> Fact:
        """The fact with today's names in place of old ones (ES-9); its day decides which aliases apply."""
        changes: dict[str, object] = {}
        for field, aliases in self._aliases.get(type(fact), ()):
            written, day = getattr(fact, field), _day_of(fact)
            if isinstance(written, tuple):
                changes[field] = tuple(_now(aliases, name, day) for name in written)
            elif written:
                changes[field] = _now(aliases, written, day)
        return structs.replace(fact, **changes) if changes else fact


def _now(aliases: Sequence[Alias], name: str, day: date | None) -> str:
    for alias in aliases:
        if alias.old == name and (day is None or (alias.from_ or day) <= day <= (alias.through or day)):
            return alias.new
    return name


def _day_of(fact: Fact | None) -> date | None:
    """The day of a fact: when it began, was completed or was decided."""
    return next((getattr(fact, name) or None for name in _DAYS if hasattr(fact, name)), None)


def names_of(person: Person) -> Iterator[tuple[KeyKind, str]]:
    """The names that other sources may use for a person, each with its kind."""
    if person.email:
        yield "email", person.email
    if person.username:
        yield "username", person.username
