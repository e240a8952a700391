"""Feeds for tests: a configuration folder with exports in it, and what comes out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from icaccess.config import Config, load_config
from icaccess.facts import open_facts
from icaccess.facts.merge import MergedFacts
from icaccess.models import Employee, InvalidRecord

PEOPLE = {"type": "csv", "name": "people", "gives": "people", "path": "people.csv", "key": {"id": "id"}}
EMPLOYMENT = {
    "type": "csv", "name": "employment", "gives": "employment", "path": "employment.csv", "key": {"id": "id"},
    "fields": {"start": "start", "end": "end"},
}  # fmt: skip
JOBS = {
    "type": "csv", "name": "jobs", "gives": "assignments", "path": "jobs.csv", "key": {"id": "id"},
    "fields": {"role": "role", "location": "location", "start": "start", "end": "end"},
}  # fmt: skip
LMS = {
    "type": "csv", "name": "lms", "gives": "certifications", "path": "lms.csv", "key": {"email": "email"},
    "fields": {"name": "course", "completed_on": "done"},
}  # fmt: skip
APPROVALS = {
    "type": "csv", "name": "approvals", "gives": "approvals", "path": "approvals.csv", "key": {"id": "id"},
    "fields": {"decision": "decision", "decided_on": "on", "approver": "by", "approver_role": "as"},
}  # fmt: skip
DISTRICT = {
    "people.csv": "id,email,login\n1,one@example.org,one\n2,two@example.org,two\n3,three@example.org,three\n",
    "employment.csv": "id,start,end\n1,2020-01-01,\n2,2020-01-01,\n3,2020-01-01,\n",
    "jobs.csv": "id,role,location,start,end\n"
    "1,Office Professional,210,2020-01-01,\n2,Principal,210,2020-01-01,\n"
    "3,Teacher,210,2020-01-01,2021-06-30\n3,Manager,900,2022-07-01,\n",
    "lms.csv": "email,course,done\none@example.org,Walk-In Scheduling,2023-08-10\n",
    "approvals.csv": "id,decision,on,by,as\n1,approved,2023-08-14,2,Principal\n",
}
SOURCES: list[dict[str, Any]] = [
    {**PEOPLE, "fields": {"email": "email", "username": "login"}},
    EMPLOYMENT,
    JOBS,
    LMS,
    APPROVALS,
]


def folder(
    tmp_path: Path,
    files: dict[str, str | bytes] | None = None,
    sources: list[dict[str, Any]] | None = None,
    facts: dict[str, Any] | None = None,
) -> Config:
    """A configuration folder with the small district above, changed as told."""
    for name, text in {**DISTRICT, **(files or {})}.items():
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    settings = {"sources": SOURCES if sources is None else sources, "facts": facts or {}}
    (tmp_path / "icaccess.yaml").write_bytes(msgspec.json.encode(settings))
    return load_config(tmp_path)


def merged(config: Config) -> tuple[dict[str, Employee | InvalidRecord], MergedFacts]:
    """The records by id, and the source, which then tells what became of every row."""
    source = open_facts(config)
    assert isinstance(source, MergedFacts)
    return {record.id: record for record in source.records()}, source


def employee(records: dict[str, Employee | InvalidRecord], identifier: str) -> Any:
    """One employee as plain JSON."""
    record = records[identifier]
    assert isinstance(record, Employee)
    return msgspec.json.decode(msgspec.json.encode(record))
