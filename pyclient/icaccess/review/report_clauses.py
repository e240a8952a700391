"""The posted page in words: `clauses.yaml` of the policy, filled in with the values of the policy data.

`python -m icaccess.review.report_clauses` writes it to `docs/clauses.md`, as the policy here has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import yaml

from icaccess.config.policy_data import Requirements, load_policy_data
from icaccess.errors import PolicyError
from icaccess.review.report_data import ClauseWords, Settled
from icaccess.review.source import CLAUSES

_HEAD = """# The posted page, clause by clause

What each clause of the posted page asks, in our own words, and how this policy answers what the page leaves
open. The words stand in `policy/clauses.yaml`, the values in `config/requirements/data.yaml`.
`icaccess report` shows both as they are when it is made, and leads from each clause to its rules and tests.
"""


class _Listed(msgspec.Struct):
    clauses: tuple[ClauseWords, ...]


def read_clauses(policy: Path, requirements: Requirements) -> tuple[ClauseWords, ...] | None:
    """The posted clauses in words, with the answers to what they leave open; None without the file.

    Words in braces become values of `data.requirements`, so that an answer never says another number than the
    one that decides. `PolicyError` when the file is not of that shape or names a value that there is not.
    """
    file = policy / CLAUSES
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        clauses = msgspec.convert(yaml.load(content, yaml.CSafeLoader), _Listed).clauses
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise PolicyError(f"{file}: is no list of clauses: {error}") from error
    values = _values(requirements)
    try:
        return tuple(
            msgspec.structs.replace(
                clause, settled=tuple(_filled(settled, values) for settled in clause.settled)
            )
            for clause in clauses
        )
    except (KeyError, ValueError, IndexError) as error:
        raise PolicyError(f"{file}: {error} in braces is no value of data.requirements") from error


def as_markdown(clauses: Sequence[ClauseWords]) -> str:
    """The clauses as a page of the documentation."""
    text = _HEAD
    for clause in clauses:
        text += f"\n## {clause.clause}\n\n{clause.asks}\n"
        for settled in clause.settled:
            text += f"\n**{settled.question}** {settled.answer} *{settled.why}*\n"
    return text


def _filled(settled: Settled, values: Mapping[str, str]) -> Settled:
    return msgspec.structs.replace(settled, answer=settled.answer.format_map(values).strip())


def _values(requirements: Requirements) -> Mapping[str, str]:
    flat = {**msgspec.to_builtins(requirements), **msgspec.to_builtins(requirements.validity)}
    summer = flat.get("summer", {"from": "(no day)", "through": "(no day)"})
    flat |= {f"summer_{name}": day for name, day in summer.items()}
    return {name: str(value) for name, value in flat.items() if isinstance(value, str | int)}


if __name__ == "__main__":
    shown = read_clauses(Path("policy"), load_policy_data(Path("config")).requirements)
    Path("docs/clauses.md").write_text(as_markdown(shown or ()), encoding="utf-8")
