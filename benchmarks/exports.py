"""The people of an ordinary district for a year, and the exports that tell of them; all sample data."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from icaccess.models import Approval, Assignment, Certification, Employee, EmploymentPeriod

ROOT = Path(__file__).parents[1]
SCHOOLS = ("210", "211", "212", "213")
WALK_IN, ELEMENTARY = "Walk-In Scheduling", "Elementary Scheduling"
TITLES = {"Office Professional": "OFP1", "School Counselor": "CNS1", "Teacher": "TCH1", "Principal": "PRN1"}
RATES = {"hire": 0.10, "leave": 0.08, "move": 0.05, "marry": 0.01}
"""How often each happens, for each person and year."""
SETTINGS: dict[str, Any] = {
    "facts": {"keys": {"id": {"zero_pad": 6}}},
    "sources": [
        {"type": "csv", "name": "hr-people", "gives": "people", "path": "people.csv", "key": {"id": "EMPLID"},
         "fields": {"email": "MAIL"}},
        {"type": "csv", "name": "hr-employment", "gives": "employment", "path": "employment.csv",
         "key": {"id": "EMPLID"}, "fields": {"start": "HIRE_DT", "end": "TERM_DT"}},
        {"type": "csv", "name": "hr-jobs", "gives": "assignments", "path": "jobs.csv",
         "key": {"id": "EMPLID"},
         "fields": {"role": "JOBCODE", "location": "SITE", "start": "EFF_DT", "end": "END_DT"},
         "values": {"role": {code: title for title, code in TITLES.items()}}},
        {"type": "csv", "name": "transcript", "gives": "certifications", "path": "transcript.csv",
         "key": {"email": "User"}, "fields": {"name": "Course", "completed_on": "Done"}},
        {"type": "csv", "name": "approvals", "gives": "approvals", "path": "approvals.csv",
         "key": {"id": "employee"}, "fields": {"decision": "decision", "decided_on": "on", "approver": "by"}},
    ],
}  # fmt: skip


@dataclass
class Person:
    """One employee as HR, the learning system and the approvers have written them down."""

    id: str
    email: str
    hired: date
    left: date | None = None
    learns_as: str = ""
    """The address under which the learning system knows them."""
    jobs: list[list[Any]] = field(default_factory=list)
    """Title, school, first day and last day of each."""
    courses: list[tuple[str, date]] = field(default_factory=list)
    approvals: list[tuple[date, str]] = field(default_factory=list)

    def record(self, approvers: dict[str, Person]) -> Employee:
        """Everything that is written down of them."""
        return Employee(
            id=self.id,
            employment=(_ending(EmploymentPeriod, self.left, start=self.hired),),
            assignments=_jobs(self),
            certifications=tuple(Certification(name=name, completed_on=day) for name, day in self.courses),
            approvals=tuple(
                Approval(
                    decision="approved",
                    decided_on=day,
                    approver=by,
                    approver_jobs=tuple(_jobs(approvers[by])),
                )
                for day, by in self.approvals
            ),
        )


def _ending(of: type[Any], end: date | None, **fields: Any) -> Any:
    return of(**fields, **({} if end is None else {"end": end}))


def _jobs(person: Person) -> tuple[Assignment, ...]:
    return tuple(
        _ending(Assignment, end, role=title, location=school, start=start)
        for title, school, start, end in person.jobs
    )


class District:
    """The people of a district, and what happens to them from day to day."""

    def __init__(self, size: int, seed: int) -> None:
        self.random = Random(seed)
        self.people: dict[str, Person] = {}
        self.later: dict[date, list[tuple[str, Person]]] = {}
        """What somebody will write down on a day to come."""
        self.principals = {school: self._hired("Principal", school, date(2019, 8, 1)) for school in SCHOOLS}
        for _ in range(size - len(SCHOOLS)):
            title = self.random.choice(("Office Professional", "School Counselor", "Teacher"))
            hired = date(2019, 8, 5) + timedelta(days=self.random.randrange(2000))
            person = self._hired(title, self.random.choice(SCHOOLS), hired)
            if title != "Teacher" and self.random.random() < 0.9:
                certified = max(hired, date(2023, 8, 7)) + timedelta(days=self.random.randrange(5, 40))
                person.courses += [(WALK_IN, certified), (ELEMENTARY, certified + timedelta(days=2))]
                person.approvals.append((certified + timedelta(days=3), self._principal(person).id))

    def _hired(self, title: str, school: str, day: date) -> Person:
        number = len(self.people) + 1
        person = Person(f"{number:06}", f"p{number}@example.org", day, learns_as=f"p{number}@example.org")
        person.jobs.append([title, school, day, None])
        if title == "School Counselor":  # ten months, renewed each year
            person.jobs = []
            for year in range(day.year, 2026):
                start, end = max(day, date(year, 8, 4)), date(year + 1, 6, 5)
                if start < end:
                    person.jobs.append([title, school, start, end])
        self.people[person.id] = person
        return person

    def _principal(self, person: Person) -> Person:
        return self.principals[person.jobs[-1][1]]

    def _on(self, day: date, what: str, person: Person) -> None:
        self.later.setdefault(day, []).append((what, person))

    def live(self, day: date) -> None:
        """Everything that is written down on a day."""
        chance = self.random.random
        for what, person in self.later.pop(day, []):
            self._write_down(what, person, day)
        staff = [
            one for one in self.people.values() if one.left is None and one not in self.principals.values()
        ]
        for person in staff:
            if chance() < RATES["leave"] / 365:
                self._on(day + timedelta(days=self.random.randrange(1, 6)), "leave", person)
            elif chance() < RATES["move"] / 365 and day.month not in (6, 7):
                self._on(day + timedelta(days=self.random.randrange(1, 4)), "move", person)
            elif chance() < RATES["marry"] / 365:
                self._on(day + timedelta(days=1), "marry", person)
            if day == date(2026, 1, 2) and person.courses and chance() < 0.9:
                self._on(day + timedelta(days=self.random.randrange(170)), "recertify", person)
            if day == date(2026, 7, 10) and person.jobs[-1][3] == date(2026, 6, 5):
                person.jobs.append([*person.jobs[-1][:2], date(2026, 8, 3), date(2027, 6, 4)])
        if chance() < RATES["hire"] * len(staff) / 365:
            person = self._hired("Office Professional", self.random.choice(SCHOOLS), day)
            self._on(day + timedelta(days=20), "certify", person)
            self._on(day + timedelta(days=22), "approve", person)

    def _write_down(self, what: str, person: Person, day: date) -> None:
        job = person.jobs[-1]
        if person.left is not None:
            return
        if what == "leave":
            person.left = day - timedelta(days=1)
            for one in person.jobs:
                one[3] = min(one[3] or person.left, max(person.left, one[2]))
        elif what == "move" and (job[3] is None or job[3] > day):
            last, job[3] = job[3], day - timedelta(days=1)
            school = self.random.choice([school for school in SCHOOLS if school != job[1]])
            person.jobs.append([job[0], school, day, last])
            self._on(day + timedelta(days=self.random.randrange(2, 9)), "approve", person)
        elif what == "marry":
            person.email = f"new{person.id}@example.org"
            self._on(day + timedelta(days=self.random.randrange(1, 5)), "learn", person)
        elif what == "learn":
            person.learns_as = person.email
        elif what == "certify":
            person.courses += [(WALK_IN, day - timedelta(days=1)), (ELEMENTARY, day)]
        elif what == "recertify":
            person.courses.append((ELEMENTARY, day))
        elif what == "approve":
            person.approvals.append((day, self._principal(person).id))


class Exports:
    """The feeds as files, some days late or cut short, and the settings that read them."""

    def __init__(self, district: District, folder: Path) -> None:
        self.district, self.folder = district, folder
        self.course, self.code = ELEMENTARY, "OFP1"
        shutil.copytree(ROOT / "config", folder)
        self.settings: dict[str, Any] = json.loads(json.dumps(SETTINGS))
        self.set_up()

    def set_up(self) -> None:
        """Write the settings."""
        (self.folder / "icaccess.yaml").write_text(json.dumps(self.settings), encoding="utf-8")

    def write(self, *, late: str = "", short: str = "") -> None:
        """Write the files of a day; one may be late, and stay that of the day before, or be cut short."""
        tables: dict[str, tuple[str, Iterable[tuple[Any, ...]]]] = {
            "people": ("EMPLID,MAIL", ((one.id, one.email) for one in self._people())),
            "employment": (
                "EMPLID,HIRE_DT,TERM_DT",
                ((one.id, one.hired, one.left) for one in self._people()),
            ),
            "jobs": (
                "EMPLID,JOBCODE,SITE,EFF_DT,END_DT",
                ((one.id, self._code(job[0]), *job[1:]) for one in self._people() for job in one.jobs),
            ),
            "transcript": (
                "User,Course,Done",
                (
                    (one.learns_as, self.course if name == ELEMENTARY else name, day)
                    for one in self._people()
                    for name, day in one.courses
                ),
            ),
            "approvals": (
                "employee,decision,on,by",
                ((one.id, "approved", day, by) for one in self._people() for day, by in one.approvals),
            ),
        }
        for name, (header, rows) in tables.items():
            if name != late:
                lines = [header.split(","), *rows]
                keep = self.district.random.randrange(1, len(lines)) if name == short else len(lines)
                with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows(lines[:keep])

    def _people(self) -> Iterable[Person]:
        return self.district.people.values()

    def _code(self, title: str) -> str:
        return self.code if title == "Office Professional" else TITLES[title]
