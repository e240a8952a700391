"""What a target is: the system that holds the access. It lists who holds access and makes changes.

A target knows people by an *account*: the employee id, the username or the e-mail address, as its `match`
says. It never guesses: a change to an account that it finds not at all, or twice, could not be made. Nor does
it believe a listing without proof: `Target.listing` gives everybody, or raises `TargetError`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal

import msgspec

from icaccess.models import Access, Change, ChangeAction

Match = Literal["id", "username", "email"]

NOBODY: Mapping[str, Access] = MappingProxyType({})


class Result(msgspec.Struct, frozen=True):
    """What became of one change.

    `made`: the target took it, to be verified by reading back. `unclear`: it may have been made, and reading
    back will tell, as after a time-out. `pending`: somebody else carries it out, and the target will show it
    later. `failed`: it was not made. `note` says why in one line.
    """

    state: Literal["made", "unclear", "pending", "failed"]
    note: str = ""


class UnnamedMember(msgspec.Struct, frozen=True):
    """A member without an account: its name at the target, its groups, and why."""

    member: str
    groups: tuple[str, ...]
    why: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who holds access at a target, and how the target knows that it is everybody."""

    held: dict[str, Access]
    """What each account holds."""
    proof: str
    """How the target knows that it saw everybody: one line, in words for an administrator."""
    unnamed: tuple[UnnamedMember, ...] = ()
    """Members that hold access and have no account; a person has to look at them."""
    accounts: Collection[str] | None = None
    """Every account that the target knows, members or not; None where it shows members alone."""
    missing: tuple[str, ...] = ()
    """Accounts that held access in the last run and do not hold all of it now."""
    exported_at: datetime | None = None
    """When the listing was made, where somebody makes it by hand; None for one that was just asked for."""
    waiting: Mapping[str, datetime] = MappingProxyType({})
    """The batches that are newer than this listing, and since when they wait for one that is newer."""
    removals_show: bool = True
    """False where accounts are missing that nobody asked to remove: then no absence proves a removal."""

    def proves(self, action: ChangeAction, batch: str) -> bool:
        """Whether this listing can show that a change of a batch was made."""
        return batch not in self.waiting and (self.removals_show or action == "grant")

    def tells(self, account: str) -> bool:
        """Whether it is certain what an account holds.

        It is not where the target knows no such account and shows members that stand for none: one of them
        may be that account, hidden.
        """
        return account in self.held or not self.unnamed or self.accounts is None or account in self.accounts


class Target(ABC):
    """One system that holds the access. Every change is safe to repeat."""

    match: Match = "id"
    """The field of an employee's record that is the account."""

    batch_size: int | None = 100
    """How many changes are journalled and made together; None for all of a plan at once."""

    is_store: bool = False
    """True where the store itself is the target: what it shows and what is remembered are one."""

    deferred: bool = False
    """True where somebody else carries changes out, so that they are pending at first."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """What tells this target from any other, on one line and without secrets: kind, address, group."""

    @abstractmethod
    def listing(self, expected: Mapping[str, Access] = NOBODY, accounts_before: int = 0) -> Listing:
        """Who holds access now. `TargetError` when that cannot be told for certain.

        `expected` is what each account held in the last run, without those for which a change is under way,
        and `accounts_before` is how many accounts the target knew then: a listing that lacks too many of
        either is refused.
        """

    @abstractmethod
    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:
        """Make the changes and give one result for each, in order.

        `batch` names this set of changes for good, so that a set that was interrupted is recognised.
        `TargetError`, after the results, when the target takes no further changes.
        """

    def handed_over(self, batch: str) -> bool:  # noqa: ARG002 (most targets make changes themselves)
        """Whether an interrupted set of changes had reached the one who carries it out."""
        return False

    def to_do(self, batch: str, due_on: date | None) -> str:  # noqa: ARG002 (most targets make changes themselves)
        """What a person has to do so that the changes of a batch are made, and what comes then."""
        return ""

    def close(self) -> None:  # noqa: B027 (most targets have nothing to let go of)
        """Close connections; a target can be closed more than once."""


def account_of(match: Match, value: str) -> str:
    """The account that a value stands for: ids unchanged, names and addresses without regard to case."""
    return value if match == "id" else value.strip().casefold()
