"""Renamed titles, places and certifications, read as what they are called now (ES-9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from msgspec import structs

from icaccess.facts.settings import Alias, Aliases
from icaccess.models import Access, Approval, Assignment, Certification, Fact


class Renaming:
    """The aliases of the settings, ready to be applied to facts."""

    def __init__(self, aliases: Aliases) -> None:
        self._roles = _by_old(aliases.roles)
        self._locations = _by_old(aliases.locations)
        self._certifications = _by_old(aliases.certifications)

    def apply(self, fact: Fact) -> Fact:
        """The fact under today's names; the day that a fact is dated decides which aliases are in force."""
        changes: dict[str, object] = {}
        if isinstance(fact, Assignment):
            changes["role"] = _now(self._roles, fact.role, fact.start)
            changes["location"] = _now(self._locations, fact.location, fact.start)
        elif isinstance(fact, Certification):
            changes["name"] = _now(self._certifications, fact.name, fact.completed_on)
        elif isinstance(fact, Approval):
            if fact.approver_role:
                changes["approver_role"] = _now(self._roles, fact.approver_role, fact.decided_on)
            if fact.role:
                changes["role"] = _now(self._roles, fact.role, fact.decided_on)
            if fact.location:
                changes["location"] = _now(self._locations, fact.location, fact.decided_on)
        elif isinstance(fact, Access) and fact.locations:
            changes["locations"] = tuple(
                _now(self._locations, place, fact.since or None) for place in fact.locations
            )
        return structs.replace(fact, **changes) if changes else fact


Renames = dict[str, list[Alias]]


def _by_old(aliases: Sequence[Alias]) -> Renames:
    by_old: Renames = defaultdict(list)
    for alias in aliases:
        by_old[alias.old].append(alias)
    return by_old


def _now(renames: Renames, name: str, day: date | None) -> str:
    for alias in renames.get(name, ()):
        if day is None or ((alias.from_ or day) <= day <= (alias.through or day)):
            return alias.new
    return name
