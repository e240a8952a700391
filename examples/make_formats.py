"""Writes the example district, which stands in `facts/`, in every other format that icaccess reads.

    python examples/make_formats.py

Run it after `facts/` has changed; a test compares what it writes with what is here. The other formats are
written as real systems write them: American dates in HR's export, UTC times in the transcript, a semicolon
and a byte-order mark where a spreadsheet was in between, titles as codes.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
Row = dict[str, Any]

TITLES = {"Office Professional": "OFP1", "School Counselor": "CNS1", "Principal": "PRN1"}
COURSE = "Elementary Scheduling"
UNFINISHED = (
    ("100101", "In Progress", ""),
    ("100302", "Failed", "2026-05-02T03:30:00Z"),
    ("100404", "Enrolled", ""),
)
"""Rows of the transcript that must not count: only completed ones do."""
ORG_TYPES = {"school": "school", "office": "department", "terminal": "department"}


def district() -> list[Row]:
    """Every employee as written, the invalid ones too; dates stay text."""
    records: list[Row] = []
    for file in sorted((HERE / "facts").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        records += yaml.load(text, Loader=yaml.BaseLoader)["employees"]  # noqa: S506 (makes nothing but text)
    return sorted(records, key=lambda record: str(record["id"]))


def entries(records: Iterable[Row], kind: str) -> list[Row]:
    """One row for each entry of a list, with the employee's id."""
    return [{"id": record["id"], **entry} for record in records for entry in record.get(kind, ())]


def american(day: str | None) -> str:
    """`08/06/2018`, as HR's export has it."""
    return "" if day is None else f"{day[5:7]}/{day[8:]}/{day[:4]}"


def day_after(day: str | None) -> str:
    """The first day on which a job is no longer held, as OneRoster has it; the year 9999 stays."""
    if day is None or day.startswith("9999"):
        return day or ""
    return str(date.fromisoformat(day) + timedelta(days=1))


def evening(day: str) -> str:
    """Half past nine in the evening in Denver, as the transcript has it in UTC; a day that is none stays."""
    try:
        return f"{date.fromisoformat(day) + timedelta(days=1)}T03:30:00Z"
    except ValueError:
        return f"{day}T03:30:00Z"


def table(rows: list[Row], *, delimiter: str = ",", mark: bool = False) -> bytes:
    """Rows as a delimited file with a header."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\r\n" if mark else "\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


def not_looked_up(record: Row) -> str:
    """The lists that a record leaves out: nobody looked."""
    return ";".join(kind for kind in ("certifications", "approvals") if kind not in record)


def tables(records: list[Row]) -> dict[str, bytes]:
    """The exports of HR, the transcript, the approvals and the access held, as delimited files."""
    people = [{"EMPLID": record["id"], "NOT_LOOKED_UP": not_looked_up(record)} for record in records]
    employment = [
        {"EMPLID": row["id"], "HIRE_DT": american(row["start"]), "TERM_DT": american(row.get("end"))}
        for row in entries(records, "employment")
    ]
    jobs = [
        {
            "EMPLID": row["id"],
            "JOBCODE": TITLES.get(row["role"], row["role"]),
            "SITE": row["location"],
            "EFF_DT": american(row["start"]),
            "END_DT": american(row.get("end")),
            "AT_SCHOOL": {"true": "Y", "false": "N"}.get(row.get("school_based", ""), ""),
        }
        for row in entries(records, "assignments")
    ]
    transcript = [
        {
            "User ID": row["id"],
            "Course": f"{row['name']} Certification",
            "Status": "Completed",
            "Completed (UTC)": evening(row["completed_on"]),
        }
        for row in entries(records, "certifications")
    ]
    transcript += [
        {"User ID": identifier, "Course": f"{COURSE} Certification", "Status": status, "Completed (UTC)": day}
        for identifier, status, day in UNFINISHED
    ]
    approvals = [
        {
            "employee": row["id"],
            "decision": row["decision"],
            "decided_on": row["decided_on"],
            "approver": row["approver"],
            "approver_role": row["approver_role"],
            "role": row.get("role", ""),
            "location": row.get("location", ""),
        }
        for row in entries(records, "approvals")
    ]
    access = [
        {
            "employee": record["id"],
            "held": record["access"]["held"],
            "since": record["access"].get("since", ""),
            "locations": ";".join(record["access"]["locations"]) or "none"
            if "locations" in record["access"]
            else "",
        }
        for record in records
        if "access" in record
    ]
    return {
        "hr_people.csv": table(people),
        "hr_employment.csv": table(
            [*employment, {"EMPLID": "TRAILER", "HIRE_DT": len(employment), "TERM_DT": ""}]
        ),
        "hr_jobs.csv": table(jobs),
        "transcript.csv": table(transcript, delimiter=";", mark=True),
        "approvals.csv": table(approvals),
        "access.csv": table(access),
    }


def bundle(records: list[Row]) -> dict[str, bytes]:
    """The OneRoster 1.2 CSV bundle: who works where, with the title as metadata."""
    places = yaml.safe_load((HERE.parent / "config" / "locations" / "data.yaml").read_text(encoding="utf-8"))
    jobs = entries(records, "assignments")
    orgs = [
        {
            "sourcedId": f"org-{place}",
            "status": "active",
            "dateLastModified": "2027-06-28T08:00:00Z",
            "name": places.get(place, {}).get("name", f"Unlisted Place {place}"),
            "type": ORG_TYPES.get(places.get(place, {}).get("type", ""), "department"),
            "identifier": place,
            "parentSourcedId": "",
        }
        for place in sorted({*places, *(job["location"] for job in jobs)})
    ]
    users = [
        {
            "sourcedId": f"user-{record['id']}",
            "status": "active",
            "dateLastModified": "2027-06-28T08:00:00Z",
            "enabledUser": "true",
            "username": f"sample{record['id']}",
            "givenName": "Sample",
            "familyName": f"Person {record['id']}",
            "identifier": record["id"],
            "email": "",
            "metadata.notLookedUp": not_looked_up(record),
        }
        for record in records
    ]
    roles = [
        {
            "sourcedId": f"role-{number}",
            "status": "active",
            "dateLastModified": "2027-06-28T08:00:00Z",
            "userSourcedId": f"user-{job['id']}",
            "roleType": "primary",
            "role": "aide",
            "beginDate": job["start"],
            "endDate": day_after(job.get("end")),
            "orgSourcedId": f"org-{job['location']}",
            "userProfileSourcedId": "",
            "metadata.title": job["role"],
            "metadata.schoolBased": job.get("school_based", ""),
        }
        for number, job in enumerate(jobs, 1)
    ]
    manifest = {
        "manifest.version": "1.0",
        "oneroster.version": "1.2",
        "file.orgs": "bulk",
        "file.users": "bulk",
        "file.roles": "bulk",
    }
    return {
        "manifest.csv": table([{"propertyName": name, "value": value} for name, value in manifest.items()]),
        "orgs.csv": table(orgs),
        "users.csv": table(users),
        "roles.csv": table(roles),
    }


def plain(record: Row) -> Row:
    """A record with its booleans as JSON has them."""
    plain = json.loads(json.dumps(record))
    for part in [*plain.get("assignments", ()), plain.get("access", {})]:
        for name in ("school_based", "held"):
            if name in part:
                part[name] = part[name] == "true"
    return dict(plain)


def formats() -> dict[str, bytes]:
    """Every file by its path under `examples/`."""
    records = district()
    files = {f"csv/{name}": data for name, data in tables(records).items()}
    files |= {f"oneroster/bundle/{name}": data for name, data in bundle(records).items()}
    lines = [json.dumps(plain(record), separators=(",", ":")) for record in records]
    files["json/district.jsonl"] = ("\n".join(lines) + "\n").encode()
    files["json/district.json"] = ('{"employees": [\n' + ",\n".join(lines) + "\n]}\n").encode()
    for row in entries(records, "approvals"):
        approval = {"employee": row.pop("id"), **row}
        name = f"approvals/{approval['employee']}-{approval['decided_on']}.yaml"
        while name in files:
            name = name.replace(".yaml", "-again.yaml")
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in approval.items())
        files[name] = f"# SAMPLE DATA\n{text}".encode()
    return files


def write(directory: Path) -> None:
    """Write every format under `directory`."""
    for name, data in formats().items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
