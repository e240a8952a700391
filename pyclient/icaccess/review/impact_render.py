"""An impact as text, Markdown for a pull request, JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from icaccess.models import Decision
from icaccess.review.impact import ACTIONS, KINDS, DayActions, DecisionChange, Impact, ImpactKind
from icaccess.review.versions import Version
from icaccess.tables import as_csv, as_markdown, as_text, markdown_text, table
from icaccess.text import how_many

_COLUMNS = {
    "employee_id": "employee_id",
    "first_day": "first_day",
    "last_day": "last_day",
    "kind": "kind",
    "fields": "fields",
    "outcome_before": "before.outcome",
    "outcome_after": "after.outcome",
    "reasons_before": "before.reasons.code",
    "reasons_after": "after.reasons.code",
    "action_before": "before.action",
    "action_after": "after.action",
    "roles": "roles",
    "locations": "locations",
}


def impact_csv(impact: Impact) -> str:
    """One line for each change."""
    return as_csv(table(_COLUMNS, impact.changes))


def impact_text(impact: Impact, examples: int) -> Iterator[str]:
    """The impact for a terminal: counts, then some people of each kind, then what an apply would do."""
    yield f"base: {version_words(impact.base)}"
    yield f"head: {version_words(impact.head)}"
    yield _summary(impact)
    for kind, number in impact.by_kind.items():
        yield ""
        yield f"{KINDS[kind]}: {number:,}"
        yield from (f"  {who}  {how}" for who, how in _examples(impact, kind, examples))
        if number > examples:
            yield f"  … and {number - examples:,} more"
    for title, counts in _counts(impact):
        yield ""
        yield f"{title}"
        yield from as_text(counts, indent=2)
    for day in impact.actions:
        yield ""
        yield f"What an apply would do on {day.day}"
        rows = ([action, base, "→", head, change] for action, base, head, change in _rows(day))
        yield from as_text(rows, indent=2)


def impact_markdown(impact: Impact, examples: int) -> Iterator[str]:
    """The impact for a pull request's comment: what matters first, the people folded away."""
    yield from ("### Impact on access", "", f"**{markdown_text(_summary(impact))}**", "")
    base, head = (markdown_text(version_words(one)) for one in (impact.base, impact.head))
    yield f"base: {base}<br>head: {head}"
    for day in impact.actions:
        yield ""
        yield from as_markdown(
            (f"an apply on {day.day} would", "base", "head", ""), _rows(day), numbers=(1, 2, 3)
        )
    for kind, number in impact.by_kind.items():
        yield from ("", f"<details><summary>{KINDS[kind]}: {number:,}</summary>", "")
        for who, how in _examples(impact, kind, examples):
            yield f"- {markdown_text(who)} {markdown_text(how)}"
        if number > examples:
            yield f"- … and {number - examples:,} more"
        yield from ("", "</details>")
    for title, counts in _counts(impact):
        yield ""
        yield from as_markdown(
            (title, "people"), (list(map(markdown_text, line)) for line in counts), numbers=(1,)
        )


def _rows(day: DayActions) -> Iterator[tuple[str, str, str, str]]:
    for action in ACTIONS:
        base, head = day.base[action], day.head[action]
        yield action, f"{base:,}", f"{head:,}", f"{head - base:+,}" if head != base else ""


def _summary(impact: Impact) -> str:
    days = f"on {impact.first_day}"
    if impact.last_day != impact.first_day:
        days = f"on each day from {impact.first_day} through {impact.last_day}"
    changes = "nothing changes but words" if impact.changes else "nothing changes"
    if impact.people_changed:
        changes = how_many(impact.people_changed, "changes", "change")
    return f"{how_many(impact.people, 'person', 'people')} decided {days}: {changes}"


def version_words(version: Version) -> str:
    """A version in words: its name, its commit if it is one, and the digests that decided."""
    commit = f" at {version.commit[:12]}" if version.commit else ""
    revisions = f"policy {version.policy_revision[:12]}, data {version.data_revision[:12]}"
    return f"{version.name}{commit} ({revisions})"


def _counts(impact: Impact) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    reasons = [(code, f"+{change.gained:,} -{change.lost:,}") for code, change in impact.by_reason.items()]
    roles = [(role, f"{number:,}") for role, number in impact.by_role.items()]
    places = [(place, f"{number:,}") for place, number in impact.by_location.items()]
    for title, counts in (("By reason", reasons), ("By role", roles), ("By location", places)):
        if counts:
            yield title, counts


def _examples(impact: Impact, kind: ImpactKind, number: int) -> Iterator[tuple[str, str]]:
    """The first change of that kind of as many people: who, and how it differs."""
    seen: dict[str, DecisionChange] = {}
    for change in impact.changes:
        if change.kind == kind:
            seen.setdefault(change.employee_id, change)
    for who, change in islice(seen.items(), number):
        days = f"from {change.first_day} through {change.last_day}: "
        how = difference_words(kind, change.fields, change.before, change.after)
        yield who, (days if impact.first_day != impact.last_day else "") + how


def difference_words(kind: ImpactKind, fields: tuple[str, ...], before: Decision, after: Decision) -> str:
    """From what to what a decision changes, and why."""
    if before.outcome != after.outcome:
        shown = f"{before.outcome} → {after.outcome}"
    elif _codes(before) != _codes(after):
        shown = f"{after.outcome}: {_codes(before)} → {_codes(after)}"
    elif kind == "wording":
        return "; ".join(f"{old} → {new}" for old, new in _words(before, after))
    else:
        parts = [field for field in fields if field not in {"reasons", "action"}]
        shown = "; ".join(f"{part} {_value(before, part)} → {_value(after, part)}" for part in parts)
    if before.action != after.action:
        shown += f" ({before.action} → {after.action})"
    why = " ".join(reason.message for reason in after.reasons)
    return f"{shown}. {why}" if why else shown


def _words(before: Decision, after: Decision) -> Iterator[tuple[str, str]]:
    """The messages and remedies that differ, reason by reason."""
    for old, new in zip(before.reasons, after.reasons, strict=True):
        for was, becomes in ((old.message, new.message), (old.remedy, new.remedy)):
            if was != becomes:
                yield was, becomes


def _value(decision: Decision, field: str) -> str:
    value = getattr(decision, field)
    if field == "expiry":
        return f"{value.valid_through} ({value.state})" if value else "none"
    if field == "basis":
        return f"{value.role} at {value.location}, approved {value.approval.decided_on}" if value else "none"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)


def _codes(decision: Decision) -> str:
    return "; ".join(reason.code for reason in decision.reasons)
