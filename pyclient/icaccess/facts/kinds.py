"""What the rows of each kind of source hold: facts, people, places."""

from __future__ import annotations

from datetime import date

from msgspec import UNSET, UnsetType

from icaccess.facts.settings import Kind
from icaccess.models import Access, Approval, Assignment, Certification, EmploymentPeriod, Fact, Text


class Person(Fact, frozen=True):
    """Who an employee is, and what other feeds may call them.

    `unknown` names the kinds of fact that nobody can tell for this person, such as the certifications of
    somebody whose LMS account is not linked; `none` those that this person certainly lacks; `absent` those
    that the source leaves out for this person, which other sources may give.
    """

    id: Text
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    unknown: tuple[Kind, ...] | UnsetType = UNSET
    absent: tuple[Kind, ...] | UnsetType = UNSET
    none: tuple[Kind, ...] | UnsetType = UNSET


class Place(Fact, frozen=True):
    """A location as a source knows it, for the list of locations in the policy data."""

    id: Text
    type: Text
    name: str | UnsetType = UNSET


class Ended(Fact, frozen=True):
    """A row of jobs or employment that says only that the one before it ended the day before."""

    start: date


FACTS: dict[Kind, type[Fact]] = {
    "people": Person,
    "employment": EmploymentPeriod,
    "assignments": Assignment,
    "certifications": Certification,
    "approvals": Approval,
    "access": Access,
    "locations": Place,
}
"""The type for the rows of each kind."""
