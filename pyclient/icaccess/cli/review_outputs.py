"""What the commands of reviewers and CI answer with `--format json`, as types."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from icaccess.opa.signing import Published
from icaccess.review.coverage import FileCoverage, Uncovered
from icaccess.review.forecast import Event
from icaccess.review.impact import DayActions, DecisionChange
from icaccess.review.mutate import JudgedMutant
from icaccess.review.page import PageClause
from icaccess.review.search.anybody import Tried
from icaccess.review.search.differ import Found
from icaccess.review.search.explore import Explored
from icaccess.review.search.versions import ChangedLine
from icaccess.review.source import Finding
from icaccess.review.suite import TestResult
from icaccess.review.trace import TracedClause
from icaccess.review.versions import Version

Counts = dict[str, dict[str, int]]


class Output(msgspec.Struct, forbid_unknown_fields=True):
    """The base of the documents below: a test decodes what the commands print, and refuses other fields."""


class FindingsOutput(Output):
    """`policy check`."""

    findings: list[Finding]


class Suite(Output):
    """`policy test`; `coverage` is in percent."""

    passed: int
    failed: int
    skipped: int
    cached_at: str | None
    coverage: float | None
    files: list[FileCoverage]
    uncovered: list[Uncovered]
    tests: list[TestResult]


class BundlesOutput(Output):
    """`policy bundle`."""

    bundles: list[Published]


class PageOutput(Output):
    """`policy page`: the sentences that no clause serves, and what rests on clauses that changed."""

    clauses: list[PageClause]
    unread: list[str]
    rests: list[TracedClause]


class FoundOutput(Found, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A made-up person for whom the versions decide differently; `case` is YAML for the policy's tests."""

    case: str


class SearchOutput(Output):
    """What `impact --anybody` tried and found: `same` is true when no decision can differ.

    `lines` are those of the rules that differ; `problem` says why the search ended early.
    """

    same: bool
    tried: Tried | None
    found: list[FoundOutput]
    lines: list[ChangedLine]
    problem: str | None


class AnybodyOutput(Output):
    """`impact --anybody`."""

    base: Version
    head: Version
    anybody: SearchOutput


class ExplorationOutput(Output):
    """`policy explore`; `cases` is YAML, and empty when the tests reach everything that the people show."""

    version: Version
    tried: Tried
    people: list[Explored]
    missed: list[str]
    problem: str | None
    cases: str


class MutationOutput(Output):
    """`policy mutate`; `mutants` is how many there are, `counts` the results of those that were tried."""

    mutants: int
    counts: dict[str, int]
    survivors: list[JudgedMutant]


class ImpactOutput(Output):
    """`impact`."""

    base: Version
    head: Version
    first_day: date
    last_day: date
    people: int
    people_changed: int
    by_kind: dict[str, int]
    by_reason: Counts
    by_role: dict[str, Any]
    by_location: dict[str, Any]
    actions: list[DayActions]
    changes: list[DecisionChange]


class ForecastOutput(Output):
    """`forecast`."""

    first_day: date
    last_day: date
    people: int
    allowed_first: int
    allowed_last: int
    by_month: Counts
    by_reason: dict[str, Any]
    by_role: dict[str, Any]
    by_location: dict[str, Any]
    events: list[Event]


class FilesOutput(Output):
    """`report`."""

    files: list[str]
