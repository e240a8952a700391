"""In which way two decisions on one made-up person differ, and which of two such people shows it better."""

from __future__ import annotations

from typing import Any

import msgspec

from icaccess.review.search.facts import count_facts
from icaccess.review.search.judge import UNDEFINED, Made

_NOT_COMPARED = {"employee_id", "as_of"}

WAYS = {
    "gains": "Gains access",
    "loses": "Loses access",
    "undefined": "Gets no decision under one version",
    "outcome": "Another outcome",
    "reasons": "Other reasons",
    "action": "Another action",
    "needs_consent": "Needs a person's consent under one version",
    "locations": "Other locations",
    "expiry": "Another expiry",
    "requirements_met_on": "Another day on which everything was met",
    "grant_due_by": "Another day by which access is due",
    "escalate": "Overdue under one version",
    "warnings": "Other warnings",
    "basis": "Another basis",
    "recheck_on": "Another day to decide again",
    "wording": "Other words",
}
"""The ways in which two decisions can differ, the gravest first, in words."""


class Difference(msgspec.Struct, frozen=True):
    """Somebody on whom two versions decide differently: the way, the parts that differ, both decisions."""

    way: str
    fields: tuple[str, ...]
    made: Made
    base: dict[str, Any]
    head: dict[str, Any]

    @property
    def facts(self) -> int:
        """How many facts the person has."""
        return count_facts(self.made.facts)

    @property
    def rank(self) -> tuple[int, int, int]:
        """By which the plainest of several is chosen: fewest facts, shortest, nearest to being allowed."""
        reasons = len(self.base.get("reasons", ())) + len(self.head.get("reasons", ()))
        return (self.facts, len(msgspec.json.encode(self.made.facts)), reasons)


def difference(made: Made, base: bytes, head: bytes) -> Difference | None:
    """How two versions differ on somebody; None when they decide the same."""
    if base == head:
        return None
    one: dict[str, Any] = msgspec.json.decode(base)
    other: dict[str, Any] = msgspec.json.decode(head)
    fields = tuple(
        name
        for name in dict.fromkeys((*one, *other))
        if name not in _NOT_COMPARED and one.get(name) != other.get(name)
    )
    if not fields:
        return None
    return Difference(_way(one, other, fields, UNDEFINED in (base, head)), fields, made, one, other)


def _way(one: dict[str, Any], other: dict[str, Any], fields: tuple[str, ...], undefined: bool) -> str:
    if undefined:
        return "undefined"
    if "outcome" in fields:
        return {"allow": "loses"}.get(one["outcome"]) or {"allow": "gains"}.get(other["outcome"], "outcome")
    if codes(one) != codes(other):
        return "reasons"
    return next((way for way in WAYS if way in fields and way != "reasons"), "wording")


def codes(decision: dict[str, Any]) -> list[str]:
    """The codes of a decision's reasons."""
    return [reason["code"] for reason in decision.get("reasons", ())]
