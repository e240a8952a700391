"""Makes text from outside safe to show: no terminal command, no forged line, no reversed direction.

Facts, settings, file names and the answers of other systems are foreign text. `icaccess.errors` and
`icaccess.cli.text` pass everything through this module, so that no caller has to remember it.
"""

from __future__ import annotations

import re
from json import dumps

_QUOTED = re.compile(r"""(?<!\w)(['"])(?:\\.|(?!\1).)*(?:\1(?!\w)|$)""")
_ADDRESS = re.compile(r"[^\s@/]+@[^\s@]+")

_NOT_PLAIN = re.compile(r"[^\n\t\x20-\x7e]")

DIGITS = 12
"""How many digits of a digest are shown, and name what it is of."""
LONGEST_MESSAGE = 2000
"""How many characters of one message are shown, whatever another system put into it."""


def printable(text: str) -> str:
    """The text with an escape for each character that does not print, such as `\\x1b`, `\\n` or `\\u202e`.

    Line ends, escapes, marks of direction and unpaired surrogates are among them, so the result is one line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def clip(text: str, length: int = 200) -> str:
    """The printable text, cut to `length` characters with `…` as the last one."""
    shown = printable(text[: length + 1])
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def on_one_line(message: str) -> str:
    """A message on one printable line of bounded length, whatever a library put into it."""
    return clip(" ".join(message.split()), LONGEST_MESSAGE)


def quoted(text: str, length: int = 200) -> str:
    """Foreign text in quotes, printable and cut to `length` characters, so that logs can leave it out."""
    shown = repr(text if len(text) <= length else f"{text[: length - 1]}…")
    return re.sub(r"\\\\(?=\w)", r"\\", shown)  # `\N`, not Python's `\\N`


def how_many(number: int, noun: str, plural: str = "") -> str:
    """`1 change` or `12 changes`: a count with its noun, whose plural has an `s` unless it is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def impersonal(message: str) -> str:
    """A message of this program without foreign text: `…` for each quoted part or address.

    Messages quote foreign text with `quoted` or `!r`; after a quote that never closes, the rest is left out.
    """
    return _ADDRESS.sub("…", _QUOTED.sub("…", message))


def printable_json(document: bytes) -> bytes:
    """The same JSON value with each character that does not print written as `\\uXXXX`; line ends stay.

    JSON escapes most control characters by itself, but neither U+007F to U+009F, which some terminals obey,
    nor marks of direction.
    """
    if document.isascii() and b"\x7f" not in document:
        return document
    escaped = _NOT_PLAIN.sub(
        lambda one: one[0] if one[0].isprintable() else dumps(one[0])[1:-1], document.decode()
    )
    return escaped.encode()
