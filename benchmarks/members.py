"""Measures plan and apply by the number of members of a group; all sample data.

    python benchmarks/members.py 1000 10000

For each number a SCIM server on loopback, in a process of its own, holds a group with so many members, who
keep their access, and 40 people who are to come. `icaccess plan` and `icaccess apply` run as whole processes
on one OPA. The rounds of all numbers take turns, and the best of each counts; the last row compares the
largest number with the smallest.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import load
import population

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pyclient"))

from icaccess.opa.engine import running_engine  # noqa: E402 (as above)
from tests.targets.odd_scim import OddServer  # noqa: E402 (found by the line before)

JOIN = 40
GROUP = "IC Elementary Scheduling"


class Site:
    """A server with so many members, facts of the same people, and a configuration that names both."""

    def __init__(self, work: Path, members: int) -> None:
        self.members = members
        self.work = work / str(members)
        self.facts = self.work / "people.jsonl"
        self.config = self.work / "config"
        self.config.mkdir(parents=True)
        for name in ("requirements", "locations", "calendar", "opa"):
            (self.config / name).symlink_to(ROOT / "config" / name)
        day = datetime.now(UTC).date()
        person = next(population.population(1, mix="settled"))
        with self.facts.open("w", encoding="utf-8") as file:
            for number in range(members + JOIN):
                done = [
                    {"name": name, "completed_on": f"{day.year}-01-01"}
                    for name in ("Walk-In Scheduling", "Elementary Scheduling")
                ]
                changed = {"id": f"{number}", "certifications": done}
                file.write(json.dumps({**person, **changed}) + "\n")

    @contextlib.contextmanager
    def server(self) -> Iterator[None]:
        """The server, before anybody joined; the settings name its port."""
        server = OddServer(self.members + JOIN)
        server.maximum = 1000
        server.group(GROUP, [f"u{number}" for number in range(self.members)])
        settings = {
            "target": {"kind": "scim", "scim": {"url": server.url, "token": "${SCIM_TOKEN}", "group": GROUP}},
        }
        (self.config / "icaccess.yaml").write_text(json.dumps(settings), encoding="utf-8")
        pid = os.fork()
        if pid == 0:
            server.serve_forever()
        server.server_close()
        try:
            yield
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)

    def run(self, opa: dict[str, str]) -> dict[str, load.Cost]:
        """What `plan` and `apply` cost, from a store that adopted the members."""
        store = self.work / "store.db"
        store.unlink(missing_ok=True)
        env = opa | {"ICACCESS_STORE": f"sqlite:///{store}", "SCIM_TOKEN": "sample"}
        with self.server():
            load.run(self.command("adopt"), env)
            found = {}
            for name, (options, code) in COMMANDS.items():
                found[name] = load.run(self.command(name, *options), env, ok=(code,))
            load.run(self.command("plan", "--detailed-exitcode"), env)  # nothing is left to change
            return found

    def command(self, *arguments: str) -> list[object]:
        """An `icaccess` command."""
        return [sys.executable, "-m", "icaccess", *arguments, "--config", self.config, "--facts", self.facts]


COMMANDS = {"plan": (["--detailed-exitcode"], 2), "apply": (["--yes"], 0)}
"""The options of each command, and the exit code that it must end with."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("members", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3, help="rounds in turn; the best counts [%(default)s]")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="icaccess-members-") as folder:
        work = Path(folder)
        sites = [Site(work, members) for members in sorted(given.members)]
        with running_engine(ROOT / "policy", sites[0].config) as engine:
            opa = {"ICACCESS_OPA_URL": engine.url, "ICACCESS_OPA_TOKEN": engine.token}
            rounds = [[site.run(opa) for site in sites] for _ in range(given.rounds)]
    print("| members | command | s | processor time, s | peak memory, MB |")
    print("|--:|---|--:|--:|--:|")
    for name in COMMANDS:
        best = []
        for place, site in enumerate(sites):
            costs = [one[place][name] for one in rounds]
            best.append([min(getattr(cost, part) for cost in costs) for part in ("wall", "cpu", "peak")])
            print_row(f"{site.members:,}", name, best[-1])
        times = f"{sites[-1].members / sites[0].members:g} times"
        print_row(times, name, [last / first for first, last in zip(best[0], best[-1], strict=True)])


def print_row(members: str, name: str, costs: list[float]) -> None:
    """Print one line of the table."""
    print(f"| {members} | `icaccess {name}` |", " | ".join(f"{one:.3g}" for one in costs), "|")


if __name__ == "__main__":
    main()
