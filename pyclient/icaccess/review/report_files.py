"""The report's files: the page, the CSV and the JSON, written together or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from icaccess import tables
from icaccess.errors import UsageError, file_errors
from icaccess.files import file_to_read, write_private_files
from icaccess.review.report_data import FORMAT, Report
from icaccess.review.report_page import render
from icaccess.text import printable_json

PAGE, CSV, JSON = "report.html", "report.csv", "report.json"

_COLUMNS = {
    "employee_id": "id",
    "name": "name",
    "username": "username",
    "email": "email",
    "outcome": "outcome",
    "action": "action",
    "escalate": "escalate",
    "held": "holds",
    "held_since": "held.since",
    "held_locations": "held.locations",
    "given_by_run": "given.run",
    "given_how": "given.how",
    "given_on": "given.on",
    "roles": "jobs.role",
    "job_locations": "jobs.location",
    "allowed_locations": "locations",
    "reason_codes": "reasons.code",
    "reason_clauses": "reasons.clause",
    "reasons": "reasons.message",
    "remedies": "reasons.remedy",
    "warnings": "warnings",
    "approved_on": "basis.approval.decided_on",
    "approver": "basis.approval.approver",
    "prerequisite_completed_on": "basis.walk_in",
    "certification_completed_on": "basis.elementary",
    "waits_for_consent_since": "waits_since",
    "evidence_gone": "gone",
    "requirements_met_on": "requirements_met_on",
    "grant_due_by": "grant_due_by",
    "valid_through": "expiry.valid_through",
    "expiry_state": "expiry.state",
    "recheck_on": "recheck_on",
}
_PERSONAL = {"name", "username", "email"}
_UNWRITABLE, _ANOTHER = "no report can be written there", "give another folder with --out"


class _Format(msgspec.Struct):
    format: str


def write(report: Report, folder: Path) -> list[Path]:
    """Write the page, the CSV and the JSON into `folder`, which is made if need be; give their paths.

    Each is readable by its owner alone, since all of them are about people. `UsageError` when the folder
    cannot be written; what was there before is then still there, whole.
    """
    table, data = as_csv(report), as_json(report)
    beside = [(name, hashlib.sha256(content).hexdigest()) for name, content in ((CSV, table), (JSON, data))]
    contents = {folder / CSV: [table], folder / JSON: [data], folder / PAGE: [render(report, beside)]}
    with file_errors(UsageError, f"{folder}: {_UNWRITABLE}", _ANOTHER):
        write_private_files(contents)
    return list(contents)


def check_folder(folder: Path) -> None:
    """Say early that nothing can be written into `folder`, before the work is done; nothing is made.

    `UsageError` when the nearest folder that exists is none, or is not to be written to.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.access(place, os.F_OK))
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        raise UsageError(f"{folder}: {_UNWRITABLE}: {nearest} is no folder that you may write to; {_ANOTHER}")


def read(file: Path) -> Report:
    """A report on everybody that `write` wrote as JSON; `UsageError` for anything else."""
    with file_errors(UsageError, f"{file}: cannot be read", f"give the {JSON} of an earlier report"):
        content = file_to_read(file, piped=True).read_bytes()
    try:
        kind = msgspec.json.decode(content, type=_Format).format
    except msgspec.DecodeError as error:
        raise UsageError(f"{file}: is no report; give the {JSON} of an earlier report") from error
    if kind != FORMAT:
        raise UsageError(
            f"{file}: is of the format {kind[:40]!r} and not {FORMAT!r}; another version made it"
        )
    try:
        report = msgspec.json.decode(content, type=Report)
    except msgspec.DecodeError as error:
        raise UsageError(f"{file}: is a damaged report ({error}); give another") from error
    if len(report.people) < report.population.records:
        raise UsageError(f"{file}: is a report on some people alone; give one on everybody")
    return report


def as_json(report: Report) -> bytes:
    """The report as JSON, by which a later one tells what changed."""
    return printable_json(msgspec.json.encode(report) + b"\n")


def as_csv(report: Report) -> bytes:
    """One line for each person, in UTF-8 with the mark by which spreadsheets know it.

    Personal columns are left out where the report leaves them out.
    """
    shown = {name: path for name, path in _COLUMNS.items() if report.personal or name not in _PERSONAL}
    return tables.as_csv(tables.table(shown, report.people)).encode("utf-8-sig")
