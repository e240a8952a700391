"""The search for somebody on whom two versions of policy and policy data decide differently."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice, product
from random import Random

import msgspec

from icaccess.errors import EngineError
from icaccess.opa.client import AccessClient
from icaccess.review.search.build import build, learned, on_critical_days
from icaccess.review.search.changes import HOT, WORD, Changes, Edit
from icaccess.review.search.differ import WAYS, Difference, difference
from icaccess.review.search.facts import EmployeeFacts, SearchWords, Shape, moved
from icaccess.review.search.judge import Judge, Made, seen
from icaccess.review.search.pool import Kept, Pool
from icaccess.review.search.shrink import shrink

_ROUND = 360
"""How many people are decided in one go."""
_OF_BASES = 0.6
"""How many of the rounds change somebody who was built."""
QUIET = 4.0
"""Seconds without another way to differ after which a search that found some ends."""


class Tried(msgspec.Struct, kw_only=True):
    """What a search tried: how many people, days, words and kinds of decision, and for how long.

    `first_after` is how many seconds passed until the first difference was seen, null when there was none.
    """

    seed: int
    limit: float
    seconds: float = 0.0
    people: int = 0
    seeds: int = 0
    days: int = 0
    words: int = 0
    kinds_of_decision: int = 0
    first_after: float | None = None
    only_one_knows: tuple[str, ...] = ()


class SearchResult(msgspec.Struct, frozen=True):
    """What a search came to: the smallest person for each way to differ, and people of every kind seen.

    `problem` says why the search ended early, null when it did not.
    """

    tried: Tried
    found: tuple[Difference, ...]
    people: tuple[Made, ...]
    problem: str | None = None


class Search:
    """One search, of one shape of facts, with one vocabulary, from some seeds."""

    def __init__(
        self, shape: Shape, words: SearchWords, seeds: list[Made], tried: Tried, quiet: float = QUIET
    ) -> None:
        """`quiet` is for how many seconds to go on after the latest way to differ."""
        self._quiet = quiet
        self._shape = shape
        self._words = words
        self._seeds = seeds
        self._tried = tried
        self._rng = Random(tried.seed)  # noqa: S311 (a search that can be repeated)
        self._best: dict[str, Difference] = {}
        self._days: set[str] = set()
        self._bases: list[Made] = []
        self._next = 0
        self._pending: dict[int, Iterator[Edit]] = {}
        self._started = time.monotonic()
        self._latest = self._started

    def run(self, base: AccessClient, head: AccessClient) -> SearchResult:
        """Search until the limit, or until no other way to differ has turned up for some seconds."""
        judge = Judge(base, head)
        self._pool = Pool(self._rng, judge.met)
        problem = None
        try:
            self._sow(judge)
            while not self._is_over():
                self._round(judge)
            for way, found in self._best.items():
                self._best[way] = shrink(judge, found, self._shape, self._words)
        except EngineError as error:
            problem = str(error)
        finally:
            judge.close()
        tried = self._tried
        tried.seconds = round(time.monotonic() - self._started, 2)
        tried.people, tried.days, tried.kinds_of_decision = judge.pairs, len(self._days), self._pool.shapes
        order = list(WAYS)
        found_all = tuple(sorted(self._best.values(), key=lambda one: order.index(one.way)))
        return SearchResult(tried, found_all, tuple(kept.made for kept in self._pool.people), problem)

    def _is_over(self) -> bool:
        now = time.monotonic()
        return now - self._started > self._tried.limit or (
            bool(self._best) and now - self._latest > self._quiet
        )

    def _sow(self, judge: Judge) -> None:
        """Built people, the seeds on their own days, and nobody at all, from whom the search goes on."""
        nobody: EmployeeFacts = {
            name: [] for name, field in self._shape.fields.items() if field.kind == "list"
        }
        days = list(self._words.days)
        some = self._rng.sample(days, min(6, len(days))) or ["2025-09-10"]
        built, others = build(judge, self._shape, self._words)
        self._bases = built
        for name, known in learned([*built, *others]).items():
            seen_before = self._words.by_field.get(name, ())
            self._words.by_field[name] = tuple(dict.fromkeys((*known, *seen_before)))
        for made in built[:1]:
            others += on_critical_days(made, self._shape, self._words)
            others += [Made(facts, made.at) for facts in self._changes(made.facts, made.at).hot()]
        people = [*built, *others, *self._seeds, *(Made(nobody, day) for day in some)]
        for start in range(0, len(people), _ROUND):
            self._judge(judge, people[start : start + _ROUND])
            if time.monotonic() - self._started > self._tried.limit:
                return

    def _round(self, judge: Judge) -> None:
        """Somebody kept, with single changes; others put on the same day, with two and three at once."""
        if self._bases and self._rng.random() < _OF_BASES:
            self._around(judge, self._bases[self._next % len(self._bases)])
            self._next += 1
            return
        kept = self._pool.choose()
        at = kept.made.at
        changes = self._changes(kept.made.facts, at)
        facts = [change() for change in islice(self._single(kept, changes), _ROUND // 4)]
        if self._pool.is_growing:
            facts += changes.some(_ROUND // 4, steps=2)
        else:
            facts += changes.near(_ROUND // 3) + changes.near(_ROUND // 3, steps=self._rng.choice((2, 2, 3)))
        for other in (self._pool.choose().made for _ in range(2)):
            facts.append(other.facts)
            facts += self._changes(other.facts, at).some(_ROUND // 16, steps=self._rng.choice((1, 2, 3)))
            facts += [{**kept.made.facts, name: value} for name, value in other.facts.items()]
        people = [Made(one, at) for one in facts]
        people += [Made(kept.made.facts, day) for day in changes.other_days(at, 8)]
        self._judge(judge, people)

    def _around(self, judge: Judge, made: Made) -> None:
        """Likely changes to somebody who was built, one and two at a time, and the critical days."""
        changes = self._changes(made.facts, made.at)
        facts = changes.near(_ROUND // 2) + changes.near(_ROUND // 2, steps=2)
        beside = [moved(day, n) for day in self._words.critical for n in (0, 1, -1)]
        days = self._rng.sample(beside, min(8, len(beside)))
        self._judge(judge, [*(Made(one, made.at) for one in facts), *(Made(made.facts, day) for day in days)])

    def _changes(self, facts: EmployeeFacts, at: str) -> Changes:
        return Changes(self._shape, self._words, self._rng, facts, at)

    def _single(self, kept: Kept, changes: Changes) -> Iterator[Edit]:
        """The single changes to somebody that were not tried yet; drawn anew when all were."""
        key = id(kept)
        if key not in self._pending or kept.used % 12 == 0:
            self._pending[key] = iter(changes.all(first=WORD if self._pool.is_growing else HOT))
        return self._pending[key]

    def _judge(self, judge: Judge, people: list[Made]) -> None:
        """Decide people, keep those new in kind, and put what differs onto those who meet everything."""
        self._days |= {made.at for made in people}
        differing = []
        for made, (base, head) in zip(people, judge.decide(people), strict=True):
            found = difference(made, base, head)
            decisions = [seen(base)] if found is None else [seen(base), seen(head)]
            self._pool.offer(made, decisions)
            if found is not None and self._note(found):
                differing.append(found)
        for found in differing[:3]:
            self._graft(judge, found.made)

    def _note(self, found: Difference) -> bool:
        """Keep a difference when it is of a new way or plainer; whether the way is new."""
        now = time.monotonic()
        if self._tried.first_after is None:
            self._tried.first_after = round(now - self._started, 2)
        known = self._best.get(found.way)
        if known is None or found.rank < known.rank:
            self._best[found.way] = found
        if known is None:
            self._latest = now
        return known is None

    def _graft(self, judge: Judge, made: Made) -> None:
        """Put the facts in which somebody differs onto people who meet everything, field by field."""
        fields = [name for name in made.facts if name != "id"]
        people = []
        for whole in self._rng.sample(self._pool.allowed(), min(3, len(self._pool.allowed()))):
            for taken in product((True, False), repeat=len(fields)):
                chosen = {name: made.facts[name] for name, take in zip(fields, taken, strict=True) if take}
                people.append(Made({**whole.facts, **chosen}, made.at))
                added = {
                    name: [*whole.facts[name], *value]
                    for name, value in chosen.items()
                    if isinstance(value, list) and isinstance(whole.facts.get(name), list)
                }
                people.append(Made({**whole.facts, **added}, made.at))
        for one, (base, head) in zip(people, judge.decide(people), strict=True):
            if (found := difference(one, base, head)) is not None:
                self._note(found)
