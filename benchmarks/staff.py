"""The made-up people of a district, and what is written down of them from day to day; all sample data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

FIRST = date(2026, 1, 2)
SCHOOLS = {"210": "800210", "211": "800211", "212": "800212", "213": "800213"}
"""The locations, and the principal of each."""
RATES = {"announce": 0.2, "leave": 0.03, "address": 0.05, "hire": 0.12}
"""How often each happens, for each person and year."""
_DAY = timedelta(days=1)


class District:
    """The people, and what is written down of them from day to day."""

    def __init__(self, size: int, seed: int) -> None:
        self.random = Random(seed)
        self.people: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, list[tuple[date, str]]] = {}
        """What was written down of each person, and since when."""
        self.later: dict[date, list[Callable[[date], object]]] = {}
        for school, principal in SCHOOLS.items():
            self._hired(FIRST, school, "Principal", principal)
        while len(self.people) < size:
            person = self._hired(FIRST, start=FIRST - timedelta(days=self.random.randrange(40, 2000)))
            if self.random.random() < 0.4:
                self._certify(person, FIRST - timedelta(days=self.random.randrange(1, 30)), write=False)
                self._approve(person, FIRST - _DAY)
                if self.random.random() < 0.7:  # completed before the opening, and so through this year alone
                    for one in person["certifications"]:
                        one["completed_on"] = "2025-09-10"
                self._write(person, FIRST)

    def facts(self, person: str, day: date) -> dict[str, Any] | None:
        """What was written down of somebody by a day."""
        written = [text for since, text in self.versions[person] if since <= day]
        found: dict[str, Any] | None = json.loads(written[-1]) if written else None
        return found

    def text(self) -> str:
        """All facts of the day, as JSON Lines."""
        return "".join(versions[-1][1] + "\n" for versions in self.versions.values())

    def live(self, day: date) -> None:
        """Everything that is written down on a day."""
        for write in self.later.pop(day, []):
            write(day)
        staff = [one for one in self.people.values() if "end" not in one["employment"][-1]]
        for person in staff:
            if person["id"] in SCHOOLS.values():
                continue
            what = self.random.random() * 365
            if what < RATES["announce"]:
                self._announce(person, day)
            elif (what := what - RATES["announce"]) < RATES["leave"]:
                self._end(person, day - _DAY, day)
            elif (what := what - RATES["leave"]) < RATES["address"]:
                person["email"] = f"p{person['id']}.{day:%y%m%d}@example.org"
                self._write(person, day)
            if (day.month, day.day) == (1, 2) and day.year % 2 == 0 and person["certifications"]:
                self._plan_recertification(person, day)
        if self.random.random() < RATES["hire"] * len(staff) / 365:
            person = self._hired(day)
            self._on(day + timedelta(days=20), lambda on: self._certify(person, on))
            self._on(day + timedelta(days=22), lambda on: self._approve(person, on))

    def _plan_recertification(self, person: dict[str, Any], day: date) -> None:
        chance = self.random.random()
        if chance < 0.7:
            self._on(day + timedelta(days=self.random.randrange(178)), lambda on: self._recertify(person, on))
        elif chance < 0.85:
            late = date(day.year, 7, 3) + timedelta(days=self.random.randrange(60))
            self._on(late, lambda on: self._recertify(person, on))

    def _on(self, day: date, write: Callable[[date], object]) -> None:
        self.later.setdefault(day, []).append(write)

    def _hired(
        self, day: date, school: str = "", role: str = "Office Professional", number: str = "", *,
        start: date | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        number = number or f"{len(self.people) + 1:06}"
        school = school or self.random.choice(list(SCHOOLS))
        began = {"start": (start or day).isoformat()}
        self.people[number] = {
            "id": number,
            "name": f"Sample {number}",
            "email": f"p{number}@example.org",
            "employment": [dict(began)],
            "assignments": [{"role": role, "location": school, **began}],
            "certifications": [],
            "approvals": [],
        }
        if self.random.random() < 0.02:
            del self.people[number]["email"]
        self._write(self.people[number], day)
        return self.people[number]

    def _certify(self, person: dict[str, Any], day: date, *, write: bool = True) -> None:
        for name in ("Walk-In Scheduling", "Elementary Scheduling"):
            person["certifications"].append({"name": name, "completed_on": day.isoformat()})
        if write:
            self._write(person, day)

    def _recertify(self, person: dict[str, Any], day: date) -> None:
        person["certifications"].append({"name": "Elementary Scheduling", "completed_on": day.isoformat()})
        self._write(person, day)

    def _approve(self, person: dict[str, Any], day: date) -> None:
        approver = SCHOOLS[person["assignments"][0]["location"]]
        person["approvals"].append(
            {"decision": "approved", "decided_on": day.isoformat(), "approver": approver,
             "approver_role": "Principal"}
        )  # fmt: skip
        self._write(person, day)

    def _announce(self, person: dict[str, Any], day: date) -> None:
        last = day + timedelta(days=self.random.randrange(120))
        self._end(person, last, day)
        if self.random.random() < 0.4 and last > day + _DAY:
            # It is taken back or moved, and often it comes back within the time.
            back = day + timedelta(days=self.random.randrange(1, (last - day).days))
            moved = back + timedelta(days=self.random.randrange(1, 40))
            other = self.random.choice([None, moved])
            self._on(back, lambda on: self._end(person, other, on))
            again = back + timedelta(days=self.random.randrange(1, 12))
            if again < min(last, moved) and self.random.random() < 0.7:
                self._on(again, lambda on: self._end(person, last, on))

    def _end(self, person: dict[str, Any], last: date | None, day: date) -> None:
        for one in (person["employment"][-1], person["assignments"][-1]):
            if last is None:
                one.pop("end", None)
            else:
                one["end"] = max(last.isoformat(), one["start"])
        self._write(person, day)

    def _write(self, person: dict[str, Any], day: date) -> None:
        versions = self.versions.setdefault(person["id"], [])
        if versions and versions[-1][0] == day:
            versions.pop()
        versions.append((day, json.dumps(person)))
