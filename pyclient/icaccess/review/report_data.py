"""What a report says, as frozen values: the page, the CSV and the JSON are all rendered from one of them.

Nothing here judges. Outcomes, reasons and dates are the policy's own words; the rest is what was seen and
when. A part that could not be had is null, and `absent` says why in one line.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from icaccess.models import Action, Basis, BasisApproval, Expiry, Outcome, Reason
from icaccess.notices.proof import Telling
from icaccess.review.campaign import Campaign
from icaccess.review.report_clauses import ClauseWords, Traced

FORMAT = "icaccess-report/1"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of what a report is made of: read back as strictly as it was written."""


class Job(Part, frozen=True, kw_only=True):
    """One assignment that holds on the day of the report, as the facts have it."""

    role: str
    location: str


class Held(Part, frozen=True, kw_only=True):
    """What the target shows that a person holds; `locations` is null where it does not tell."""

    since: date | None = None
    locations: tuple[str, ...] | None = None


class Given(Part, frozen=True, kw_only=True):
    """The run that gave the access which is held now: by taking over who held it, or by a grant.

    `on` is the day of the adoption, or the day on which the grant was seen at the target; `approval` the one
    that the grant rested on then.
    """

    run: int
    how: Literal["adopted", "granted"]
    on: date
    approval: BasisApproval | None = None


class ReportedPerson(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One person, what they hold, and the decision on them.

    `name`, `username` and `email` are empty where the facts have none or the report leaves them out.
    `waits_since` is the day from which on a revocation waits for a consent, and `gone` the evidence that the
    facts no longer show.
    """

    id: str
    name: str = ""
    username: str = ""
    email: str = ""
    jobs: tuple[Job, ...] = ()
    held: Held | None = None
    given: Given | None = None
    outcome: Outcome
    action: Action
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    expiry: Expiry | None = None
    requirements_met_on: date | None = None
    grant_due_by: date | None = None
    needs_consent: bool = False
    waits_since: date | None = None
    gone: tuple[str, ...] = ()
    escalate: bool = False
    recheck_on: date | None = None
    basis: Basis | None = None

    @property
    def holds(self) -> bool:
        """Whether the target shows that the person holds access."""
        return self.held is not None


class ReportedSource(Part, frozen=True, kw_only=True):
    """One source of facts: its file and digest, or its rows, what became of each, and what it declares.

    `rows` is the sum of `used`, `repeated`, `unmatched` (of nobody known) and `rejected`; `declared` how many
    rows the source says that it holds, and `as_of` when it was made, where it says so.
    """

    name: str
    digest: str | None = None
    rows: int | None = None
    used: int = 0
    repeated: int = 0
    unmatched: int = 0
    rejected: int = 0
    declared: int | None = None
    as_of: str | None = None
    problem: str = ""


class Population(Part, frozen=True, kw_only=True):
    """Who was looked at, and the proof that it was everybody (counts that have to agree)."""

    records: int
    """Employee records that the sources gave; each was sent to the policy once."""
    answered: int
    """Decisions that came back, each for another of them."""
    unreadable: int
    """Records that are wrong in themselves, and so undecided; they are among `records`."""
    without_record: int
    """People who hold access and have no employee record; they stand in the report besides `records`."""
    facts_digest: str
    """SHA-256 over every record, in the sources' order."""
    leaning: int = 0
    """How many people have rows of a source of which some match nobody."""
    sources: tuple[ReportedSource, ...] = ()


class ReportEvidence(Part, frozen=True, kw_only=True):
    """What the report rests on, by digest, and with which program it was made."""

    policy_revision: str
    data_revision: str
    opa_version: str
    icaccess_version: str
    target: str = ""
    """What was asked who holds access; empty when it was the facts themselves."""


class Standing(Part, frozen=True, kw_only=True):
    """What somebody's decision came to in one report."""

    outcome: Outcome
    held: bool
    reasons: tuple[str, ...]


class StandingChange(Part, frozen=True, kw_only=True):
    """One person whose standing differs; `before` is null for somebody new, `after` for somebody gone."""

    id: str
    before: Standing | None
    after: Standing | None


class Since(Part, frozen=True, kw_only=True):
    """The report that this one is held against, and who stands differently."""

    as_of: date
    created_at: str
    policy_revision: str
    data_revision: str
    facts_digest: str
    records: int
    changes: tuple[StandingChange, ...]


class Month(Part, frozen=True, kw_only=True):
    """One month, `YYYY-MM`, and in how many people's case something falls in it."""

    month: str
    valid: int = 0
    """Certifications that end in it, whose recertification has not opened yet."""
    recertify: int = 0
    """Certifications that end in it, which can be renewed now."""


class Coming(Part, frozen=True, kw_only=True):
    """One month of the outlook: how many people something happens to in it, by the forecast's kinds."""

    month: str
    removed: int = 0
    lost: int = 0
    recertify: int = 0
    blocked: int = 0
    allowed: int = 0
    overdue: int = 0


class Outlook(Part, frozen=True, kw_only=True):
    """What happens through a day if neither facts nor rules change, and how many are allowed now and then.

    `by_role` and `by_location` tell who loses access, at the end of the cycle or before.
    """

    through: date
    allowed_now: int
    allowed_then: int
    months: tuple[Coming, ...]
    by_role: dict[str, int]
    by_location: dict[str, int]


class ReportedApproval(Part, frozen=True, kw_only=True):
    """An approval on which access for a job at `location` rests, by somebody who might not approve there.

    `approver_locations` are those at which the approver might; null where nobody says where they worked.
    """

    id: str
    location: str
    decided_on: date
    approver: str
    approver_locations: tuple[str, ...] | None


class ReportedDrift(Part, frozen=True, kw_only=True):
    """Access that was changed outside this system, or that the target hides."""

    id: str
    kind: Literal["given", "taken", "moved", "hidden"]
    expected: Held | None
    found: Held | None
    outcome: Outcome
    action: Action


class Removal(Part, frozen=True, kw_only=True):
    """One removal as the journal has it, and what became of it.

    `departed_on` is the last day employed where the person had left, and `days` the days from it to the day
    on which the removal was seen at the target. `told` has the notices of the end that reached the person
    before; it is null where no date foretold the removal.
    """

    id: str
    run: int
    reasons: tuple[str, ...]
    asked_on: date
    state: str
    settled_on: date | None
    departed_on: date | None
    days: int | None
    told: tuple[Telling, ...] | None = None
    note: str = ""


class Audit(Part, frozen=True, kw_only=True):
    """Where the audit record ends, after its whole chain was checked; `problem` says where it is broken.

    `witness` says which witnesses have its newest head, `events` the guard's stops and who consented.
    """

    entries: int
    head: str
    problem: str = ""
    witnessed: bool = False
    witness: str = ""
    events: tuple[str, ...] = ()


class UnderWay(Part, frozen=True, kw_only=True):
    """The changes that somebody else carries out and that the target has not proved."""

    pending: int = 0
    overdue: int = 0
    export_due_since: str | None = None
    """Since when the oldest list waits for a newer export: an instant as in `created_at`."""


class Report(Part, frozen=True, kw_only=True):
    """Everything that the reviewer's page says."""

    format: Literal["icaccess-report/1"] = "icaccess-report/1"
    as_of: date
    created_at: str
    """An instant, ISO 8601 with the district's offset."""
    personal: bool
    """False when names, user names and e-mail addresses were left out."""
    evidence: ReportEvidence
    population: Population
    people: tuple[ReportedPerson, ...]
    places: dict[str, str]
    """The names of locations, by id, where the policy data has one."""
    expiries: tuple[Month, ...]
    since: Since | None = None
    outlook: Outlook | None = None
    campaign: Campaign | None = None
    """The recertification before the next removal, without its people; null where nobody is allowed."""
    elsewhere: tuple[ReportedApproval, ...] | None = None
    """Approvals of those who are allowed by another location's Principal or Manager alone."""
    clauses: tuple[ClauseWords, ...] | None = None
    trace: tuple[Traced, ...] | None = None
    drift: tuple[ReportedDrift, ...] | None = None
    removals: tuple[Removal, ...] | None = None
    under_way: UnderWay = UnderWay()
    audit: Audit | None = None
    absent: dict[str, str] = {}
    """For each part that is null: why."""
