"""Results in the user's cache, each under the digest of all that it was made of."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from icaccess.files import write_private
from icaccess.opa.program import cache_dir

_KEPT = 40
"""How many results of a kind the cache keeps: those used last."""

Value = TypeVar("Value")


def from_cache(name: str, kind: type[Value], make: Callable[[], Value], digest: Callable[[], str]) -> Value:
    """The value that `make` gives, from the cache where `digest` is what it was when the value was made.

    `cached_at` of a struct that has it holds the instant at which a value from the cache was made. A cache
    that cannot be read or written costs time and nothing else. What was made while the digest changed is not
    kept, since nobody knows of which content it tells.
    """
    folder = cache_dir() / "review"
    before = digest()
    place = folder / f"{before}-{name}.json"
    with suppress(OSError, msgspec.DecodeError):
        made_at = place.stat().st_mtime
        kept: Any = msgspec.json.decode(place.read_bytes(), type=kind)
        os.utime(place, (time.time(), made_at))
        if hasattr(kept, "cached_at"):
            instant = datetime.fromtimestamp(made_at, UTC).isoformat(timespec="seconds")
            kept = msgspec.structs.replace(kept, cached_at=instant)
        value: Value = kept
        return value
    value = make()
    if digest() != before:
        return value
    with suppress(OSError):
        write_private(place, [msgspec.json.encode(value)])
        alike = folder.glob(f"*-{name.partition('-')[0]}*.json")
        for unused in sorted(alike, key=lambda one: one.stat().st_atime)[:-_KEPT]:
            unused.unlink(missing_ok=True)
    return value
