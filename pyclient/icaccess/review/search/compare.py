"""Two versions of policy and policy data, and for whom of all who can be imagined they decide differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import yaml

from icaccess.opa.program import find_opa
from icaccess.review.cases import all_cases
from icaccess.review.modules import Rule
from icaccess.review.search.anybody import QUIET, Search, Tried
from icaccess.review.search.differ import Found, codes
from icaccess.review.search.facts import common, employee_shape, is_day
from icaccess.review.search.judge import Made, judging
from icaccess.review.search.versions import ChangedLine, changed_lines, mentioned, reached, same_rules
from icaccess.review.search.words import vocabulary
from icaccess.review.source import PolicySource
from icaccess.review.versions import Checkout, Version, naming


class Anybody(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of anybody imaginable: whether nothing can differ, else what was tried and found.

    `same` is true when rules and policy data are the same but for comments, metadata and layout. `lines` are
    those of the rules that differ. `problem` says why the search ended early, null when it did not.
    """

    base: Version
    head: Version
    same: bool
    tried: Tried | None = None
    found: tuple[Found, ...] = ()
    lines: tuple[ChangedLine, ...] = ()
    problem: str | None = None

    @property
    def missed(self) -> list[ChangedLine]:
        """The lines that differ, which nobody tried reached."""
        return [line for line in self.lines if line.reached is False]


def compare_for_anybody(
    base: Checkout,
    head: Checkout,
    examples: Sequence[Path],
    *,
    limit: float,
    seed: int,
    quiet: float = QUIET,
) -> Anybody:
    """Search for `limit` seconds at most; `examples` are files of facts whose people the search begins with.

    `quiet` is for how many seconds the search goes on after the latest way to differ.

    Raises as `PolicySource` does where a version does not parse, and `EngineError` where OPA does not start.
    """
    opa = find_opa()
    before, after = sources = [PolicySource(opa, side.policy, side.config) for side in (base, head)]
    for source, side in zip(sources, (base, head), strict=True):
        with naming(side.side, side.work):
            source.modules  # noqa: B018 (raises where a file does not parse)
    if same_rules(before, after) and before.policy_data == after.policy_data:
        one, other = (Version(side.name, side.commit, "", "") for side in (base, head))
        return Anybody(base=one, head=other, same=True)
    seeds = list({msgspec.json.encode(made): made for made in _seeds(sources, examples)}.values())
    shape, only = common(employee_shape(before.policy), employee_shape(after.policy))
    words = vocabulary(sources, seeds, *mentioned(before, after))
    tried = Tried(seed=seed, limit=limit, seeds=len(seeds), only_one_knows=tuple(only))
    with judging(base) as (one, by_base), judging(head) as (other, by_head):
        search = Search(shape, words, seeds, tried, quiet)
        problem = search.run(by_base, by_head)
    lines = [
        line
        for name, source in (("base", before), ("head", after))
        for line in reached(changed_lines(before, after), source, name, search.people)
    ]
    return Anybody(
        base=one,
        head=other,
        same=False,
        tried=tried,
        found=tuple(with_clauses(search.found, lines, sources)),
        lines=tuple(lines),
        problem=problem,
    )


def _seeds(sources: Sequence[PolicySource], examples: Sequence[Path]) -> Iterator[Made]:
    """Those of the cases on their days, and the people of the examples on the last day that a case has."""
    days = set()
    for source in sources:
        for case in all_cases(source):
            if is_day(case.at):
                days.add(case.at)
                yield Made.like(case.employee, case.at)
    some = sorted(days)[:: max(len(days) // 4, 1)]
    for folder in examples:
        for file in sorted(folder.rglob("*.yaml")) if folder.is_dir() else [folder]:
            content = yaml.load(file.read_bytes(), yaml.CSafeLoader)
            people = content.get("employees") if isinstance(content, dict) else content
            for facts in people if isinstance(people, list) else ():
                if isinstance(facts, dict) and isinstance(facts.get("id"), str):
                    yield from (Made.like(facts, day) for day in some)


def with_clauses(
    found: Sequence[Found], lines: Sequence[ChangedLine], sources: Sequence[PolicySource]
) -> Iterator[Found]:
    """Everybody found, each with the clause that it is about by the lines of the sources that differ."""
    return (msgspec.structs.replace(one, clause=_clause(one, lines, sources)) for one in found)


def _clause(found: Found, lines: Sequence[ChangedLine], sources: Sequence[PolicySource]) -> str:
    """The clause of a reason that only one decision has, else of a rule that differs, else the first."""
    only = set(codes(found.base)) ^ set(codes(found.head))
    for decision in (found.head, found.base):
        for reason in decision.get("reasons", ()):
            if reason["code"] in only and reason["clause"]:
                return str(reason["clause"])
    for line in lines:
        source = sources[line.side == "head"]
        rules = [rule for rule in source.rules if rule.file == str(source.policy / line.file)]
        above: list[Rule] = [rule for rule in rules if rule.line <= line.line and rule.clauses]
        if above:
            return above[-1].clauses[0]
    return "ES-1"
