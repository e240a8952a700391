"""A small made-up district for tests of the service: people who are allowed access today, in a facts file."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[3]


def allowed(number: int, today: date) -> dict[str, object]:
    """Somebody who meets every requirement on the day `today`."""
    lately = (today - timedelta(days=10)).isoformat()
    return {
        "id": f"{number:06}",
        "name": "Sample Person",
        "email": f"sample{number}@example.org",
        "employment": [{"start": "2019-08-01"}],
        "assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01"}],
        "certifications": [
            {"name": "Walk-In Scheduling", "completed_on": lately},
            {"name": "Elementary Scheduling", "completed_on": lately},
        ],
        "approvals": [
            {
                "decision": "approved",
                "decided_on": lately,
                "approver": "000777",
                "approver_role": "Principal",
            }
        ],
    }


def write_facts(path: Path, people: list[dict[str, object]]) -> Path:
    """The people as JSON Lines, put in place at once."""
    beside = path.with_suffix(".new")
    beside.write_text("".join(json.dumps(person) + "\n" for person in people))
    beside.replace(path)
    return path
