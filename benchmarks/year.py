"""Simulates a year of an ordinary district, run daily, and counts removals and questions; all sample data.

    python benchmarks/year.py 1000

Each day the exports of HR, the learning system and the approvals are written as they stand, read by the
sources, decided by OPA, and carried out. In the year people are hired, leave, are transferred, marry and
change their address. Ten-month contracts end and are renewed. People certify again in spring, and June 30,
2026 removes those who did not. A course and a title are renamed. Feeds are late or cut short.

A removal is asked for when the policy, given everything that HR, the learning system and the approvers have
written down, does not allow the access. It must happen in the next run that reads whole feeds, and no other
removal may happen without a consent. A question is a source that is refused, or a holder who waits for a
consent or is undecided, counted once until it is settled.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from icaccess.config import load_config
from icaccess.errors import FactsError
from icaccess.facts import open_facts
from icaccess.gather import with_access
from icaccess.models import (
    Access,
    Approval,
    Assignment,
    Certification,
    Decision,
    Employee,
    EmploymentPeriod,
    Record,
    SourceSize,
)
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import running_engine

ROOT = Path(__file__).parents[1]
FIRST, DAYS = date(2025, 8, 18), 365
REMOVAL = date(2026, 6, 30)
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
_encode = msgspec.json.Encoder().encode


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


@dataclass
class Outcome:
    """What came of a year."""

    runs: int = 0
    holder_days: int = 0
    grants: int = 0
    removals: Counter[str] = field(default_factory=Counter)
    """By reason code."""
    questions: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Removals that nobody asked for, and those that were asked for and did not happen."""

    @property
    def questions_a_month(self) -> float:
        """How often a person was asked, for each 200 holders and month of 30 days."""
        return sum(self.questions.values()) / (self.holder_days / 200 / 30)


class Year:
    """A year of daily runs, each remembering what the last good one showed."""

    def __init__(self, client: AccessClient, size: int, seed: int, folder: Path) -> None:
        self.client = client
        self.district = District(size, seed)
        self.exports = Exports(self.district, folder)
        self.sizes: dict[str, SourceSize] = {}
        self.held: dict[str, Access] = {}
        self.open: dict[str, date] = {}
        """The questions that a person has not settled yet, and since when."""
        self.outcome = Outcome()
        self._decided: dict[bytes, Decision] = {}

    def run(self, days: int = DAYS) -> Outcome:
        """All days, one after the other; on the first one access is given to everybody who is allowed it."""
        self.exports.write()
        for number in range(days):
            day = FIRST + timedelta(days=number)
            self.district.live(day)
            if day == date(2025, 11, 3):
                self.exports.course = f"{ELEMENTARY} (2025-26)"
            if day == date(2026, 2, 2):
                self.exports.code = "OFA1"
            late, short = "", ""
            if number and self.district.random.random() < 0.05:
                late = self.district.random.choice(("employment", "jobs", "transcript", "approvals"))
            elif number and self.district.random.random() < 0.005:
                short = self.district.random.choice(("employment", "jobs", "transcript", "approvals"))
            self.exports.write(late=late, short=short)
            self._day(day, whole=not late and not short)
        return self.outcome

    def _day(self, day: date, *, whole: bool) -> None:
        self.outcome.runs += 1
        self.outcome.holder_days += len(self.held)
        try:
            facts = open_facts(load_config(self.exports.folder), remembered=self.sizes)
            records = {record.id: record for record in facts.records()}
        except FactsError as error:
            self._refused(str(error), day)
            return
        self.open.pop("run", None)
        self.sizes = {report.name: report.size for report in facts.reports()}
        joined = [with_access(record, self.held.get(record.id)) for record in records.values()]
        asked_for = self._asked_for(day)
        for identifier in self.held.keys() - records.keys():
            self._ask(identifier, "without a record", day)
        for found in self._decide(joined, day):
            self._carry_out(found, day, asked_for, whole=whole)

    def _asked_for(self, day: date) -> set[str]:
        """The holders whose access the policy does not allow, given all that is written down."""
        people = self.district.people
        written = [with_access(people[one].record(people), Access(held=True)) for one in self.held]
        return {found.employee_id for found in self._decide(written, day) if found.action == "revoke"}

    def _decide(self, records: Sequence[Record], day: date) -> list[Decision]:
        """The decisions on a day; OPA is asked where the facts are new, or `recheck_on` has come."""
        keys = [_encode(record) for record in records]
        new = {
            key: record
            for key, record in zip(keys, records, strict=True)
            if (known := self._decided.get(key)) is None or (known.recheck_on or date.max) <= day
        }
        self._decided.update(zip(new, self.client.decide_many(new.values(), day), strict=True))
        return [self._decided[key] for key in keys]

    def _carry_out(self, found: Decision, day: date, asked_for: set[str], *, whole: bool) -> None:
        identifier = found.employee_id
        if found.action == "grant":
            self.outcome.grants += 1
        elif found.action == "revoke":
            since = self.open.get(identifier, day)
            if found.needs_consent and not (identifier in asked_for and since <= day - timedelta(days=2)):
                self._ask(identifier, "consent", day)
                return
            if identifier not in asked_for:
                reasons = ", ".join(reason.code for reason in found.reasons)
                self.outcome.wrong.append(f"{day}: {identifier} lost access: {reasons}")
            self.outcome.removals[found.reasons[0].code] += 1
            del self.held[identifier]
        elif identifier in self.held and found.outcome == "undecided":
            self._ask(identifier, found.reasons[0].code, day)
            return
        elif identifier in asked_for and whole:
            self.outcome.wrong.append(f"{day}: {identifier} keeps access")
        self.open.pop(identifier, None)
        if found.outcome == "allow" and found.basis is not None:
            self.held[identifier] = Access(held=True, locations=found.locations, basis=found.basis)

    def _refused(self, why: str, day: date) -> None:
        """Ask what a refused source means; the day after, somebody has corrected the settings."""
        self._ask("run", "a source was refused", day)
        for source in self.exports.settings["sources"]:
            if source["name"] == "transcript" and self.exports.course in why:
                source["values"] = {"name": {self.exports.course: ELEMENTARY}}
            if source["name"] == "hr-jobs" and self.exports.code in why:
                source["values"]["role"][self.exports.code] = "Office Professional"
        self.exports.set_up()

    def _ask(self, who: str, what: str, day: date) -> None:
        if who not in self.open:
            self.open[who] = day
            self.outcome.questions[what] += 1


def simulate(policy: Path, size: int, seed: int, days: int = DAYS) -> Outcome:
    """A year of a district of `size` people."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_engine(policy, ROOT / "config") as engine,
        AccessClient(engine.url, engine.token) as client,
    ):
        return Year(client, size, seed, Path(folder) / "config").run(days)


def main() -> None:
    """Print what came of the year."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("people", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--policy", type=Path, default=ROOT / "policy", metavar="DIR")
    given = parser.parse_args()
    found = simulate(given.policy, given.people, given.seed, given.days)
    print(
        f"{found.runs} runs, {found.holder_days / found.runs:.0f} holders on average, {found.grants} grants"
    )
    print(f"removals: {dict(found.removals.most_common())}")
    print(f"questions: {dict(found.questions.most_common())}")
    print(f"questions for 200 holders a month: {found.questions_a_month:.2f}")
    print(f"removals that nobody asked for, or that did not happen: {len(found.wrong)}")
    if found.wrong:
        raise SystemExit("\n".join(found.wrong))


if __name__ == "__main__":
    main()
