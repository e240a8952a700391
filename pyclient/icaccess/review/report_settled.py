"""The settled interpretations: `settled.yaml` of the policy, filled in with the values of the policy data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from icaccess.config.policy_data import Requirements
from icaccess.errors import PolicyError
from icaccess.review.report_data import Part, Settled

NAME = "settled.yaml"


class _File(Part, frozen=True, kw_only=True):
    settled: tuple[Settled, ...]


def read_settled(policy: Path, requirements: Requirements) -> tuple[Settled, ...] | None:
    """The questions that the posted page leaves open, with the policy's answers; None without the file.

    Words in braces become values of `data.requirements`, so that an answer never says another number than the
    one that decides. `PolicyError` when the file is not of that shape or names a value that there is not.
    """
    file = policy / NAME
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        found = msgspec.convert(yaml.load(content, yaml.CSafeLoader), _File).settled
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise PolicyError(f"{file}: is no list of settled questions: {error}") from error
    values = _values(requirements)
    try:
        return tuple(
            msgspec.structs.replace(one, answer=one.answer.format_map(values).strip()) for one in found
        )
    except (KeyError, ValueError, IndexError) as error:
        raise PolicyError(f"{file}: {error} in braces is no value of data.requirements") from error


def _values(requirements: Requirements) -> Mapping[str, str]:
    flat = {**msgspec.to_builtins(requirements), **msgspec.to_builtins(requirements.validity)}
    return {name: str(value) for name, value in flat.items() if isinstance(value, str | int)}
