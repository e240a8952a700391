"""Whether the posted page still says what each clause serves, by the SHA-256 of its sentences.

The page's own text is not kept: `clauses.yaml` holds, for each clause, the digests of the sentences that it
serves and the day on which they were read. `compare` holds a saved copy of the page against them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from icaccess.errors import PolicyError
from icaccess.files import file_to_read
from icaccess.review.report_clauses import ClauseWords
from icaccess.review.trace import TracedClause

_BLOCKS = {"p", "div", "li", "ul", "ol", "tr", "td", "th", "br", "section"} | {f"h{n}" for n in range(1, 7)}
_BULLET = re.compile(r"^\s*[•*·-]\s*")
_END = re.compile(r"(?<=[.!?])\)?\s+(?=\(?[A-Z])")
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--")


class PageClause(msgspec.Struct, frozen=True):
    """How much of what a clause serves still stands on the page: `standing` of `served` sentences."""

    clause: str
    read_on: date
    served: int
    standing: int

    @property
    def stands(self) -> bool:
        """Whether every sentence that the clause serves is there as it was read."""
        return self.standing == self.served


class PageComparison(msgspec.Struct, frozen=True):
    """Every clause, and the sentences of the page's requirements that none of them has been read from.

    `unread` begins with the first sentence that some clause serves and ends with the last: what stands before
    and after them is the page's head and foot.
    """

    clauses: tuple[PageClause, ...]
    unread: tuple[str, ...]

    @property
    def changed(self) -> tuple[PageClause, ...]:
        """The clauses of which something has changed or gone."""
        return tuple(clause for clause in self.clauses if not clause.stands)


def read_page(file: Path) -> list[str]:
    """The sentences of a saved page, HTML or text, in their order; `PolicyError` when there are none."""
    try:
        text = file_to_read(file, piped=True).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PolicyError(f"{file}: cannot be read: {why}; save the page as HTML or text in UTF-8") from error
    blocks: Iterable[str] = _blocks(text)
    if re.search(r"<(?:html|body|p|li|div)\b", text, re.IGNORECASE):
        parser = _Text()
        parser.feed(text)
        blocks = parser.blocks
    parts = (part for block in blocks for part in _END.split(" ".join(block.split())))
    sentences = [sentence for part in parts if (sentence := part.strip(" ()"))]
    if not sentences:
        raise PolicyError(f"{file}: holds no sentence; save the page as HTML or text")
    return sentences


def digest(sentence: str) -> str:
    """The SHA-256 of a sentence, whatever its spaces, quotation marks and letters' case."""
    plain = unicodedata.normalize("NFKC", sentence).translate(_QUOTES)
    return hashlib.sha256(" ".join(plain.split()).strip(" ()").casefold().encode()).hexdigest()


def compare(clauses: Sequence[ClauseWords], sentences: Sequence[str]) -> PageComparison:
    """What of each clause still stands on the page; clauses that name no sentence are left out.

    `PolicyError` when none names one: then nothing was compared.
    """
    there = {digest(sentence): place for place, sentence in enumerate(sentences)}
    pages = {clause.clause: clause.page for clause in clauses if clause.page is not None}
    if not pages:
        raise PolicyError(
            "clauses.yaml of the policy is not there or names no sentence of the page, so nothing can be "
            "compared; give the policy folder with --policy"
        )
    served = {one for page in pages.values() for one in page.sentences}
    places = [there[one] for one in served & there.keys()]
    between = sentences[min(places, default=0) : max(places, default=-1) + 1]
    return PageComparison(
        tuple(
            PageClause(name, page.read_on, len(page.sentences), len(there.keys() & set(page.sentences)))
            for name, page in pages.items()
        ),
        tuple(
            sentence
            for sentence in between
            if digest(sentence) not in served and sentence.endswith((".", ")"))
        ),
    )


def page_text(found: PageComparison, resting: Sequence[TracedClause]) -> Iterator[str]:
    """The comparison in words: each clause, and what rests on those that have changed."""
    rests = {clause.clause: clause for clause in resting}
    for clause in found.clauses:
        if clause.stands:
            yield f"{clause.clause:<6} stands as read on {clause.read_on}"
            continue
        changed = f"{clause.served - clause.standing} of {clause.served} sentences"
        yield f"{clause.clause:<6} CHANGED OR GONE: {changed} read on {clause.read_on}"
        if (rest := rests.get(clause.clause)) is not None:
            yield from (f"  rule  {rule.file}:{rule.line}  {rule.title or rule.path}" for rule in rest.rules)
            yield from (f"  case  {case.file}:{case.line}  {case.name}" for case in rest.cases)
    yield from (f"NEW, and no clause serves it: {sentence}" for sentence in found.unread)
    if found.changed or found.unread:
        yield "change rules, cases and clauses.yaml; icaccess impact --base HEAD shows whom it touches"
    else:
        yield f"all {len(found.clauses)} clauses stand on the page"


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs and list items: ended by an empty line, or by a bullet."""
    block: list[str] = []
    for line in text.splitlines():
        if block and (not line.strip() or _BULLET.match(line)):
            yield " ".join(block)
            block = []
        if line.strip():
            block.append(_BULLET.sub("", line).strip())
    if block:
        yield " ".join(block)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [""]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 — the parser's own signature
        self._hidden += tag in {"script", "style"}
        if tag in _BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"}
        if tag in _BLOCKS:
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.blocks[-1] += data
