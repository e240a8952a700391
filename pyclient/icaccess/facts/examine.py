"""One source tried by itself, for `icaccess doctor`: is it there, whole, fresh and mapped rightly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from icaccess.facts.reading import Item, Reader

SAMPLES = 2
_PERSONAL = {
    "people": {"id", "name", "email", "username"},
    "approvals": {"approver"},
}
_MASK = "***"


class Examined(NamedTuple):
    """What a source gave: rows, how many cannot be used, its age in hours where known, and masked samples."""

    rows: int
    rejected: int
    age_hours: float | None
    samples: list[str]


def examine(reader: Reader) -> Examined:
    """Read a source to its end; `FactsError` when it cannot be read or believed."""
    samples: list[str] = []
    rejected = 0
    for item in reader.items():
        if item.fact is None:
            rejected += 1
        elif len(samples) < SAMPLES:
            samples.append(_masked(item))
    age = None if reader.as_of is None else (datetime.now(UTC) - reader.as_of).total_seconds() / 3600
    return Examined(reader.read, rejected, age, samples)


def _masked(item: Item) -> str:
    """A row as it was understood, with nothing in it that tells who it is about."""
    fact: dict[str, Any] = msgspec.to_builtins(item.fact)
    personal = _PERSONAL.get(item.kind, set())
    shown = {key: _MASK if key in personal else value for key, value in fact.items()}
    return msgspec.json.encode({item.key_kind: _MASK, **shown}).decode()
