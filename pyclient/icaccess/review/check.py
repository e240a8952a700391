"""Whether a policy is fit to be reviewed: what a compiler cannot know, beside what OPA checks itself.

Each check gives findings; a policy without findings is in order. The rules of the checks are in `RULES`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from icaccess.errors import IcaccessError
from icaccess.review.cases import all_cases
from icaccess.review.empty import run_empty
from icaccess.review.modules import Rule
from icaccess.review.names import name_findings, toothless, written_texts
from icaccess.review.reach import rule_at
from icaccess.review.source import Finding, PolicySource
from icaccess.review.suite import SuiteRun, run_suite

RULES = {
    "read": "Policy, tests, cases and policy data can be read.",
    "format": "The policy is formatted as `opa fmt` does.",
    "compile": "The policy compiles strictly, fits its schemas and keeps to its capabilities.",
    "import": "No module imports the keywords that hide type errors and that coverage does not see.",
    "annotation": "Packages have titles, public rules descriptions, definitions in package access both.",
    "clause": "Every clause named is one of the posted requirements.",
    "reason": "Each reason code stands once in the table, and on one rule of the same clause.",
    "reachable": "Every reason is expected by a case, or named or given by a test.",
    "data": "Every value of the policy data is used by some rule.",
    "reach": "Every reference leads to a rule or to policy data, every call with a text to a rule for it.",
    "name": "No rule has the name of one of OPA's functions, and each word in braces has a value.",
    "test": "Every rule beside the tests is a test or is used by one, and every test can fail.",
}
"""The checks by id, and what each asks."""

FACING = "access"
"""The package whose rules are read by reviewers and asked by clients."""

_TABLE = "lib.reasons.table"
"""The rule that lists every reason."""

_PLACE = re.compile(r"(.+?)(?: line (\d+)|:(\d+))?: ")
"""How errors begin that are about a file, with its line where there is one."""


class Findings(msgspec.Struct, frozen=True):
    """All findings of one check; `cached_at` says when it was made, where it is from the cache."""

    findings: tuple[Finding, ...]
    cached_at: str | None = None


def check_policy(source: PolicySource) -> Findings:
    """All that is not in order with a policy, in the order of the checks; from the cache if nothing changed.

    What does not compile is not checked further. Raises `PolicyError` when a file does not even parse.
    """
    return source.cached("check", Findings, lambda: Findings(tuple(_check(source))), str(source.config))


def unread_finding(error: IcaccessError, policy: Path) -> Finding:
    """An error that ended a check as its one finding, at the file that it names, else at the policy folder.

    A tool that reads findings, and not what went to stderr, would take none of them for none wrong.
    """
    text = str(error)
    place = _PLACE.match(text)
    if place is None or not Path(place[1]).is_file():
        return Finding("read", str(policy), 1, text)
    return Finding("read", place[1], int(place[2] or place[3] or 1), text[place.end() :])


def _check(source: PolicySource) -> Iterator[Finding]:
    with ThreadPoolExecutor() as pool:  # OPA's answers are made side by side, and beside what needs none
        formatted = pool.submit(_format, source)
        over_nothing = pool.submit(run_empty, source)
        compiled = pool.submit(lambda: source.complaints)
        pool.submit(lambda: source.test_modules)
        yield from formatted.result()
        if source.schemas is None:
            place = source.policy / "schemas"
            message = f"no schemas, so no types are checked; run `python -m icaccess.schemas {place}`"
            yield Finding("compile", str(place), 1, message)
        for where, message in compiled.result():
            file, _, line = where.rpartition(":")
            yield Finding("compile", file or where, int(line) if line.isdigit() else 1, message)
        if compiled.result():
            return
        yield from _imports(source)
        yield from _annotations(source)
        yield from _clauses(source)
        reasons = _reason_table(source)
        yield from _reasons(source, reasons)
        yield from _reachable(source, reasons)
        yield from name_findings(source)
        yield from toothless(source, over_nothing.result())


def _format(source: PolicySource) -> list[Finding]:
    done = source.run("fmt", "--list", *source.rego_files, *source.test_files)
    return [
        Finding("format", file, 1, f"not formatted: run `opa fmt --write {file}`")
        for file in done.stdout.split()
    ]


def _imports(source: PolicySource) -> Iterator[Finding]:
    """Under these imports `opa check` passes type errors inside `not`, `and` and `or`.

    OPA's coverage then counts an operand that never ran, so that 100 % says nothing of it.
    """
    for module in [*source.modules, *source.test_modules, *source.sidecar_modules]:
        for path, _, line in module.imports:
            if (name := ".".join(path)) in _REFUSED:
                message = (
                    f"import {name}: type errors inside not, and, or pass, and coverage counts operands that "
                    "never ran; write a body for each alternative"
                )
                yield Finding("import", module.file, line, message)


_REFUSED = {"rego.v2", *(f"future.keywords.{word}" for word in ("not", "and", "or"))}


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
        if rule.name.startswith("_") or (rule.package != FACING and rule.path in told | described):
            continue
        told.add(rule.path)
        if not rule.description:
            yield _at(rule, "annotation", f"{rule.path} has no description in METADATA")
        elif not rule.title:
            yield _at(rule, "annotation", f"{rule.path} has no title in METADATA")


def _clauses(source: PolicySource) -> Iterator[Finding]:
    for rule in [*source.rules, *source.test_rules]:
        for clause in rule.clauses:
            if clause not in source.clauses:
                known = f"{source.clauses[0]} … {source.clauses[-1]}"
                yield _at(rule, "clause", f"{clause!r} is no clause; write {known}")


class _Table(msgspec.Struct, frozen=True):
    """The table of reasons as the policy has it, where it stands, and the lines of keys written twice."""

    clauses: dict[str, str | None]
    rule: Rule
    repeated: list[tuple[str, int]]


def _reason_table(source: PolicySource) -> _Table | None:
    rule = next((rule for rule in source.rules if rule.path == _TABLE), None)
    if rule is None:
        return None
    clauses: dict[str, str | None] = {}
    repeated = []
    for key, entry in rule.syntax["head"]["value"]["value"]:
        if key["value"] in clauses:  # OPA keeps one of two entries of the same key and does not say so.
            repeated.append((key["value"], key["location"]["row"]))
        pairs = entry["value"] if entry["type"] == "object" else []
        texts = {name["value"]: value["value"] for name, value in pairs if value["type"] == "string"}
        clauses[key["value"]] = texts.get("clause")
    return _Table(clauses, rule, repeated)


def _reasons(source: PolicySource, table: _Table | None) -> Iterator[Finding]:
    giving: dict[str, list[Rule]] = {}
    for rule in source.rules:
        if rule.reason is not None:
            giving.setdefault(rule.reason, []).append(rule)
    if table is None:
        for rules in giving.values():
            yield _at(rules[0], "reason", f"there is no table data.{_TABLE} that this reason is in")
        return
    for code, rules in giving.items():
        yield from _reason(code, rules, table)
    for code, line in table.repeated:
        yield Finding("reason", table.rule.file, line, f"{code} stands twice in the table")
    for code, clause in table.clauses.items():
        if clause is not None and clause not in source.clauses:
            yield _at(table.rule, "reason", f"{code} is of {clause!r}, which is no clause")
        if clause is not None and code not in giving:
            yield _at(table.rule, "reason", f"no rule is annotated as giving {code}")


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


def _reachable(source: PolicySource, table: _Table | None) -> Iterator[Finding]:
    """Reasons that no case expects and no test gives; the suite runs only for what no test names either."""
    expected = {code for case in all_cases(source) for code in case.expect.get("reasons", [])}
    named = {text for module in source.test_modules for text, _ in written_texts(module.syntax)}
    giving = {rule.reason: rule for rule in source.rules if rule.reason}
    rules = (dict.fromkeys(table.clauses, table.rule) if table else {}) | giving
    left = sorted(rules.keys() - expected - named)
    if not left:
        return
    run = run_suite(source) if source.test_files or source.case_files else None
    if run is not None and run.failed:
        failed = next(test for test in run.tests if test.problem)
        yield Finding("reachable", failed.file, failed.line, f"test {failed.name} fails: {failed.problem}")
        return
    for code in left:
        places = _places(source, code, giving.get(code))
        if run is None or not any(run.is_covered(file, [line]) for file, line in places):
            rule = rules[code]
            file, line = places[0] if places and code not in giving else (rule.file, rule.line)
            why = f"; {words}" if run and (words := _uncovered_words(source, run, rule)) else ""
            yield Finding("reachable", file, line, f"no test or case reaches {code}{why}")


def _uncovered_words(source: PolicySource, run: SuiteRun, rule: Rule) -> str | None:
    """Why no test reaches a rule, and who would; None where its lines are covered."""
    from icaccess.review.search.uncovered import with_people  # not loaded by a check that needs no search

    for part in run.uncovered:
        if part.file == rule.file and rule_at(source, part.file, part.line) == rule:
            (found,) = with_people(source, [part])
            return "; ".join(filter(None, (found.why, found.reached_by)))
    return None


def _places(source: PolicySource, code: str, giving: Rule | None) -> list[tuple[str, int]]:
    """Where a reason code is written in the rule that gives it, else in any rule but the table of reasons.

    A code on the line of the rule's condition says nothing, since that is evaluated either way.
    """
    rules = [giving] if giving else [rule for rule in source.rules if rule.path != _TABLE]
    written = [(rule, line) for rule in rules for text, line in written_texts(rule.syntax) if text == code]
    return [(rule.file, line) for rule, line in written if giving is None or line != rule.body_line]


def _at(rule: Rule, check: str, message: str) -> Finding:
    return Finding(check, rule.file, rule.line, message)
