"""A target in memory that can be told to fail in every way that a target can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from icaccess.errors import TargetError
from icaccess.targets.interface import NOBODY, Change, Listing, Result, Target


class MemoryTarget(Target):
    """Holds access in a dictionary; `faults` says by account what happens instead of the change."""

    identity = "memory"

    def __init__(self, held: dict[str] | None = None, *, batch_size: int | None = 100) -> None:
        self.held = dict(held or {})
        self.faults: dict[str, str] = {}
        self.applied: list[tuple[str, str]] = []
        self.batch_size = batch_size
        self.blind = False

    def listing(self, expected: Mapping[str] = NOBODY, accounts_before: int = 0) -> Listing:  # noqa: ARG002 (believes itself)
        if self.blind:
            raise TargetError("memory: cannot be asked")
        return Listing(held=dict(self.held), proof="a dictionary")

    def apply(self, changes: Sequence[Change], batch: str) -> Iterator[Result]:  # noqa: ARG002
        for change in changes:
            fault = self.faults.get(change.account)
            if fault == "refused":
                yield Result("failed", "no such account")
                continue
            if fault == "down":
                raise TargetError("memory: nobody answers")
            if fault != "lied":
                self.make(change)
            if fault == "cut off":
                raise TargetError("memory: the connection broke")
            yield Result("pending", "on the list") if fault == "slow" else Result("made")

    def make(self, change: Change) -> None:
        self.applied.append((change.action, change.account))
        if change.after is None:
            self.held.pop(change.account, None)
        else:
            self.held[change.account] = change.after
