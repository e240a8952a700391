"""What differs in the text of two versions, and which of the lines that differ somebody tried reached."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from icaccess.errors import PolicyError
from icaccess.review.cases import covered_lines
from icaccess.review.names import nodes
from icaccess.review.search.facts import leaves
from icaccess.review.search.judge import Made
from icaccess.review.source import PolicySource

_LAYOUT = {"location", "annotations", "comments"}
_MOST_ASKED = 150


class ChangedLine(msgspec.Struct, frozen=True):
    """A line of the rules that only one version has, and whether somebody tried reached it.

    `reached` is null where there is nothing to evaluate in it, such as a brace.
    """

    side: str
    file: str
    line: int
    text: str
    reached: bool | None = None


def same_rules(base: PolicySource, head: PolicySource) -> bool:
    """Whether both versions have the same rules once comments, metadata and layout are left out."""
    return _rules(base) == _rules(head)


def mentioned(base: PolicySource, head: PolicySource) -> tuple[frozenset[str], frozenset[str]]:
    """The names in what differs, such as of values and fields, and those in the rules beside it.

    What differs are the rules that only one version has, and those that use a value that differs. The rules
    beside these are those that they ask, and those that ask them.
    """
    values = [
        {(name, msgspec.json.encode(value)) for name, value in leaves(source.policy_data)}
        for source in (base, head)
    ]
    keys = {name for name, _ in values[0] ^ values[1]}
    one, other = (_names_by_rule(source) for source in (base, head))
    rules = {**one, **other}
    differ = {rule for rule, (_, names) in rules.items() if (rule in one) != (rule in other) or names & keys}
    differing = keys.union(*(rules[rule][1] for rule in differ))
    changed = {rules[rule][0] for rule in differ}
    data = {name for source in (base, head) for name in _keys(source.policy_data)}
    asked = differing - data
    near = [names for name, names in rules.values() if name in asked or names & changed]
    return frozenset(differing), frozenset(set[str]().union(*near))


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _keys(inner)


def _names_by_rule(source: PolicySource) -> dict[tuple[str, str], tuple[str, set[str]]]:
    """The name of each rule and the names in it, by its package and text."""
    return {
        (rule.package, msgspec.json.encode(plain, order="sorted").decode()): (
            rule.name,
            {str(node["value"]) for node in nodes(plain) if node.get("type") in {"string", "var"}},
        )
        for rule in source.rules
        for plain in [_plain(rule.syntax)]
    }


def changed_lines(base: PolicySource, head: PolicySource) -> list[ChangedLine]:
    """The lines of the rules that only one version has, comments and blank lines left out."""
    return [
        line
        for file in sorted(base.texts.keys() | head.texts.keys())
        for line in _differing(file, *(side.texts.get(file, "").splitlines() for side in (base, head)))
    ]


def reached(
    lines: Sequence[ChangedLine], source: PolicySource, side: str, people: Sequence[Made]
) -> list[ChangedLine]:
    """The lines of one side, each with whether one of `people` made OPA evaluate it.

    Where OPA fails on these people nothing is known, and every line counts as reached.
    """
    own = [line for line in lines if line.side == side]
    if not own:
        return []
    try:
        covered, missed = covered_lines(source, [made.question for made in people[:_MOST_ASKED]])
    except PolicyError:
        return [msgspec.structs.replace(line, reached=True) for line in own]
    marked = []
    for line in own:
        place = (str(source.policy / line.file).lstrip("/"), line.line)
        was = True if place in covered else False if place in missed else None
        marked.append(msgspec.structs.replace(line, reached=was))
    return marked


def _rules(source: PolicySource) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for module in source.modules:
        imports = _plain(module.syntax.get("imports", []))
        for rule in module.rules:
            text = msgspec.json.encode([imports, _plain(rule.syntax)], order="sorted").decode()
            found.setdefault(module.package, []).append(text)
    return {package: sorted(rules) for package, rules in found.items()}


def _plain(syntax: Any) -> Any:
    if isinstance(syntax, dict):
        plain = {name: _plain(inner) for name, inner in syntax.items() if name not in _LAYOUT}
        # OPA numbers each `_` of a file, so that a new one would renumber those of all rules below it.
        if plain.get("type") == "var" and plain["value"].startswith("$"):
            plain["value"] = "$"
        return plain
    if isinstance(syntax, list):
        return [_plain(inner) for inner in syntax]
    return syntax


def _differing(file: str, base: list[str], head: list[str]) -> Iterator[ChangedLine]:
    matcher = difflib.SequenceMatcher(None, base, head, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag != "equal":
            for side, text, numbers in (("base", base, (first, last)), ("head", head, (start, end))):
                for number in range(*numbers):
                    written = text[number].strip()
                    if written and not written.startswith("#"):
                        yield ChangedLine(side, file, number + 1, text[number])
