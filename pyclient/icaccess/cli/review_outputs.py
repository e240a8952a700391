"""What the commands of reviewers and CI answer with `--format json`, as types."""

from __future__ import annotations

import msgspec

from icaccess.opa.signing import Published
from icaccess.review.cases import TestResult
from icaccess.review.coverage import FileCoverage, Uncovered
from icaccess.review.mutate import JudgedMutant
from icaccess.review.page import PageClause
from icaccess.review.search.anybody import Tried
from icaccess.review.search.differ import Found
from icaccess.review.search.versions import ChangedLine
from icaccess.review.source import Finding
from icaccess.review.trace import TracedClause
from icaccess.review.versions import Version


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


class MutationOutput(Output):
    """`policy mutate`; `mutants` is how many there are, `counts` the results of those that were tried."""

    mutants: int
    counts: dict[str, int]
    survivors: list[JudgedMutant]


class FilesOutput(Output):
    """`report`."""

    files: list[str]
