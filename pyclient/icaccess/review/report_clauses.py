"""The posted page in words, and the rules that serve it: `clauses.yaml` of the policy, filled in with the
values of the policy data, and each clause's rules with their source.

`python -m icaccess.review.report_clauses` writes it to `docs/clauses.md`, as the policy here has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import takewhile
from pathlib import Path

import msgspec

from icaccess.config.policy_data import Requirements, load_policy_data
from icaccess.errors import PolicyError
from icaccess.marked_yaml import read_file
from icaccess.opa.program import find_opa
from icaccess.review.source import CLAUSES, PolicySource
from icaccess.review.trace import trace_policy
from icaccess.validation import converted

_HEAD = """# The posted page, clause by clause

What each clause of the posted page asks, in our own words, and how this policy answers the questions that the
page leaves open. `policy/clauses.yaml` holds the words, `config/requirements/data.yaml` the values.
`icaccess report` shows the current state of both, and leads from each clause to its rules and tests.
"""


class Settled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question that the posted page leaves open, the answer chosen, and why."""

    question: str
    answer: str
    why: str


class PageSentences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sentences of the page that a clause serves, by SHA-256, and the day on which they were read."""

    read_on: date
    sentences: tuple[str, ...]


class ClauseWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One posted clause: what it asks, where the page says so, and the questions that it leaves open."""

    clause: str
    asks: str
    page: PageSentences | None = None
    settled: tuple[Settled, ...] = ()


class RulePlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule of the policy: what it is called, where it stands in the policy's folder, and its source."""

    title: str
    place: str
    source: str = ""


class Traced(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One posted clause in the trace matrix; `gap` says what is missing, null when nothing is."""

    clause: str
    rules: tuple[RulePlace, ...]
    reasons: tuple[str, ...]
    tests: tuple[str, ...]
    gap: str | None


class _Listed(msgspec.Struct):
    clauses: tuple[ClauseWords, ...]


def read_clauses(policy: Path, requirements: Requirements) -> tuple[ClauseWords, ...] | None:
    """The posted clauses in words, with the answers to what they leave open; None without the file.

    Words in braces become values of `data.requirements`, so that an answer never says another number than the
    one that decides. `PolicyError` when the file is not of that shape or names a value that there is not.
    """
    file = policy / CLAUSES
    if not file.exists():
        return None
    written = read_file(file, PolicyError, "make it a file that this user may read")
    clauses = converted(written, _Listed, file, PolicyError).clauses
    values = _values(requirements)
    try:
        return tuple(
            msgspec.structs.replace(
                clause,
                settled=tuple(
                    msgspec.structs.replace(one, answer=one.answer.format_map(values).strip())
                    for one in clause.settled
                ),
            )
            for clause in clauses
        )
    except (KeyError, ValueError, IndexError) as error:
        raise PolicyError(f"{file}: {error} in braces is no value of data.requirements") from error


def traced_clauses(policy: Path, config: Path) -> tuple[Traced, ...]:
    """The matrix of the policy in a folder, whose tests are run for it.

    `EngineError` when there is no OPA to run them with, `PolicyError` when there are none or one does not
    compile.
    """
    source = PolicySource(find_opa(), policy, config)
    return tuple(
        Traced(
            clause=one.clause,
            rules=tuple(
                RulePlace(
                    title=rule.title or rule.path,
                    place=f"{Path(rule.file).relative_to(policy)}:{rule.line}",
                    source=_rule_text(Path(rule.file), rule.line),
                )
                for rule in one.rules
            ),
            reasons=one.reasons,
            tests=tuple(test.name for test in (*one.tests, *one.cases)),
            gap=one.gap,
        )
        for one in trace_policy(source).clauses
    )


def _rule_text(file: Path, line: int) -> str:
    """The rule whose head stands on a line: that line, and what is indented or closes a bracket after it."""
    first, *rest = file.read_text(encoding="utf-8").splitlines()[line - 1 :]
    body = takewhile(lambda text: not text or text[0] in "\t )]}", rest)
    return "\n".join([first, *body]).rstrip()


def as_markdown(clauses: Sequence[ClauseWords]) -> str:
    """The clauses as a page of the documentation."""
    text = _HEAD
    for clause in clauses:
        text += f"\n## {clause.clause}\n\n{clause.asks}\n"
        for settled in clause.settled:
            text += f"\n**{settled.question}** {settled.answer} *{settled.why}*\n"
    return text


def _values(requirements: Requirements) -> Mapping[str, str]:
    flat = {**msgspec.to_builtins(requirements), **msgspec.to_builtins(requirements.validity)}
    summer = flat.get("summer", {"from": "(no day)", "through": "(no day)"})
    flat |= {f"summer_{name}": day for name, day in summer.items()}
    return {name: str(value) for name, value in flat.items() if isinstance(value, str | int)}


if __name__ == "__main__":
    shown = read_clauses(Path("policy"), load_policy_data(Path("config")).requirements)
    Path("docs/clauses.md").write_text(as_markdown(shown or ()), encoding="utf-8")
