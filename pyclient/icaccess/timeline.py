"""Decisions over a span of days, made only on the days on which they change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from icaccess.models import Decision, Record
from icaccess.opa.client import AccessClient


class Timeline(msgspec.Struct, frozen=True):
    """One person's decisions over a span: the first day's, then one for each day that changes something.

    Each holds until the day before the next.
    """

    record: Record
    decisions: tuple[Decision, ...]

    def on(self, day: date) -> Decision:
        """The decision that holds on a day of the span."""
        return [decision for decision in self.decisions if decision.as_of <= day][-1]


def timelines(client: AccessClient, records: Iterable[Record], first: date, last: date) -> list[Timeline]:
    """Everybody's decisions from `first` to `last`, both included, in the order of the records.

    The policy's own `recheck_on` says when to ask again, so a year without news costs one decision. `access`
    holds what the target shows now; the decisions assume that it stays the same.
    """
    found: dict[str, tuple[Record, list[Decision]]] = {}
    due: dict[date, list[Record]] = {first: list(records)}
    while due:
        day = min(due)
        asked = due.pop(day)
        for record, decision in zip(asked, client.decide_many(asked, day), strict=True):
            found.setdefault(record.id, (record, []))[1].append(decision)
            again = decision.recheck_on
            if again is not None and again <= last:
                due.setdefault(again, []).append(record)
    return [Timeline(record, tuple(decisions)) for record, decisions in found.values()]
