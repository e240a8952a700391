"""The people that a search goes on from: one for each kind of decision and of facts that was seen."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec

from icaccess.review.search.facts import EmployeeFacts, count_facts
from icaccess.review.search.judge import Made, Seen

_SOME = 0.25


class Kept(msgspec.Struct):
    """Somebody kept, how many clauses they meet and reasons they have, and how often the search used them."""

    made: Made
    met: int
    reasons: int
    is_allowed: bool
    used: int = 0


class Pool:
    """People whose decision, or whose facts for that decision, have a shape that nobody before had."""

    def __init__(self, rng: Random, met: Callable[[Made], int]) -> None:
        """`met` tells how many clauses somebody meets."""
        self._rng = rng
        self._met = met
        self._shapes: set[tuple[object, ...]] = set()
        self._structures: set[tuple[object, ...]] = set()
        self.people: list[Kept] = []

    def offer(self, made: Made, decisions: list[Seen]) -> None:
        """Keep somebody who is new in kind."""
        shape = tuple(part for decision in decisions for part in decision.shape)
        first = decisions[-1]
        is_new = shape not in self._shapes
        structure = (first.outcome, first.action, len(first.reasons), *_structure(made.facts))
        if not is_new and (first.outcome != "allow" or structure in self._structures):
            return
        self._shapes.add(shape)
        self._structures.add(structure)
        allowed = any(decision.outcome == "allow" for decision in decisions)
        self.people.append(Kept(made, self._met(made), len(first.reasons), allowed))

    def choose(self) -> Kept:
        """Somebody to go on from: by chance, or of some the one who was used less and meets more."""
        among = self.people
        if self._rng.random() >= _SOME:
            size = len(among) if self.is_growing else 12
            among = self._rng.sample(among, min(len(among), size))
            among = [max(among, key=_promise)]
        kept = self._rng.choice(among)
        kept.used += 1
        return kept

    @property
    def is_growing(self) -> bool:
        """Whether nobody kept so far meets everything."""
        return not any(kept.is_allowed for kept in self.people)

    def allowed(self) -> list[Made]:
        """Those who meet everything under some version."""
        return [kept.made for kept in self.people if kept.is_allowed]

    @property
    def shapes(self) -> int:
        """How many kinds of decision were seen."""
        return len(self._shapes)


def _promise(kept: Kept) -> tuple[float, int, int]:
    """How near somebody is to meeting everything, less for each time the search went on from them."""
    return (kept.met - kept.used / 6, -kept.reasons, -count_facts(kept.made.facts))


def _structure(facts: EmployeeFacts) -> tuple[object, ...]:
    """Which fields there are and how many records, whatever stands in them."""
    parts: list[object] = []
    for name in sorted(facts):
        value = facts[name]
        if isinstance(value, list):
            keys = {key for record in value if isinstance(record, dict) for key in record}
            parts.append((name, min(len(value), 3), tuple(sorted(keys))))
        elif isinstance(value, dict):
            parts.append((name, tuple(sorted(value))))
        elif name != "id":
            parts.append((name, type(value).__name__))
    return tuple(parts)
