"""`icaccess decide`: decisions in the order of the facts, and one person's decision in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import click
import msgspec

from icaccess.batches import batches
from icaccess.cli.options import IDS, deciding, formats
from icaccess.cli.progress import show_sources, showing
from icaccess.cli.text import say, say_all, show_json
from icaccess.errors import UsageError
from icaccess.models import ClauseExplanation, Decision, DecisionJson, Employee, Outcome, Record
from icaccess.opa.bundles import Revisions
from icaccess.opa.client import BATCH, AccessClient
from icaccess.pipeline import Run, start
from icaccess.request import Request
from icaccess.text import how_many

EXIT_CODES: dict[Outcome, int] = {"allow": 0, "deny": 10, "expired": 11, "undecided": 12}
"""What `--exit-code` answers for each outcome."""

_MET = {True: "met", False: "NOT MET", None: "-"}


@click.command()
@IDS
@deciding
@formats("json", "jsonl")
@click.option(
    "--exit-code", is_flag=True, help="With one ID: end with 0 allow, 10 deny, 11 expired, 12 undecided."
)
def decide(request: Request, ids: tuple[str, ...], form: str, *, exit_code: bool) -> int:
    """Decide who may have access; for one ID in text, explain it clause by clause."""
    if exit_code and len(set(ids)) != 1:
        raise UsageError("--exit-code answers for one employee; give exactly one ID")
    if len(set(ids)) == 1:
        return _one(request, ids[0], form, exit_code=exit_code)
    with start(request, read_only=True) as run, showing():
        if form == "text":
            _table(run.parts.client.decide_many(run.people.records(ids), request.day))
        else:
            revisions = _revisions(run, form)
            people = run.people.records(ids)
            _json(run, revisions, run.parts.client.decide_json(people, run.day, revisions=revisions))
        show_sources(run.parts.facts.reports(), run.parts.facts.leaning, err=True)
    return 0


def _one(request: Request, employee_id: str, form: str, *, exit_code: bool) -> int:
    with start(request, read_only=True) as run:
        client, (record,) = run.parts.client, run.people.records([employee_id])
        if form == "text":
            decision = client.decide(record, request.day)
            _explain(client, record, decision, run.parts.facts.doubts().get(employee_id))
        else:
            revisions = _revisions(run, form)
            (answer,) = client.decide_json([record], run.day, revisions=revisions)
            _json(run, revisions, [answer])
            decision = msgspec.json.decode(answer, type=Decision)
    return EXIT_CODES[decision.outcome] if exit_code else 0


def _revisions(run: Run, form: str) -> Revisions | None:
    """The head of the JSON; JSON Lines have no head."""
    return run.parts.client.revisions() if form == "json" else None


def _json(run: Run, revisions: Revisions | None, decisions: Iterable[DecisionJson]) -> None:
    """Decisions as OPA wrote them, as they come; an error midway leaves JSON that does not parse."""
    if revisions is None:
        for some in batches(decisions, BATCH):
            show_json(b"\n".join(some) + b"\n")  # one write for many, however the output is buffered
        return
    head = {"as_of": run.day, "policy_revision": revisions.policy, "data_revision": revisions.data}
    show_json(msgspec.json.encode(head)[:-1] + b',"decisions":[')
    for number, decision in enumerate(decisions):
        show_json(b",\n" if number else b"\n")
        show_json(bytes(decision))
    facts = run.parts.facts
    tail = {"sources": facts.reports(), "leaning": facts.leaning}
    show_json(b"\n]," + msgspec.json.encode(tail)[1:] + b"\n")


def _table(decisions: Iterable[Decision]) -> None:
    counts: Counter[str] = Counter()
    for decision in decisions:
        counts[decision.outcome] += 1
        say(_line(decision))
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.most_common())
    say(f"{how_many(counts.total(), 'person', 'people')}: {outcomes}", err=True)


def _line(decision: Decision) -> str:
    valid = f"valid through {_valid_through(decision)}" if decision.expiry else ""
    notes = [_codes(decision) or valid]
    if decision.escalate:
        notes.append(f"overdue since {decision.grant_due_by}")
    notes += [f"warning: {code}" for code in decision.warnings]
    return f"{decision.employee_id:<12} {decision.outcome:<10} {decision.action:<7} {'; '.join(notes)}"


def _explain(client: AccessClient, record: Record, decision: Decision, doubt: str | None) -> None:
    valid = f", valid through {_valid_through(decision)}" if decision.outcome == "allow" else ""
    say(f"{decision.employee_id} on {decision.as_of}: {decision.outcome}{valid}, action {decision.action}")
    say()
    if isinstance(record, Employee) and decision.outcome != "undecided":
        for clause in client.explain(record, decision.as_of):
            _clause(clause)
        say()
    why = [text for reason in decision.reasons for text in (reason.message, f"  {reason.remedy}")]
    _section("Why, and what to do", why + ([doubt] if doubt else []))
    _section("To look at", list(decision.warnings))
    if decision.outcome != "undecided":
        _section("What changes next", _next(client, record, decision))


def _clause(clause: ClauseExplanation) -> None:
    say(f"  {clause.clause:<6} {_MET[clause.met]:<8} {clause.message}")
    if clause.met is not None:
        for fact in clause.facts:
            shown = msgspec.json.decode(fact)
            say(" " * 18 + ", ".join(f"{name} {_value(value)}" for name, value in shown.items()))


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, dict):
        return f"({', '.join(f'{name} {_value(part)}' for name, part in value.items())})"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _section(title: str, lines: list[str]) -> None:
    if lines:
        say_all([title, *(f"  {line}" for line in lines)])


def _next(client: AccessClient, record: Record, decision: Decision) -> list[str]:
    if decision.recheck_on is None:
        return ["nothing, unless the facts or the rules change"]
    now, then = _parts(decision), _parts(client.decide(record, decision.recheck_on))
    return [f"{decision.recheck_on}:"] + [
        f"  {part}: {now[part] or 'none'} → {then[part] or 'none'}" for part in now if now[part] != then[part]
    ]


def _parts(decision: Decision) -> dict[str, str]:
    """The parts in which a later decision on the same facts may differ, in words."""
    return {
        "outcome": decision.outcome,
        "action": decision.action,
        "reasons": _codes(decision),
        "warnings": ", ".join(decision.warnings),
        "locations": ", ".join(decision.locations),
        "validity": decision.expiry.state if decision.expiry else "",
        "valid through": _valid_through(decision),
        "requirements met on": str(decision.requirements_met_on or ""),
        "grant due by": str(decision.grant_due_by or ""),
        "escalate": _value(decision.escalate),
    }


def _codes(decision: Decision) -> str:
    return ", ".join(reason.code for reason in decision.reasons)


def _valid_through(decision: Decision) -> str:
    return str(decision.expiry.valid_through) if decision.expiry else ""
