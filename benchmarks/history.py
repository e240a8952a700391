"""Measures what is kept for `icaccess audit replay`, for each person and year of daily runs; all sample data.

    python benchmarks/history.py 200 --days 365

Each day some people certify again, are approved, or change jobs; a real OPA decides and the ledger is
changed. In the end the store is compacted with the kept history and without it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from population import AT, PLACES, population

from icaccess.guard import GuardResult
from icaccess.opa.engine import running_engine
from icaccess.pipeline import start
from icaccess.request import Request

ROOT = Path(__file__).parents[1]
RULES = (
    "DELETE FROM content WHERE digest NOT IN (SELECT content FROM history) "
    "AND digest NOT IN (SELECT base FROM content WHERE base IS NOT NULL)"
)
RATES = {"certify": 0.5, "approve": 0.5, "move": 0.15, "leave": 0.08}
"""How often each happens, for each person and year: 1.23 changes, and what they lead to."""


def change(rng: Random, person: dict[str, Any], what: str, day: str) -> None:
    """One thing that happens to a person on a day."""
    if what == "certify":
        person["certifications"] = [
            *person.get("certifications", ()), {"name": "Elementary Scheduling", "completed_on": day}
        ]  # fmt: skip
    elif what == "approve":
        approval = {
            "decision": "approved",
            "decided_on": day,
            "approver": "0999999",
            "approver_role": "Principal",
        }
        person["approvals"] = [*person.get("approvals", ()), approval]
    elif what == "move" and person.get("assignments"):
        job = person["assignments"][-1]
        person["assignments"] = [*person["assignments"][:-1], job | {"end": day}, job | {
            "location": rng.choice(list(PLACES)), "start": day}]  # fmt: skip
        person["assignments"][-1].pop("end", None)
    elif what == "leave" and person.get("employment"):
        person["employment"] = [*person["employment"][:-1], person["employment"][-1] | {"end": day}]


def size_of(store: Path, *without: str) -> int:
    """The bytes of a compacted copy of the store, without what some statements delete."""
    copy = store.with_suffix(".copy")
    shutil.copy(store, copy)
    connection = sqlite3.connect(copy, isolation_level=None)
    for statement in without:
        connection.execute(statement)
    connection.execute("VACUUM")
    connection.close()
    return copy.stat().st_size


def main() -> None:
    """Simulate and print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=int)
    parser.add_argument("--days", type=int, default=365)
    arguments = parser.parse_args()
    rng = Random(7)
    people = list(population(arguments.people, 7))
    with tempfile.TemporaryDirectory() as work, running_engine(ROOT / "policy", ROOT / "config") as engine:
        folder, facts, store = Path(work, "config"), Path(work, "facts.jsonl"), Path(work, "icaccess.db")
        shutil.copytree(ROOT / "config", folder)
        (folder / "icaccess.yaml").write_text(
            f"opa: {{urls: ['{engine.url}'], token: '${{file:{work}/token}}'}}\n"
        )
        Path(work, "token").write_text(engine.token)
        for number in range(arguments.days):
            day = AT + timedelta(number)
            for person in people:
                for what, rate in RATES.items():
                    if rng.random() < rate / 365:
                        change(rng, person, what, day.isoformat())
            facts.write_text("".join(json.dumps(person) + "\n" for person in people))
            request = Request(
                config=folder, policy=ROOT / "policy", facts=[facts], at=day, store=f"sqlite:///{store}"
            )
            with start(request) as run, run.changing("benchmark"):
                plan = run.plan()
                run.apply(plan, GuardResult(plan_digest=plan.digest), by="benchmark")
        with sqlite3.connect(store) as connection:
            documents = connection.execute("SELECT count(*) FROM history").fetchone()[0]
        connection.close()
        whole, rest = size_of(store), size_of(store, RULES)
        kept, rules = rest - size_of(store, RULES, "DELETE FROM history", "DELETE FROM content"), whole - rest
        record = whole - size_of(store, "DELETE FROM audit")

    def each(size: int) -> str:
        return f"{size * 365 / arguments.days / arguments.people:.0f} bytes a person a year"

    print(
        f"{arguments.people:,} people, {arguments.days} daily runs: {documents:,} documents, {each(kept)}\n"
        f"the audit record: {each(record)}; the whole store: {each(whole)}\n"
        f"policy and policy data: {rules:,} bytes, once for each version"
    )


if __name__ == "__main__":
    main()
