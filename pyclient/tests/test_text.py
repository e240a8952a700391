"""Text from outside: what is shown holds no character that a terminal obeys."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icaccess.errors import FactsError
from icaccess.text import LONGEST_MESSAGE, clip, how_many, impersonal, printable, printable_json, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Lincoln", "Lincoln"),
        ("Zoë Núñez 李", "Zoë Núñez 李"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nicaccess: all is well", "a\\nicaccess: all is well"),
        ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
        ("\u202egnp", "\\u202egnp"),
        ("\x9b2J\x7f\r", "\\x9b2J\\x7f\\r"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_printable_escapes_what_does_not_print(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_keeps_a_character_that_does_not_print(text: str) -> None:
    assert printable(text).isprintable()
    assert len(clip(text, 10)) <= 10
    assert all(unicodedata.category(c)[0] != "C" for c in str(FactsError(text)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\\N", r"'\N'"),
        ("DPS\\jo", r"'DPS\jo'"),
        ("a\\", r"'a\\'"),
        ("a\\'b", '"a\\\\\'b"'),
        ("\x1b", r"'\x1b'"),
    ],
    ids=["before a letter", "in the middle", "at the end", "before a quote", "escape"],
)
def test_a_backslash_is_quoted_as_written(text: str, shown: str) -> None:
    assert quoted(text) == shown
    assert impersonal(f"the role {shown} is wrong; see 'x'") == "the role … is wrong; see …"


def test_a_long_message_is_cut() -> None:
    assert clip("x" * 300) == "x" * 199 + "…"
    assert clip("short") == "short"
    assert len(str(FactsError("y" * 10_000))) == LONGEST_MESSAGE


@given(st.text())
def test_json_keeps_its_value_and_loses_what_terminals_obey(text: str) -> None:
    document = json.dumps({text: [text]}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    shown = printable_json(document + b"\n")
    assert json.loads(shown) == {text: [text]}
    assert shown.decode().removesuffix("\n").isprintable()


def test_commands_write_through_one_place_alone() -> None:
    cli = Path(__file__).parents[1] / "icaccess" / "cli"
    ways = re.compile(r"click\.(secho|echo)\(|\bprint\(|sys\.std(out|err)\.(write|buffer)")
    found = [
        f"{file.name}: {line.strip()}"
        for file in sorted(cli.glob("*.py"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if ways.search(line) and file.name != "text.py"
    ]
    assert found == ["__init__.py: click.echo(ctx.get_help())"]


def test_one_thing_is_counted_in_the_singular() -> None:
    assert [how_many(number, "fact") for number in (0, 1, 1000)] == ["0 facts", "1 fact", "1,000 facts"]
    assert how_many(2, "person", "people") == "2 people"
