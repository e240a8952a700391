"""Mutants of the policy, each judged by the policy's own tests: what no test notices is no rule to rely on.

Two OPAs judge many of them: they get one changed file at a time. Only the cases and tests that can reach the
changed rule are asked, and none after the first that notices.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import groupby
from queue import SimpleQueue
from typing import Literal, NamedTuple

import msgspec

from icaccess.batches import batches, ordered_map
from icaccess.errors import EngineError, HttpError
from icaccess.review.cases import Case, difference, read_all_cases
from icaccess.review.mutants import Mutant
from icaccess.review.names import DataPath
from icaccess.review.reach import DECISIONS, asked_by, reached, rule_at
from icaccess.review.search.differ import Found
from icaccess.review.search.judge import UNDEFINED, Made, VersionJudge, questions
from icaccess.review.search.mutated import ChangedOpa, MutantSearch, mutated_text
from icaccess.review.source import PolicySource

_AT_ONCE = 2
"""How many mutants are judged at once; each takes two OPAs."""
_CASES = 25
"""How many cases are decided at once, so that those that notice most can be asked first."""


class JudgedMutant(msgspec.Struct, frozen=True):
    """What became of a mutant; one that does not compile is no policy at all, and proves nothing.

    `decides` is whether a decision on one person can rest on the changed rule. `shown_by` is the smallest
    person found for whom a survivor decides otherwise; null when none was found.
    """

    mutant: Mutant
    fate: Literal["caught", "survives", "no policy"]
    decides: bool = True
    shown_by: Found | None = None


class _Group(NamedTuple):
    """Cases that are decided by the same policy data, and what the policy as it stands decides of them."""

    data: bytes
    asked: list[tuple[Case, tuple[str, bytes], bytes]]
    """Each case, the day and the facts as they are asked, and the decision."""


class MutantJudge(AbstractContextManager["MutantJudge"]):
    """Two OPAs that take one changed file at a time: one for the cases in YAML, one for the tests in Rego.

    The cases are decided by a policy without tests, which compiles sooner. The tests are asked of what no
    case notices.
    """

    def __init__(self, source: PolicySource) -> None:
        """Raises `PolicyError` where the policy does not parse, `EngineError` where OPA does not start."""
        self._source = source
        asked = asked_by([*source.modules, *source.test_modules])
        tests = [path for path in asked if path[-1].startswith("test_")]
        self._reached_by = {test: reached(asked, [test]) for test in tests}
        self._decided_by = reached(asked, [DECISIONS])
        with ExitStack() as stack:
            self._plain = stack.enter_context(ChangedOpa(source, ()))
            self._tested = stack.enter_context(ChangedOpa(source, (*source.test_files, *source.test_data)))
            self._groups = list(self._grouped())
            took: dict[DataPath, float] = {}
            self._expected = {}
            for test in tests:
                started = time.monotonic()
                self._expected[test] = self._tested.answer(test)
                took[test] = time.monotonic() - started
            self._tests = sorted(tests, key=took.__getitem__)
            self._stack = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def mutated(self) -> VersionJudge:
        """What asks for decisions by the mutant that was judged last."""
        return self._plain.decisions

    def _grouped(self) -> Iterator[_Group]:
        for own_data, read in groupby(read_all_cases(self._source), lambda one: one.own_data):
            data = msgspec.json.encode({**self._source.policy_data, **msgspec.json.decode(own_data)})
            for cases in batches((one.case for one in read), _CASES):
                people = questions([Made.like(case.employee, case.at) for case in cases])
                asked = zip(cases, people, self._plain.decisions.decide(people, data), strict=True)
                # A case about an id is not among them: everybody here has another one.
                yield _Group(data, [one for one in asked if _passes(one[0], one[2])])

    def judge(self, mutant: Mutant) -> JudgedMutant:
        """Whether some case or test answers otherwise than for the policy as it stands."""
        rule = rule_at(self._source, str(self._source.policy / mutant.file), mutant.line)
        changed = rule.parts if rule else ()
        text = mutated_text(self._source, mutant)
        decides = changed in self._decided_by
        try:
            if decides and not self._plain.put(mutant.file, text):
                return JudgedMutant(mutant, "no policy")
            if decides and self._is_noticed_by_cases():
                return JudgedMutant(mutant, "caught")
            if not self._tested.put(mutant.file, text):
                return JudgedMutant(mutant, "no policy")
            if self._is_noticed_by_tests(changed):
                return JudgedMutant(mutant, "caught")
        except (HttpError, EngineError):
            return JudgedMutant(mutant, "caught")  # it takes longer than anybody waits for
        return JudgedMutant(mutant, "survives", decides=decides)

    def _is_noticed_by_cases(self) -> bool:
        for group in self._groups:
            now = self._plain.decisions.decide([person for _, person, _ in group.asked], group.data)
            for (case, _, before), answer in zip(group.asked, now, strict=True):
                if answer != before and not _passes(case, answer):
                    self._groups.remove(group)
                    self._groups.insert(0, group)  # what noticed this one is asked first of the next
                    return True
        return False

    def _is_noticed_by_tests(self, rule: DataPath) -> bool:
        for test in self._tests:
            if rule in self._reached_by[test] and self._tested.answer(test) != self._expected[test]:
                self._tests.remove(test)
                self._tests.insert(0, test)
                return True
        return False


def _passes(case: Case, answer: bytes) -> bool:
    return difference(case.expect, [] if answer == UNDEFINED else [msgspec.json.decode(answer)]) is None


def judged(source: PolicySource, some: Sequence[Mutant], limit: float) -> Iterator[JudgedMutant]:
    """What becomes of each mutant, in their order; a survivor with somebody found within `limit` seconds."""
    with ExitStack() as stack:
        count = min(_AT_ONCE, os.cpu_count() or 1, len(some) or 1)
        idle: SimpleQueue[MutantJudge] = SimpleQueue()
        for _ in range(count):
            idle.put(stack.enter_context(MutantJudge(source)))
        unchanged = stack.enter_context(ChangedOpa(source, ())).decisions if limit else None
        search = MutantSearch(source)

        def judge(mutant: Mutant) -> JudgedMutant:
            judge = idle.get()
            try:
                found = judge.judge(mutant)
                if found.fate == "survives" and found.decides and unchanged is not None:
                    shown_by = search.find(mutant, unchanged, judge.mutated, limit)
                    found = msgspec.structs.replace(found, shown_by=shown_by)
                return found
            finally:
                idle.put(judge)

        yield from ordered_map(judge, some, count)


def shown(one: JudgedMutant, limit: float) -> str:
    """Who shows a survivor, in one line."""
    if not limit:
        return "  nobody was searched for"
    if not one.decides:
        return "  no decision on a person rests on this rule, so nobody was searched for"
    if one.shown_by is None:
        return f"  nobody found in {limit:g} s for whom it decides otherwise; people not tried may differ"
    found = one.shown_by
    facts = msgspec.json.encode(found.employee).decode()
    return f"  {found.kind} on {found.at} ({found.clause}): {facts}"
