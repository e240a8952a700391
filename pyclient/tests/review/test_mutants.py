"""The policy's tests catch mutants of the policy: what no test notices is no rule to rely on.

A sample is tried, drawn anew whenever the policy changes; ICACCESS_ALL_MUTANTS=1 tries every one.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from icaccess.opa.bundles import digest, policy_tree
from tests.mutants import Mutant, Verdict, mutants, verdict

ROOT = Path(__file__).parents[3]
ENOUGH = 60

EQUIVALENT = {
    (
        "employed_from := runs.start_of(_employment, max(holding), "
        "data.requirements.between_employments_days) if {",
        "employed_from := runs.start_of(_employment, min(holding), "
        "data.requirements.between_employments_days) if {",
    ): "periods that hold one day overlap, so they are of one run and have one start",
}
"""Mutants that decide as the policy does, by old and new text, and why that is so."""


def test_mutants_are_made_of_every_kind() -> None:
    made = mutants(ROOT / "policy")
    assert len(made) > 10 * ENOUGH
    assert len(set(made)) == len(made)
    changes = {(mutant.old.strip(), mutant.new.strip()) for mutant in made}
    assert ('record.decision == "approved"', 'record.decision != "approved"') in changes


def test_every_mutant_is_caught(opa_path: Path, tmp_path: Path) -> None:
    for name in ("policy", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
    everything = mutants(tmp_path / "policy")
    assert not EQUIVALENT.keys() - {(mutant.old.strip(), mutant.new.strip()) for mutant in everything}
    candidates = [one for one in everything if (one.old.strip(), one.new.strip()) not in EQUIVALENT]
    enough = len(candidates)
    if os.environ.get("ICACCESS_ALL_MUTANTS") != "1":
        enough = ENOUGH
        Random(digest(policy_tree(ROOT / "policy"))).shuffle(candidates)

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
