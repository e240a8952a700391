"""Names in a policy that lead nowhere, stand for something else, or never run: a compiler accepts them all.

A reference to a rule that is not there is undefined, and so true under `not`; a rule with an operator's name
takes the operator's place in its package; a test that holds for an empty policy proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

import msgspec

from icaccess.opa.bundles import shipped
from icaccess.review.empty import OpaTest
from icaccess.review.modules import Module
from icaccess.review.source import POLICY_DATA, Finding, PolicySource

DataPath = tuple[str, ...]
"""Where something stands in OPA's `data`, step by step."""

_WORD = re.compile(r"\{[a-z_]+\}")


def name_findings(source: PolicySource) -> Iterator[Finding]:
    """References that lead nowhere, operators' names, unfilled words, and tests that never run."""
    policy = [*(rule.parts for rule in source.rules), *((name,) for name in POLICY_DATA)]
    beside = [
        file.parent.relative_to(source.policy).parts for file in source.policy.glob("tests/**/data.yaml")
    ]
    tests = [*policy, *(rule.parts for rule in source.test_rules), *beside]
    sidecar = [rule.parts for module in source.sidecar_modules for rule in module.rules]
    known = _known_data(source)
    limits = msgspec.json.decode(shipped(source.config, "capabilities.json").read_bytes())
    taken = {builtin["name"] for builtin in limits["builtins"]}
    for modules, declared in (
        (source.modules, policy),
        (source.test_modules, tests),
        (source.sidecar_modules, [*sidecar, ("system", "clients")]),
    ):
        for module in modules:
            yield from _lost(module, declared, known)
            yield from _operators(module, taken)
    yield from _unanswered(source)
    yield from _unfilled(source)
    yield from _unused_data(source)
    yield from _idle(source)


def references(module: Module, syntax: Any = None) -> Iterator[tuple[DataPath, int]]:
    """Each `data.a.b` in a module, as `(a, b)` up to what is known only when it runs, and its line.

    What is written by the name of an import is given in full. `syntax` is the part of the module to look at.
    """
    named = _named(module)
    for node in nodes(module.syntax if syntax is None else syntax):
        first: dict[str, Any] = node["value"][0] if node.get("type") == "ref" else {"type": ""}
        if first["type"] == "var" and first["value"] in named and "location" in first:
            parts = takewhile(lambda part: part["type"] == "string", node["value"][1:])
            yield (*named[first["value"]], *(part["value"] for part in parts)), first["location"]["row"]


def _named(module: Module) -> dict[str, DataPath]:
    """Where each name of a module that is no rule of its own leads: `data`, and its imports."""
    imported = {name: path[1:] for path, name, _ in module.imports if path[0] == "data"}
    return {"data": ()} | imported


def nodes(syntax: Any) -> Iterator[dict[str, Any]]:
    """Every object within OPA's syntax but its places in the file, from the outside in."""
    left = [syntax]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left += [one[key] for key in reversed(one) if key != "location"]
        elif isinstance(one, list):
            left += reversed(one)


def written_texts(syntax: Any) -> Iterator[tuple[str, int]]:
    """Each text written within OPA's syntax, and its line."""
    for node in nodes(syntax):
        if node.get("type") == "string" and "location" in node:
            yield node["value"], node["location"]["row"]


def _lost(module: Module, declared: list[DataPath], known: dict[str, set[DataPath]]) -> Iterator[Finding]:
    for path, line in references(module):
        name = ".".join(("data", *path))
        if path and not any(meet(path, one) for one in declared):
            message = f"{name} is neither in the policy nor in its policy data; correct it"
            if any(path[: len(one) - 1] == one[:-1] for one in declared if len(one) > 1):
                where = f"{'.'.join(path[:-1])} has no rule {path[-1]}"
                message = f"{name} leads nowhere: {where}; correct the name"
        elif path and not any(meet(path, one) for one in known.get(path[0], [path])):
            message = f"{name} leads nowhere: the policy data has no such value; correct the name"
        else:
            continue
        yield Finding("reach", module.file, line, message)


def _unanswered(source: PolicySource) -> Iterator[Finding]:
    """The policy's calls with a text that no rule of the function is written for: under `not` they hold."""
    written: dict[tuple[DataPath, int], set[str | None]] = {}
    for rule in source.rules:
        for place, taken in enumerate(rule.syntax["head"].get("args", [])):
            text = taken["value"] if taken["type"] == "string" else None
            written.setdefault((rule.parts, place), set()).add(text)
    for module in source.modules:
        named = _named(module)
        for node in nodes(module.syntax):
            called = node.get("terms") or (node["value"] if node.get("type") == "call" else None)
            if not isinstance(called, list) or called[0]["type"] != "ref":
                continue
            first, *rest = (part["value"] for part in called[0]["value"])
            path = (*named.get(first, (*module.package.split("."), first)), *rest)
            for place, given in enumerate(called[1:]):
                texts = written.get((path, place), {None})
                if given["type"] == "string" and None not in texts and given["value"] not in texts:
                    known = ", ".join(f"{text!r}" for text in sorted(filter(None, texts)))
                    message = f"{'.'.join(path)} has no rule for {given['value']!r}, only for {known}"
                    line = given["location"]["row"]
                    yield Finding("reach", module.file, line, f"{message}; correct the text")


def meet(one: DataPath, other: DataPath) -> bool:
    """Whether one path leads to the other, or beyond it."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _known_data(source: PolicySource) -> dict[str, set[DataPath]]:
    """The paths of the values that each document of policy data has, or may have by its schema."""
    known: dict[str, set[DataPath]] = {}
    for name in POLICY_DATA:
        schema = source.schemas and source.schemas / f"{name}.jsonschema"
        if schema and schema.is_file() and name in source.policy_data:
            whole = msgspec.json.decode(schema.read_bytes())
            known[name] = {(name, *path) for path in _fields(whole, whole)}
            known[name] |= set(_leaves((name,), source.policy_data[name]))
    return known


def _fields(schema: dict[str, Any], whole: dict[str, Any]) -> Iterator[DataPath]:
    if "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    below = [inner for key in ("anyOf", "oneOf", "allOf") for inner in schema.get(key, [])]
    if not schema.get("properties"):
        if not below:
            yield ()
        for inner in below:
            yield from _fields(inner, whole)
    for name, inner in schema.get("properties", {}).items():
        for path in _fields(inner, whole):
            yield (name, *path)


def _operators(module: Module, taken: set[str]) -> Iterator[Finding]:
    for rule in module.rules:
        if rule.name in taken:
            message = f"{rule.name} is one of OPA's own functions, whose place it takes here; rename it"
            yield Finding("name", rule.file, rule.line, message)


def _unfilled(source: PolicySource) -> Iterator[Finding]:
    """Words in braces in the policy's texts that no rule has a value for."""
    texts = [(module.file, *found) for module in source.modules for found in written_texts(module.syntax)]
    filled = {text for _, text, _ in texts if _WORD.fullmatch(text)}
    for file, text, line in texts:
        for word in dict.fromkeys(_WORD.findall(text)):
            if word not in filled:
                yield Finding("name", file, line, f"no rule has a value for {word}; correct the word")


def _unused_data(source: PolicySource) -> Iterator[Finding]:
    # A whole document, handed to a function, says nothing of its values.
    used = [path for module in source.modules for path, _ in references(module) if len(path) > 1]
    for name, values in source.policy_data.items():
        if name == "locations":
            continue  # a place is used when somebody works there
        for path in _leaves((name,), values):
            if not any(reference == path[: len(reference)] for reference in used):
                file = str(source.config / name / "data.yaml")
                yield Finding("data", file, 1, f"no rule uses {'.'.join(path)}")


def _leaves(path: DataPath, value: Any) -> Iterator[DataPath]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path


def _idle(source: PolicySource) -> Iterator[Finding]:
    """What stands with the tests and never runs: OPA knows a test by its name, and passes over the rest."""
    rules = source.test_rules
    # Each rule's own head names it.
    used = {name for rule in rules for name in _names(rule.syntax) if name != rule.name}
    for rule in rules:
        if rule.name not in used and not rule.is_test:
            message = f"{rule.name} never runs: it is not named test_… and no test uses it"
            yield Finding("test", rule.file, rule.line, f"{message}; rename or remove it")


def _names(syntax: Any) -> Iterator[str]:
    """Each name that is written in a rule: of variables, and of the parts of references."""
    for node in nodes(syntax):
        if node.get("type") == "var":
            yield node["value"]
        elif node.get("type") == "ref":
            yield from (part["value"] for part in node["value"] if part["type"] == "string")


def toothless(source: PolicySource, tests: Iterable[OpaTest]) -> Iterator[Finding]:
    """Those of the tests over a policy without rules that hold there as well, and tables that hold no row."""
    tables = {(rule.file, rule.line) for rule in source.test_rules if rule.is_table}
    for test in tests:
        if (test.location.file, test.location.row) in tables and not test.sub_results:
            message = f"{test.name} has no row, so it tests nothing; give its table a row or remove it"
        elif not (test.fail or test.error or test.skip):
            message = f"{test.name} cannot fail: it holds for an empty policy too; test what must hold"
        else:
            continue
        yield Finding("test", test.location.file, test.location.row, message)
