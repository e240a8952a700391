"""The report's files: the page, the CSV and the JSON, written together or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from icaccess.errors import UsageError
from icaccess.files import write_private_files
from icaccess.review.report_data import FORMAT, Held, Person, Report
from icaccess.review.report_page import render

PAGE, CSV, JSON = "report.html", "report.csv", "report.json"

_COLUMNS = (
    "employee_id", "name", "username", "email", "outcome", "action", "escalate", "held", "held_since",
    "held_locations", "given_by_run", "given_how", "given_on", "roles", "job_locations", "allowed_locations",
    "reason_codes", "reason_clauses", "reasons", "remedies", "warnings", "approved_on", "approver",
    "prerequisite_completed_on", "certification_completed_on", "requirements_met_on", "grant_due_by",
    "valid_through", "expiry_state", "recheck_on",
)  # fmt: skip
_PERSONAL = {"name", "username", "email"}


class _Format(msgspec.Struct):
    format: str


def write(report: Report, folder: Path) -> list[Path]:
    """Write the page, the CSV and the JSON into `folder`, which is made if need be; give their paths.

    Each is readable by its owner alone, since all of them are about people. `UsageError` when the folder
    cannot be written; what was there before is then still there, whole.
    """
    table, data = as_csv(report), as_json(report)
    beside = [(name, hashlib.sha256(content).hexdigest()) for name, content in ((CSV, table), (JSON, data))]
    return _replace_all(folder, {CSV: table, JSON: data, PAGE: render(report, beside)})


def check_folder(folder: Path) -> None:
    """Say early that nothing can be written into `folder`, before the work is done; nothing is made.

    `UsageError` when the nearest folder that exists is none, or is not to be written to.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.access(place, os.F_OK))
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        raise _unwritable(folder, f"{nearest} is no folder that you may write to")


def read(file: Path) -> Report:
    """A report on everybody that `write` wrote as JSON; `UsageError` for anything else."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be read: {error.strerror}; give the {JSON} of an earlier report"
        ) from error
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
    return msgspec.json.encode(report) + b"\n"


def as_csv(report: Report) -> bytes:
    """One line for each person, in UTF-8 with the mark by which spreadsheets know it.

    A cell that a spreadsheet would run as a formula begins with an apostrophe. Personal columns are left out
    where the report leaves them out.
    """
    columns = [name for name in _COLUMNS if report.personal or name not in _PERSONAL]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for person in report.people:
        cells = _cells(person)
        writer.writerow([harmless(cells[name]) for name in columns])
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula.

    Spreadsheets run what begins with `=`, `+`, `-` or `@`, in full width too, some of them after blanks or
    invisible characters; a leading tab or line break can split the cell.
    """
    for character in cell:
        if unicodedata.category(character)[0] not in "CZ":
            start = unicodedata.normalize("NFKC", character)
            return f"'{cell}" if start in ("=", "+", "-", "@", "\u2212") or cell[0] in "\t\r\n" else cell
    return f"'{cell}" if cell else cell


def _cells(person: Person) -> Mapping[str, str]:
    held = person.held or Held()
    basis, expiry, given = person.basis, person.expiry, person.given
    return {
        "employee_id": person.id,
        "name": person.name,
        "username": person.username,
        "email": person.email,
        "outcome": person.outcome,
        "action": person.action,
        "escalate": _text(person.escalate),
        "held": _text(person.held is not None),
        "held_since": _text(held.since),
        "held_locations": _joined(held.locations or ()),
        "given_by_run": _text(given and given.run),
        "given_how": given.how if given else "",
        "given_on": _text(given and given.on),
        "roles": _joined(job.role for job in person.jobs),
        "job_locations": _joined(job.location for job in person.jobs),
        "allowed_locations": _joined(person.locations),
        "reason_codes": _joined(reason.code for reason in person.reasons),
        "reason_clauses": _joined(reason.clause or "" for reason in person.reasons),
        "reasons": " ".join(reason.message for reason in person.reasons),
        "remedies": " ".join(reason.remedy for reason in person.reasons),
        "warnings": _joined(person.warnings),
        "approved_on": _text(basis and basis.approval.decided_on),
        "approver": basis.approval.approver if basis else "",
        "prerequisite_completed_on": _text(basis and basis.walk_in),
        "certification_completed_on": _text(basis and basis.elementary),
        "requirements_met_on": _text(person.requirements_met_on),
        "grant_due_by": _text(person.grant_due_by),
        "valid_through": _text(expiry and expiry.valid_through),
        "expiry_state": expiry.state if expiry else "",
        "recheck_on": _text(person.recheck_on),
    }


def _joined(values: Iterable[str]) -> str:
    return "; ".join(values)


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _unwritable(folder: Path, why: str) -> UsageError:
    return UsageError(f"{folder}: no report can be written there: {why}; give another folder with --out")


def _replace_all(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write every file beside its place, then rename them all."""
    try:
        write_private_files({folder / name: [content] for name, content in contents.items()})
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from error
    return [folder / name for name in contents]
