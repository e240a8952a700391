"""Which roles and places a decision is about, as the policy itself tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

import msgspec

from icaccess.models import Employee, Record
from icaccess.opa.client import AccessClient


class CurrentJobs(msgspec.Struct, frozen=True):
    """The roles and the locations of somebody's jobs, each in order and without repeats."""

    roles: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


class _Job(msgspec.Struct, frozen=True):
    role: str
    location: str


def jobs_of(client: AccessClient, record: Record, day: date) -> CurrentJobs:
    """The current jobs on a day, as the policy explains ES-2 and ES-3; where none is, those on record.

    Nothing for a record that cannot be decided.
    """
    if not isinstance(record, Employee):
        return CurrentJobs()
    clauses = {clause.clause: clause.facts for clause in client.explain(record, day)}
    facts = [*clauses.get("ES-2", []), *clauses.get("ES-3", [])] or clauses.get("ES-9", [])
    jobs = {msgspec.json.decode(fact, type=_Job) for fact in facts}
    return CurrentJobs(
        tuple(sorted({job.role for job in jobs})),
        tuple(sorted({job.location for job in jobs})),
    )


def people_by(pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many people each value is paired with, the most first; a pair is somebody's id and a value."""
    counts = Counter(value for _, value in set(pairs))
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
