"""Which rules a rule can ask, by its text alone: what it cannot reach, it does not rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from icaccess.review.modules import Module, Rule
from icaccess.review.names import DataPath, meet, nodes, references
from icaccess.review.source import PolicySource

DECISIONS = ("access", "decisions")
"""The rule that decides on people."""

Asked = dict[DataPath, set[DataPath]]
"""For each rule, by package and name, the rules and packages that its text names."""


def asked_by(modules: Iterable[Module]) -> Asked:
    """What each rule of some modules names; a local variable that has a rule's name counts as that rule."""
    modules = list(modules)
    of_package: dict[str, set[str]] = defaultdict(set)
    for module in modules:
        of_package[module.package] |= {rule.name for rule in module.rules}
    asked: Asked = defaultdict(set)
    for module in modules:
        package = tuple(module.package.split("."))
        for rule in module.rules:
            named = {node["value"] for node in nodes(rule.syntax) if node.get("type") == "var"}
            asked[rule.parts] |= {(*package, name) for name in named & of_package[module.package]}
            asked[rule.parts] |= {path for path, _ in references(module, rule.syntax) if path}
    return asked


def reached(asked: Asked, first: Iterable[DataPath]) -> set[DataPath]:
    """The rules that some can reach, themselves among them; a package stands for all of its rules."""
    left = [rule for path in first for rule in asked if meet(path, rule)]
    found: set[DataPath] = set()
    while left:
        rule = left.pop()
        if rule not in found:
            found.add(rule)
            left += [other for path in asked[rule] for other in asked if meet(path, other)]
    return found


def rule_at(source: PolicySource, file: str, line: int) -> Rule | None:
    """The rule that a line of the policy belongs to; None above the first."""
    above = [rule for rule in source.rules if rule.file == file and rule.line <= line]
    return max(above, key=lambda rule: rule.line, default=None)
