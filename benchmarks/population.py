"""Made-up employees for measuring: seeded, in a mix of lives that the caller chooses; all sample data.

python benchmarks/population.py 20000 --seed 7 --mix settled=50,moved=50 > people.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

Facts = dict[str, Any]

AT = date(2026, 9, 10)
"""The day for which the lives below are told: some weeks after a removal."""

DEFAULT_MIX = (
    "settled=48,newcomer=8,moved=10,renewed=8,expired=8,unapproved=5,untrained=5,left=4,returned=2,"
    "elsewhere=1,unread=1"
)
PLACES = {"210": 24, "211": 24, "212": 24, "213": 20, "900": 5, "910": 2, "999": 1}
"""Where people work, by weight: four schools, an office, a terminal, and a place that is in no list."""


def population(size: int, seed: int = 1, mix: str = DEFAULT_MIX) -> Iterator[Facts]:
    """`size` employees, drawn by the weights of `mix`; the same seed and mix give the same people."""
    weights = parse_mix(mix)
    rng = Random(seed)
    kinds, shares = list(weights), list(weights.values())
    for number in range(size):
        yield {"id": f"{number:07}"} | LIVES[rng.choices(kinds, shares)[0]](rng)


def parse_mix(text: str) -> dict[str, float]:
    """The weights of `life=weight,…`; `ValueError` names a life that there is none of."""
    weights = {}
    for part in text.split(","):
        life, _, weight = part.partition("=")
        if life not in LIVES:
            raise ValueError(f"no life {life!r}: there are {', '.join(LIVES)}")
        weights[life] = float(weight or 1)
    return weights


def _day(rng: Random, first: date, last: date) -> date:
    return first + timedelta(rng.randrange((last - first).days + 1))


def _job(rng: Random, start: date, end: date | None = None) -> Facts:
    job = {
        "role": rng.choice(["Office Professional", "School Counselor", "Teacher", "Paraprofessional"]),
        "location": rng.choices(list(PLACES), list(PLACES.values()))[0],
        "start": start.isoformat(),
    }
    return job | ({"end": end.isoformat()} if end else {})


def _approval(day: date, **more: str) -> Facts:
    return {
        "decision": "approved",
        "decided_on": day.isoformat(),
        "approver": "0999999",
        "approver_role": "Principal",
    } | more


def _trained(walk_in: date, *elementary: date) -> list[Facts]:
    return [{"name": "Walk-In Scheduling", "completed_on": walk_in.isoformat()}] + [
        {"name": "Elementary Scheduling", "completed_on": day.isoformat()} for day in elementary
    ]


def _settled(rng: Random) -> Facts:
    """Hired years ago, trained in this cycle, as a newcomer or again, approved, and holding access."""
    hired = _day(rng, date(2012, 7, 1), date(2024, 8, 1))
    first = _day(rng, date(2024, 8, 1), date(2026, 6, 1))
    again = [_day(rng, date(2026, 1, 2), date(2026, 6, 28))] if first < date(2026, 1, 1) else []
    job = _job(rng, hired)
    return {
        "employment": [{"start": hired.isoformat()}],
        "assignments": [job],
        "certifications": _trained(first - timedelta(30), first, *again),
        "approvals": [_approval(_day(rng, first, date(2026, 8, 1)))],
        "access": {"held": True, "since": first.isoformat(), "locations": [job["location"]]},
    }


def _newcomer(rng: Random) -> Facts:
    """Hired this summer, and granted access or about to be."""
    hired = _day(rng, date(2026, 7, 1), date(2026, 8, 20))
    trained = _day(rng, hired, AT)
    return {
        "employment": [{"start": hired.isoformat()}],
        "assignments": [_job(rng, hired)],
        "certifications": _trained(trained, trained),
        "approvals": [_approval(_day(rng, hired, AT))],
    }


def _moved(rng: Random) -> Facts:
    """Has changed schools, and has approval for the new job, or still only for the old one."""
    hired = _day(rng, date(2015, 7, 1), date(2023, 8, 1))
    move = _day(rng, date(2025, 7, 1), date(2026, 9, 1))
    trained = _day(rng, date(2024, 8, 1), date(2025, 6, 1))
    old, new = _job(rng, hired, move - timedelta(1)), _job(rng, move)
    approvals = [_approval(trained, role=old["role"], location=old["location"])]
    if rng.random() < 0.6:
        approvals.append(_approval(move - timedelta(20), role=new["role"], location=new["location"]))
    return {
        "employment": [{"start": hired.isoformat()}],
        "assignments": [old, new],
        "certifications": _trained(trained, trained, _day(rng, date(2026, 1, 2), date(2026, 6, 28))),
        "approvals": approvals,
        "access": {"held": True, "since": trained.isoformat(), "locations": [old["location"]]},
    }


def _renewed(rng: Random) -> Facts:
    """A ten-month job, renewed each August as a record of its own; two jobs in some years."""
    job = _job(rng, date(2020, 8, 1))
    years = range(rng.randint(2019, 2023), 2027)
    jobs = [job | {"start": f"{year}-08-05", "end": f"{year + 1}-06-05"} for year in years]
    if rng.random() < 0.5:
        jobs.append(_job(rng, date(2025, 8, 5), date(2027, 6, 5)))
    trained = _day(rng, date(2026, 1, 2), date(2026, 6, 28))
    return {
        "employment": [{"start": f"{years[0]}-08-01"}],
        "assignments": jobs,
        "certifications": _trained(trained, trained),
        "approvals": [_approval(trained)],
        "access": {"held": True, "since": trained.isoformat()},
    }


def _expired(rng: Random) -> Facts:
    """Trained in the cycle that the removal ended, and not again."""
    trained = _day(rng, date(2023, 8, 1), date(2025, 12, 31))
    return _settled(rng) | {"certifications": _trained(trained, trained)}


def _unapproved(rng: Random) -> Facts:
    """Trained, and nobody who may has approved."""
    life = _settled(rng) | {"access": {"held": False}}
    denied = _approval(date(2025, 9, 1)) | {"decision": "denied"}
    return life | {"approvals": rng.choice([[], [denied], [_approval(date(2025, 8, 1)), denied]])}


def _untrained(rng: Random) -> Facts:
    """A colleague without the certifications, who holds nothing."""
    life = _settled(rng) | {"access": {"held": False}}
    return life | {"certifications": _trained(date(2025, 1, 9)) if rng.random() < 0.5 else []}


def _left(rng: Random) -> Facts:
    """Has left the district."""
    life = _settled(rng)
    gone = _day(rng, date(2025, 1, 1), date(2026, 9, 1))
    life["employment"][0]["end"] = life["assignments"][0]["end"] = gone.isoformat()
    return life


def _returned(rng: Random) -> Facts:
    """Left, and came back to another job."""
    life = _left(rng)
    back = AT - timedelta(rng.randint(1, 60))
    life["employment"][0]["end"] = life["assignments"][0]["end"] = (back - timedelta(40)).isoformat()
    life["employment"].append({"start": back.isoformat()})
    life["assignments"].append(_job(rng, back))
    if rng.random() < 0.5:
        life["approvals"].append(_approval(AT - timedelta(1)))
    return life


def _elsewhere(rng: Random) -> Facts:
    """Meets everything but for the job: no listed role, and not at a school."""
    life = _settled(rng)
    job = life["assignments"][0] | {"role": "Accountant", "location": "900"}
    return life | {"assignments": [job], "access": {"held": False}}


def _unread(rng: Random) -> Facts:
    """Of whom a source of facts has not been read, so that nothing is decided."""
    life = _settled(rng)
    del life[rng.choice(["certifications", "approvals"])]
    return life


LIVES: dict[str, Callable[[Random], Facts]] = {
    "settled": _settled,
    "newcomer": _newcomer,
    "moved": _moved,
    "renewed": _renewed,
    "expired": _expired,
    "unapproved": _unapproved,
    "untrained": _untrained,
    "left": _left,
    "returned": _returned,
    "elsewhere": _elsewhere,
    "unread": _unread,
}


def main() -> None:
    """Write the people as JSON Lines to standard output."""
    parser = argparse.ArgumentParser(description="Made-up employees as JSON Lines.")
    parser.add_argument("size", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mix", default=DEFAULT_MIX, help="life=weight,… [default: %(default)s]")
    given = parser.parse_args()
    for employee in population(given.size, given.seed, given.mix):
        sys.stdout.write(json.dumps(employee) + "\n")


if __name__ == "__main__":
    main()
