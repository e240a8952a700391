"""The people who show what a policy can decide, as text, Markdown and JSON, and as cases to add."""

from __future__ import annotations

from collections.abc import Iterator

from icaccess.review.impact_render import version_words
from icaccess.review.search.explore import Exploration, Explored
from icaccess.review.search.render import facts_yaml
from icaccess.tables import as_markdown, markdown_text
from icaccess.text import how_many

_SHOWN_LINES = 12


def exploration_markdown(found: Exploration) -> Iterator[str]:
    """A table with a row for each person, then the cases to add."""
    rows = (
        [str(number), one.at, *map(markdown_text, (_decided(one), _shows(one), "; ".join(facts)))]
        for number, one in enumerate(found.people, 1)
        for facts in [facts_yaml(one.employee)]
    )
    yield from as_markdown(("#", "on", "decision", "shows", "facts"), rows, numbers=(0,))
    yield ""
    yield from (f"{markdown_text(line)}  " for line in _conclusion(found))
    if found.cases:
        yield from ("", "```yaml", *found.cases.splitlines(), "```")


def exploration_text(found: Exploration) -> Iterator[str]:
    """For a terminal: each person with the day, the decision and the facts, then the cases to add."""
    yield version_words(found.version)
    for number, one in enumerate(found.people, 1):
        yield ""
        yield f"{number}. {_decided(one)}, on {one.at} ({how_many(one.facts, 'fact')})"
        yield f"   shows {_shows(one)}"
        yield from (f"     {line}" for line in facts_yaml(one.employee))
    yield ""
    yield from _conclusion(found)
    if found.cases:
        yield "As cases for policy/tests/cases/NAME/data.yaml:"
        yield from found.cases.splitlines()


def _decided(one: Explored) -> str:
    decision = one.decision
    if decision["outcome"] is None:
        return "no decision: the policy is undefined for these facts"
    parts = [decision["outcome"], decision["action"]]
    parts += [reason["code"] for reason in decision["reasons"]] + decision["warnings"]
    return ", ".join(parts)


def _shows(one: Explored) -> str:
    return ", ".join((*one.ways, *one.lines[:3], *(["…"] if len(one.lines) > 3 else ())))


def _conclusion(found: Exploration) -> Iterator[str]:
    tried = found.tried
    yield (
        f"Tried {tried.people:,} made-up people on {tried.days:,} days in {tried.seconds:g} s "
        f"(seed {tried.seed}); {tried.kinds_of_decision:,} kinds of decision were seen. "
        f"The {len(found.people):,} people above show every way to decide and every line that was reached."
    )
    untested = [name for one in found.people for name in one.untested]
    if untested:
        yield f"Reached by no test: {', '.join(untested)}."
    else:
        yield "Tests and cases reach all of that."
    if found.missed:
        more = f" and {len(found.missed) - _SHOWN_LINES:,} more" if len(found.missed) > _SHOWN_LINES else ""
        yield (
            f"Nobody tried reached {len(found.missed):,} lines, some of which answer questions that are not "
            f"about one person: {', '.join(found.missed[:_SHOWN_LINES])}{more}."
        )
    if found.problem:
        yield f"The search ended early: {found.problem}"
