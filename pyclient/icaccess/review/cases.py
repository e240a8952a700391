"""Cases: what the policy must say of a made-up employee, in YAML, for reviewers who write no Rego.

A file holds `cases`, and may hold `requirements`, `locations` and `calendar`, in place of the configured
policy data. A case has a `name`, the `clause` that it shows, a day `at`, an `employee` as in the facts, and
`expect`: those parts of the decision that it is about. Of `reasons` the codes are given, in order of name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from icaccess.errors import PolicyError
from icaccess.marked_yaml import Bare, Steps, read_file
from icaccess.models import Decision, Text
from icaccess.review.coverage import Covered, covered_by
from icaccess.review.source import POLICY_DATA, PolicySource, value_of
from icaccess.validation import converted

_QUERY = "[[d | d := data.{} with input as case] | some case in input.cases]"
_PARTS = {field.name for field in msgspec.structs.fields(Decision)}


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case: `expect` holds parts of the decision document, with `reasons` as codes."""

    name: Text
    clause: Text
    at: Text
    employee: dict[str, Any]
    expect: dict[str, Any]


class _CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of cases, and the policy data that they are decided by where it is not the configured."""

    cases: tuple[Case, ...]
    requirements: dict[str, Any] | UnsetType = UNSET
    locations: dict[str, Any] | UnsetType = UNSET
    calendar: dict[str, Any] | UnsetType = UNSET


class ReadCase(NamedTuple):
    """A case, where it stands, and JSON of the policy data that its file has in place of the configured."""

    case: Case
    file: Path
    line: int
    own_data: bytes


class TestResult(msgspec.Struct, frozen=True):
    """How one test went: a test in Rego, one row of its table, or a case in YAML.

    `suite` is the package or the file of cases; `problem` is null when it passed.
    """

    __test__ = False  # not one of pytest's own

    suite: str
    name: str
    file: str
    line: int
    problem: str | None
    skipped: bool = False


def read_cases(file: Path, clauses: Sequence[str]) -> list[ReadCase]:
    """The cases in a file, each of one of `clauses`; `PolicyError` says what is wrong."""
    marked = read_file(file, PolicyError, "correct it, or take it out of the folder")
    found = converted(marked, _CaseFile, file, PolicyError)
    for path, bare in _bare((), marked.value):
        line = marked.line(path)
        raise PolicyError(
            f"{file} line {line}: {bare.text} reads as something else to YAML; write it in quotes"
        )
    if not found.cases:
        raise PolicyError(
            f"{file} line {marked.line(('cases',))}: cases is empty; write a case or remove the file"
        )
    own = {name: value for name in POLICY_DATA if (value := getattr(found, name)) is not UNSET}
    own_data = msgspec.json.encode(own)
    lines = [marked.line(("cases", index)) for index in range(len(found.cases))]
    read = [ReadCase(case, file, line, own_data) for case, line in zip(found.cases, lines, strict=True)]
    _check(read, clauses)
    return read


def read_all_cases(source: PolicySource) -> list[ReadCase]:
    """Every case of a policy; `PolicyError` says what is wrong with the first file that is wrong."""
    return [one for file in source.case_files for one in read_cases(file, source.clauses)]


def all_cases(source: PolicySource) -> list[Case]:
    """The same cases alone."""
    return [one.case for one in read_all_cases(source)]


def run_cases(
    source: PolicySource, read: Sequence[ReadCase], *, coverage: bool = True
) -> tuple[list[TestResult], list[dict[str, Any]]]:
    """How the policy decides the cases that were `read`, and OPA's reports of the lines that this covered.

    Those with the same policy data are decided in one go.
    """
    groups: dict[bytes, list[ReadCase]] = {}
    for one in read:
        groups.setdefault(one.own_data, []).append(one)
    results, reports = [], []
    for own_data, group in groups.items():
        questions = [(one.case.at, one.case.employee) for one in group]
        answer = decide_questions(source, questions, own_data, coverage=coverage)
        reports.append(answer.get("coverage", {"files": {}}))
        for (case, file, line, _), decided in zip(group, value_of(answer), strict=True):
            problem = difference(case.expect, decided)
            results.append(TestResult(str(file), case.name, str(file), line, problem))
    return results, reports


Question = tuple[str, dict[str, Any]]
"""One question to the policy: the day, and somebody's facts."""


def decide_questions(
    source: PolicySource,
    questions: Sequence[Question],
    own_data: bytes = b"{}",
    *,
    coverage: bool,
    what: str = "access.decision",
) -> dict[str, Any]:
    """OPA's answer to questions: for each a list of its decision, empty where the policy is undefined.

    `what` is the rule or package that is asked. `own_data` is JSON of the policy data that stands in the
    place of the configured.
    """
    with tempfile.TemporaryDirectory(prefix="icaccess-cases-") as work:
        asked = Path(work, "input.json")
        cases = [{"as_of": day, "employee": facts} for day, facts in questions]
        asked.write_bytes(msgspec.json.encode({"cases": cases}))
        values = Path(work, "values.json")
        values.write_bytes(own_data)
        own = msgspec.json.decode(own_data)
        data = [argument for argument in source.data_arguments if argument.partition(":")[0] not in own]
        covering = ("--coverage", "--coverage-runs=") if coverage else ()
        options = (*covering, "--strict-builtin-errors", "--input", asked)
        return source.evaluate(_QUERY.format(what), [*source.rego_files, *data, values], *options)


def covered_lines(
    source: PolicySource, questions: Sequence[Question], what: str = "access.decision"
) -> Covered:
    """The lines of the policy that OPA evaluates to answer, and those it does not; `what` is asked."""
    return covered_by(decide_questions(source, questions, coverage=True, what=what)["coverage"])


def difference(expected: dict[str, Any], decisions: list[dict[str, Any]]) -> str | None:
    """What is not as expected, on one line; null when all is."""
    if not decisions:
        return "no decision: the policy is undefined for this employee"
    decision = dict(decisions[0])
    decision["reasons"] = sorted(reason["code"] for reason in decision["reasons"])
    wrong = (
        f"{name} is {_json(decision[name])}, expected {_json(value)}"
        for name, value in expected.items()
        if decision[name] != value
    )
    return "; ".join(wrong) or None


def _bare(path: Steps, value: Any) -> Iterator[tuple[Steps, Bare]]:
    if isinstance(value, Bare):
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for step, one in inner:
        yield from _bare((*path, step), one)


def _check(read: Sequence[ReadCase], clauses: Sequence[str]) -> None:
    names: set[str] = set()
    for case, file, line, _ in read:
        if case.name in names:
            raise PolicyError(f"{file} line {line}: another case is named {case.name!r} too; name each once")
        if case.clause not in clauses:
            known = f"{clauses[0]} … {clauses[-1]}"
            raise PolicyError(f"{file} line {line}: {case.clause!r} is no clause; write {known}")
        if not case.expect:
            raise PolicyError(
                f"{file} line {line}: {case.name!r} expects nothing; "
                "name a part of the decision under expect, such as outcome"
            )
        if unknown := sorted(case.expect.keys() - _PARTS):
            raise PolicyError(
                f"{file} line {line}: expect names {unknown[0]!r}, which no decision has; "
                f"it has {', '.join(sorted(_PARTS))}"
            )
        names.add(case.name)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
