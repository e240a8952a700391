"""Whether a policy is fit to be reviewed: what a compiler cannot know, beside what OPA checks itself.

Each check gives findings; a policy without findings is in order. The rules of the checks are in `RULES`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from icaccess.review.source import CLAUSES, POLICY_DATA, PolicySource, Rule, complaints, value_of
from icaccess.review.testing import TestRun, run_tests

RULES = {
    "read": "Policy, tests, cases and policy data can be read.",
    "format": "The policy is formatted as `opa fmt` does.",
    "compile": "The policy compiles strictly, fits its schemas and keeps to its capabilities.",
    "annotation": "Packages have titles, public rules descriptions, definitions in package access both.",
    "clause": "Every clause named is one of the posted requirements.",
    "reason": "Each reason code stands once in the table, and on one rule of the same clause.",
    "reachable": "Every reason is given by some test or case.",
    "data": "Every value of the policy data is used by some rule.",
    "reach": "Rules refer to the policy and to its policy data alone.",
    "test": "Every rule beside the tests is a test, or is used by another.",
}
"""The checks by id, and what each asks."""

FACING = "access"
"""The package whose rules are read by reviewers and asked by clients."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not in order: which check, where, and what to do."""

    rule: str
    file: str
    line: int
    message: str


def check_policy(source: PolicySource) -> list[Finding]:
    """All that is not in order with a policy, in the order of the checks; an empty list when all is.

    What does not compile is not checked further. Raises `PolicyError` when a file does not even parse.
    """
    findings = list(_format(source))
    compile_findings = list(_compile(source))
    findings += compile_findings
    if compile_findings:
        return findings
    reasons = _reason_table(source)
    run = run_tests(source) if source.test_files or source.case_files else None
    findings += _annotations(source)
    findings += _clauses(source)
    findings += _reasons(source, reasons)
    findings += _reachable(source, reasons, run)
    findings += _data(source)
    findings += _reach(source)
    findings += _tests(source)
    return findings


def _format(source: PolicySource) -> Iterator[Finding]:
    done = source.run("fmt", "--list", *source.rego_files, *source.test_files)
    for file in done.stdout.split():
        yield Finding("format", file, 1, f"not formatted: run `opa fmt --write {file}`")


def _compile(source: PolicySource) -> Iterator[Finding]:
    done = source.check()
    if done.returncode != 0:
        for where, message in complaints(done.stderr):
            file, _, line = where.rpartition(":")
            yield Finding("compile", file or where, int(line) if line.isdigit() else 1, message)


def _annotations(source: PolicySource) -> Iterator[Finding]:
    titled = {module.package for module in source.modules if module.title}
    told: set[str] = set()
    for module in source.modules:
        if module.package not in titled | told:
            told.add(module.package)
            yield Finding("annotation", module.file, 1, f"package {module.package} has no title in METADATA")
    described = {rule.path for rule in source.rules if rule.description}
    for rule in source.rules:
        # Definitions that reviewers read serve a clause each, those of a helper do one thing together.
        facing = rule.path.rpartition(".")[0] == FACING
        if not rule.is_public or (not facing and rule.path in told | described):
            continue
        told.add(rule.path)
        if not rule.description:
            yield _at(rule, "annotation", f"{rule.path} has no description in METADATA")
        elif not rule.title:
            yield _at(rule, "annotation", f"{rule.path} has no title in METADATA")


def _clauses(source: PolicySource) -> Iterator[Finding]:
    tests = [rule for module in source.test_modules for rule in module.rules]
    for rule in [*source.rules, *tests]:
        for clause in rule.clauses:
            if clause not in CLAUSES:
                yield _at(rule, "clause", f"{clause!r} is no clause; write {CLAUSES[0]} … {CLAUSES[-1]}")


class _Table(msgspec.Struct, frozen=True):
    """The table of reasons as the policy has it, and where it stands."""

    clauses: dict[str, str | None]
    rule: Rule
    repeated: list[tuple[str, int]]


def _reason_table(source: PolicySource) -> _Table | None:
    rule = next((rule for rule in source.rules if rule.path == "lib.reasons.table"), None)
    if rule is None:
        return None
    loaded: list[str | Path] = [*source.rego_files, *source.data_arguments]
    entries = value_of(source.evaluate("data.lib.reasons.table", loaded))
    return _Table(
        {code: entry.get("clause") for code, entry in entries.items()},
        rule,
        list(_repeated_keys(source, rule)),
    )


def _repeated_keys(source: PolicySource, table: Rule) -> Iterator[tuple[str, int]]:
    """Keys of the table that stand twice in its text, of which OPA would silently keep one."""
    seen: set[str] = set()
    for key, _ in source.syntax(table)["head"]["value"]["value"]:
        if key["value"] in seen:
            yield key["value"], key["location"]["row"]
        seen.add(key["value"])


def _reasons(source: PolicySource, table: _Table | None) -> Iterator[Finding]:
    giving: dict[str, list[Rule]] = {}
    for rule in source.rules:
        if rule.reason is not None:
            giving.setdefault(rule.reason, []).append(rule)
    if table is None:
        for rules in giving.values():
            yield _at(rules[0], "reason", "there is no table data.lib.reasons.table that this reason is in")
        return
    for code, rules in giving.items():
        yield from _reason(code, rules, table)
    yield from _table(table, giving)


def _reason(code: str, rules: list[Rule], table: _Table) -> Iterator[Finding]:
    if code not in table.clauses:
        yield _at(rules[0], "reason", f"{code} is not in the table of reasons")
        return
    for rule in rules[1:]:
        yield _at(rule, "reason", f"{code} is given by {rules[0].file}:{rules[0].line} already")
    for rule in rules:
        if table.clauses[code] not in rule.clauses:
            named = ", ".join(rule.clauses) or "no clause"
            yield _at(rule, "reason", f"{code} is of {table.clauses[code]}, its rule of {named}")


def _table(table: _Table, giving: dict[str, list[Rule]]) -> Iterator[Finding]:
    for code, line in table.repeated:
        yield Finding("reason", table.rule.file, line, f"{code} stands twice in the table")
    for code, clause in table.clauses.items():
        if clause is not None and clause not in CLAUSES:
            yield _at(table.rule, "reason", f"{code} is of {clause!r}, which is no clause")
        if clause is not None and code not in giving:
            yield _at(table.rule, "reason", f"no rule is annotated as giving {code}")


def _reachable(source: PolicySource, table: _Table | None, run: TestRun | None) -> Iterator[Finding]:
    if run is not None and run.failed:
        failed = next(test for test in run.tests if test.problem)
        yield Finding("reachable", failed.file, failed.line, f"test {failed.name} fails: {failed.problem}")
        return
    for rule in source.rules:
        if rule.reason is not None and (run is None or not _is_reached(source, run, rule)):
            yield _at(rule, "reachable", f"no test or case reaches {rule.reason}")
    annotated = {rule.reason for rule in source.rules}
    if table is None:
        return
    for code in sorted(table.clauses.keys() - annotated):
        places = list(_literals(source, code))
        if run is None or not any(run.is_covered(file, [line]) for file, line in places):
            file, line = places[0] if places else (table.rule.file, table.rule.line)
            yield Finding("reachable", file, line, f"no test or case reaches {code}")


def _is_reached(source: PolicySource, run: TestRun, rule: Rule) -> bool:
    """Whether a test made the rule give its reason: the line that holds the code was evaluated.

    A code on the line of the rule's condition says nothing, since that is evaluated either way.
    """
    code = str(rule.reason)
    if any(code in case.reasons for case in run.cases):
        return True
    return run.is_covered(rule.file, {*_lines_of(source.syntax(rule), code)} - {rule.body_line})


def _literals(source: PolicySource, code: str) -> Iterator[tuple[str, int]]:
    """Where a reason code is written in a rule, the table of reasons left out."""
    for module in source.modules:
        for rule in module.syntax.get("rules", []):
            if f"{module.package}.{rule['head'].get('name')}" != "lib.reasons.table":
                for line in _lines_of(rule, code):
                    yield module.file, line


def _lines_of(syntax: Any, text: str) -> Iterator[int]:
    for node in _nodes(syntax):
        if node.get("type") == "string" and node["value"] == text and "location" in node:
            yield node["location"]["row"]


def _data(source: PolicySource) -> Iterator[Finding]:
    # A whole document, handed to a function, says nothing of its values.
    used = [path for module in source.modules for path, _ in _references(module.syntax) if len(path) > 1]
    for name in POLICY_DATA:
        file = source.config / name / "data.yaml"
        if name == "locations" or not file.is_file():
            continue  # a place is used when somebody works there
        values = value_of(source.evaluate(f"data.{name}", [f"{name}:{file}"]))
        for path in _leaves((name,), values):
            if not any(reference == path[: len(reference)] for reference in used):
                yield Finding("data", str(file), 1, f"no rule uses {'.'.join(path)}")


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path


def _reach(source: PolicySource) -> Iterator[Finding]:
    """What a rule refers to that is misspelt, of the tests or OPA's own: undefined, so true where negated."""
    there = [(name,) for name in POLICY_DATA] + [
        tuple(module.package.split(".")) for module in source.modules
    ]
    for module in source.modules:
        for path, line in _references(module.syntax):
            if not any(path[: len(root)] == root for root in there):
                name = ".".join(("data", *path))
                message = f"{name} is neither in the policy nor in its policy data; correct it"
                yield Finding("reach", module.file, line, message)


def _references(syntax: Any) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each `data.a.b` that is written, as `(a, b)` up to what is known only when it runs, and its line."""
    for node in _nodes(syntax):
        if node.get("type") == "ref" and node["value"][0].get("value") == "data":
            parts: list[str] = []
            for part in node["value"][1:]:
                if part["type"] != "string":
                    break
                parts.append(part["value"])
            yield tuple(parts), node["value"][0]["location"]["row"]


def _tests(source: PolicySource) -> Iterator[Finding]:
    """What stands with the tests and never runs: OPA knows a test by its name, and passes over the rest."""
    rules = [rule for module in source.test_modules for rule in module.rules]
    syntaxes = [syntax for module in source.test_modules for syntax in module.syntax.get("rules", [])]
    used = {
        name
        for rule, syntax in zip(rules, syntaxes, strict=True)
        for name in _names(syntax)
        if name != rule.name  # as its own head says
    }
    for rule in rules:
        if rule.name not in used and not rule.name.startswith(("test_", "todo_test_")):
            message = (
                f"{rule.name} never runs: it is not named test_… and no test uses it; rename or remove it"
            )
            yield _at(rule, "test", message)


def _names(syntax: Any) -> Iterator[str]:
    """Each name that is written in a rule: of variables, and of the parts of references."""
    for node in _nodes(syntax):
        if node.get("type") == "var":
            yield node["value"]
        elif node.get("type") == "ref":
            yield from (part["value"] for part in node["value"] if part["type"] == "string")


def _nodes(syntax: Any) -> Iterator[dict[str, Any]]:
    """Every object within OPA's syntax, from the outside in."""
    if isinstance(syntax, dict):
        yield syntax
        syntax = list(syntax.values())
    if isinstance(syntax, list):
        for inner in syntax:
            yield from _nodes(inner)


def _at(rule: Rule, check: str, message: str) -> Finding:
    return Finding(check, rule.file, rule.line, message)
