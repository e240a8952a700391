"""Names as people write them, compared with those of policy data: finds near misses."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from icaccess.config.policy_data import PolicyData
from icaccess.facts.settings import Kind

_LOOK_ALIKE = str.maketrans("oil", "011")
_LATIN = str.maketrans("авекмнорстухіјѕαβεηικμνορτυχζ", "abekmhopctyxijsabehikmvoptuxz")
"""Small letters of the Cyrillic and Greek alphabets that look Latin, or whose capitals do."""
_SUFFIX = re.compile(
    r"(\W+(\(.*\)|\[.*\]|(sy|fy|school year|version|v)?\W*\d+(\W+\d+)*"
    r"|certification|certificate|course|training))+$"
)
_YEAR = re.compile(r"\W+[(\[]?(sy|fy|school year)?\W*((19|20)\d\d(\W+\d{2,4})?|\d\d\W+\d\d)[)\]]?$")
_NOTHING = re.compile(
    r"#\S+|\\n|err:\d+|[(\[<]?(n\.?/?a\.?|null|none|nil|nan|blank|undefined|tb[da]|unknown|unassigned|vacant|pending"
    r"|to be (announced|assigned|determined)|not (available|applicable)|none specified|multiple|various"
    r"|see notes?|x{2,})[)\]>]?|0+|\W+"
)
_NO_ID = re.compile(r"#(div/0!|[^\s\d]+)|\\n|err:\d+|n/a|null|none|nan|\W+")
_CODE = re.compile(r"^\(?\d{3,}\)? | \(?\d{3,}\)?$")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_ABBREVIATED = re.compile(r"\w+\.?")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_SHORT = 6
"""Shorter names are not compared by edits: two edits can turn one into another."""


def spreadsheet_id(identifier: str) -> str:
    """An id without the changes that spreadsheets and typing make.

    These are missing leading zeros, a final `.0`, marks and blanks, letter case, full-width digits, letters
    that look like digits or are of another alphabet, and a letter after the last digit.
    """
    text = unicodedata.normalize("NFKC", identifier).strip().casefold().removesuffix(".0").translate(_LATIN)
    text = "".join(filter(str.isalnum, text)).translate(_LOOK_ALIKE).lstrip("0")
    return text[:-1] if text[:-1].isdecimal() and text[-1].isalpha() else text


class Likeness(NamedTuple):
    """The known name that a text nearly is."""

    name: str
    is_spelling: bool
    """Whether only the spelling differs, so that the text can hardly be another name."""


class KnownNames:
    """The names of one kind that policy data knows, for comparison with those that sources write.

    `titles` are given for places alone, whose names are numbers or codes: what people call them.
    """

    def __init__(self, names: Iterable[str], titles: Mapping[str, str] | None = None) -> None:
        self.names = tuple(names)
        self._are_places = titles is not None
        self._titles = {name: plain(title) for name, title in (titles or {}).items()}
        self._plain = {plain(name): name for name in self.names}
        self._titled = {title: name for name, title in self._titles.items()} | self._plain
        self._compact = {_compact(text): name for text, name in self._titled.items()}
        self._words = {title: sorted(_WORD.findall(title)) for title in self._titled}
        self._numbers = {own: _NUMBER.findall(own) for own in self._plain}
        self._short = {_SUFFIX.sub("", text): name for text, name in self._plain.items()}

    def __contains__(self, written: str) -> bool:
        return written in self.names

    def likeness(self, written: str) -> Likeness | None:
        """The known name that `written` nearly is; None if it is one of them, or like none.

        Only the spelling differs when it is case, punctuation, the order of words, an abbreviation, a year,
        digits written as letters or a typing error, and when a title has a code beside it, or the number of a
        place anything else. One more word, or another number, may tell two names apart.
        """
        if written in self:
            return None
        text = plain(written)
        bare = _YEAR.sub("", text)
        if not self._are_places:
            bare = _CODE.sub("", bare)
        same = self._same(text) or self._same(bare) or self._in_other_words(written) or self._mistyped(text)
        if same is not None:
            return Likeness(same, is_spelling=True)
        near = self._short.get(_SUFFIX.sub("", text)) or self._nearest(text)
        return None if near is None else Likeness(near, is_spelling=False)

    def held_by(self, written: str) -> Likeness | None:
        """The known name that a longer one holds as words of its own."""
        text = f" {plain(written)} "
        held = (name for own, name in self._plain.items() if f" {own} " in text and written != name)
        return next((Likeness(name, is_spelling=False) for name in held), None)

    def _same(self, text: str) -> str | None:
        return self._titled.get(text) or self._compact.get(_compact(text)) or self._around_number(text)

    def _around_number(self, text: str) -> str | None:
        """The place that a plain text names by its number, with its title or anything else beside it.

        A number of one digit may count something else, such as rooms.
        """
        if not self._are_places:
            return None
        text = text.removesuffix(" 0")
        numbers = _NUMBER.findall(text)
        if numbers and all(len(number) > 1 and number in self._plain for number in numbers):
            return self._plain[numbers[0]]
        for own, name in self._plain.items():
            title = self._titles.get(name, "")
            if len(title) > _SHORT and title in text and own in _WORD.findall(text.replace(title, " ")):
                return name
            if numbers == self._numbers[own] and len("".join(numbers)) > 1 and _within(own, text):
                return name
        return None

    def _in_other_words(self, written: str) -> str | None:
        """The name that has the same words, perhaps abbreviated or in another order."""
        words = sorted(_ABBREVIATED.findall(_folded(written)))
        for title, own in self._words.items():
            if len(words) == len(own) and all(map(_abbreviates, words, own)):
                return self._titled[title]
        return None

    def _mistyped(self, text: str) -> str | None:
        """The name from which only typing errors in longer words divide a plain text, or a cut in a word."""
        found = (title for title in self._titled if _is_mistyped(text, title) or _is_cut(text, title))
        return next(map(self._titled.__getitem__, found), None)

    def _nearest(self, text: str) -> str | None:
        """The name from which one or two letters divide a plain text that is long enough."""
        if len(text) < _SHORT or text.isdecimal():
            return None
        return next((name for own, name in self._plain.items() if _edits(text, own) <= 2), None)


def is_no_id(identifier: str) -> bool:
    """Whether a spreadsheet or database wrote this in place of an id that it did not have."""
    return _NO_ID.fullmatch(identifier.casefold()) is not None


def no_name(written: str) -> str | None:
    """Why a text names nothing: spreadsheets and databases write so where they have no value."""
    why = "is not a name; correct it, or list it in `nulls` if it means an empty cell"
    return why if _NOTHING.fullmatch(written.strip().casefold()) else None


NAMED: tuple[tuple[Kind, str], ...] = (
    ("certifications", "name"),
    ("assignments", "role"),
    ("assignments", "location"),
    ("approvals", "role"),
    ("approvals", "location"),
)
"""The fields of facts whose values are names in policy data."""


class Vocabulary(NamedTuple):
    """The names that policy data knows, for comparison with what sources write, never for a judgement."""

    certifications: KnownNames
    roles: KnownNames
    locations: KnownNames

    @classmethod
    def of(cls, data: PolicyData) -> Vocabulary:
        """The names in the policy data of a configuration."""
        needed = data.requirements
        return cls(
            KnownNames((needed.certifications.prerequisite, needed.certifications.required)),
            KnownNames(dict.fromkeys((*needed.roles, *needed.approver_roles))),
            KnownNames(
                data.locations, {one: place.name for one, place in data.locations.items() if place.name}
            ),
        )

    def names(self, kind: Kind, field: str) -> KnownNames:
        """The names that a field of one kind of fact may have."""
        if kind == "certifications":
            return self.certifications
        return self.roles if field == "role" else self.locations


def misplaced(known: Vocabulary | None, field: str, text: str) -> str | None:
    """Why a role or location may be in the wrong column; None if it is no name of the other kind."""
    other = {"role": "location", "location": "role"}.get(field)
    if known is None or other is None or text not in known.names("assignments", other):
        return None
    return f"is a {other} of policy data, so may be in the wrong column; correct it"


def words_of(*texts: str) -> tuple[str, ...]:
    """The plain words of texts, sorted."""
    return tuple(sorted(_WORD.findall(plain(" ".join(texts)))))


def plain(name: str) -> str:
    """A name without case, with one blank for each run of blanks and dashes, without leading zeros."""
    return _ZEROS.sub("", re.sub(r"[^\w()\[\]]+", " ", _folded(name)).strip())


def _folded(name: str) -> str:
    """A name in Latin letters, without case, accents and HTML's names of characters."""
    text = html.unescape(name)
    if not text.isascii():
        text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
        return text.casefold().translate(_LATIN)
    return text.casefold()


def _compact(text: str) -> str:
    """A plain name without blanks, marks and a final `.0`, its letters that look like digits as digits."""
    return re.sub(r"[\W_]+", "", text.removesuffix(" 0")).translate(_LOOK_ALIKE).lstrip("0")


def _within(one: str, other: str) -> bool:
    """Whether one plain name holds the other, blanks and marks aside."""
    short, long = sorted((re.sub(r"[\W_]+", "", text) for text in (one, other)), key=len)
    return short in long


def _abbreviates(word: str, whole: str) -> bool:
    """Whether a word is the whole one, or its beginning: at least three letters, or some with a dot."""
    letters = word.removesuffix(".")
    is_beginning = letters.isalpha() and whole.isalpha() and whole.startswith(letters)
    return letters == whole or (is_beginning and (len(letters) > 2 or letters != word))


def _is_mistyped(text: str, name: str) -> bool:
    """Whether two plain names have the same words but for typing errors; a short word may be another one."""
    if abs(len(text) - len(name)) > 2:
        return False
    words, own = text.split(), name.split()
    return len(words) == len(own) and all(map(_is_word_mistyped, words, own)) and _edits(text, name) <= 2


def _is_cut(text: str, name: str) -> bool:
    """Whether a plain text ends within a word of the name, as a column that is too narrow leaves it.

    A short word may be a number: "Manager I" is not the beginning of "Manager II".
    """
    if len(text) <= _SHORT or not name.startswith(text):
        return False
    word = name[text.rfind(" ") + 1 :].split()[0]
    return len(word) > 3 and text[-1].isalpha() and name[len(text) :][:1].isalpha()


@lru_cache(10_000)
def _is_word_mistyped(word: str, own: str) -> bool:
    if word == own:
        return True
    is_long = word.isalpha() and own.isalpha() and len(own) > 4
    return is_long and (_edits(word, own) <= len(own) // 4 or sorted(word) == sorted(own))


def _edits(one: str, other: str) -> int:
    """The largest number of letters that may differ: replaced, added or left out."""
    if abs(len(one) - len(other)) > 2:
        return 3
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in steps if tag != "equal")
