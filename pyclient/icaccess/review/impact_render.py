"""An impact as text, Markdown for a pull request, JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from icaccess.models import Decision
from icaccess.review.impact import ACTIONS, KINDS, Change, Impact, Kind
from icaccess.review.render import as_csv, as_json, markdown_text
from icaccess.review.versions import Version
from icaccess.text import printable

_COLUMNS = (
    *("employee_id", "first_day", "last_day", "kind", "fields", "outcome_before", "outcome_after"),
    *("reasons_before", "reasons_after", "action_before", "action_after", "roles", "locations"),
)


def impact_text(impact: Impact, examples: int) -> str:
    """The impact for a terminal: counts, then some people of each kind, then what an apply would do."""
    return "".join(f"{printable(line)}\n" for line in _text(impact, examples))


def impact_markdown(impact: Impact, examples: int) -> str:
    """The impact for a pull request's comment: what matters first, the people folded away."""
    return "".join(f"{line}\n" for line in _markdown(impact, examples))


def impact_json(impact: Impact) -> str:
    """Everything, with the counts that the other formats show."""
    return as_json(
        {
            "base": impact.base,
            "head": impact.head,
            "first_day": impact.first_day,
            "last_day": impact.last_day,
            "people": impact.people,
            "people_changed": impact.people_changed,
            "by_kind": impact.by_kind(),
            "by_reason": {code: {"lost": a, "gained": b} for code, (a, b) in impact.by_reason().items()},
            "by_role": impact.by_role(),
            "by_location": impact.by_location(),
            "actions_before": impact.actions_before,
            "actions_after": impact.actions_after,
            "changes": impact.changes,
        }
    )


def impact_csv(impact: Impact) -> str:
    """One line for each change; no cell that a spreadsheet would run."""
    return as_csv(_COLUMNS, map(_row, impact.changes))


def _row(change: Change) -> tuple[str, ...]:
    before, after = change.before, change.after
    return (
        *(change.employee_id, str(change.first_day), str(change.last_day), change.kind),
        *("; ".join(change.fields), before.outcome, after.outcome, _codes(before), _codes(after)),
        *(before.action, after.action, "; ".join(change.roles), "; ".join(change.locations)),
    )


def _text(impact: Impact, examples: int) -> Iterator[str]:
    yield f"base: {_version(impact.base)}"
    yield f"head: {_version(impact.head)}"
    yield _summary(impact)
    for kind, number in impact.by_kind().items():
        yield ""
        yield f"{KINDS[kind]}: {number:,}"
        for change in _examples(impact, kind, examples):
            yield f"  {change.employee_id}  {_span(impact, change)}{_told(change)}"
        if number > examples:
            yield f"  … and {number - examples:,} more"
    for title, counts in _counts(impact):
        yield ""
        yield f"{title}"
        yield from (f"  {name:<36} {number}" for name, number in counts)
    yield ""
    yield "What an apply would do" + ("" if impact.first_day == impact.last_day else " on the first day")
    for action in ACTIONS:
        before, after = impact.actions_before[action], impact.actions_after[action]
        yield f"  {action:<8} {before:>6,} → {after:>6,}" + (
            f"  {after - before:+,}" if after != before else ""
        )


def _markdown(impact: Impact, examples: int) -> Iterator[str]:
    yield "### Impact on access"
    yield ""
    yield f"**{markdown_text(_summary(impact))}**"
    yield ""
    yield f"base: {markdown_text(_version(impact.base))}<br>head: {markdown_text(_version(impact.head))}"
    yield ""
    yield "| an apply would | base | head | |"
    yield "|---|--:|--:|--:|"
    for action in ACTIONS:
        before, after = impact.actions_before[action], impact.actions_after[action]
        yield f"| {action} | {before:,} | {after:,} | {f'{after - before:+,}' if after != before else ''} |"
    for kind, number in impact.by_kind().items():
        yield ""
        yield f"<details><summary>{KINDS[kind]}: {number:,}</summary>"
        yield ""
        for change in _examples(impact, kind, examples):
            told = markdown_text(f"{_span(impact, change)}{_told(change)}")
            yield f"- {markdown_text(change.employee_id)} {told}"
        if number > examples:
            yield f"- … and {number - examples:,} more"
        yield ""
        yield "</details>"
    for title, counts in _counts(impact):
        yield ""
        yield f"| {title} | people |"
        yield "|---|--:|"
        yield from (f"| {markdown_text(name)} | {markdown_text(number)} |" for name, number in counts)


def _summary(impact: Impact) -> str:
    days = f"on {impact.first_day}"
    if impact.last_day != impact.first_day:
        days = f"on each day from {impact.first_day} through {impact.last_day}"
    if not impact.changes:
        return f"{impact.people:,} people decided {days}: nothing changes"
    changed = impact.people_changed
    if not changed:
        return f"{impact.people:,} people decided {days}: nothing changes but words"
    verb = "changes" if changed == 1 else "change"
    return f"{impact.people:,} people decided {days}: {changed:,} {verb}"


def _version(version: Version) -> str:
    commit = f" at {version.commit[:12]}" if version.commit else ""
    revisions = f"policy {version.policy_revision[:12]}, data {version.data_revision[:12]}"
    return f"{version.name}{commit} ({revisions})"


def _counts(impact: Impact) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    reasons = [(code, f"+{come:,} -{gone:,}") for code, (gone, come) in impact.by_reason().items()]
    roles = [(role, f"{number:,}") for role, number in impact.by_role().items()]
    places = [(place, f"{number:,}") for place, number in impact.by_location().items()]
    for title, counts in (("By reason", reasons), ("By role", roles), ("By location", places)):
        if counts:
            yield title, counts


def _examples(impact: Impact, kind: Kind, number: int) -> Iterator[Change]:
    """The first change of that kind of as many people."""
    seen: dict[str, Change] = {}
    for change in impact.changes:
        if change.kind == kind:
            seen.setdefault(change.employee_id, change)
    yield from islice(seen.values(), number)


def _span(impact: Impact, change: Change) -> str:
    if impact.first_day == impact.last_day:
        return ""
    return f"from {change.first_day} through {change.last_day}: "


def _told(change: Change) -> str:
    """From what to what, and why."""
    before, after = change.before, change.after
    if before.outcome != after.outcome:
        shown = f"{before.outcome} → {after.outcome}"
    elif _codes(before) != _codes(after):
        shown = f"{after.outcome}: {_codes(before)} → {_codes(after)}"
    elif change.kind == "wording":
        return "; ".join(f"{old} → {new}" for old, new in _words(before, after))
    else:
        parts = [field for field in change.fields if field not in {"reasons", "action"}]
        shown = "; ".join(f"{part} {_value(before, part)} → {_value(after, part)}" for part in parts)
    if before.action != after.action:
        shown += f" ({before.action} → {after.action})"
    why = " ".join(reason.message for reason in after.reasons)
    return f"{shown}. {why}" if why else shown


def _words(before: Decision, after: Decision) -> Iterator[tuple[str, str]]:
    """The messages and remedies that differ, reason by reason."""
    for old, new in zip(before.reasons, after.reasons, strict=True):
        if old.message != new.message:
            yield old.message, new.message
        if old.remedy != new.remedy:
            yield old.remedy, new.remedy


def _value(decision: Decision, field: str) -> str:
    value = getattr(decision, field)
    if field == "expiry":
        return f"{value.valid_through} ({value.state})" if value else "none"
    if field == "basis":
        return f"{value.role} at {value.location}, approved {value.approval.decided_on}" if value else "none"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)


def _codes(decision: Decision) -> str:
    return "; ".join(reason.code for reason in decision.reasons)
