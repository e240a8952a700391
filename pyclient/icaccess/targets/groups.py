"""Access as membership of groups: one group for all who hold it, one for each location, or both.

`GroupSettings` says which groups access stands for, and `GroupTarget` reads who is in them and refuses a
listing that lacks too many.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from icaccess.config import Config, Section
from icaccess.errors import ConfigError, TargetError
from icaccess.models import Access, Change
from icaccess.targets.interface import NOBODY, Listing, Match, Target, UnnamedMember
from icaccess.text import how_many, printable

FEW = 2
"""So many members may be missing, or without a name, however small a share allows."""

_ALL = "the groups together"


class GroupSettings(Section, frozen=True, kw_only=True):
    """Which groups give the access: `group` for everybody, `location_groups` for each location, or both."""

    group: str | None = None
    location_groups: dict[str, str] = msgspec.field(default_factory=dict)
    match: Match = "id"
    """The field of an employee's record that names the account."""

    @property
    def all_groups(self) -> list[str]:
        """Every group that is looked at, in order."""
        return sorted({*self.location_groups.values(), *([self.group] if self.group else [])})

    def access(self, member_of: frozenset[str]) -> Access:
        """What membership of these groups amounts to.

        Somebody in a location's group who is not in the group for everybody has that location only in part.
        It is named so, which no decision names, and the policy asks for an update that puts it right.
        """
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
                    raise LookupError(
                        f"no group is configured for the location {place}; add it to location_groups"
                    )
                wanted.add(self.location_groups[place])
        return frozenset(wanted)


class Member(NamedTuple):
    """Somebody at the target: the name there, the account that it stands for, and why that is not certain."""

    name: str
    account: str = ""
    why: str = ""


Members = Mapping[str, Sequence[Member]]
"""The members of each group."""


class GroupTarget(Target):
    """A target whose access is membership of groups. Subclasses say who is in which, and make the changes."""

    max_shrink = 0.1
    """A listing that lacks more than this share of the last run's members, or accounts, is refused; 1 accepts
    any."""
    max_unnamed = 0.1
    """A listing of whose members more than this share have no account is refused."""

    def __init__(self, settings: GroupSettings) -> None:
        self.settings = settings
        self.match = settings.match
        self._names: dict[tuple[str, str], list[str]] = {}
        """The members that stand for an account in a group, by their names at the target."""
        self._member_of: dict[str, frozenset[str]] = {}
        self._read = False

    @abstractmethod
    def members(self) -> Members:
        """Everybody who is in each configured group; `TargetError` when that cannot be told for certain."""

    @abstractmethod
    def proof(self) -> str:
        """How the target knows that the members read last are all there are."""

    @property
    def accounts(self) -> Collection[str] | None:
        """Every account that members were compared with; None where the target lists none."""
        return None

    def listing(self, expected: Mapping[str, Access] = NOBODY, accounts_before: int = 0) -> Listing:
        """Who is in the groups, and for which locations; `TargetError` when too many are missing."""
        members = self.members()
        accounts = self.accounts
        if accounts is not None:
            self._check_accounts(len(accounts), accounts_before)
        unnamed: dict[tuple[str, str], list[str]] = {}
        groups_of: dict[str, set[str]] = {}
        self._names = {}
        for group, some in members.items():
            for member in some:
                if member.account:
                    groups_of.setdefault(member.account, set()).add(group)
                    self._names.setdefault((member.account, group), []).append(member.name)
                else:
                    unnamed.setdefault((member.name, member.why), []).append(group)
        self._read = True
        self._member_of = {account: frozenset(groups) for account, groups in groups_of.items()}
        total = len(groups_of) + len(unnamed)
        if len(unnamed) > max(FEW, self.max_unnamed * total):
            name, why = next(iter(unnamed))
            raise TargetError(
                f"{self.identity}: {len(unnamed):,} of {how_many(total, 'member')} have no account, such as "
                f"{name!r} ({why!r}); correct `match` and `attribute`, or raise target.max_unnamed"
            )
        shared = {groups: self.settings.access(groups) for groups in set(self._member_of.values())}
        return Listing(
            held={account: shared[groups] for account, groups in self._member_of.items()},
            proof=f"{self.proof()}; {self._compared(total, len(expected), accounts, accounts_before)}",
            accounts=accounts,
            unnamed=tuple(
                UnnamedMember(printable(name), tuple(groups), why) for (name, why), groups in unnamed.items()
            ),
            missing=self._missing(expected, total),
        )

    def _compared(
        self, members: int, members_before: int, accounts: Collection[str] | None, accounts_before: int
    ) -> str:
        """How many members and accounts there are, and were in the last run."""
        now = [how_many(members, "member")]
        now += [] if accounts is None else [how_many(len(accounts), "account")]
        before = [f"{count:,}" for count in (members_before, accounts_before) if count]
        return " and ".join(now) + (f", {' and '.join(before)} in the last run" if before else "")

    def _check_accounts(self, now: int, before: int) -> None:
        """Raise `TargetError` when the target shows far fewer accounts than in the last run."""
        if self.max_shrink < 1 and before and (before - now > max(FEW, self.max_shrink * before) or not now):
            raise TargetError(
                f"{self.identity}: knew {how_many(before, 'account')} in the last run, and knows {now:,} "
                "now; this is not believed. If so many were deleted on purpose, set target.max_shrink to 1 "
                "for one run"
            )

    def _missing(self, expected: Mapping[str, Access], total: int) -> tuple[str, ...]:
        """The accounts that lack a membership they had in the last run; `TargetError` when they are many."""
        had: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        accounts = set()
        for account, access in expected.items():
            for group in self._expected_groups(access):
                had.update((group, _ALL))
                if group not in self._member_of.get(account, ()):
                    lost.update((group, _ALL))
                    accounts.add(account)
        for group, count in lost.items():
            if self.max_shrink < 1 and (count > max(FEW, self.max_shrink * had[group]) or not total):
                raise TargetError(
                    f"{self.identity}: {group} had {how_many(had[group], 'member')} in the last run, and "
                    f"{count:,} of them are not shown now; this is not believed. If they were taken out on "
                    "purpose, set target.max_shrink to 1 for one run"
                )
        return tuple(sorted(accounts))

    def _expected_groups(self, access: Access) -> frozenset[str]:
        try:
            return self.settings.groups(access)
        except LookupError:  # access that was there in part, or a location whose group was configured then
            return frozenset()

    def steps(self, change: Change) -> tuple[list[str], list[str]]:
        """The groups that a change adds its account to, and those that it removes it from.

        `LookupError` names a location that has no group.
        """
        wanted = self.settings.groups(change.after)
        shown = self._member_of.get(change.account, frozenset())
        return sorted(wanted - shown), sorted(shown - wanted)


def check_groups(
    where: str, settings: GroupSettings, key: Callable[[str], Hashable] = lambda name: name
) -> None:
    """Raise `ConfigError` unless at least one group is configured, and none twice.

    `key` gives what is equal for two names of one group.
    """
    names = [*settings.location_groups.values(), *([settings.group] if settings.group else [])]
    if not names:
        raise ConfigError(f"{where}: names no group; set `group` or `location_groups`")
    count = Counter(map(key, names))
    for name in names:
        if count[key(name)] > 1:
            raise ConfigError(f"{where}: names the group {name} twice; a group stands for one thing")


def trusted(config: Config, where: str, ca: str | None) -> Path | None:
    """The file of certificates that a setting names, if any; `ConfigError` when there is none."""
    path = config.path(ca) if ca else None
    if path is not None and not path.is_file():
        raise ConfigError(f"{where}.ca: there is no file {path}; correct the path")
    return path
