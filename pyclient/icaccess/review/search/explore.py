"""People who between them reach every way in which a policy decides, and every line that somebody reaches."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec

from icaccess.opa.program import find_opa
from icaccess.review.cases import all_cases, covered_lines, decide_questions
from icaccess.review.coverage import PolicyLine
from icaccess.review.search.anybody import PeopleSearch, Tried
from icaccess.review.search.facts import count_facts, employee_shape
from icaccess.review.search.judge import Judge, Made, judging, seen
from icaccess.review.search.render import cases_yaml
from icaccess.review.search.shrink import shrink
from icaccess.review.search.words import vocabulary
from icaccess.review.source import PolicySource, value_of
from icaccess.review.suite import passing_suite
from icaccess.review.versions import Checkout, Version

_MOST_KEPT = 240
"""How many of the people kept are asked which lines they reach."""
_ASKED_ALONE = 40
"""How many of these are asked alone, which takes as long as to compile the policy."""


class Explored(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is shown for some ways to decide and lines: the day, the facts, the decision.

    `ways` are those of the decision that nobody before in the list shows, such as `action grant`; `lines` are
    likewise those of the policy. `untested` are those among them that no case and no test reaches.
    """

    at: str
    facts: int
    employee: dict[str, Any]
    decision: dict[str, Any]
    ways: tuple[str, ...]
    lines: tuple[str, ...]
    untested: tuple[str, ...]


class Exploration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a policy decides of anybody imaginable: the people, and the lines that none of them reaches.

    `missed` are lines that somebody could reach only by a question that is not about one person, or whom the
    search did not think of. `problem` says why the search ended early, null when it did not. `cases` is YAML
    of what no test reaches, and empty when the tests reach everything that the people show.
    """

    version: Version
    tried: Tried
    people: tuple[Explored, ...]
    missed: tuple[str, ...]
    problem: str | None
    cases: str


def explore(place: Checkout, *, limit: float, seed: int) -> Exploration:
    """Search for `limit` seconds at most, and then see which lines those found reach.

    Raises `PolicyError` where the policy does not compile, and `EngineError` where OPA does not start.
    """
    source = PolicySource(find_opa(), place.policy, place.config)
    seeds = [Made.like(case.employee, case.at) for case in all_cases(source)]
    suite = passing_suite(source)  # first: a policy whose tests fail is refused
    tested = {(file.file.lstrip("/"), line) for file in suite.coverage for line in file.covered}
    with judging(place) as (version, decisions):
        search = _Explorer(source, seeds, Tried(seed=seed, limit=limit, seeds=len(seeds)))
        problem = search.run(decisions)
    by_line, missed = _by_line(source, search.chosen, search.others, tested)
    known = search.ways_of_seeds | {_at(source, line) for line in tested}
    people = tuple(_told(source, by_line, known))
    return Exploration(
        version=version,
        tried=search.tried,
        people=people,
        missed=tuple(_at(source, line) for line in sorted(missed)),
        problem=problem,
        cases=_untested_cases(people),
    )


def _untested_cases(people: Iterable[Explored]) -> str:
    """The people who show what no test reaches as cases that expect what is decided now; may be empty."""
    cases = [_case(one) for one in people if one.untested and one.decision["outcome"]]
    return cases_yaml(cases) if cases else ""


def _case(one: Explored) -> dict[str, Any]:
    reasons = one.decision["reasons"]
    clauses = [reason["clause"] for reason in reasons if reason["clause"]]
    expect = {
        name: value for name, value in one.decision.items() if name not in {"employee_id", "as_of", "reasons"}
    }
    return {
        "name": f"reached by no test: {', '.join(one.untested[:3])}",
        "clause": clauses[0] if clauses else "ES-1",
        "at": one.at,
        "employee": one.employee,
        "expect": {**expect, "reasons": sorted(reason["code"] for reason in reasons)},
    }


class _Explorer(PeopleSearch[Made]):
    """The search of one version: the plainest person for each way to decide that was seen."""

    def __init__(self, source: PolicySource, seeds: list[Made], tried: Tried) -> None:
        super().__init__(employee_shape(source.policy), vocabulary([source], seeds), seeds, tried)
        self._seeds = seeds
        self.ways_of_seeds: set[str] = set()

    def _search(self, judge: Judge) -> None:
        for (decision,) in judge.decide(self._seeds):
            self.ways_of_seeds |= ways(decision)
        self._pool.begin(judge)
        self._try_people(judge)
        for way, made in list(self._best.items()):
            self._best[way] = shrink(judge, made, self._shape, self._words, partial(self._is_of, way))

    @property
    def chosen(self) -> list[Made]:
        """The plainest person for each way to decide, each person once."""
        return list({msgspec.json.encode(made): made for made in self._best.values()}.values())

    @property
    def others(self) -> list[Made]:
        """Those kept for another kind of decision, the plainest first."""
        kept = sorted((one.made for one in self._pool.people), key=lambda made: count_facts(made.facts))
        return kept[:_MOST_KEPT]

    def _learn(self, people: Sequence[Made], answers: Sequence[tuple[bytes, ...]]) -> None:
        shapes = self._pool.shapes
        for made, (decision,) in zip(people, answers, strict=True):
            self._pool.offer(made, [seen(decision)])
            for way in ways(decision):
                best = self._best.get(way)
                if best is None or count_facts(made.facts) < count_facts(best.facts):
                    self._best[way] = made
        if self._pool.shapes > shapes:
            self._latest = time.monotonic()

    @staticmethod
    def _is_of(way: str, _: Made, answers: tuple[bytes, ...]) -> bool:
        return way in ways(answers[0])


def ways(decision: bytes) -> set[str]:
    """The ways to decide that a decision shows: its outcome, each code, warning and state, the action …"""
    one = seen(decision)
    if one.outcome is None:
        return {"no decision"}
    found = {
        f"outcome {one.outcome}",
        f"action {one.action}",
        f"state {one.expiry.state if one.expiry else None}",
    }
    found |= {f"reason {reason.code}" for reason in one.reasons}
    found |= {f"warning {warning}" for warning in one.warnings}
    flags = {"needs consent": one.needs_consent, "overdue": one.escalate}
    days = {"grant due by": one.grant_due_by, "recheck on": one.recheck_on}
    return found | {name for name, is_so in {**flags, **days}.items() if is_so}


def _by_line(
    source: PolicySource, chosen: list[Made], others: list[Made], tested: set[PolicyLine]
) -> tuple[list[tuple[Made, set[PolicyLine]]], set[PolicyLine]]:
    """The chosen people and as few of the others as reach every line that somebody reaches, and the rest.

    The chosen have the lines that no test reaches, and the others those that none before them reaches.
    """
    together, missed = _lines(source, [*chosen, *others])
    some = others[:: -(-len(others) // _ASKED_ALONE) or 1]
    with ThreadPoolExecutor(2) as pool:
        alone = list(pool.map(lambda made: _lines(source, [made])[0], [*chosen, *some]))
    reached, covered = [], set[PolicyLine]()
    for made, lines in zip(chosen, alone, strict=False):
        reached.append((made, lines - covered - tested))
        covered |= lines
    by_person = list(zip(some, alone[len(chosen) :], strict=True))
    while by_person:
        made, lines = max(by_person, key=lambda one: len(one[1] - covered))
        if not lines - covered:
            break
        reached.append((made, lines - covered))
        covered |= lines
    reached += [(made, lines) for made, lines in _divided(source, others, together - covered) if lines]
    return reached, missed


def _divided(
    source: PolicySource, people: Sequence[Made], wanted: set[PolicyLine]
) -> Iterator[tuple[Made, set[PolicyLine]]]:
    """Who reaches the lines wanted, found by halves, since OPA tells what many reach together."""
    if len(people) == 1 or not wanted:
        yield from ((made, wanted) for made in people)
        return
    half = len(people) // 2
    first = wanted & _lines(source, people[:half])[0]
    yield from _divided(source, people[:half], first)
    yield from _divided(source, people[half:], wanted - first)


def _lines(source: PolicySource, people: Iterable[Made]) -> tuple[set[PolicyLine], set[PolicyLine]]:
    """The lines that the answers to all questions about people evaluate, and those that they do not."""
    return covered_lines(source, [made.question for made in people], "access")


def _told(
    source: PolicySource, reached: list[tuple[Made, set[PolicyLine]]], tested: set[str]
) -> Iterator[Explored]:
    """Those who show something that nobody before them shows, those with the fewest reasons first."""
    decided = value_of(decide_questions(source, [made.question for made, _ in reached], coverage=False))
    rows = [
        (made, lines, found[0] if found else {"outcome": None})
        for (made, lines), found in zip(reached, decided, strict=True)
    ]
    rows.sort(key=lambda row: (len(row[2].get("reasons") or ()), str(row[2]["outcome"])))
    known: set[str] = set()
    for made, lines, decision in rows:
        shown = sorted(ways(msgspec.json.encode(decision)) - known)
        places = [_at(source, line) for line in sorted(lines)]
        known.update(shown)
        if shown or places:
            yield Explored(
                at=made.at,
                facts=count_facts(made.facts),
                employee=made.employee,
                decision=decision,
                ways=tuple(shown),
                lines=tuple(places),
                untested=tuple(one for one in (*shown, *places) if one not in tested),
            )


def _at(source: PolicySource, line: PolicyLine) -> str:
    root = str(source.policy).lstrip("/")
    return f"{line[0].removeprefix(root).lstrip('/')}:{line[1]}"
