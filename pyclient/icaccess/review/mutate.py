"""Mutants of the policy, each judged by the policy's own tests: what no test notices is no rule to rely on.

A mutant changes one line: a comparison, a constant, a word, a condition negated or left out. One OPA judges
many of them: it holds policy, tests and cases, gets one changed file at a time, and tells what the tests say.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any, Literal

import msgspec

from icaccess.config import Secret
from icaccess.config.auth import Bearer
from icaccess.errors import EngineError, HttpError, PolicyError
from icaccess.http import HttpClient
from icaccess.opa.engine import environment, free_port
from icaccess.review.search.compare import Found, compare_for_anybody
from icaccess.review.source import PolicySource
from icaccess.review.versions import Checkout

_COMPARISON = re.compile(r"(?<![:<>=!])(<=|>=|==|!=|<|>)(?!=)")
_SHIFTED = {"<=": "<", "<": "<=", ">=": ">", ">": ">=", "==": "!=", "!=": "=="}
_WORD = re.compile(r"\b(min|max|true|false)\b(?![\w\"])")
_SWAPPED = {"min": "max", "max": "min", "true": "false", "false": "true"}
_NUMBER = re.compile(r"(?<![\w.\"-])(\d+)(?![\w.\"])")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
_CONDITION = re.compile(r"^(\t+)(?!some |every |not |[}\])\"|])([a-z_][^:]*[^{\[(,:])$")
_PATIENCE = 120.0
"""Seconds in which one package of tests must answer; a mutant that takes longer is caught."""
_AUTHZ = """package system.authz

default allow := false

allow if input.identity == "{token}"
"""


class Mutant(msgspec.Struct, frozen=True):
    """One change of one line: what stood there, and what stands there instead."""

    file: str
    line: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.old.strip()}  ⇒  {self.new.strip() or '(left out)'}"


class JudgedMutant(msgspec.Struct, frozen=True):
    """What became of a mutant; one that does not compile is no policy at all, and proves nothing.

    `shown_by` is the smallest person found for whom a survivor decides otherwise; null when none was found.
    """

    mutant: Mutant
    fate: Literal["caught", "survives", "no policy"]
    shown_by: Found | None = None


def mutants(policy: Path) -> list[Mutant]:
    """Every mutant of the rules in a policy folder, in the order of files and lines."""
    made = []
    for file in sorted(policy.rglob("*.rego")):
        name = file.relative_to(policy).as_posix()
        if name.startswith("tests/") or name.endswith("_test.rego"):
            continue
        for number, line in enumerate(file.read_text("utf-8").split("\n"), 1):
            if not line.lstrip().startswith(("#", "package ", "import ")):
                made += [Mutant(name, number, line, new) for new in dict.fromkeys(_changed(line))]
    return made


def sample(made: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """Some of the mutants by chance, in their order."""
    chosen = Random(seed).sample(range(len(made)), min(size, len(made)))  # noqa: S311 (can be repeated)
    return [made[place] for place in sorted(chosen)]


def _changed(line: str) -> Iterator[str]:
    code = _STRING.sub(lambda found: '"' + "\0" * (len(found[0]) - 2) + '"', line)
    code, _, _ = code.partition(" # ")
    for found in _COMPARISON.finditer(code):
        yield line[: found.start()] + _SHIFTED[found[1]] + line[found.end() :]
    for found in _WORD.finditer(code):
        yield line[: found.start()] + _SWAPPED[found[1]] + line[found.end() :]
    for found in _NUMBER.finditer(code):
        yield line[: found.start()] + str(int(found[1]) + 1) + line[found.end() :]
    for found in _STRING.finditer(line):
        if len(found[0]) > 2 and " " not in found[0] and not line[found.end() :].startswith(":"):
            yield f"{line[: found.end() - 1]}~{line[found.end() - 1 :]}"
    for found in re.finditer(r"\bnot ", code):
        yield line[: found.start()] + line[found.end() :]
    if (condition := _CONDITION.match(code)) is not None:
        yield f"{condition[1]}not {line[condition.end(1) :]}"
    if code.startswith("\tnot ") or (condition and _COMPARISON.search(code)):
        yield ""


class MutantJudge(AbstractContextManager["MutantJudge"]):
    """An OPA that holds a policy with its tests, and takes one changed file at a time."""

    def __init__(self, source: PolicySource) -> None:
        """Raises `PolicyError` where the policy does not parse, `EngineError` where OPA does not start."""
        self._source = source
        self._stack = ExitStack()
        try:
            self._start()
            self._packages = sorted(self._rules(source.test_modules))
            self._expected = {package: self._answer(package) for package in self._packages}
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def judge(self, mutant: Mutant) -> JudgedMutant:
        """Whether any package of tests answers otherwise than for the policy as it stands."""
        file = self._source.policy / mutant.file
        text = file.read_text("utf-8")
        lines = text.split("\n")
        lines[mutant.line - 1] = mutant.new
        put = self._http.request("PUT", self._policies[mutant.file], body="\n".join(lines).encode())
        if put.status != 200:
            return JudgedMutant(mutant, "no policy")
        try:
            for place, package in enumerate(self._packages):
                if self._answer(package) != self._expected[package]:
                    # What caught this one is asked first of the next.
                    self._packages.insert(0, self._packages.pop(place))
                    return JudgedMutant(mutant, "caught")
        except HttpError:
            return JudgedMutant(mutant, "caught")  # it takes longer than anybody waits for
        finally:
            self._http.request("PUT", self._policies[mutant.file], body=text.encode())
        return JudgedMutant(mutant, "survives")

    def _start(self) -> None:
        source = self._source
        work = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="icaccess-mutants-")))
        token = secrets.token_urlsafe(32)
        (work / "authz.rego").write_text(_AUTHZ.format(token=token), "utf-8")
        address = free_port("127.0.0.1:0")
        loaded: list[str | Path] = [
            *source.rego_files,
            *source.test_files,
            *source.data_arguments,
            *source.test_data,
        ]
        options = ["--authentication=token", "--authorization=basic", "--log-level=error"]
        process = self._stack.enter_context(
            subprocess.Popen(
                [source.opa, "run", "--server", "--addr", address, *options, work / "authz.rego", *loaded],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
            )
        )
        self._stack.callback(process.kill)
        self._http = self._stack.enter_context(HttpClient(Bearer(token=Secret(token)), timeout=_PATIENCE))
        self._url = f"http://{address}/v1"
        known = msgspec.json.decode(self._first_answer(process))
        self._policies = {}
        for one in known["result"]:
            for file in source.rego_files:
                if str(file).lstrip("/").endswith(one["id"].lstrip("/")):
                    name = file.relative_to(source.policy).as_posix()
                    self._policies[name] = f"{self._url}/policies/{one['id']}"

    def _first_answer(self, process: subprocess.Popen[bytes]) -> bytes:
        """The policies that OPA holds, once it has started."""
        deadline = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(HttpError):
                return self._http.request("GET", f"{self._url}/policies").content
        raise EngineError(f"OPA did not start with {self._source.policy}; run `icaccess policy check`")

    def _answer(self, package: str) -> Any:
        """What the tests of a package say: the value of each test, or the error."""
        path = package.replace(".", "/")
        answer = msgspec.json.decode(self._http.request("GET", f"{self._url}/data/{path}").content)
        found = answer.get("result")
        if not isinstance(found, dict):
            return answer.get("message")
        return {name: value for name, value in found.items() if name.startswith("test_")}

    @staticmethod
    def _rules(modules: Iterable[Any]) -> set[str]:
        return {module.package for module in modules if any("test_" in rule.path for rule in module.rules)}


def judged(source: PolicySource, some: Iterable[Mutant], limit: float) -> Iterator[JudgedMutant]:
    """What becomes of each mutant; a survivor with somebody found within `limit` seconds, if any."""
    with MutantJudge(source) as judge:
        for mutant in some:
            found = judge.judge(mutant)
            if found.fate == "survives" and limit:
                found = msgspec.structs.replace(found, shown_by=_shown_by(source, mutant, limit))
            yield found


def _shown_by(source: PolicySource, mutant: Mutant, limit: float) -> Found | None:
    with tempfile.TemporaryDirectory(prefix="icaccess-mutant-") as work:
        policy = Path(work, "policy")
        copytree(source.policy, policy)
        file = policy / mutant.file
        lines = file.read_text("utf-8").split("\n")
        lines[mutant.line - 1] = mutant.new
        file.write_text("\n".join(lines), "utf-8")
        base = Checkout("the policy", "the policy", None, source.policy, source.config, Path(work))
        head = Checkout("the mutant", "the mutant", None, policy, source.config, Path(work))
        try:
            found = compare_for_anybody(base, head, (), limit=limit, seed=1, quiet=0).found
        except (EngineError, PolicyError):
            return None
    return found[0] if found else None


def shown(one: JudgedMutant, limit: float) -> str:
    """Who shows a survivor, in one line."""
    if not limit:
        return "  nobody was searched for"
    if one.shown_by is None:
        return f"  nobody found in {limit:g} s for whom it decides otherwise; people not tried may differ"
    found = one.shown_by
    facts = msgspec.json.encode(found.employee).decode()
    return f"  {found.kind} on {found.at} ({found.clause}): {facts}"
