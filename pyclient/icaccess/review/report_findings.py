"""What a report's parts come to: counts, the checks at its head, and removals in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from icaccess.review.report_data import Person, Removal, Report

Check = tuple[str, str, str]
"""A mark's kind, its one word, and what was found."""


class Counts(NamedTuple):
    """How many people, by outcome, by action, and overdue."""

    outcomes: Counter[str]
    holding: Counter[str]
    actions: Counter[str]
    overdue: int


class ReasonCount(NamedTuple):
    """How many people a reason applies to; `share` is per cent of the most frequent one."""

    code: str
    clause: str | None
    people: int
    holding: int
    share: float


def checks(report: Report, counts: Counts) -> list[Check]:
    """What the report found when it looked at itself and at the target, in the order of weight."""
    population = report.population
    found: list[Check] = []

    def add(good: bool, text: str, bad: str = "Look") -> None:
        found.append(("allow" if good else "undecided", "Fine" if good else bad, text))

    add(
        population.records == population.answered,
        f"{population.records:,} employee records went in and {population.answered:,} decisions came back.",
    )
    undecided = counts.outcomes["undecided"]
    add(
        undecided == 0,
        f"{undecided:,} people are undecided, of whom {counts.holding['undecided']:,} hold access: "
        "a person has to settle these; nothing is taken from them meanwhile.",
    )
    add(
        counts.overdue == 0,
        f"{counts.overdue:,} people are allowed and were not granted access in time (ES-8).",
    )
    if report.removals is None:
        found.append(("undecided", "Not seen", f"Removals: {report.absent.get('removals', 'not looked at')}"))
    else:
        open_ones = sum(1 for one in report.removals if one.state not in ("verified", "dropped"))
        add(
            open_ones == 0,
            f"{len(report.removals):,} removals are on record; {open_ones:,} were not seen to be done.",
        )
    if report.drift is None:
        found.append(("undecided", "Not seen", f"Drift: {report.absent.get('drift', 'not looked at')}"))
    else:
        add(
            not report.drift,
            f"The access of {len(report.drift):,} people was changed behind the back of this system.",
        )
    if report.audit is None:
        found.append(
            ("undecided", "Not seen", f"Audit record: {report.absent.get('audit', 'not looked at')}")
        )
    else:
        whole = f"The chain of all {report.audit.entries:,} entries of the audit record is unbroken."
        found.append(
            ("deny", "Broken", report.audit.problem) if report.audit.problem else ("allow", "Fine", whole)
        )
    if report.trace is not None:
        bare = [one.clause for one in report.trace if one.gap]
        add(
            not bare,
            f"{len(report.trace)} clauses are traced; "
            + (f"not covered: {', '.join(bare)}." if bare else "each has a rule and a test."),
        )
    return found


def count_reasons(people: Sequence[Person]) -> list[ReasonCount]:
    """Each reason that somebody has, in the order of the clauses."""
    total: Counter[tuple[str, str | None]] = Counter()
    holding: Counter[tuple[str, str | None]] = Counter()
    for person in people:
        for reason in person.reasons:
            key = (reason.code, reason.clause)
            total[key] += 1
            holding[key] += person.held is not None
    most = max(total.values(), default=1)
    return [
        ReasonCount(code, clause, people, holding[code, clause], round(100 * people / most, 1))
        for (code, clause), people in sorted(total.items(), key=lambda item: _clause_order(*item[0]))
    ]


def removal_words(removals: Sequence[Removal]) -> str:
    """How many removals were verified, and how long they took after departures."""
    verified = sum(1 for one in removals if one.state == "verified")
    days = sorted(one.days for one in removals if one.days is not None and one.state == "verified")
    text = (
        f"{verified:,} of {len(removals):,} removals were seen to be carried out by reading the target back."
    )
    if days:
        text += (
            f" After {len(days):,} departures it took {median(days):g} days in the median and {days[-1]:,} "
            "at most, counted from the last day employed."
        )
    return text


def _clause_order(code: str, clause: str | None) -> tuple[int, str]:
    return (int(clause.partition("-")[2]) if clause else 10_000, code)


def count(people: Sequence[Person]) -> Counts:
    """How many people, by what was decided and what is to do."""
    return Counts(
        Counter(one.outcome for one in people),
        Counter(one.outcome for one in people if one.held),
        Counter(one.action for one in people),
        sum(one.escalate for one in people),
    )
