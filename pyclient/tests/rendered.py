"""What renderers give, as a user reads it."""

from __future__ import annotations

from collections.abc import Iterable


def shown(lines: Iterable[str]) -> str:
    """The lines that a renderer gives as one text, each ended by a line feed."""
    return "".join(f"{line}\n" for line in lines)
