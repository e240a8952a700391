"""The rows of the tables among the tests in Rego, found without running their conditions.

The value of a table has the rows that pass. OPA knows the others only while it traces every expression. So
each table gets a rule beside it, with the conditions alone that declare the rows' names and what these need.
It may give too many rows, where another condition leaves some out, and never too few.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from icaccess.review.modules import Rule
from icaccess.review.names import nodes
from icaccess.review.source import PolicySource


def write_row_rules(source: PolicySource, folder: Path) -> dict[str, str]:
    """Write a module into the folder beside each module of tests; give the rule of each table's rows.

    Both are references. Tables whose conditions do not plainly declare the names are left out.
    """
    found = {}
    for number, module in enumerate(source.test_modules):
        rules = []
        for place, rule in enumerate(module.rules):
            name = f"rows_{number}_{place}"
            if rule.is_test and rule.is_table and (text := _rows_rule(rule, name)):
                rules.append(text)
                found[f"data.{rule.path}"] = f"data.{module.package}.{name}"
        imports = [
            f"import {'.'.join(path)}" + ("" if name == path[-1] else f" as {name}")
            for path, name, _ in module.imports
        ]
        lines = [f"package {module.package}", *imports, *rules]
        (folder / f"{number}.rego").write_text("\n".join(lines) + "\n")
    return found


def _rows_rule(rule: Rule, name: str) -> str | None:
    """The rule as text; None where no condition declares a variable of the head."""
    keys = rule.syntax["head"].get("ref", [])[1:]
    if not keys or any(part["type"] not in {"var", "string"} for part in keys):
        return None
    needed = {part["value"] for part in keys if part["type"] == "var"}
    open_yet, conditions = set(needed), []
    for condition in reversed(rule.syntax["body"]):
        if needed & (declared := set(_declared(condition))):
            if "with" in condition:
                return None
            open_yet -= declared
            needed |= {node["value"] for node in nodes(condition) if node.get("type") == "var"}
            conditions.append(base64.b64decode(condition["location"]["text"]).decode())
    if open_yet:
        return None
    written = "".join(f"[{_key(part)}]" for part in keys)
    body = "\n".join(reversed(conditions)) or "true"
    return f"{name}{written} if {{\n{body}\n}}"


def _key(part: dict[str, Any]) -> str:
    value: str = part["value"]
    return value if part["type"] == "var" else msgspec.json.encode(value).decode()


def _declared(condition: dict[str, Any]) -> Iterator[str]:
    """The variables that `some … in …` or `… := …` gives values."""
    terms = condition["terms"]
    calls = [one["value"] for one in terms.get("symbols", [])] if isinstance(terms, dict) else [terms]
    for called in calls:
        if isinstance(called, list) and called[0]["type"] == "ref":
            name = ".".join(part["value"] for part in called[0]["value"])
            given = called[1:-1] if name == "assign" or name.startswith("internal.member_") else []
            yield from (node["value"] for node in nodes(given) if node.get("type") == "var")
