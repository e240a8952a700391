"""How long the commands of reviewers and CI take, beside one run of OPA's own tests in the same sitting.

    python benchmarks/review.py                          the folders here
    python benchmarks/review.py --against ../before      OPA's tests of another build's policy and config

Each row is wall time as a share of `opa test --coverage -b policy -b config`, the median of some rounds: of
check, test, trace and report one after the other with an empty cache, of the same again with nothing changed,
and of `policy check` alone with an empty cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from icaccess.opa.program import find_opa

ROOT = Path(__file__).parents[1]
CHECK = ("policy", "check")
COMMANDS = (
    CHECK,
    ("policy", "test", "--min-coverage", "100"),
    ("policy", "trace"),
    ("report", "--at", "2026-02-02"),
)


def seconds(command: list[str], folder: Path, cache: Path) -> float:
    """How long a command takes that must end well."""
    started = time.monotonic()
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return time.monotonic() - started


def main() -> None:
    """Measure in turn, and print a line for each."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--against", type=Path, default=ROOT, help="a folder with policy/ and config/")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    opa = find_opa()
    whole = [str(opa), "test", "--timeout", "300s", "--coverage", "-b", "policy", "-b", "config"]
    shares: dict[str, list[float]] = {}
    for _ in range(chosen.rounds):
        with tempfile.TemporaryDirectory(prefix="icaccess-bench-") as work:
            cache = Path(work, "cache")
            place = cache / "icaccess" / "opa" / opa.parent.name
            place.mkdir(parents=True)
            shutil.copy(opa, place / "opa")
            empty = Path(work, "empty")
            shutil.copytree(cache, empty)
            own = [
                [
                    sys.executable,
                    "-m",
                    "icaccess",
                    *command,
                    *(("--out", work) if "report" in command else ()),
                ]
                for command in COMMANDS
            ]
            one = seconds(whole, chosen.against, cache)
            taken = {
                "check, test, trace and report, cold": sum(seconds(each, ROOT, cache) for each in own),
                "the same again": sum(seconds(each, ROOT, cache) for each in own),
                "policy check alone, cold": seconds(own[0], ROOT, empty),
            }
            print(f"opa test --coverage: {one:.1f} s", flush=True)
            for name, value in taken.items():
                shares.setdefault(name, []).append(value / one)
                print(f"  {name}: {value:.1f} s, {value / one:.2f} of it", flush=True)
    for name, values in shares.items():
        print(f"{statistics.median(values):.2f}  {name}")


if __name__ == "__main__":
    main()
