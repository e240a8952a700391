"""The people that a search tries: first those built and given, then others like them and like those kept.

Somebody is kept whose decision, or whose facts for that decision, have a shape that nobody before had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import msgspec

from icaccess.review.search.alike import beside, nearly
from icaccess.review.search.build import Built, build, learned
from icaccess.review.search.draw import Drawing
from icaccess.review.search.facts import EmployeeFacts, Shape, count_facts, leaves
from icaccess.review.search.judge import BATCH, Judge, Made, Seen
from icaccess.review.search.words import SearchWords

_SOME = 0.25
_ALIKE = 50
"""How many people are drawn like one."""
_OF_BUILT = 0.6
"""How many of the drawings are like somebody who was built."""


class Kept(msgspec.Struct):
    """Somebody kept, how many reasons they have, and how often the search went on from them."""

    made: Made
    reasons: int
    is_allowed: bool
    used: int = 0


class Pool:
    """Whom to try next."""

    def __init__(self, shape: Shape, words: SearchWords, seeds: list[Made], seed: int) -> None:
        """`seeds` are tried on their own days; `seed` is what all chances are drawn from."""
        self.rng = Random(seed)  # noqa: S311 (a search that can be repeated)
        self.people: list[Kept] = []
        self._shape = shape
        self._words = words
        self._seeds = seeds
        self._shapes: set[tuple[object, ...]] = set()
        self._structures: set[tuple[object, ...]] = set()
        self._groups: list[list[Made]] = []
        self._ready: list[Made] = []

    def begin(self, judge: Judge, built: Built | None = None) -> Built:
        """Try people who meet everything, and have others like them, the seeds and nobody at all ready.

        `built` are those whom another search of the same policy built, who are then ready as well; otherwise
        they are built here.
        """
        nobody: EmployeeFacts = {
            name: [] for name, field in self._shape.fields.items() if field.kind == "list"
        }
        days = list(self._words.days)
        some = self.rng.sample(days, min(6, len(days))) or ["2025-09-10"]
        again = [made for group in built.groups for made in group] if built else []
        built = built or build(judge, self._shape, self._words)
        for name, known in learned([made for group in built.groups for made in group]).items():
            seen_before = self._words.by_field.get(name, ())
            self._words.by_field[name] = tuple(dict.fromkeys((*known, *seen_before)))
        self._groups = built.groups or [[Made(nobody, day) for day in some]]
        people = [*again, *built.others]
        for group in built.groups[:1]:
            people += nearly(group[0], self._shape)
        for group in built.groups[:3]:
            people += beside(group[0], self._shape, self._words)
        self._ready = [*people, *self._seeds, *(Made(nobody, day) for day in some)]
        return built

    def groups(self, is_over: Callable[[], bool]) -> Iterator[list[Made]]:
        """People to decide, until the search is over: those ready, then others drawn by chance."""
        while not is_over():
            while len(self._ready) < BATCH:
                likest = max((self._chosen() for _ in range(2)), key=self._focused)
                self._ready += Drawing(self._shape, self._words, self.rng, likest).people(_ALIKE)
            group, self._ready = self._ready[:BATCH], self._ready[BATCH:]
            yield group

    def first(self, people: Iterator[Made]) -> None:
        """Try these people next."""
        self._ready = [*people, *self._ready]

    def offer(self, made: Made, decisions: list[Seen]) -> None:
        """Keep somebody who is new in kind."""
        shape = tuple(part for decision in decisions for part in decision.shape)
        first = decisions[-1]
        is_new = shape not in self._shapes
        if not is_new and first.outcome != "allow":
            return
        structure = (first.outcome, first.action, len(first.reasons), *_structure(made.facts))
        if not is_new and structure in self._structures:
            return
        self._shapes.add(shape)
        self._structures.add(structure)
        allowed = any(decision.outcome == "allow" for decision in decisions)
        self.people.append(Kept(made, len(first.reasons), allowed))

    def allowed(self) -> list[Made]:
        """Those who meet everything under some version."""
        return [kept.made for kept in self.people if kept.is_allowed]

    @property
    def shapes(self) -> int:
        """How many kinds of decision were seen."""
        return len(self._shapes)

    def _chosen(self) -> Made:
        """Somebody to draw others like: one built or kept; of some kept the one who was used less, mostly."""
        if self.rng.random() < _OF_BUILT or not self.people:
            return self.rng.choice(self.rng.choice(self._groups))
        among = self.people
        if self.rng.random() >= _SOME:
            among = [max(self.rng.sample(among, min(len(among), 12)), key=_promise)]
        kept = self.rng.choice(among)
        kept.used += 1
        return kept.made

    def _focused(self, made: Made) -> int:
        """How many names of facts that what differs speaks of somebody has."""
        return len({name for name, _ in leaves(made.facts)} & self._words.focus)


def _promise(kept: Kept) -> tuple[float, int]:
    """How near somebody is to meeting everything, less for each time the search went on from them."""
    return (-kept.reasons - kept.used / 6, -count_facts(kept.made.facts))


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
