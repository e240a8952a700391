"""`make bench`: what a decision costs, each figure beside what it is compared with in the same run.

    make bench                                        a few minutes, 20,000 people
    make bench BENCH="--size 100000 --rounds 3"       the sizes of docs/performance.md
    make bench BENCH="--only ceiling,decide --seed 7 --mix moved=60,renewed=40"

Results go to build/bench: results.json, results.md and plot.svg. People are made up (population.py); OPA, the
client and the command line are the real ones, on loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import population
import sections
from beside_cerbos import beside_cerbos
from plot import svg
from rig import Rig

ROOT = Path(__file__).parents[1]
SECTIONS: dict[str, Callable[[Rig], list[dict[str, Any]]]] = {
    "throughput": sections.throughput,
    "ceiling": sections.ceiling,
    "nightly": sections.nightly,
    "population": sections.by_population,
    "client": sections.client_alone,
    "sidecars": sections.sidecars,
    "startup": sections.startup,
    "call": sections.one_call,
    "decide": sections.decide_one,
    "cerbos": beside_cerbos,
}


def main() -> None:
    """Measure, print the tables as they come, and write the results."""
    given = arguments()
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "people": {"size": given.size, "seed": given.seed, "mix": given.mix},
        "sections": {},
    }
    print(
        f"{given.size:,} made-up people, seed {given.seed}, mix {given.mix}; load {os.getloadavg()[0]:.1f}\n"
    )
    with tempfile.TemporaryDirectory(prefix="icaccess-bench-") as work:
        rig = Rig(ROOT, Path(work), given)
        for name in given.only:
            rows = SECTIONS[name](rig)
            results["sections"][name] = rows
            print(table(name, rows), flush=True)
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (out / "results.md").write_text("\n".join(table(*item) for item in results["sections"].items()))
    (out / "plot.svg").write_text(svg(results["sections"]))
    print(f"written to {out}/results.json, results.md and plot.svg")


def arguments() -> argparse.Namespace:
    """What the caller chose."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=20_000, help="people for most sections [%(default)s]")
    parser.add_argument(
        "--sizes", type=numbers, default=[1_000, 10_000], help="populations to compare, 1000,100000,…"
    )
    parser.add_argument(
        "--shares",
        type=shares,
        default=[0.0, 0.01, 0.1, 1.0],
        help="how many changed since last night, 0,1,10,100",
    )
    parser.add_argument(
        "--calls", type=int, default=400, help="one-call-each is tried on so many [%(default)s]"
    )
    parser.add_argument("--rounds", type=int, default=2, help="rounds in turn; the best counts [%(default)s]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mix", default=population.DEFAULT_MIX, help="life=weight,… [%(default)s]")
    parser.add_argument(
        "--beside", type=Path, metavar="DIR", help="another checkout, whose OPA answers one call each in turn"
    )
    parser.add_argument("--only", type=names, default=list(SECTIONS), help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    """Whole numbers between commas."""
    return [int(part) for part in text.split(",")]


def shares(text: str) -> list[float]:
    """Percentages between commas, as shares of one."""
    return [float(part) / 100 for part in text.split(",")]


def names(text: str) -> list[str]:
    """Names of sections between commas."""
    chosen = text.split(",")
    for name in chosen:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"no section {name!r}: there are {', '.join(SECTIONS)}")
    return chosen


def table(name: str, rows: list[dict[str, Any]]) -> str:
    """A Markdown table of one section's rows."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[shown(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |"
        for line in [columns, ["-" * width for width in widths], *cells]
    ]
    return f"## {name}\n\n" + "\n".join(lines) + "\n"


def shown(value: object) -> str:
    """A figure with as many digits as it is worth."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
