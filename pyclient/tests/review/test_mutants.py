"""The policy's tests catch mutants of the policy: what no test notices is no rule to rely on.

A sample of those of the requirements is tried; ICACCESS_ALL_MUTANTS=1 tries every one of all files.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.mutants import Mutant, Verdict, mutants, verdict

ROOT = Path(__file__).parents[3]
ENOUGH = 60

FILES = (
    "access.rego",
    "evidence.rego",
    "granting.rego",
    "lib/approval.rego",
    "lib/assignment.rego",
    "lib/runs.rego",
)
"""Where the sample is drawn from: the requirements themselves, and what they rest on most."""

EQUIVALENT = [
    (
        "access.rego",
        "last := max([period.start | some period in employment;",
        "last := min([period.start | some period in employment;",
        "periods that hold one day overlap, so they are of one run and have one start",
    ),
    (
        "lib/calendar.rego",
        "start < data.calendar.covers.through",
        "start <= data.calendar.covers.through",
        "what is asked for on the last day covered is due after it",
    ),
    (
        "lib/calendar.rego",
        "_open_weekdays(start, n + 10)",
        "_open_weekdays(start, n + 11)",
        "looks at a day more, and takes the same one",
    ),
    (
        "lib/calendar.rego",
        "[time.weekday(midnight)], 0, n)",
        "[time.weekday(midnight)], 1, n)",
        "the quick way finds nothing, and the general one the same day",
    ),
    (
        "lib/calendar.rego",
        "n + (2 * ceil(n / 5))",
        "n + (3 * ceil(n / 5))",
        "looks at more days, and takes the same one",
    ),
    ("lib/dates.rego", 'day < "9999"', 'day <= "9999"', "no day is written as a year alone"),
    *(
        ("lib/facts.rego", old, new, "stands in for what is absent, and only its type matters")
        for old, new in [
            ('_no_access := {"held": false}', '_no_access := {"held": true}'),
            ('"school_based": true', '"school_based": false'),
            ('"approver_role": "-"', '"approver_role": "-~"'),
            ('"role": "-"', '"role": "-~"'),
            ('"location": "-"', '"location": "-~"'),
        ]
    ),
    *(
        (
            "shelf_life.rego",
            old,
            new,
            "decides one day more, on which nothing differs or which is taken anyway",
        )
        for old, new in [
            ("change > day", "change >= day"),
            ("change < sure}", "change <= sure}"),
            ("period.start > day", "period.start >= day"),
            ("job.start > day", "job.start >= day"),
            ("completion.completed_on > day", "completion.completed_on >= day"),
            ("record.decided_on > day", "record.decided_on >= day"),
            ("period.end < sure", "period.end <= sure"),
            ("job.end < sure", "job.end <= sure"),
            ("up > day", "up >= day"),
            ("over > day", "over >= day"),
            ("removal < sure", "removal <= sure"),
        ]
    ),
]
"""Mutants that decide as the policy does: file, what stands there, what instead, and why nothing differs."""


def is_equivalent(mutant: Mutant) -> bool:
    return any(
        mutant.file == file and old in mutant.old and mutant.old.replace(old, new, 1) == mutant.new
        for file, old, new, _ in EQUIVALENT
    )


def test_mutants_are_made_of_every_kind() -> None:
    made = mutants(ROOT / "policy")
    assert len(made) > 10 * ENOUGH
    assert len(set(made)) == len(made)
    changes = {(mutant.old.strip(), mutant.new.strip()) for mutant in made}
    assert ('record.decision == "approved"', 'record.decision != "approved"') in changes


def test_mutants_named_as_equivalent_exist() -> None:
    made = mutants(ROOT / "policy")
    for entry in EQUIVALENT:
        file, old, new, _ = entry
        assert any(
            mutant.file == file and old in mutant.old and mutant.old.replace(old, new, 1) == mutant.new
            for mutant in made
        ), entry


def test_every_mutant_is_caught(opa_path: Path, tmp_path: Path) -> None:
    for name in ("policy", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
    everything = mutants(tmp_path / "policy")
    candidates = [mutant for mutant in everything if not is_equivalent(mutant)]
    enough = len(candidates)
    if os.environ.get("ICACCESS_ALL_MUTANTS") != "1":
        candidates = [mutant for mutant in candidates if mutant.file in FILES]
        Random(60).shuffle(candidates)
        enough = ENOUGH

    def tried(mutant: Mutant) -> Verdict:
        return verdict(mutant, tmp_path / "policy", tmp_path / "config", opa_path)

    survivors: list[str] = []
    counts: Counter[Verdict] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(candidates), 8):
            some = candidates[start : start + 8]
            for mutant, found in zip(some, pool.map(tried, some), strict=True):
                counts[found] += 1
                if found == "survives":
                    survivors.append(str(mutant))
            if counts["caught"] + counts["survives"] >= enough:
                break
    assert survivors == []
    assert counts["caught"] >= ENOUGH
