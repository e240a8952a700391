"""A search of made-up people, and the search for somebody on whom two versions decide differently."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import Generic, TypeVar

import msgspec

from icaccess.errors import EngineError
from icaccess.review.search.build import Built
from icaccess.review.search.differ import WAYS, Found, difference
from icaccess.review.search.facts import Shape, days_in, moved
from icaccess.review.search.judge import Judge, Made, VersionJudge, seen
from icaccess.review.search.pool import Pool
from icaccess.review.search.shrink import emptied, shrink
from icaccess.review.search.words import SearchWords

_MOST_RECORDS = 24
QUIET = 4.0
"""Seconds without anything new after which a search that found something ends."""

Best = TypeVar("Best")


class Tried(msgspec.Struct, kw_only=True):
    """What a search tried: how many people, days, words and kinds of decision, and for how long.

    `first_after` is how many seconds passed until the first difference was seen, and `first_tried` how many
    people had been tried by then; both are null when there was none.
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
    first_tried: int | None = None
    only_one_knows: tuple[str, ...] = ()


class PeopleSearch(ABC, Generic[Best]):
    """One search, of one shape of facts, with one vocabulary, from some seeds: the best found of each way."""

    def __init__(
        self, shape: Shape, words: SearchWords, seeds: list[Made], tried: Tried, quiet: float = QUIET
    ) -> None:
        """`quiet` is for how many seconds to go on after the latest new thing."""
        self.tried = tried
        self._shape = shape
        self._words = words
        self._quiet = quiet
        self._pool = Pool(shape, words, seeds, tried.seed)
        self._best: dict[str, Best] = {}
        self._started = self._latest = time.monotonic()

    def run(self, *versions: VersionJudge) -> str | None:
        """Search, and say why the search ended early, if it did; `tried` tells what it came to."""
        problem = None
        with Judge(*versions, learn=self._learn) as judge:
            try:
                self._search(judge)
            except (EngineError, KeyboardInterrupt) as error:
                problem = str(error) or "it was interrupted"
        tried = self.tried
        tried.seconds = round(time.monotonic() - self._started, 2)
        tried.people, tried.days, tried.kinds_of_decision = judge.pairs, len(judge.days), self._pool.shapes
        tried.words = len(self._words.words) + len(self._words.literals)
        return problem

    def _try_people(self, judge: Judge) -> None:
        """Try the people of the pool until the limit, or until nothing new has turned up for some seconds."""
        for _ in judge.decide_all(self._pool.groups(self._is_over)):
            pass  # each is learned

    def _is_over(self) -> bool:
        now = time.monotonic()
        is_quiet = bool(self._best) and now - self._latest > self._quiet
        return is_quiet or now - self._started > self.tried.limit

    @abstractmethod
    def _search(self, judge: Judge) -> None:
        """Try people, and make those found plainer."""

    @abstractmethod
    def _learn(self, people: Sequence[Made], answers: Sequence[tuple[bytes, ...]]) -> None:
        """Take note of what the versions decide of people."""


class Search(PeopleSearch[Found]):
    """The search of two versions: the smallest person for each way to differ."""

    built: Built | None = None
    """The people who meet everything; a search of the same policy may begin with those of another."""

    @property
    def found(self) -> list[Found]:
        """The smallest person for each way to differ, the gravest way first."""
        return [self._best[way] for way in WAYS if way in self._best]

    @property
    def people(self) -> list[Made]:
        """People of every kind of decision that was seen."""
        return [kept.made for kept in self._pool.people]

    def _search(self, judge: Judge) -> None:
        self._judge = judge
        self.built = self._pool.begin(judge, self.built)
        self._try_people(judge)
        self._shrink(judge)

    def _learn(self, people: Sequence[Made], answers: Sequence[tuple[bytes, ...]]) -> None:
        """Keep those new in kind, and put what differs onto those who meet everything."""
        for made, (base, head) in zip(people, answers, strict=True):
            if sum(len(value) for value in made.facts.values() if isinstance(value, list)) > _MOST_RECORDS:
                continue  # somebody half built
            self._pool.offer(made, [seen(base)] if base == head else [seen(base), seen(head)])
            if (found := difference(made, base, head)) is not None and self._note(found):
                self._pool.first(self._grafted(made))

    def _note(self, found: Found) -> bool:
        """Keep a difference when it is of a new way or plainer; whether the way is new."""
        now = time.monotonic()
        if self.tried.first_after is None:
            self.tried.first_after = round(now - self._started, 2)
            self.tried.first_tried = self._judge.pairs
        known = self._best.get(found.kind)
        if known is None or found.rank < known.rank:
            self._best[found.kind] = found
        if known is None:
            self._latest = now
        return known is None

    def _shrink(self, judge: Judge) -> None:
        """Make everybody found plainer; ways to differ that come to light by that are shown as well."""
        done: set[str] = set()
        while ways := [way for way in self._best if way not in done]:
            for way in ways:
                done.add(way)
                facts = None
                while facts is None or self._best[way].facts < facts:
                    made = self._best[way].made
                    made = shrink(judge, made, self._shape, self._words, partial(self._is_of, way))
                    (answers,) = judge.decide([made])
                    self._best[way] = difference(made, *answers) or self._best[way]
                    facts = self._best[way].facts
                    judge.decide(list(self._on_other_days(self._best[way])))  # where plainer ones are learned

    def _on_other_days(self, found: Found) -> Iterator[Made]:
        """Those found, also with lists emptied, on the days of both decisions and the largest count later.

        What differs today only in a day most often matters on that day.
        """
        told = days_in([found.base, found.head])
        days = sorted(told | {moved(day, max(self._words.counts) + 1) for day in told})
        for facts in (found.made.facts, *emptied(found.made.facts)):
            yield from (Made(facts, day) for day in days)

    @staticmethod
    def _is_of(way: str, made: Made, answers: tuple[bytes, ...]) -> bool:
        found = difference(made, *answers)
        return found is not None and found.kind == way

    def _grafted(self, made: Made) -> Iterator[Made]:
        """The facts in which somebody differs, put field by field onto people who meet everything."""
        fields = [name for name in made.facts if name != "id"]
        allowed = self._pool.allowed()
        for whole in self._pool.rng.sample(allowed, min(3, len(allowed))):
            for taken in product((True, False), repeat=len(fields)):
                chosen = {name: made.facts[name] for name, take in zip(fields, taken, strict=True) if take}
                yield Made({**whole.facts, **chosen}, made.at)
                added = {
                    name: [*whole.facts[name], *value]
                    for name, value in chosen.items()
                    if isinstance(value, list) and isinstance(whole.facts.get(name), list)
                }
                yield Made({**whole.facts, **added}, made.at)
