"""The smallest made-up person who would reach each part of a policy that no test evaluates.

The search asks for whom a policy that fails at that line gives no decision: whose decision fails reaches it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from icaccess.review.cases import all_cases
from icaccess.review.coverage import Uncovered
from icaccess.review.mutants import Mutant
from icaccess.review.reach import DECISIONS, asked_by, reached
from icaccess.review.search.judge import Made
from icaccess.review.search.mutated import ChangedOpa, MutantSearch, mutated_text
from icaccess.review.source import PolicySource

SECONDS = 30.0
"""How long to search for all that is not covered."""
_EACH = 15.0
"""How many of these seconds one part may take."""

_ONE_LINE = re.compile(r"^(.* if )(?!.*\{$)(.*)$")
_FAILING = 'to_number("~")'
"""Fails as soon as it is evaluated, which ends the whole decision."""


def with_people(
    source: PolicySource, parts: Sequence[Uncovered], seconds: float = SECONDS
) -> tuple[Uncovered, ...]:
    """The same parts, each with somebody who would reach it, where one is found.

    From the cache where nothing has changed. Raises `EngineError` where OPA does not start.
    """
    name = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]
    kind = tuple[Uncovered, ...]
    return source.cached(f"people-{name}", kind, lambda: tuple(_searched(source, parts, seconds)))


def _searched(source: PolicySource, parts: Sequence[Uncovered], seconds: float) -> Iterator[Uncovered]:
    decided_by = reached(asked_by(source.modules), [DECISIONS])
    search = MutantSearch(source, [Made.like(case.employee, case.at) for case in all_cases(source)])
    deadline = time.monotonic() + seconds
    with ExitStack() as stack:
        opas: list[ChangedOpa] = []
        for part in parts:
            left = deadline - time.monotonic()
            if part.rule is None or tuple(part.rule.split(".")) not in decided_by:
                nobody = "no decision on a person asks for this rule"
            elif left <= 0:
                nobody = f"nobody was searched for, since {seconds:g} s were over"
            else:
                opas = opas or [stack.enter_context(ChangedOpa(source, ())) for _ in range(2)]
                policy, failing = opas
                if (mutant := _taken(source, failing, part)) is None:
                    nobody = "nobody was searched for, since the line is a part of a longer condition"
                elif found := search.find(mutant, policy.decisions, failing.decisions, min(left, _EACH)):
                    yield msgspec.structs.replace(part, at=found.at, employee=found.employee)
                    continue
                else:
                    nobody = f"nobody was found in {min(left, _EACH):.0f} s who reaches it; others may"
            yield msgspec.structs.replace(part, nobody=nobody)


def _taken(source: PolicySource, failing: ChangedOpa, part: Uncovered) -> Mutant | None:
    """The change that makes a decision fail that reaches a part: the first that OPA takes."""
    for mutant in _failing(source, part):
        if failing.put(mutant.file, mutated_text(source, mutant)):
            return mutant
    return None


def _failing(source: PolicySource, part: Uncovered) -> Iterator[Mutant]:
    name = Path(part.file).relative_to(source.policy).as_posix()
    lines = source.texts[name].split("\n")
    line = lines[part.line - 1]
    if line.startswith("\t"):
        written = line.lstrip("\t")
        indent = line[: len(line) - len(written)]
        yield Mutant(name, part.line, line, f"{indent}{_FAILING}; {written}")
    if (condition := _ONE_LINE.match(line)) is not None:
        yield Mutant(name, part.line, line, f"{condition[1]}{{ {_FAILING}; {condition[2]} }}")
    if line.endswith("{"):  # the rule never gives its value, so it fails after the last of its conditions
        for number, closing in enumerate(lines[part.line :], part.line + 1):
            if closing.startswith("}"):
                yield Mutant(name, number, closing, f"\t{_FAILING}\n{closing}")
                break
