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


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom the versions decide differently: the day, the facts, both decisions, and a clause."""

    kind: str
    at: str
    facts: int
    fields: tuple[str, ...]
    clause: str
    employee: dict[str, Any]
    base: dict[str, Any]
    head: dict[str, Any]

    @property
    def made(self) -> Made:
        """The person and the day."""
        return Made({name: value for name, value in self.employee.items() if name != "id"}, self.at)

    @property
    def rank(self) -> tuple[int, int, int]:
        """By which the plainest of several is chosen: fewest facts, shortest, nearest to being allowed."""
        return (self.facts, len(msgspec.json.encode(self.employee)), len(codes(self.base) + codes(self.head)))


def difference(made: Made, base: bytes, head: bytes) -> Found | None:
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
    kind = "undefined" if UNDEFINED in (base, head) else _kind(one, other, fields)
    facts = count_facts(made.facts)
    return Found(
        kind=kind,
        at=made.at,
        facts=facts,
        fields=fields,
        clause="",
        employee=made.employee,
        base=one,
        head=other,
    )


def _kind(one: dict[str, Any], other: dict[str, Any], fields: tuple[str, ...]) -> str:
    if "outcome" in fields:
        return {"allow": "loses"}.get(one["outcome"]) or {"allow": "gains"}.get(other["outcome"], "outcome")
    if codes(one) != codes(other):
        return "reasons"
    return next((way for way in WAYS if way in fields and way != "reasons"), "wording")


def codes(decision: dict[str, Any]) -> list[str]:
    """The codes of a decision's reasons."""
    return [reason["code"] for reason in decision.get("reasons", ())]
