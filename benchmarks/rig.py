"""What the sections measure with: people in a file, OPA running, the command line, and a store to plan on."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import load
import population

from icaccess.opa.engine import Engine, running_engine

AT = population.AT.isoformat()


class Rig:
    """One run of the benchmark."""

    def __init__(self, root: Path, work: Path, given: Namespace) -> None:
        self.root, self.work, self.given = root, work, given
        self.config = self._config()
        self._files: dict[tuple[int, float], Path] = {}

    def people(self, size: int | None = None) -> list[dict[str, Any]]:
        """The made-up people, as facts."""
        return list(population.population(size or self.given.size, self.given.seed, self.given.mix))

    def facts(self, size: int | None = None, changed: float = 0.0) -> Path:
        """A JSON Lines file of them, in which a share of the people has changed (their e-mail has)."""
        key = (size or self.given.size, changed)
        if key not in self._files:
            path = self._files[key] = self.work / f"people-{key[0]}-{changed}.jsonl"
            every = round(1 / changed) if changed else 0
            with path.open("w") as file:
                people = population.population(key[0], self.given.seed, self.given.mix)
                for number, employee in enumerate(people):
                    if every and number % every == 0:
                        employee["email"] = "changed@example.org"
                    file.write(json.dumps(employee) + "\n")
        return self._files[key]

    @contextlib.contextmanager
    def opa(self, **more: Any) -> Iterator[Engine]:
        """A sidecar on this project's policy and the policy data of the benchmark."""
        with running_engine(self.root / "policy", self.config, **more) as engine:
            yield engine

    @contextlib.contextmanager
    def opa_beside(self) -> Iterator[Engine | None]:
        """A sidecar on another checkout's policy, data and authorization; None where none is named."""
        if (beside := self.given.beside) is None:
            yield None
        else:
            with running_engine(beside / "policy", beside / "config") as engine:
                yield engine

    def command(self, *arguments: object) -> list[object]:
        """An `icaccess` command on the policy and policy data of the benchmark."""
        return [sys.executable, "-m", "icaccess", *arguments, "--config", self.config]

    def environment(self, urls: Sequence[str] = (), token: str = "", store: str = "bench") -> dict[str, str]:
        """The variables that name the sidecars and the store."""
        named = {"ICACCESS_OPA_URL": " ".join(urls), "ICACCESS_OPA_TOKEN": token} if urls else {}
        return named | {"ICACCESS_STORE": f"sqlite:///{self.work}/{store}.db"}

    def best(self, *work: Callable[[], float]) -> list[float]:
        """The best of some rounds of each, in turn, so that what else the machine does hits all alike."""
        times = [[piece() for piece in work] for _ in range(self.given.rounds)]
        return [min(column) for column in zip(*times, strict=True)]

    def wall(self, command: Sequence[object], env: dict[str, str]) -> load.Cost:
        """What one run of a command costs."""
        # Somebody whose evidence has gone waits for a consent, which ends with 3.
        return load.run(list(command), env, ok=(0, 2, 3))

    def _config(self) -> Path:
        """This project's policy data, with a guard that lets a benchmark change everybody."""
        config = self.work / "config"
        config.mkdir()
        for name in ("requirements", "locations", "calendar", "opa"):
            (config / name).symlink_to(self.root / "config" / name)
        free = "{count: null, share: null}"
        (config / "icaccess.yaml").write_text(
            f"guard: {{revocations: {free}, grants: {free}, undecided: {free}, facts_shrink: null}}\n"
        )
        return config


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
