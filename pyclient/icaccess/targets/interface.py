"""What a target is: the system that holds the access, asked who has it and told what to change.

A target knows people by an *account*: the employee id, the username or the e-mail address, as its `match`
says. It never guesses: an account that it finds not at all, or twice, is a change that could not be made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from icaccess.models import Access

ChangeAction = Literal["grant", "update", "revoke"]
Match = Literal["id", "username", "email"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do at a target. `after` is what the account is to hold then, None for nothing."""

    action: ChangeAction
    employee_id: str
    account: str
    before: Access | None
    after: Access | None


class Result(msgspec.Struct, frozen=True):
    """What became of one change.

    `made`: the target took it, to be verified by reading back. `unclear`: it may have been made, and reading
    back will tell, as after a time-out. `pending`: somebody else carries it out, and the target will show it
    later. `failed`: it was not made. `note` says why in one line.
    """

    state: Literal["made", "unclear", "pending", "failed"]
    note: str = ""


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
    def current(self) -> dict[str, Access]:
        """Who holds access now, by account: `held` is true, and locations are absent where it knows none.

        `TargetError` when that cannot be told for certain.
        """

    @abstractmethod
    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:
        """Make the changes and give one result for each, in order.

        `batch` names this set of changes for good, so that a set that was interrupted is recognised.
        `TargetError` when the target cannot be changed at all; what was not answered by then is not known.
        """

    def handed_over(self, batch: str) -> bool:  # noqa: ARG002 (most targets make changes themselves)
        """Whether an interrupted set of changes had reached whoever carries it out."""
        return False

    def close(self) -> None:  # noqa: B027 (most targets have nothing to let go of)
        """Let go of connections; a target can be closed more than once."""


def account_of(match: Match, value: str) -> str:
    """The account that a value stands for: ids as they are, names and addresses whatever their case."""
    return value if match == "id" else value.strip().casefold()
