"""Groups that are changed one member at a time, each change safe to repeat."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence

from icaccess.errors import TargetError
from icaccess.models import Change
from icaccess.targets.groups import GroupSettings, GroupTarget, Member, Members
from icaccess.targets.interface import Result

GIVE_UP_AFTER = 5
"""How many changes in a row may end unclear before the rest is left for the next run."""


class ChangeFailedError(Exception):
    """One change was refused for good; the message says why."""


class ChangeUnclearError(Exception):
    """One change may have been made or not; the message says what happened."""


class MemberTarget(GroupTarget):
    """Groups that are changed one member at a time, adding first, so that an update never takes access away.

    Subclasses list people and members, add one and remove one. Those may raise `ChangeFailedError` and
    `ChangeUnclearError` about one account and `TargetError` about the target.
    """

    batch_size = 20
    noun = "users"
    """What accounts are called at this target, in messages."""

    def __init__(self, settings: GroupSettings, attribute: str) -> None:
        super().__init__(settings)
        self.attribute = attribute
        self._people: dict[Hashable, Member] = {}
        """Everybody who has an account, or may have one, by the key of the name at the target."""
        self._sure: dict[str, list[str]] = {}
        """The names of everybody who has an account for certain, by account."""
        self._doubts: dict[str, str] = {}
        """Who may have an account, and why that is not certain, by account."""
        self._changed = False

    @abstractmethod
    def people(self) -> Iterable[Member]:
        """Everybody who has an account; of somebody who may have one, why that is not certain."""

    @abstractmethod
    def names(self, group: str) -> Iterable[str]:
        """The name of each member of a group."""

    @abstractmethod
    def why(self, name: str) -> str:
        """Why a member has no account."""

    @abstractmethod
    def add(self, name: str, group: str) -> None:
        """Make somebody a member; one that is a member already is no error."""

    @abstractmethod
    def remove(self, name: str, group: str) -> None:
        """Make somebody no member; one that is none is no error."""

    def key(self, name: str) -> Hashable:
        """What is equal for two names of one member."""
        return name

    @property
    def accounts(self) -> Collection[str]:
        """The accounts of people."""
        return self._sure.keys()

    def members(self) -> Members:
        """The members of each group, by the accounts of people, who are listed once in a run."""
        found = {group: list(self.names(group)) for group in self.settings.all_groups}
        if not self._changed:
            self._people, self._sure, self._doubts = {}, {}, {}
            for one in self.people():
                if not one.account.isprintable():
                    one = one._replace(why=f"its {self.attribute} has characters that do not print")
                self._people[self.key(one.name)] = one
                if one.why:
                    self._doubts[one.account] = f"{one.name} {one.why}"
                else:
                    self._sure.setdefault(one.account, []).append(one.name)
        self._changed = False
        return {group: [self._member(name) for name in names] for group, names in found.items()}

    def _member(self, name: str) -> Member:
        found = self._people.get(self.key(name))
        if found is None or not (found.account or found.why):
            return Member(name, why=self.why(name))
        return Member(name, "" if found.why else found.account, found.why)

    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:  # noqa: ARG002 (see the class)
        """Add and remove members, a change at a time."""
        if not self._read:
            self.listing()
        self._changed = True
        unclear = 0
        stopped: TargetError | None = None
        for change in changes:
            if stopped is not None:
                yield Result("failed", f"not tried, since an earlier change ended with: {stopped}")
                continue
            try:
                self._make(change)
            except (LookupError, ChangeFailedError) as error:
                # Another group may have taken its part of a change before one refused it.
                yield Result("failed" if isinstance(error, LookupError) else "unclear", str(error.args[0]))
            except TargetError as error:
                stopped = error
                yield Result("unclear", str(error))
            except ChangeUnclearError as error:
                unclear += 1
                if unclear == GIVE_UP_AFTER:
                    stopped = TargetError(f"{self.identity}: nothing works any more: {error}")
                yield Result("unclear", str(error))
            else:
                unclear = 0
                yield Result("made")
        if stopped is not None:
            raise stopped

    def _make(self, change: Change) -> None:
        """Make one change; `LookupError` when there is nobody, or no group, to ask it for."""
        add, remove = self.steps(change)
        leaving = [(group, self._names[change.account, group]) for group in remove]
        for group, names in leaving:
            if len(names) > 1:
                raise LookupError(
                    f"{len(names)} members of {group} have the {self.attribute} {change.account}, and one "
                    f"may be somebody else's; correct the {self.attribute}, or take them out by hand"
                )
        if add:
            if doubt := self._doubts.get(change.account):
                raise LookupError(doubt)
            found = self._sure.get(change.account, [])
            if len(found) != 1:
                raise LookupError(
                    f"{len(found) or 'no'} {self.noun} have the {self.attribute} {change.account}; "
                    "exactly one is needed"
                )
            for group in add:
                self.add(found[0], group)
        for group, names in leaving:
            for name in names:
                self.remove(name, group)
