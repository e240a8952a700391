"""Which rows of a source count, and which say that a job ended: columns, and the texts that they may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from icaccess.facts.names import plain
from icaccess.validation import show

Look = Callable[[Any], Any]
"""Looks up a column or field in a row."""


class Conditions:
    """The conditions of one setting, `where` or `ended`; a row meets them when it meets each."""

    def __init__(
        self, setting: str, columns: Mapping[str, tuple[str, ...]], look: Callable[[str], Look]
    ) -> None:
        self._setting = setting
        self._conditions = [
            (
                column,
                look(column),
                frozenset(texts),
                {form: text for text in sorted(texts, reverse=True) if (form := plain(text))},
            )
            for column, texts in columns.items()
        ]

    def __bool__(self) -> bool:
        return bool(self._conditions)

    def meets(self, row: Mapping[str, Any]) -> bool:
        """Whether each column has one of its texts."""
        return all(cell_text(look(row)) in texts for _, look, texts, _ in self._conditions)

    def unmet(self, row: Mapping[str, Any]) -> tuple[str, str]:
        """The first column that has none of its texts, and the text that it has."""
        found = ((column, cell_text(look(row)), texts) for column, look, texts, _ in self._conditions)
        return next(((column, text) for column, text, texts in found if text not in texts), ("", ""))

    def misspelled(self, row: Mapping[str, Any]) -> str | None:
        """Why nobody can say whether a row meets them, when only spelling keeps it from that; else None."""
        problem = None
        for column, look, texts, spellings in self._conditions:
            written = cell_text(look(row))
            meant = spellings.get(plain(written))
            if meant is None:
                return None
            if written not in texts and problem is None:
                problem = (
                    f"{column} {show(written)} may be {show(meant)} of `{self._setting}`, spelled "
                    f"differently; correct it, or add it to `{self._setting}`"
                )
        return problem


def cell_text(value: Any) -> str:
    """A cell as text to compare with texts of the settings; JSON's `true` and `1` keep their spelling."""
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
