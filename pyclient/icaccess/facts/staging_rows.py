"""A source's row as the temporary database holds it, its keys and names in the form for comparison."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from icaccess.facts.aliases import Renaming, day_of, normal_key
from icaccess.facts.interface import ParsedRow
from icaccess.facts.kinds import Ended, Person
from icaccess.facts.settings import FactsSettings, KeyKind, Normalise
from icaccess.models import Approval

ENDED = "ended"
"""The kind of a row that another row replaced."""
_PLAIN = Normalise()
_encode = msgspec.json.Encoder().encode


class RowWriter:
    """Writes rows with the keys and aliases of the settings."""

    def __init__(self, settings: FactsSettings) -> None:
        self._keys = settings.keys
        self._renaming = Renaming(settings.aliases)

    def line(self, source: int, row: ParsedRow, approver_key: KeyKind) -> tuple[object, ...]:
        """A row of the table `entry`, but for the id of an approver."""
        key = None if row.key is None else self.normal(row.key_kind, row.key)
        fact, kind, by = row.fact, str(row.kind), None
        if isinstance(fact, Person):
            fact = msgspec.structs.replace(fact, id=key or "")
        elif isinstance(fact, Ended):
            kind = ENDED
        elif fact is not None:
            fact = self._renaming.apply(fact)
        if isinstance(fact, Approval):
            by = self.normal(approver_key, fact.approver)
        day = day_of(fact)
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
        """A key in the form in which keys are compared."""
        return normal_key(kind, key, self._keys.get(kind, _PLAIN))


def names_of(person: Person) -> Iterator[tuple[KeyKind, str]]:
    """The names that other sources may use for a person, each with its kind."""
    if person.email:
        yield "email", person.email
    if person.username:
        yield "username", person.username
