"""A policy of which one file at a time is changed in an OPA, and for whom the change matters."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec

from icaccess.config import Secret
from icaccess.config.auth import Bearer
from icaccess.errors import EngineError, HttpError
from icaccess.http import HttpClient
from icaccess.opa.engine import die_with_parent, free_port, write_authz
from icaccess.opa.program import environment
from icaccess.review.mutants import Mutant
from icaccess.review.names import DataPath
from icaccess.review.search.anybody import Search, Tried
from icaccess.review.search.build import Built
from icaccess.review.search.compare import with_clauses
from icaccess.review.search.differ import Found
from icaccess.review.search.facts import employee_shape
from icaccess.review.search.judge import RULES, Made, VersionJudge
from icaccess.review.search.versions import changed_lines, mentioned
from icaccess.review.search.words import vocabulary
from icaccess.review.source import PolicySource

_PATIENCE = 120.0
"""Seconds in which a question must be answered; a mutant that takes longer is caught."""


def mutated_text(source: PolicySource, mutant: Mutant) -> str:
    """The whole file that a mutant is of."""
    lines = source.texts[mutant.file].split("\n")
    lines[mutant.line - 1] = mutant.new
    return "\n".join(lines)


class ChangedOpa(AbstractContextManager["ChangedOpa"]):
    """An OPA that holds a policy, takes one changed file at a time, and answers to this process alone."""

    def __init__(self, source: PolicySource, also: Sequence[str | Path]) -> None:
        """`also` is what it holds besides the policy and its data, as OPA's arguments."""
        self._texts = source.texts
        self._changed: str | None = None
        with ExitStack() as stack:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="icaccess-mutants-")))
            token = secrets.token_urlsafe(32)
            (work / "rules.rego").write_text(RULES, "utf-8")
            authz = write_authz(work / "rules.rego", token, work)
            options = ["--authentication=token", "--authorization=basic", "--log-level=error"]
            loaded = [authz, *source.rego_files, *source.data_arguments, *also]
            self._http = stack.enter_context(HttpClient(Bearer(token=Secret(token)), timeout=_PATIENCE))
            for _ in range(3):  # OPA ends if somebody takes the port before it does
                address = free_port("127.0.0.1:0")
                self._url = f"http://{address}"
                process = stack.enter_context(
                    subprocess.Popen(
                        [source.opa, "run", "--server", "--addr", address, *options, *loaded],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                        env=environment(),
                        preexec_fn=die_with_parent(),
                    )
                )
                stack.callback(process.kill)
                if (answer := self._first_answer(process)) is not None:
                    break
            else:
                raise EngineError(f"OPA did not start with {source.policy}; run `icaccess policy check`")
            known = msgspec.json.decode(answer)["result"]
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

    def answer(self, test: DataPath) -> Any:
        """What a test says: its value, by row where it is a table, or the error; None if it is undefined."""
        url = f"{self._url}/v1/data/{'/'.join(test)}"
        answer = msgspec.json.decode(self._http.request("GET", url).content)
        return answer.get("result", answer.get("message"))

    def _send(self, name: str, text: str) -> bool:
        url = f"{self._url}/v1/policies/{self._ids[name]}"
        return self._http.request("PUT", url, body=text.encode()).status == 200

    def _first_answer(self, process: subprocess.Popen[bytes]) -> bytes | None:
        """The policies that OPA holds, once it has started; None if it did not.

        Another program at the address does not know the token, and cannot be mistaken for OPA.
        """
        deadline = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(HttpError):
                response = self._http.request("GET", f"{self._url}/v1/policies")
                if response.status == 200:
                    return response.content
        return None


class MutantSearch:
    """Looks for the smallest person for whom a mutant decides otherwise; all share whom the first built."""

    def __init__(self, source: PolicySource, seeds: Sequence[Made] = ()) -> None:
        """`seeds` are the people whom each search begins with."""
        self._source = source
        self._seeds = seeds
        self._shape = employee_shape(source.policy)
        self._built: Built | None = None

    def find(self, mutant: Mutant, policy: VersionJudge, mutated: VersionJudge, limit: float) -> Found | None:
        """Somebody for whom the mutant decides otherwise; None when nobody is found in `limit` seconds."""
        with tempfile.TemporaryDirectory(prefix="icaccess-mutant-") as work:
            folder = Path(work, "policy")
            copytree(self._source.policy, folder)
            (folder / mutant.file).write_text(mutated_text(self._source, mutant), "utf-8")
            head = PolicySource(self._source.opa, folder, self._source.config, use_cache=False)
            sources = (self._source, head)
            words = vocabulary(sources, self._seeds, *mentioned(*sources))
            tried = Tried(seed=1, limit=limit)
            search = Search(self._shape, words, list(self._seeds), tried, quiet=0)
            search.built = self._built
            search.run(policy, mutated)
            self._built = search.built
            return next(with_clauses(search.found, changed_lines(*sources), sources), None)
