"""Measures the merge of feeds: made-up exports as CSV, merged in a process of its own; all sample data.

    python benchmarks/merge.py 100000

For N employees the exports hold N people, N employments, N assignments, N completions and N approvals, the
completions by e-mail, the approvers too, in files that are ordered differently.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

FIELDS = {
    "people": "EMPLID,MAIL",
    "employment": "EMPLID,HIRE,TERM",
    "assignments": "EMPLID,TITLE,SITE,BEGIN,FINISH",
    "certifications": "MAIL,COURSE,DONE",
    "approvals": "EMPLID,DECISION,DECIDED,BY,ROLE",
}
SETTINGS = """
facts: {keys: {id: {zero_pad: 7}, email: {lower: true}}}
sources:
- {type: csv, name: people, gives: people, path: people.csv, key: {id: EMPLID}, fields: {email: MAIL}}
- {type: csv, name: employment, gives: employment, path: employment.csv, key: {id: EMPLID},
   fields: {start: HIRE, end: TERM}, date_format: "%m/%d/%Y"}
- {type: csv, name: assignments, gives: assignments, path: assignments.csv, key: {id: EMPLID},
   fields: {role: TITLE, location: SITE, start: BEGIN, end: FINISH}, date_format: "%m/%d/%Y",
   values: {role: {OFP: Office Professional, PRN: Principal}}}
- {type: csv, name: transcript, gives: certifications, path: certifications.csv, key: {email: MAIL},
   fields: {name: COURSE, completed_on: DONE}}
- {type: csv, name: approvals, gives: approvals, path: approvals.csv, key: {id: EMPLID}, approver_key: email,
   fields: {decision: DECISION, decided_on: DECIDED, approver: BY, approver_role: ROLE}}
"""


def write_exports(folder: Path, size: int, seed: int) -> int:
    """Write the exports of `size` employees and say how many rows of facts there are in them."""
    rng = Random(seed)
    rows: dict[str, list[str]] = {name: [] for name in FIELDS}
    for number in range(size):
        head = number - number % 100
        rows["people"].append(f"{number},P{number}@Example.org")
        rows["employment"].append(f"{number},08/0{1 + number % 9}/2019,")
        rows["assignments"].append(
            f"{number},{'PRN' if number == head else 'OFP'},{200 + number % 90},08/01/2019,"
        )
        course = "Elementary Scheduling" if number % 2 else "Walk-In Scheduling"
        rows["certifications"].append(f"p{number}@example.org,{course},2023-08-1{number % 10}T23:30:00Z")
        rows["approvals"].append(f"{number},approved,2023-08-14,p{head}@example.org,Principal")
    for name, lines in rows.items():
        rng.shuffle(lines)
        (folder / f"{name}.csv").write_text("\n".join([FIELDS[name], *lines]) + "\n", encoding="utf-8")
    (folder / "icaccess.yaml").write_text(SETTINGS, encoding="utf-8")
    return sum(len(rows[name]) for name in ("assignments", "certifications", "approvals"))


def merge(folder: Path) -> None:
    """Merge the exports, and print the time and the memory that it took."""
    began = time.perf_counter()
    from icaccess.config import load_config
    from icaccess.facts import open_facts

    records = sum(1 for _ in open_facts(load_config(folder)).records())
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"employees": records, "seconds": round(seconds, 1), "megabytes": round(peak)}))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the merge of feeds.")
    parser.add_argument("size", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merge", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.merge is not None:
        merge(options.merge)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = write_exports(Path(folder), options.size, options.seed)
        command = [sys.executable, __file__, "--merge", folder]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    print(
        f"{found['employees']} employees, {rows} assignment, transcript and approval rows: "
        f"{found['seconds']} s, {found['megabytes']} MB"
    )


if __name__ == "__main__":
    main()
