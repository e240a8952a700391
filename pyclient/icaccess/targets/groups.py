"""Access as membership of groups: one group for all who hold it, one for each location, or both.

`GroupSettings` says which groups access stands for, `GroupTarget` reads who is in them, and `MemberTarget`
changes them by adding and removing single members, each of which is safe to repeat.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from icaccess.config import Config, Section
from icaccess.errors import ConfigError, TargetError
from icaccess.models import Access
from icaccess.targets.interface import Change, Match, Result, Target

GIVE_UP_AFTER = 5
"""How many changes in a row may end unclear before the rest is left for the next run."""


class GroupSettings(Section, frozen=True, kw_only=True):
    """Which groups give the access: `group` for everybody, `location_groups` for each location, or both."""

    group: str | None = None
    location_groups: dict[str, str] = msgspec.field(default_factory=dict)
    match: Match = "id"
    """The field of an employee's record that names the account."""

    @property
    def all_groups(self) -> frozenset[str]:
        """Every group that is looked at."""
        return frozenset(self.location_groups.values()) | ({self.group} if self.group else frozenset())

    def access(self, member_of: frozenset[str]) -> Access | None:
        """What membership of these groups amounts to.

        Somebody in a location's group who is not in the group for everybody has that location only in part.
        It is named so, which no decision names, and the policy asks for an update that puts it right.
        """
        if not member_of:
            return None
        if not self.location_groups:
            return Access(held=True)
        found = sorted(place for place, group in self.location_groups.items() if group in member_of)
        if self.group is not None and self.group not in member_of:
            found = [f"{place} (not in {self.group})" for place in found]
        return Access(held=True, locations=tuple(found))

    def groups(self, access: Access | None) -> frozenset[str]:
        """The groups that access stands for; `LookupError` names a location that has no group."""
        if access is None:
            return frozenset()
        wanted = {self.group} if self.group else set()
        if self.location_groups:
            for place in access.locations or ():
                if place not in self.location_groups:
                    raise LookupError(f"no group is configured for the location {place}")
                wanted.add(self.location_groups[place])
        return frozenset(wanted)


class ChangeFailedError(Exception):
    """One change was refused for good; the message says why."""


class ChangeUnclearError(Exception):
    """One change may have been made or not; the message says what happened."""


class GroupTarget(Target):
    """A target whose access is membership of groups. Subclasses say who is in which, and make the changes."""

    def __init__(self, settings: GroupSettings) -> None:
        self.settings = settings
        self.match = settings.match
        self._member_of: Mapping[str, frozenset[str]] | None = None

    @abstractmethod
    def memberships(self) -> dict[str, frozenset[str]]:
        """Each account that is in some of the configured groups, and in which."""

    def current(self) -> dict[str, Access]:
        """Who is in the groups, and for which locations."""
        self._member_of = self.memberships()
        found = {}
        shared: dict[frozenset[str], Access | None] = {}
        for account, groups in self._member_of.items():
            if groups not in shared:
                shared[groups] = self.settings.access(groups)
            access = shared[groups]
            if access is not None:
                found[account] = access
        return found

    def steps(self, change: Change) -> tuple[list[str], list[str]]:
        """The groups that a change adds its account to, and those that it removes it from.

        `LookupError` names a location that has no group.
        """
        if self._member_of is None:
            self._member_of = self.memberships()
        wanted = self.settings.groups(change.after)
        shown = self._member_of.get(change.account, frozenset())
        return sorted(wanted - shown), sorted(shown - wanted)


class MemberTarget(GroupTarget):
    """Groups that are changed one member at a time, adding first, so that an update never takes access away.

    Subclasses find an account, add it, and remove it. Those may raise `ChangeFailedError` and
    `ChangeUnclearError` about one account and `TargetError` about the target.
    """

    batch_size = 20

    @abstractmethod
    def find(self, account: str) -> Any:
        """The one entry that an account stands for; `ChangeFailedError` when there is none, or several."""

    @abstractmethod
    def add(self, entry: Any, group: str) -> None:
        """Make the entry a member; one that is a member already is no error."""

    @abstractmethod
    def remove(self, entry: Any, group: str) -> None:
        """Make the entry no member; one that is none is no error."""

    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:  # noqa: ARG002 (see the class)
        """Add and remove members, a change at a time."""
        unclear = 0
        for change in changes:
            try:
                self._make(change)
            except (ChangeFailedError, LookupError) as error:
                yield Result("failed", str(error.args[0]))
            except ChangeUnclearError as error:
                yield Result("unclear", str(error))
                unclear += 1
                if unclear == GIVE_UP_AFTER:
                    raise TargetError(f"{self.identity}: nothing works any more: {error}") from error
            else:
                unclear = 0
                yield Result("made")

    def _make(self, change: Change) -> None:
        add, remove = self.steps(change)
        entry = self.find(change.account)
        for group in add:
            self.add(entry, group)
        for group in remove:
            self.remove(entry, group)


def check_groups(config: Config, kind: str, settings: GroupSettings) -> None:
    """Raise `ConfigError` unless at least one group is configured, and none twice."""
    names = [*settings.location_groups.values(), *([settings.group] if settings.group else [])]
    if not names:
        raise ConfigError(f"{config.file}: target.{kind}: names no group; set `group` or `location_groups`")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"{config.file}: target.{kind}: names the group {twice[0]} twice; a group stands for one thing"
        )
