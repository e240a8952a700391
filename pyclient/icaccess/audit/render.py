"""Renders the audit record in words: what happened to one person, or in each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from icaccess.store.audit import Entry
from icaccess.text import DIGITS

Sentence = Callable[[dict[str, Any]], str]


def as_text(entries: Iterable[Entry], runs: Mapping[int, Entry]) -> Iterator[str]:
    """A line for each entry, and before each run a line that says who asked and by which rules.

    `runs` holds the entry with which each run started.
    """
    shown: set[int] = set()
    for entry in entries:
        if entry.run_id is not None and entry.run_id not in shown:
            shown.add(entry.run_id)
            if entry.run_id in runs:
                yield _run(runs[entry.run_id])
        if entry.kind != "run_started":
            yield f"  {entry.at}  {sentence(entry)}"


def runs_as_text(entries: Iterable[Entry]) -> Iterator[str]:
    """Each run with what came of it, who waits for a consent from then on, stops, consents and heads."""
    for entry in filter(is_of_runs, entries):
        whose = f"{entry.employee_id}: " if entry.employee_id else ""
        yield _run(entry) if entry.kind == "run_started" else f"  {entry.at}  {whose}{sentence(entry)}"


def is_of_runs(entry: Entry) -> bool:
    """Whether an entry is about a run, who waits for a consent, or something apart from any person."""
    if entry.employee_id is not None:
        return entry.kind == "held_back"
    return entry.kind == "run_started" or entry.kind in _SENTENCES


def sentence(entry: Entry) -> str:
    """One entry in words."""
    say: Sentence = _SENTENCES.get(entry.kind, str)
    return say(entry.body)


def _run(started: Entry) -> str:
    body = started.body
    what = "adopted the current access" if body["kind"] == "adopt" else "applied a plan"
    rules = ", ".join(
        f"{name} {body[key][:DIGITS]}"
        for name, key in (
            ("policy", "policy_revision"),
            ("policy data", "data_revision"),
            ("facts", "facts_digest"),
            ("plan", "plan_digest"),
        )
        if body.get(key)
    )
    return (
        f"Run {started.run_id}, {started.at}: {body['by']} {what} for {body['as_of']} at {body['target']}"
        + (f" ({rules})" if rules else "")
    )


def _adopted(body: dict[str, Any]) -> str:
    since = f" since {body['since']}" if body.get("since") else ""
    return f"held {_held(body)}{since} on the first day"


def _intent(body: dict[str, Any]) -> str:
    after = body.get("after")
    what = f"{body['action']} decided{f': {_held(after)}' if after else ''}"
    basis = body.get("basis")
    if basis:
        approval = basis["approval"]
        return (
            f"{what}; {basis['role']} at {basis['location']}, Walk-In {basis['walk_in']}, "
            f"Elementary {basis['elementary']}, approved {approval['decided_on']} by {approval['approver']}"
        )
    return f"{what}; {_reasons(body)}"


def _settled(text: str) -> Sentence:
    def say(body: dict[str, Any]) -> str:
        note = f" ({body['note']})" if body.get("note") else ""
        return f"{body['action']} {text}{note}"

    return say


def _drift(body: dict[str, Any]) -> str:
    before, now = _holding(body["expected"]), _holding(body["found"])
    return (
        f"access was {body['kind']} outside this system: {before} before, {now} now; "
        f"the policy says {body['outcome']}"
    )


def _held_back(body: dict[str, Any]) -> str:
    gone = "".join(f" {text[:1].upper()}{text[1:]}." for text in body.get("gone", []))
    return f"{body['action']} held back until somebody consents: {_reasons(body)}{gone}"


def _consent(body: dict[str, Any]) -> str:
    by, plan, until = body["by"], body["plan_digest"][:DIGITS], body["expires_at"]
    found = "; ".join(body["findings"])
    return f"{by} allowed plan {plan} past the guard until {until}: {body['reason']} (guard: {found})"


def _stopped(body: dict[str, Any]) -> str:
    return f"the guard stopped plan {body['plan_digest'][:DIGITS]}: {'; '.join(body['findings'])}"


def _changed(body: dict[str, Any]) -> str:
    return f"{body['what']} changed from {body['before'][:DIGITS]} to {body['now'][:DIGITS]}"


def _head(body: dict[str, Any]) -> str:
    head, receipts = body["head"], body["receipts"]
    kept = [one["witness"] for one in receipts if "problem" not in one]
    failed = ", ".join(f"{one['witness']} ({one['problem']})" for one in receipts if "problem" in one)
    what = f"head {head['hash'][:DIGITS]} of {head['size']} entries"
    told = f"handed to {', '.join(kept)}" if kept else "handed to no witness"
    return f"{what} {told}{f'; NOT to {failed}' if failed else ''}"


def _finished(body: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(body.items()))
    return f"run ended: {counts or 'no changes'}"


_SENTENCES: dict[str, Sentence] = {
    "adopted": _adopted,
    "intent": _intent,
    "made": _settled("made"),
    "verified": _settled("verified: the target shows it"),
    "pending": _settled("handed over; a person carries it out"),
    "failed": _settled("FAILED"),
    "dropped": _settled("dropped"),
    "drift": _drift,
    "held_back": _held_back,
    "consent": _consent,
    "guard_stopped": _stopped,
    "changed": _changed,
    "head": _head,
    "run_finished": _finished,
    "run_interrupted": lambda _: "run interrupted; the next run settled its open changes",
}


def _reasons(body: dict[str, Any]) -> str:
    return "; ".join(f"{one['code']}: {one['message']}" for one in body.get("reasons", ()))


def _holding(holding: dict[str, Any] | None) -> str:
    return "nothing" if holding is None else _held(holding)


def _held(holding: dict[str, Any]) -> str:
    locations = holding.get("locations")
    if locations is None:
        return "access"
    return f"access for {', '.join(locations)}" if locations else "access for no location"
