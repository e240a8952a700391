"""Tables as CSV, text, Markdown and JSON: the one place that knows how to write each.

A table is columns over rows. A column is a name and the path to its value in a row, such as `"approver":
"basis.approval.approver"`. If a step of the path is null, the cell is empty; if one is a list, the cell holds
a value for each item.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from icaccess.text import printable

Columns = Mapping[str, str]
"""The name of each column and the path to its value."""


def table(columns: Columns, rows: Iterable[object]) -> Iterator[list[str]]:
    """The names of the columns, and then the cells of each row as text."""
    yield list(columns)
    for row in rows:
        yield [cell(_value(row, path.split("."))) for path in columns.values()]


def cell(value: object) -> str:
    """A value as the text of a cell: null is empty, and `; ` separates the items of a list."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "; ".join(map(cell, value))
    return str(value)


def as_csv(lines: Iterable[Sequence[str]]) -> str:
    """Lines of cells as CSV, every cell quoted, and none that a spreadsheet runs as a formula.

    It escapes characters that do not print.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([harmless(printable(one)) for one in line] for line in lines)
    return text.getvalue()


def as_text(lines: Iterable[Sequence[str]], indent: int = 0) -> Iterator[str]:
    """Lines of cells as lines of aligned text; numbers align right."""
    rows = [list(map(printable, line)) for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            one.rjust(width) if one[-1:].isdigit() and one[:1] in "+-0123456789" else one.ljust(width)
            for one, width in zip(row, widths, strict=True)
        )
        yield " " * indent + "  ".join(cells).rstrip()


def as_markdown(
    head: Sequence[str], lines: Iterable[Sequence[str]], numbers: Iterable[int] = ()
) -> Iterator[str]:
    """The lines of a Markdown table whose cells are Markdown; the columns in `numbers` align right."""
    right = set(numbers)
    yield f"| {' | '.join(head)} |"
    yield "|" + "".join("--:|" if place in right else "---|" for place in range(len(head)))
    yield from (f"| {' | '.join(line)} |" for line in lines)


def as_json(value: object) -> str:
    """A value as indented JSON, ended by a line feed."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def markdown_text(text: str) -> str:
    """The text on one line, without any part that Markdown reads as markup."""
    return "".join(
        f"\\{char}" if char in "\\`*_{}[]<>|#~&" else char for char in printable(" ".join(text.split()))
    )


def harmless(text: str) -> str:
    """The cell as text that no spreadsheet takes for a formula: with an apostrophe in front if needed.

    Spreadsheets run what begins with `=`, `+`, `-` or `@`, in full width too, some of them after blanks or
    invisible characters; a leading tab or line break can split the cell.
    """
    for character in text:
        if unicodedata.category(character)[0] not in "CZ":
            start = unicodedata.normalize("NFKC", character)
            return f"'{text}" if start in ("=", "+", "-", "@", "\u2212") or text[0] in "\t\r\n" else text
    return f"'{text}" if text else text


def _value(row: Any, path: Sequence[str]) -> object:
    if not path or row is None:
        return row
    if isinstance(row, list | tuple):
        return [_value(item, path) for item in row]
    inner = row.get(path[0]) if isinstance(row, Mapping) else getattr(row, path[0])
    return _value(inner, path[1:])
