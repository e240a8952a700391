"""Mutants of the policy: each changes one line in a small way that a reviewer could overlook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from random import Random

import msgspec

_COMPARISON = re.compile(r"(?<![:<>=!])(<=|>=|==|!=|<|>)(?!=)")
_SHIFTED = {"<=": "<", "<": "<=", ">=": ">", ">": ">=", "==": "!=", "!=": "=="}
_WORD = re.compile(r"\b(min|max|true|false)\b(?![\w\"])")
_SWAPPED = {"min": "max", "max": "min", "true": "false", "false": "true"}
_NUMBER = re.compile(r"(?<![\w.\"-])(\d+)(?![\w.\"])")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
_CONDITION = re.compile(r"^(\t+)(?!some |every |not |[}\])\"|])([a-z_][^:]*[^{\[(,:])$")
_TEXTS = re.compile(r'(?<=[\[{])"\0*"(?:, "\0*")*(?=[\]}])')
_LOOKED_FOR = re.compile(r"\{$|\bsome [\w, ]+ in \[$|object\.(?:filter|remove)\([^\[]*\[$")
_BODY = re.compile(r"^(?!import )\S.* if \{$")
_ONE_LINE = re.compile(r"^(\S.* if )(?!.*\{$)\S.*$")


_REPLACED: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_COMPARISON, _SHIFTED.__getitem__),
    (_WORD, _SWAPPED.__getitem__),
    (_NUMBER, lambda number: str(int(number) + 1)),
    (re.compile(r"\bnot "), lambda _: ""),
)


class Mutant(msgspec.Struct, frozen=True):
    """One change of one line: what stood there, and what stands there instead."""

    file: str
    line: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.old.strip()}  ⇒  {self.new.strip() or '(left out)'}"


def mutants(texts: Mapping[str, str]) -> list[Mutant]:
    """Every mutant of the rules in texts of Rego by their names, in the order of texts and lines."""
    return [
        Mutant(name, number, line, new)
        for name, text in texts.items()
        for number, line in enumerate(text.split("\n"), 1)
        if not line.lstrip().startswith(("#", "package ", "import "))
        for new in dict.fromkeys(_changed(line))
    ]


def sample(made: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """Some of the mutants by chance, in their order."""
    chosen = Random(seed).sample(range(len(made)), min(size, len(made)))  # noqa: S311 (can be repeated)
    return [made[place] for place in sorted(chosen)]


def _changed(line: str) -> Iterator[str]:
    code = _STRING.sub(lambda found: '"' + "\0" * (len(found[0]) - 2) + '"', line)
    code, _, _ = code.partition(" # ")
    for pattern, other in _REPLACED:
        for found in pattern.finditer(code):
            yield line[: found.start()] + other(found[0]) + line[found.end() :]
    for found in _STRING.finditer(line[: len(code)]):
        if len(found[0]) > 2 and " " not in found[0] and not line[found.end() :].startswith(":"):
            yield f"{line[: found.end() - 1]}~{line[found.end() - 1 :]}"
    for found in _TEXTS.finditer(code):
        yield from _other_lists(line, found.start(), found.end())
    yield from _taken_out(line, code)


def _taken_out(line: str, code: str) -> Iterator[str]:
    """The line with its condition negated, without it, and with the rule that begins there never true."""
    condition = _CONDITION.match(code)
    if condition is not None:
        yield f"{condition[1]}not {line[condition.end(1) :]}"
    if code.lstrip("\t").startswith("not ") or (condition and _COMPARISON.search(code)):
        yield ""
    if _BODY.match(code):
        yield f"{line}\n\tfalse"
    if (rule := _ONE_LINE.match(code)) is not None:
        yield f"{line[: rule.end(1)]}false"


def _other_lists(line: str, start: int, end: int) -> Iterator[str]:
    """A list of texts with one entry more, and with each of its entries left out.

    One more is nothing to a set, to a list that `some` goes through or to fields kept or removed, since
    it is only looked for and nothing is so written.
    """
    entries = _STRING.findall(line[start:end])
    if not _LOOKED_FOR.search(line[:start]):
        yield f"{line[:end]}, {entries[-1][:-1]}~{entries[-1][-1]}{line[end:]}"
    for place in range(len(entries) if len(entries) > 1 else 0):
        kept = ", ".join(entries[:place] + entries[place + 1 :])
        yield f"{line[:start]}{kept}{line[end:]}"
