"""A target in memory that can be told to fail in every way that a target can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icaccess.errors import TargetError
from icaccess.models import Access
from icaccess.targets.interface import Change, Result, Target


class MemoryTarget(Target):
    """Holds access in a dictionary; `faults` says by account what happens instead of the change."""

    identity = "memory"

    def __init__(self, held: dict[str, Access] | None = None, *, batch_size: int | None = 100) -> None:
        self.held = dict(held or {})
        self.faults: dict[str, str] = {}
        self.applied: list[tuple[str, str]] = []
        self.batch_size = batch_size
        self.blind = False

    def current(self) -> dict[str, Access]:
        if self.blind:
            raise TargetError("memory: cannot be asked")
        return dict(self.held)

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
