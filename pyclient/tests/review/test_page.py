"""The posted page held against the sentences that the clauses were read from; the page here is made up."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from icaccess.config.policy_data import load_policy_data
from icaccess.errors import PolicyError
from icaccess.review.page import compare, digest, page_text, read_page
from icaccess.review.report_clauses import ClauseWords, PageSentences, read_clauses
from tests.rendered import shown

ROOT = Path(__file__).parents[3]
FIRST, SECOND, THIRD = "Everyone may enter.", "You must ring the bell first.", "Keys are collected in June."
TEXT = f"""\
  • A picture of a door

    The House

    {FIRST} However, guests are announced.

  • Rules
    • {SECOND}
    • ({THIRD})

CONTACT
    The Porter
"""
HTML = f"""<html><head><style>p {{color: red.}}</style></head><body><h1>The House</h1>
<p>{FIRST}
However, <b>guests</b> are announced.</p><ul><li>{SECOND}</li>
<li>({THIRD.replace(" ", "&nbsp;", 1)})</li></ul>
<script>var a = "Nothing. At all.";</script><p>Contact: The Porter</p></body></html>"""


def clause(name: str, *sentences: str) -> ClauseWords:
    page = PageSentences(read_on=date(2026, 1, 2), sentences=tuple(map(digest, sentences)))
    return ClauseWords(clause=name, asks="Something.", page=page)


CLAUSES = (
    clause("ES-1", FIRST, "However, guests are announced."),
    clause("ES-2", SECOND),
    clause("ES-3", THIRD),
)


def saved(tmp_path: Path, content: str) -> Path:
    (tmp_path / "page").write_text(content, encoding="utf-8")
    return tmp_path / "page"


def test_without_a_clause_nothing_stands(tmp_path: Path) -> None:
    for clauses in ((), (ClauseWords(clause="ES-1", asks="Something."),)):
        with pytest.raises(PolicyError, match="so nothing can be compared"):
            compare(clauses, read_page(saved(tmp_path, "One sentence.")))


@pytest.mark.parametrize("content", [TEXT, HTML], ids=["text", "html"])
def test_a_page_that_has_not_changed(tmp_path: Path, content: str) -> None:
    found = compare(CLAUSES, read_page(saved(tmp_path, content)))
    assert [(one.clause, one.served, one.standing) for one in found.clauses] == [
        ("ES-1", 2, 2),
        ("ES-2", 1, 1),
        ("ES-3", 1, 1),
    ]
    assert (found.changed, found.unread) == ((), ())
    assert shown(page_text(found, [])).endswith("all 3 clauses stand on the page\n")


@pytest.mark.parametrize("content", [TEXT, HTML], ids=["text", "html"])
def test_a_sentence_that_has_changed_and_one_that_is_new(tmp_path: Path, content: str) -> None:
    changed = content.replace("the bell first.", "the bell twice. Then wait.")
    found = compare(CLAUSES, read_page(saved(tmp_path, changed)))
    assert [one.clause for one in found.changed] == ["ES-2"]
    assert found.unread == ("You must ring the bell twice.", "Then wait.")
    text = shown(page_text(found, []))
    assert "ES-2   CHANGED OR GONE: 1 of 1 sentences read on 2026-01-02\n" in text
    assert "NEW, and no clause serves it: Then wait.\n" in text


def test_spaces_quotation_marks_and_capitals_are_no_change() -> None:
    assert digest("You  must ring the porter\u2019s\u00a0bell.") == digest("you must ring the porter's bell.")
    assert digest("Ring.") == hashlib.sha256(b"ring.").hexdigest()
    assert digest("Ring twice.") != digest("Ring.")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"  \n"])
def test_a_file_that_is_no_page(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "page").write_bytes(content)
    with pytest.raises(PolicyError, match="save the page as HTML or text"):
        read_page(tmp_path / "page")


def test_every_clause_says_which_sentences_it_serves() -> None:
    clauses = read_clauses(ROOT / "policy", load_policy_data(ROOT / "config").requirements)
    assert clauses
    for one in clauses:
        assert one.page is not None and one.page.sentences, one.clause
        assert all(len(sentence) == 64 for sentence in one.page.sentences)
