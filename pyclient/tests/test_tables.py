"""Tables in each form: paths through values, aligned text, Markdown, and CSV that no spreadsheet runs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from icaccess.tables import as_csv, as_json, as_markdown, as_text, harmless, markdown_text, table


@dataclass(frozen=True)
class Inner:
    code: str
    held: bool | None


@dataclass(frozen=True)
class Outer:
    id: str
    one: Inner | None
    many: tuple[Inner, ...]


ROWS = [Outer("1", Inner("a", True), (Inner("x", None), Inner("y", False))), Outer("2", None, ())]
COLUMNS = {"id": "id", "code": "one.code", "held": "one.held", "codes": "many.code"}


def test_a_column_is_a_path_into_the_row() -> None:
    assert list(table(COLUMNS, ROWS)) == [
        ["id", "code", "held", "codes"],
        ["1", "a", "true", "x; y"],
        ["2", "", "", ""],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u200b=", "\uff1d", "\u2212"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"


def test_other_cells_stay() -> None:
    for cell in ("", "2025-09-10", "a=b", "Office Professional"):
        assert harmless(cell) == cell


def test_csv_quotes_every_cell_and_holds_one_line_for_each_row() -> None:
    assert as_csv([["a"], ['say "x"'], ["two\nlines"], ["=1"]]) == (
        '"a"\r\n"say ""x"""\r\n"two\\nlines"\r\n"\'=1"\r\n'
    )


def test_text_is_aligned_with_numbers_to_the_right() -> None:
    lines = as_text([["role", "people"], ["Teacher", "7"], ["Clerk", "1,200"]], indent=2)
    assert list(lines) == ["  role     people", "  Teacher       7", "  Clerk     1,200"]


def test_markdown() -> None:
    lines = as_markdown(("who", "n"), [(markdown_text("a|b"), "1")], numbers=(1,))
    assert list(lines) == ["| who | n |", "|---|--:|", r"| a\|b | 1 |"]


def test_json_ends_with_a_line_feed() -> None:
    assert as_json({"a": 1}) == '{\n  "a": 1\n}\n'
