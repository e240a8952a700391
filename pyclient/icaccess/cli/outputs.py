"""What each command answers with `--format json`, as types; the JSON Schema is generated from them.

`python -m icaccess.cli.outputs docs/commands.schema.json` writes it.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from icaccess.apply import Summary
from icaccess.audit.replay import Replay
from icaccess.cli.audit import ExportedHead
from icaccess.cli.review_outputs import (
    AnybodyOutput,
    BundlesOutput,
    FilesOutput,
    FindingsOutput,
    MutationOutput,
    Output,
    PageOutput,
    Suite,
)
from icaccess.facts.interface import SourceReport
from icaccess.models import Decision, Employee
from icaccess.notices.interface import Notice
from icaccess.opa.transport import SidecarStatus
from icaccess.plan import Plan
from icaccess.review.campaign import Campaign
from icaccess.review.forecast import Forecast
from icaccess.review.impact import Impact
from icaccess.review.search.explore import Exploration
from icaccess.review.trace import Trace
from icaccess.schemas import schema
from icaccess.store.audit import Entry, Head
from icaccess.store.notices import RecordedNotice
from icaccess.targets.interface import UnnamedMember


class Decisions(Output):
    """`decide`; `leaning` is the field of that name of a plan."""

    as_of: date
    policy_revision: str
    data_revision: str
    decisions: list[Decision]
    sources: list[SourceReport]
    leaning: int


class GuardOutput(Output):
    """What the guard says about a plan: why it stops the plan; who waits for a consent, and since which day;
    who had no notice of a removal on a known date; which option lets `apply` carry out this one plan."""

    stops: list[str]
    waiting: dict[str, date]
    untold: list[str]
    option: str | None


class PlanOutput(Output):
    """`plan`."""

    plan: Plan
    guard: GuardOutput


class ApplyOutput(PlanOutput):
    """`apply`; `summary` is null when the guard stopped it and nothing changed."""

    summary: Summary | None


class AdoptOutput(Output):
    """`adopt`; `not_adopted` has people with a wrong record, `unnamed` the members without an account."""

    target: str
    adopted: int
    not_adopted: list[str]
    unnamed: list[UnnamedMember]


class SnapshotOutput(Output):
    """`facts --out`."""

    file: str
    records: int
    sha256: str


class ReplayOutput(Replay, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`audit replay`: the decision recorded and the one made now; `differences` is empty when they agree."""

    decision: Decision  # type: ignore[assignment]  # as JSON, it is part of the document
    differences: list[str]


class Verified(Output):
    """`audit verify`; `witnessed` is the entry up to which the newest of `heads` witnessed heads reaches.

    `other_lines` are the numbers of the lines that hold no head, in the file that they came in.
    """

    head: Head
    earlier: Head | None
    heads: int
    other_lines: list[int]
    witnessed: int | None


class KeyOutput(Output):
    """`audit key`; `id` is the key's name in the record, `public_key` is PEM."""

    id: str
    public_key: str


class DueNotice(Notice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One notice that would go out."""

    channel: str


class DueNotices(Output):
    """`notices plan`; `stopped` says why the limit stops it, `problem` why the facts are not credible."""

    as_of: date
    digest: str
    problem: str | None
    stopped: str | None
    without_address: int
    notices: list[DueNotice]


class SentNotices(Output):
    """`notices send`."""

    counts: dict[str, int]
    problems: list[str]


class TrialNotices(Output):
    """`notices send --to`; `trial` is how many messages went to that address."""

    trial: int


class Engines(Output):
    """`opa status`; `program` and `version` are of the OPA that a command would start."""

    program: str | None
    version: str | None
    tried_with: str
    needed: str
    sidecars: list[SidecarStatus]


class ProgramOutput(Output):
    """`opa install`; `program` is the path of the installed OPA."""

    program: str
    version: str


class RunningOutput(Output):
    """`opa run`, once OPA is ready; `token` is the token of its API."""

    url: str
    token: str


class CheckOutput(Output):
    """One check of `doctor`; a check that failed has one line, which says why."""

    name: str
    ok: bool
    lines: list[str]


class ChecksOutput(Output):
    """`doctor`."""

    checks: list[CheckOutput]


class TopicOutput(Output):
    """A page of the documentation."""

    topic: str
    title: str


class TopicsOutput(Output):
    """`help`."""

    topics: list[TopicOutput]


class TopicTextOutput(TopicOutput):
    """`help TOPIC`; `text` is Markdown."""

    text: str


class FailureOutput(Output):
    """What went wrong."""

    code: str
    message: str
    exit_code: int


class Failed(Output):
    """Every command, on stderr, when it fails."""

    error: FailureOutput


OUTPUTS: dict[str, Any] = {
    "decide": Decisions,
    "decide --format jsonl": Decision,
    "facts": Employee,
    "facts --out": SnapshotOutput,
    "plan": PlanOutput,
    "apply": ApplyOutput,
    "adopt": AdoptOutput,
    "policy check": FindingsOutput,
    "policy test": Suite,
    "policy trace": Trace,
    "policy bundle": BundlesOutput,
    "policy page": PageOutput,
    "policy explore": Exploration,
    "policy mutate": MutationOutput,
    "impact": Impact,
    "impact --anybody": AnybodyOutput,
    "forecast": Forecast,
    "forecast --campaign": Campaign,
    "report": FilesOutput,
    "audit verify": Verified,
    "audit show": list[Entry],
    "audit runs": list[Entry],
    "audit export": Entry,
    "audit export, the last line": ExportedHead,
    "audit key": KeyOutput,
    "audit replay": ReplayOutput,
    "notices plan": DueNotices,
    "notices send": SentNotices,
    "notices send --to": TrialNotices,
    "notices show": list[RecordedNotice],
    "opa install": ProgramOutput,
    "opa run": RunningOutput,
    "opa status": Engines,
    "doctor": ChecksOutput,
    "help": TopicsOutput,
    "help TOPIC": TopicTextOutput,
}
"""What is on stdout; for `facts`, `decide --format jsonl` and `audit export`, on each line."""


def document() -> bytes:
    """The JSON Schema: an object with a property for each command, and `error` for stderr."""
    names = {f"command_{number}": name for number, name in enumerate(OUTPUTS)}
    fields = [(field, OUTPUTS[name] | msgspec.UnsetType, msgspec.UNSET) for field, name in names.items()]
    fields.append(("error", Failed | msgspec.UnsetType, msgspec.UNSET))
    return schema(msgspec.defstruct("Commands", fields, rename=names))


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs/commands.schema.json").write_bytes(document())
