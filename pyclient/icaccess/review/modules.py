"""Files of Rego and their rules, from the syntax and the annotations that OPA's parser gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec


class Rule(msgspec.Struct, frozen=True):
    """One rule, or one of several of the same name: where its head stands and what its annotation says.

    `path` is the package and the name, such as `access.unmet`; `clauses` and `reason` come from `custom`;
    `file` is written as the policy folder was given. `body_line` is where the first condition stands, null
    when there is none. `syntax` is the rule as OPA parsed it.
    """

    path: str
    file: str
    line: int
    title: str | None
    description: str | None
    clauses: tuple[str, ...]
    reason: str | None
    body_line: int | None
    syntax: dict[str, Any]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of `path`."""
        return tuple(self.path.split("."))

    @property
    def package(self) -> str:
        """All parts of `path` but the last."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last part of `path`."""
        return self.path.rpartition(".")[2]

    @property
    def is_test(self) -> bool:
        """Whether OPA takes the rule for a test, if only for one to skip."""
        return self.name.startswith(("test_", "todo_test_"))

    @property
    def is_table(self) -> bool:
        """Whether the rule has a value for each of some keys."""
        return "key" in self.syntax["head"] or len(self.syntax["head"].get("ref", ())) > 1


class Module(msgspec.Struct, frozen=True):
    """One file of Rego: its package, the package's title if it is annotated here, its rules, its syntax."""

    file: str
    package: str
    title: str | None
    rules: tuple[Rule, ...]
    syntax: dict[str, Any]

    @property
    def imports(self) -> Iterator[tuple[tuple[str, ...], str, int]]:
        """The path, the name in this file and the line of each import."""
        for entry in self.syntax.get("imports", []):
            path = tuple(part["value"] for part in entry["path"]["value"])
            yield path, entry.get("alias") or path[-1], entry["location"]["row"]


def module_of(file: str, syntax: dict[str, Any]) -> Module:
    """The module that OPA's syntax of a file describes."""
    package = ".".join(part["value"] for part in syntax["package"]["path"][1:])
    titles = [note.get("title") for note in syntax.get("annotations", []) if note["scope"] == "package"]
    rules = tuple(_rule(package, file, rule) for rule in syntax.get("rules", []))
    return Module(file, package, titles[0] if titles else None, rules, syntax)


def _rule(package: str, file: str, rule: dict[str, Any]) -> Rule:
    notes = [note for note in rule.get("annotations", []) if note["scope"] in {"rule", "document"}]
    note: dict[str, Any] = notes[-1] if notes else {}
    custom = note.get("custom", {})
    clauses = custom.get("clauses", [custom["clause"]] if "clause" in custom else [])
    name = rule["head"].get("name") or rule["head"]["ref"][0]["value"]
    return Rule(
        f"{package}.{name}",
        file,
        rule["location"]["row"],
        note.get("title"),
        note.get("description"),
        tuple(clauses),
        custom.get("reason"),
        min((part["location"]["row"] for part in rule.get("body", []) if "location" in part), default=None),
        rule,
    )
