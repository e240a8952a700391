"""Somebody who shows a difference is made plainer by changes that only go together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from icaccess.review.search.facts import EmployeeFacts, employee_shape
from icaccess.review.search.judge import Judge, Made
from icaccess.review.search.shrink import shrink
from icaccess.review.search.words import vocabulary

POLICY = Path(__file__).parents[4] / "policy"


class Nothing(Judge):
    """Decides nothing: whether somebody does is said by their facts alone."""

    def __init__(self) -> None:
        """Needs no version."""

    def decide(self, people: Sequence[Made]) -> list[tuple[bytes, ...]]:
        """No decision for each of the people."""
        return [() for _ in people]


def shrunk(facts: EmployeeFacts, does: Callable[[EmployeeFacts], Any]) -> EmployeeFacts:
    made, shape, words = Made(facts, "2025-09-10"), employee_shape(POLICY), vocabulary([], [])
    return shrink(Nothing(), made, shape, words, lambda one, _: bool(does(one.facts))).facts


def test_two_records_become_one_by_a_flag() -> None:
    jobs = [
        {"role": "Clerk", "location": "210", "start": "2019-08-01", "end": "2025-08-01"},
        {"role": "Aide", "location": "900", "start": "2018-08-01"},
        {"role": "Aide", "location": "900", "start": "2025-08-02"},
    ]

    def does(facts: EmployeeFacts) -> bool:
        """Whether a job at a school ended, and a renewed one of another goes on."""
        jobs = facts["assignments"]
        ended = [
            job for job in jobs if "end" in job and (job["location"] == "210" or job.get("school_based"))
        ]
        renewed = [
            job
            for job in jobs
            for before in jobs
            if (job["role"], job["start"]) > (before["role"], before["start"])
            and job["role"] == before["role"]
            and job["location"] == "900"
        ]
        return bool(ended and renewed)

    assert len(shrunk({"assignments": jobs}, does)["assignments"]) == 2


def test_a_choice_goes_with_a_field_less() -> None:
    approval = {
        "decision": "approved",
        "decided_on": "2025-01-01",
        "approver": "000777",
        "approver_role": "Manager",
    }

    def does(facts: EmployeeFacts) -> bool:
        return any(
            record["decision"] == "denied" or "approver_role" in record for record in facts["approvals"]
        )

    (record,) = shrunk({"approvals": [approval]}, does)["approvals"]
    assert record == {"decision": "denied", "decided_on": "2025-01-01", "approver": "000777"}


def test_lists_are_emptied_together() -> None:
    done = [{"name": name, "completed_on": "2025-01-01"} for name in ("One", "Two", "Three")]
    approval = {"decision": "approved", "decided_on": "2025-01-01", "approver": "000777"}

    def does(facts: EmployeeFacts) -> bool:
        return (len(facts["certifications"]), len(facts["approvals"])) in {(3, 2), (0, 0)}

    facts = {"certifications": done, "approvals": [approval, {**approval, "approver": "000778"}]}
    assert shrunk(facts, does) == {"certifications": [], "approvals": []}
