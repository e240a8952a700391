"""Mutants of the policy, each judged by the policy's own tests: what no test notices is no rule to rely on.

Two OPAs judge many of them: they get one changed file at a time.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from shutil import copytree
from typing import Any, Literal, NamedTuple

import msgspec

from icaccess.batches import batches, ordered_map
from icaccess.config import Secret
from icaccess.config.auth import Bearer
from icaccess.errors import EngineError, HttpError
from icaccess.http import HttpClient
from icaccess.opa.engine import die_with_parent, environment, free_port
from icaccess.review.cases import Case, difference, read_cases
from icaccess.review.mutants import Mutant
from icaccess.review.search.anybody import Search, Tried
from icaccess.review.search.build import Built
from icaccess.review.search.compare import Found, described
from icaccess.review.search.facts import employee_shape, vocabulary
from icaccess.review.search.judge import BATCH, RULES, UNDEFINED, Made, VersionJudge, questions
from icaccess.review.search.versions import changed_lines, mentioned
from icaccess.review.source import PolicySource

_PATIENCE = 120.0
"""Seconds in which one package of tests must answer; a mutant that takes longer is caught."""
_AT_ONCE = 2
"""How many mutants are judged at once; each takes two OPAs."""


class JudgedMutant(msgspec.Struct, frozen=True):
    """What became of a mutant; one that does not compile is no policy at all, and proves nothing.

    `shown_by` is the smallest person found for whom a survivor decides otherwise; null when none was found.
    """

    mutant: Mutant
    fate: Literal["caught", "survives", "no policy"]
    shown_by: Found | None = None


class _Group(NamedTuple):
    """Cases that are decided by the same policy data, and what the policy as it stands decides of them."""

    cases: tuple[Case, ...]
    people: tuple[tuple[str, bytes], ...]
    data: bytes
    decided: tuple[bytes, ...]


class MutantJudge(AbstractContextManager["MutantJudge"]):
    """Two OPAs that take one changed file at a time: one for the cases in YAML, one for the tests in Rego.

    The cases are decided all at once, by a policy without tests, which compiles sooner. The tests are asked
    of what no case notices.
    """

    def __init__(self, source: PolicySource) -> None:
        """Raises `PolicyError` where the policy does not parse, `EngineError` where OPA does not start."""
        self._source = source
        self._stack = ExitStack()
        try:
            self._plain = self._stack.enter_context(_Opa(source, ()))
            self._tested = self._stack.enter_context(_Opa(source, (*source.test_files, *source.test_data)))
            self._groups = [group for file in source.case_files for group in self._group(file)]
            packages = {
                module.package
                for module in source.test_modules
                if any("test_" in rule.path for rule in module.rules)
            }
            took: dict[str, float] = {}
            self._expected = {}
            for package in sorted(packages):
                started = time.monotonic()
                self._expected[package] = self._tested.answer(package)
                took[package] = time.monotonic() - started
            self._packages = sorted(packages, key=took.__getitem__)
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def mutated(self) -> VersionJudge:
        """What asks for decisions by the mutant that was judged last."""
        return self._plain.decisions

    def _group(self, file: Path) -> Iterator[_Group]:
        found, _ = read_cases(file, self._source.clauses)
        data = msgspec.json.encode({**self._source.policy_data, **found.own_data})
        for cases in batches(found.cases, BATCH):
            people = questions([Made.like(case.employee, case.at) for case in cases])
            decided = self._plain.decisions.decide(people, data)
            # A case about an id is not among them: everybody here has another one.
            kept = [place for place, case in enumerate(cases) if _passes(case, decided[place])]
            yield _Group(
                tuple(cases[place] for place in kept),
                tuple(people[place] for place in kept),
                data,
                tuple(decided[place] for place in kept),
            )

    def judge(self, mutant: Mutant) -> JudgedMutant:
        """Whether some case, or some package of tests, answers otherwise than for the policy as it stands."""
        text = mutated_text(self._source, mutant)
        if not self._plain.put(mutant.file, text):
            return JudgedMutant(mutant, "no policy")
        try:
            for group in self._groups:
                now = self._plain.decisions.decide(group.people, group.data)
                for case, answer, before in zip(group.cases, now, group.decided, strict=True):
                    if answer != before and not _passes(case, answer):
                        return JudgedMutant(mutant, "caught")
            self._tested.put(mutant.file, text)
            for place, package in enumerate(self._packages):
                if self._tested.answer(package) != self._expected[package]:
                    # What caught this one is asked first of the next.
                    self._packages.insert(0, self._packages.pop(place))
                    return JudgedMutant(mutant, "caught")
        except (HttpError, EngineError):
            return JudgedMutant(mutant, "caught")  # it takes longer than anybody waits for
        return JudgedMutant(mutant, "survives")


def _passes(case: Case, answer: bytes) -> bool:
    return difference(case.expect, [] if answer == UNDEFINED else [msgspec.json.decode(answer)]) is None


def mutated_text(source: PolicySource, mutant: Mutant) -> str:
    """The whole file that a mutant is of."""
    lines = (source.policy / mutant.file).read_text("utf-8").split("\n")
    lines[mutant.line - 1] = mutant.new
    return "\n".join(lines)


class _Opa(AbstractContextManager["_Opa"]):
    """An OPA that holds a policy, takes one changed file at a time, and answers to this process alone."""

    def __init__(self, source: PolicySource, also: Sequence[str | Path]) -> None:
        """`also` is what it holds besides the policy and its data, as OPA's arguments."""
        self._texts = {
            file.relative_to(source.policy).as_posix(): file.read_text("utf-8") for file in source.rego_files
        }
        self._changed: str | None = None
        with ExitStack() as stack:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="icaccess-mutants-")))
            token = secrets.token_urlsafe(32)
            (work / "authz.rego").write_text(RULES, "utf-8")
            digest = hashlib.sha256(token.encode()).hexdigest()
            (work / "clients.json").write_bytes(msgspec.json.encode({digest: ["decide"]}))
            address = free_port("127.0.0.1:0")
            options = ["--authentication=token", "--authorization=basic", "--log-level=error"]
            own: list[str | Path] = [work / "authz.rego", f"system.clients:{work / 'clients.json'}"]
            loaded = [*source.rego_files, *source.data_arguments, *also]
            process = stack.enter_context(
                subprocess.Popen(
                    [source.opa, "run", "--server", "--addr", address, *options, *own, *loaded],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment(),
                    preexec_fn=die_with_parent(),
                )
            )
            stack.callback(process.kill)
            self._http = stack.enter_context(HttpClient(Bearer(token=Secret(token)), timeout=_PATIENCE))
            self._url = f"http://{address}"
            known = msgspec.json.decode(self._first_answer(process, source))["result"]
            self._ids = {
                name: one["id"]
                for name in self._texts
                for one in known
                if str(source.policy / name).lstrip("/").endswith(one["id"].lstrip("/"))
            }
            self.decisions = VersionJudge(self._url, self._http)
            self._stack = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, name: str, text: str) -> bool:
        """Change one file, and put back the one changed before; whether OPA takes it."""
        if self._changed not in (None, name):
            self._send(self._changed, self._texts[self._changed])
        self._changed = name
        return self._send(name, text)

    def answer(self, package: str) -> Any:
        """What the tests of a package say: the value of each test, or the error."""
        url = f"{self._url}/v1/data/{package.replace('.', '/')}"
        answer = msgspec.json.decode(self._http.request("GET", url).content)
        found = answer.get("result")
        if not isinstance(found, dict):
            return answer.get("message")
        return {name: value for name, value in found.items() if name.startswith("test_")}

    def _send(self, name: str, text: str) -> bool:
        url = f"{self._url}/v1/policies/{self._ids[name]}"
        return self._http.request("PUT", url, body=text.encode()).status == 200

    def _first_answer(self, process: subprocess.Popen[bytes], source: PolicySource) -> bytes:
        """The policies that OPA holds, once it has started."""
        deadline = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(HttpError):
                return self._http.request("GET", f"{self._url}/v1/policies").content
        raise EngineError(f"OPA did not start with {source.policy}; run `icaccess policy check`")


class SurvivorSearch:
    """Looks for the smallest person for whom a mutant decides otherwise; all share whom the first built."""

    def __init__(self, source: PolicySource, limit: float) -> None:
        """`limit` is for how many seconds each mutant is searched."""
        self._source = source
        self._limit = limit
        self._shape = employee_shape(source.policy)
        self._built: Built | None = None

    def find(self, mutant: Mutant, policy: VersionJudge, mutated: VersionJudge) -> Found | None:
        """Somebody for whom the mutant decides otherwise than the policy; None when nobody is found."""
        with tempfile.TemporaryDirectory(prefix="icaccess-mutant-") as work:
            folder = Path(work, "policy")
            copytree(self._source.policy, folder)
            (folder / mutant.file).write_text(mutated_text(self._source, mutant), "utf-8")
            head = PolicySource(self._source.opa, folder, self._source.config, use_cache=False)
            sources = (self._source, head)
            words = vocabulary(sources, (), *mentioned(*sources))
            tried = Tried(seed=1, limit=self._limit)
            search = Search(self._shape, words, [], tried, quiet=0, built=self._built)
            outcome = search.run(policy, mutated)
            self._built = search.built
            return next(described(outcome, changed_lines(*sources), sources), None)


def judged(source: PolicySource, some: Sequence[Mutant], limit: float) -> Iterator[JudgedMutant]:
    """What becomes of each mutant, in their order; a survivor with somebody found within `limit` seconds."""
    with ExitStack() as stack:
        count = min(_AT_ONCE, os.cpu_count() or 1, len(some) or 1)
        idle: SimpleQueue[MutantJudge] = SimpleQueue()
        for _ in range(count):
            idle.put(stack.enter_context(MutantJudge(source)))
        unchanged = stack.enter_context(_Opa(source, ())).decisions if limit else None
        search = SurvivorSearch(source, limit)

        def judge(mutant: Mutant) -> JudgedMutant:
            judge = idle.get()
            try:
                found = judge.judge(mutant)
                if found.fate == "survives" and unchanged is not None:
                    shown_by = search.find(mutant, unchanged, judge.mutated)
                    found = msgspec.structs.replace(found, shown_by=shown_by)
                return found
            finally:
                idle.put(judge)

        yield from ordered_map(judge, some, count)


def shown(one: JudgedMutant, limit: float) -> str:
    """Who shows a survivor, in one line."""
    if not limit:
        return "  nobody was searched for"
    if one.shown_by is None:
        return f"  nobody found in {limit:g} s for whom it decides otherwise; people not tried may differ"
    found = one.shown_by
    facts = msgspec.json.encode(found.employee).decode()
    return f"  {found.kind} on {found.at} ({found.clause}): {facts}"
