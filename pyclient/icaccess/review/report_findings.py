"""What a report's parts come to: counts, the checks at its head, and removals in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

from icaccess.review.report_clauses import Traced
from icaccess.review.report_data import Audit, Removal, Report, ReportedDrift, ReportedPerson, UnderWay


class ReportCheck(NamedTuple):
    """One thing that was checked: a mark and its word, what was found, and the section that shows more."""

    mark: str
    verdict: str
    text: str
    section: str


class ReportCounts(NamedTuple):
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


def checks(report: Report, counts: ReportCounts) -> Iterator[ReportCheck]:
    """What the report found when it looked at itself and at the target; a missing part is never fine."""
    population, undecided = report.population, counts.outcomes["undecided"]
    yield _check(
        population.records == population.answered,
        f"{population.records:,} employee records went in, {population.answered:,} decisions came back.",
        "population",
    )
    yield _check(
        undecided == 0,
        f"{undecided:,} people are undecided, and {counts.holding['undecided']:,} of them hold access. "
        "A person has to settle these; nobody loses access meanwhile.",
        "people",
    )
    overdue = f"{counts.overdue:,} people are allowed and were not granted access in time (ES-8)."
    yield _check(counts.overdue == 0, overdue, "people")
    waiting = sum(one.waits_since is not None for one in report.people)
    yield _check(waiting == 0, f"{waiting:,} revocations wait for a person's consent.", "waiting")
    yield _seen(report, "removals", _removals)
    if foretold := [one for one in report.removals or () if one.told is not None]:
        yield _foretold(foretold)
    if report.under_way.pending or report.under_way.export_due_since:
        yield _under_way(report.under_way)
    yield _seen(report, "drift", _drift)
    yield _seen(report, "audit", _audit, "digests")
    if report.audit is not None:
        yield _check(report.audit.witnessed, report.audit.witness, "digests")
    yield _seen(report, "trace", _trace)


def _check(good: bool, text: str, section: str) -> ReportCheck:
    return ReportCheck("allow" if good else "undecided", "Fine" if good else "Look", text, section)


def _seen(report: Report, part: str, look: Callable[[Any], ReportCheck], section: str = "") -> ReportCheck:
    """What a look at a part finds, or why the part is missing."""
    if (found := getattr(report, part)) is not None:
        return look(found)
    why = report.absent.get(part, "nobody looked.")
    return ReportCheck("unseen", "Not seen", f"{part.capitalize()}: {why}", section or part)


def _removals(removals: Sequence[Removal]) -> ReportCheck:
    """Of each person the newest removal counts: one that failed may have been made since."""
    newest: dict[str, Removal] = {}
    for one in removals:
        newest.setdefault(one.id, one)
    left = sum(one.state not in ("verified", "dropped") for one in newest.values())
    text = f"{len(removals):,} removals are on record; {left:,} people were not seen to lose access."
    return _check(left == 0, text, "removals")


def _foretold(removals: Sequence[Removal]) -> ReportCheck:
    untold = sum(not one.told for one in removals)
    text = f"A date foretold {len(removals):,} removals; {untold:,} of these people were not told before."
    return _check(untold == 0, text, "removals")


def _under_way(under_way: UnderWay) -> ReportCheck:
    """Waiting is fine until something is overdue."""
    text = f"{under_way.pending:,} changes are pending at the target, {under_way.overdue:,} of them overdue."
    if under_way.export_due_since:
        text += f" A work list has waited for a newer export since {under_way.export_due_since}."
    return _check(not under_way.overdue, text, "removals")


def _drift(drift: Sequence[ReportedDrift]) -> ReportCheck:
    text = f"The access of {len(drift):,} people is not what this system last saw."
    return _check(not drift, text, "drift")


def _audit(audit: Audit) -> ReportCheck:
    if audit.problem:
        return ReportCheck("deny", "Broken", audit.problem, "digests")
    return _check(
        True, f"The chain of all {audit.entries:,} entries of the audit record is unbroken.", "digests"
    )


def _trace(trace: Sequence[Traced]) -> ReportCheck:
    bare = ", ".join(one.clause for one in trace if one.gap)
    outcome = f"not covered: {bare}." if bare else "each has a rule, and tests that pass."
    return _check(not bare, f"{len(trace)} clauses are traced; {outcome}", "trace")


def count_reasons(people: Sequence[ReportedPerson]) -> list[ReasonCount]:
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


def count(people: Sequence[ReportedPerson]) -> ReportCounts:
    """How many people, by what was decided and what is to do."""
    return ReportCounts(
        Counter(one.outcome for one in people),
        Counter(one.outcome for one in people if one.held),
        Counter(one.action for one in people),
        sum(one.escalate for one in people),
    )
