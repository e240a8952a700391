"""What one decision costs OPA, in processor time, by kind of life and rule by rule.

    python benchmarks/policy.py                                 the policy here, every mix
    python benchmarks/policy.py --policy ../before/policy --policy policy     two versions, in turn
    python benchmarks/policy.py --rules --mix renewed           which rules take the time

The time is the user time of `opa eval` over the people in one request, less that of the same command with a
query that only counts them; the best of several rounds, since others use the machine too. `--rules` asks the
profiler of OPA, which slows everything down: its shares and counts tell, its times do not.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import population

from icaccess.opa.program import environment

ROOT = Path(__file__).parents[1]
QUERY, NOTHING = "count(data.access.decisions)", "count(input.employees)"
_RULE = re.compile(r"(?:default )?([a-z_]\w*)")


def main() -> None:
    """Measure what is asked for, and print it."""
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="icaccess-bench-") as work:
        config = Path(work, "config")
        shutil.copytree(ROOT / "config", config)
        places = {place: {"name": f"Sample {place}", "type": "school"} for place in population.PLACES}
        (config / "locations" / "data.yaml").write_text(json.dumps(places))
        for mix in given.mix or [population.DEFAULT_MIX, *population.LIVES]:
            people = list(population.population(given.size, given.seed, mix))
            asked = Path(work, "input.json")
            asked.write_text(json.dumps({"as_of": given.at, "employees": people}))
            for policy in given.policy or [ROOT / "policy"]:
                command = [given.opa, "eval", "-b", policy, "-b", config, "-i", asked]
                if given.rules:
                    print_rules(command, policy, given.size)
                else:
                    took = best(command, QUERY, given.rounds) - best(command, NOTHING, given.rounds)
                    print(f"{took / given.size * 1e6:6.0f} µs  {policy}  {mix}", flush=True)


def arguments() -> argparse.Namespace:
    """The options given."""
    parser = argparse.ArgumentParser(description="What one decision costs OPA.")
    parser.add_argument("--policy", type=Path, action="append", help="folder, repeatable [default: policy]")
    parser.add_argument("--mix", action="append", help="life=weight,…, repeatable [default: all of them]")
    parser.add_argument("--at", default=population.AT.isoformat(), help="the day to decide on [%(default)s]")
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rules", action="store_true", help="the profile by rule in place of the time")
    parser.add_argument("--opa", default=shutil.which("opa") or "opa", help="[default: the one on PATH]")
    return parser.parse_args()


def best(command: list[object], query: str, rounds: int) -> float:
    """The least user time of the command with the query, in seconds."""
    times = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run([*command, query])
        times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(times)


def run(command: list[object]) -> bytes:
    """The output of a command that must not fail."""
    return subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, check=True, env=environment()
    ).stdout


def print_rules(command: list[object], policy: Path, size: int) -> None:
    """Each rule's share of the profiled time and how many expressions it evaluates for a decision."""
    profile = json.loads(run([*command, "--profile", "--profile-limit", 10000, QUERY]))["profile"]
    spent: Counter[str] = Counter()
    evaluated: Counter[str] = Counter()
    names: dict[str, list[str]] = {}
    for line in profile:
        file, row = line["location"]["file"], line["location"]["row"]
        if not file:
            continue
        rule = f"{Path(file).stem}.{names.setdefault(file, rule_by_row(Path(file)))[row - 1]}"
        spent[rule] += line["total_time_ns"]
        evaluated[rule] += line["num_eval"]
    files: Counter[str] = Counter()
    for rule, count in evaluated.items():
        files[rule.partition(".")[0]] += count
    print(f"{files.total() / size:.0f} expressions for a decision: {policy}")
    print(", ".join(f"{file} {count / size:.0f}" for file, count in files.most_common()))
    for rule, nanoseconds in spent.most_common(60):
        share = nanoseconds / sum(spent.values())
        print(f"{share:7.1%} {evaluated[rule] / size:7.1f}  {rule}")


def rule_by_row(file: Path) -> list[str]:
    """The name of the rule that each line of a file belongs to."""
    names, name = [], ""
    for line in file.read_text().split("\n"):
        if (found := _RULE.match(line)) is not None and found[1] not in {"package", "import"}:
            name = found[1]
        names.append(name)
    return names


if __name__ == "__main__":
    main()
