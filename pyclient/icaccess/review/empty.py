"""Runs of `opa test`, and that over a policy of the same names without rules, where no test should hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from icaccess.errors import PolicyError
from icaccess.opa.bundles import first_complaint
from icaccess.review.modules import Module
from icaccess.review.source import PolicySource

_PATIENT = ("--timeout", "120s")
"""OPA gives up on a test after five seconds, which a table of many rows may take on a busy machine."""


class TestPlace(msgspec.Struct, frozen=True):
    """Where a test stands."""

    file: str
    row: int


class OpaTest(msgspec.Struct, frozen=True):
    """One test as `opa test` tells of it; `sub_results` are the rows of a table, by their keys."""

    package: str
    name: str
    location: TestPlace
    fail: bool = False
    skip: bool = False
    error: dict[str, Any] | str | None = None
    sub_results: dict[str, Any] | None = None

    def rows(self) -> Iterator[tuple[str, str | None]]:
        """The test and what is wrong with it, or each row of its table, since each is a test of its own."""
        return _rows(msgspec.structs.asdict(self), self.name)


def run_tests(source: PolicySource, *arguments: str | Path) -> list[OpaTest]:
    """What `opa test` says of the tests in the files given, under the other options given."""
    done = source.run("test", *_PATIENT, "--format", "json", *arguments)
    try:
        found = msgspec.json.decode(done.stdout or "[]", type=list[OpaTest] | None)
    except msgspec.DecodeError as error:
        raise PolicyError(first_complaint(done.stderr or done.stdout)) from error
    if not found and done.returncode != 0:
        raise PolicyError(first_complaint(done.stderr))
    return found or []


def run_empty(source: PolicySource) -> list[OpaTest]:
    """Every test over a policy without rules; none where the tests do not compile with it."""
    if not source.test_files:
        return []
    with tempfile.TemporaryDirectory(prefix="icaccess-empty-") as work:
        emptied = []
        for number, module in enumerate(source.modules):
            emptied.append(Path(work, f"{number}.rego"))
            emptied[-1].write_text(_emptied(module, source.modules[:number]))
        loaded: list[str | Path] = [*source.test_files, *source.data_arguments, *source.test_data]
        try:
            return run_tests(source, *emptied, *loaded)
        except PolicyError:
            return []


def _emptied(module: Module, before: Sequence[Module]) -> str:
    """A module with the same names, none of which has a value."""
    lines = [f"package {module.package}"]
    done = {rule.path for other in before for rule in other.rules}
    for rule in module.rules:
        if rule.path not in done:
            arguments = [f"_a{n}" for n in range(len(rule.syntax["head"].get("args", [])))]
            called = f"({', '.join(arguments)})" if arguments else ""
            lines.append(f"{rule.name}{called} := input.nothing if false")
            done.add(rule.path)
    return "\n".join(lines)


def _rows(row: dict[str, Any], name: str) -> Iterator[tuple[str, str | None]]:
    inner = row.get("sub_results") or {}
    for key, below in inner.items():
        yield from _rows(below, f"{name}/{key}")
    if not inner:
        problem = "the test does not hold" if row.get("fail") else None
        if error := row.get("error"):
            problem = str(error.get("message", error) if isinstance(error, dict) else error)
        yield name, problem
