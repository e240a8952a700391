"""Keys in the form in which they are compared, and today's names in place of old ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date

from msgspec import structs

from icaccess.facts.settings import Alias, Aliases, KeyKind, Normalise
from icaccess.models import Access, Approval, Assignment, Certification, Fact


def normal_key(kind: KeyKind, key: str, how: Normalise) -> str:
    """The key in its form for comparison: trimmed, in one Unicode form, without case unless it is an id."""
    key = unicodedata.normalize("NFC", key)
    if how.trim:
        key = key.strip()
    if how.lower if how.lower is not None else kind != "id":
        key = unicodedata.normalize("NFC", key.casefold())
    if how.drop_domain:
        key = key.partition("@")[0]
    return key.zfill(how.zero_pad)


_NAMES: dict[type[Fact], tuple[tuple[str, str], ...]] = {
    Assignment: (("role", "roles"), ("location", "locations")),
    Certification: (("name", "certifications"),),
    Approval: (("role", "roles"), ("approver_role", "roles"), ("location", "locations")),
    Access: (("locations", "locations"),),
}
"""The fields of each type of fact that hold names, each with its aliases."""
_DAYS = ("start", "completed_on", "decided_on", "since")


def day_of(fact: Fact | None) -> date | None:
    """The day of a fact: when it began, was completed or was decided."""
    return next((getattr(fact, name) or None for name in _DAYS if hasattr(fact, name)), None)


class Renaming:
    """The aliases of the settings, which give older facts today's names (ES-9)."""

    def __init__(self, aliases: Aliases) -> None:
        self._fields = {
            of: [(field, found) for field, kind in fields if (found := getattr(aliases, kind))]
            for of, fields in _NAMES.items()
        }

    def apply(self, fact: Fact) -> Fact:
        """The fact with today's names; its day decides which aliases apply."""
        changes: dict[str, object] = {}
        for field, aliases in self._fields.get(type(fact), ()):
            written, day = getattr(fact, field), day_of(fact)
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
