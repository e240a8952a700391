"""Made-up employees and policy data, seeded, dense in the days and shapes on which a decision turns.

`allowed` is somebody plain. `population` gives questions about many, `person` draws one employee,
`policy_data` one set of policy data, `day_for` a day on which deciding that employee is delicate, `spoil` a
copy of a record with one thing wrong. The same seed gives the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

Facts = dict[str, Any]

ROLES = ("Office Professional", "School Counselor", "Teacher", "Central Analyst")
PLACES = ("210", "211", "212", "900", "910", "777", "778")  # the last two are in no list
APPROVERS = ("000777", "000555", "000888")
APPROVER_ROLES = ("Principal", "Principal", "Manager", "Teacher")


def population(seed: int, size: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One set of policy data and `size` questions about people made for it."""
    rng = Random(seed)
    data = policy_data(rng)
    questions = []
    for number in range(size):
        facts = person(rng, data, f"{number:06}")
        day = day_for(rng, facts, data)
        if rng.random() < 0.03:
            facts = spoil(rng, facts)
        questions.append({"as_of": day.isoformat(), "employee": facts})
    return data, questions


def policy_data(rng: Random) -> dict[str, Any]:
    """One valid set of policy data: other cycles, openings, gaps, lead days, calendars and grant days."""
    first = rng.choice(["2026-06-30", "2026-06-30", "2025-06-30", "2024-07-15", "2026-12-31"])
    opens = rng.choice(["01-01", "01-01", "03-01", "05-31", first[5:]])
    through = rng.choice(["2027-06-30", "2028-12-31", "2025-09-05", "2031-12-31"])
    frm = rng.choice(["2023-07-01", "2023-07-01", "2024-02-28", "2019-01-01"])
    if opens > first[5:]:
        opens = "01-01"
    data: dict[str, Any] = {
        "requirements": {
            "roles": rng.choice([["Office Professional", "School Counselor"], ["Teacher"]]),
            "school_location_types": rng.choice([["school"], ["school"], ["school", "terminal"]]),
            "certifications": {"prerequisite": "Walk-In Scheduling", "required": "Elementary Scheduling"},
            "approver_roles": rng.choice([["Principal", "Manager"], ["Principal", "Manager"], ["Manager"]]),
            "job_change_rule_from": rng.choice(["2023-06-01", "2023-06-01", "2024-08-01", "2019-08-01"]),
            "approval_lead_days": rng.choice([120, 120, 0, 1, 30]),
            "between_assignments_days": rng.choice([100, 100, 0, 1, 60]),
            "between_employments_days": rng.choice([3, 3, 0, 30]),
            "summer": rng.choice(SUMMERS),
            "validity": {
                "first_removal": first,
                "every_school_years": rng.choice([2, 2, 1, 3]),
                "recertification_opens": opens,
            },
            "grant_within_business_days": rng.randint(1, 5),
            "contact": {
                "name": "Sample Help Desk",
                "phone": "000-000-0000",
                "hours": "Monday through Friday",
                "self_service": "Sample Self-Service",
                "address": "1 Sample Street",
            },
        },
        "locations": {
            "210": {"name": "Sample Elementary A", "type": "school"},
            "211": {"name": "Sample Elementary B", "type": "school"},
            "212": {"name": "Sample Elementary C", "type": "school"},
            "900": {"name": "Sample Central Office", "type": "office"},
            "910": {"name": "Sample Transportation Terminal", "type": "terminal"},
        },
        "calendar": {"covers": {"from": frm, "through": through}, "closed": _closed(rng)},
    }
    if data["requirements"]["summer"] is None:
        del data["requirements"]["summer"]
    return data


SUMMERS = (
    {"from": "05-15", "through": "09-15"},
    {"from": "05-15", "through": "09-15"},
    {"from": "06-01", "through": "08-31"},
    {"from": "01-01", "through": "12-31"},
    None,  # a district without one
)


def _closed(rng: Random) -> list[str]:
    days = {date(2023, 9, 4), date(2025, 9, 1), date(2026, 7, 3)}
    for _ in range(rng.randint(0, 12)):
        start = date(2023, 7, 1) + timedelta(days=rng.randint(0, 1500))
        days |= {start + timedelta(days=i) for i in range(rng.randint(1, 9))}
    return sorted(day.isoformat() for day in days if day.weekday() < 5)


def allowed(**changed: Any) -> Facts:
    """Somebody who meets every requirement through 2026-06-30, but for what is `changed`."""
    return {
        "employment": [{"start": "2019-08-01"}],
        "assignments": [{"role": "Office Professional", "location": "210", "start": "2019-08-01"}],
        "certifications": [
            {"name": "Walk-In Scheduling", "completed_on": "2023-08-10"},
            {"name": "Elementary Scheduling", "completed_on": "2023-08-12"},
        ],
        "approvals": [
            {
                "decision": "approved",
                "decided_on": "2023-08-14",
                "approver": "000777",
                "approver_role": "Principal",
            }
        ],
        **changed,
    }


def person(rng: Random, data: dict[str, Any], ident: str = "001234") -> Facts:
    """One employee, most with everything that access needs and something close to the line."""
    rules = data["requirements"]
    marks = [
        date.fromisoformat(rules["job_change_rule_from"]),
        date(2023, 8, 7),
        date(2024, 8, 5),
        date(2025, 8, 4),
        date(2025, 9, 1),
        date(2026, 2, 2),
        date(2026, 7, 1),
    ]
    plain = [rng.random() < 0.7 for _ in range(4)]  # which parts are in order, so that the others tell
    employment = _employment(rng, marks, rules["between_employments_days"])
    if plain[0]:
        employment = [_end(rng, {"start": "2019-08-01"}, None)]
    starts = [date.fromisoformat(period["start"]) for period in employment] or [rng.choice(marks)]
    jobs = _jobs(rng, marks + starts, rules["between_assignments_days"])
    if plain[1]:
        role = rules["roles"][0]
        since = rng.choice([date(2019, 8, 1), rng.choice(starts), rng.choice(marks)])
        jobs = [job for job in jobs if rng.random() < 0.4] + [_job(rng, role, "210", since, None)]
    certifications = _certifications(rng, data)
    if plain[2]:
        certifications = [record for record in certifications if record["name"] != "Walk-In Scheduling"]
        certifications.append({"name": "Walk-In Scheduling", "completed_on": "2021-02-01"})
        certifications.append(
            {"name": "Elementary Scheduling", "completed_on": rng.choice(["2021-03-01", "2023-08-21"])}
        )
    approvals = _approvals(rng, ident, jobs, starts, rules["approval_lead_days"])
    if plain[3] and jobs:
        since = date.fromisoformat(rng.choice(jobs)["start"])
        approvals = [record for record in approvals if rng.random() < 0.5]
        approvals.append(
            {
                "decision": "approved",
                "decided_on": _shift(since, rng.choice([0, 1, 10, 40])).isoformat(),
                "approver": rng.choice(APPROVERS),
                "approver_role": "Manager",
            }
        )
    facts: Facts = {
        "id": ident,
        "employment": employment,
        "assignments": jobs,
        "certifications": certifications,
        "approvals": approvals,
    }
    if rng.random() < 0.75:
        facts["access"] = _access(rng, facts)
    if rng.random() < 0.02:
        del facts[rng.choice(["employment", "assignments", "certifications", "approvals"])]
    if rng.random() < 0.1:
        facts["name"] = "A Sample Person"
    for name in ("employment", "assignments", "certifications", "approvals"):
        if name in facts:
            rng.shuffle(facts[name])
    return facts


def _shift(day: date, days: int) -> date:
    return day + timedelta(days=days)


def _end(rng: Random, record: Facts, end: date | None) -> Facts:
    """The record with its end: absent or in the year 9999 where it is open."""
    if end is not None:
        record["end"] = max(end.isoformat(), record["start"])
    elif rng.random() < 0.2:
        record["end"] = rng.choice(["9999-12-31", "9999-01-01"])
    return record


def _employment(rng: Random, marks: list[date], gap: int) -> list[Facts]:
    if rng.random() < 0.03:
        return []
    periods: list[Facts] = []
    start = rng.choice([date(2019, 8, 1), date(2019, 8, 1), rng.choice(marks)])
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        end = _shift(rng.choice([mark for mark in marks if mark >= start] or [start]), rng.randint(-2, 200))
        periods.append(_end(rng, {"start": start.isoformat()}, end))
        end = date.fromisoformat(periods[-1]["end"])
        start = _shift(end, rng.choice([gap, gap + 1, gap + 1, gap + 2, 1, -20, rng.randint(1, 500)]))
        start = max(start, date(2019, 1, 1))
    last = None if rng.random() < 0.8 else _shift(start, rng.randint(0, 900))
    periods.append(_end(rng, {"start": start.isoformat()}, last))
    return periods


def _jobs(rng: Random, marks: list[date], gap: int) -> list[Facts]:
    if rng.random() < 0.04:
        return []
    jobs: list[Facts] = []
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        role = rng.choice(ROLES[:2]) if rng.random() < 0.6 else rng.choice(ROLES)
        place = rng.choice(PLACES[:3]) if rng.random() < 0.6 else rng.choice(PLACES)
        start = rng.choice(
            [date(2019, 8, 1), rng.choice(marks), _shift(rng.choice(marks), rng.randint(-3, 3))]
        )
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            end = _shift(start, rng.choice([rng.randint(0, 60), rng.randint(200, 700), 2000]))
            jobs.append(_job(rng, role, place, start, end))
            start = _shift(end, rng.choice([gap, gap + 1, gap + 1, gap + 2, 1, 1, -30, -400]))
            start = max(start, date(2018, 1, 1))
        open_ended = rng.random() < 0.65
        jobs.append(_job(rng, role, place, start, None if open_ended else _shift(start, rng.randint(0, 900))))
    return jobs


def _job(rng: Random, role: str, place: str, start: date, end: date | None) -> Facts:
    job = _end(rng, {"role": role, "location": place, "start": start.isoformat()}, end)
    if rng.random() < 0.1:
        job["school_based"] = rng.random() < 0.6
    return job


def _certifications(rng: Random, data: dict[str, Any]) -> list[Facts]:
    validity = data["requirements"]["validity"]
    first = date.fromisoformat(validity["first_removal"])
    cycles = [first.replace(year=first.year + i * validity["every_school_years"]) for i in range(-1, 3)]
    turns = [date(2023, 8, 10), date(2023, 5, 10), date(2025, 9, 2)]
    for removal in cycles:
        opens = date.fromisoformat(f"{removal.year}-{validity['recertification_opens']}")
        turns += [_shift(day, by) for day in (opens, removal) for by in (-1, 0, 1)]
    walk_in = [
        rng.choice([date(2019, 9, 1), rng.choice(turns)]) for _ in range(rng.choice([0, 1, 1, 1, 1, 2]))
    ]
    near = [_shift(day, by) for day in walk_in for by in (-1, 0, 1)] or turns
    elementary = [
        rng.choice(near) if rng.random() < 0.3 else rng.choice(turns)
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))
    ]
    records = [{"name": "Walk-In Scheduling", "completed_on": day.isoformat()} for day in walk_in]
    records += [{"name": "Elementary Scheduling", "completed_on": day.isoformat()} for day in elementary]
    if rng.random() < 0.1:
        records.append({"name": "Secondary Scheduling", "completed_on": "2024-01-15"})
    return records


def _approvals(rng: Random, ident: str, jobs: list[Facts], starts: list[date], lead: int) -> list[Facts]:
    turns = [date.fromisoformat(job["start"]) for job in jobs] + starts
    turns += [_shift(day, -lead) for day in turns]
    records = []
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4])):
        spread = rng.choice([0, 0, 1, -1, rng.randint(-200, 400)])
        record: Facts = {
            "decision": rng.choice(["approved"] * 5 + ["denied", "withdrawn"]),
            "decided_on": _shift(rng.choice(turns), spread).isoformat(),
            "approver": ident if rng.random() < 0.06 else rng.choice(APPROVERS),
            "approver_role": rng.choice(APPROVER_ROLES),
        }
        if records and rng.random() < 0.2:
            record["decided_on"] = records[-1]["decided_on"]
        if rng.random() < 0.15:
            del record["approver_role"]
        if rng.random() < 0.3:
            record["approver_jobs"] = _approver_jobs(rng, date.fromisoformat(record["decided_on"]), lead)
        job = rng.choice(jobs) if jobs else {"role": "Teacher", "location": "210"}
        if rng.random() < 0.55:
            record["role"] = rng.choice(ROLES) if rng.random() < 0.1 else job["role"]
        if rng.random() < 0.55:
            record["location"] = rng.choice(PLACES) if rng.random() < 0.1 else job["location"]
        records.append(record)
    return records


def _approver_jobs(rng: Random, decided_on: date, gap: int) -> list[Facts]:
    """The approver's own jobs, close to the day of the decision."""
    jobs = []
    for _ in range(rng.choice([0, 1, 1, 2])):
        start = _shift(decided_on, rng.choice([-700, -365, -30, 0, 1, 200]))
        end = _shift(decided_on, rng.choice([0, -1, -20, -gap - 1, -101, -102, 300]))
        open_ended = rng.random() < 0.4
        jobs.append(_job(rng, rng.choice(APPROVER_ROLES), "210", start, None if open_ended else end))
    return jobs


def _access(rng: Random, facts: Facts) -> Facts:
    access: Facts = {"held": rng.random() < 0.7}
    jobs = facts["assignments"]
    if rng.random() < 0.3:
        access["since"] = "2023-08-16"
    if rng.random() < 0.4:
        places = [job["location"] for job in jobs]
        access["locations"] = rng.choice([[], places, places[:1], places[::-1] + places, ["212"]])
    if rng.random() < 0.7:
        access["basis"] = _basis(rng, facts)
    return access


def _basis(rng: Random, facts: Facts) -> Facts:
    """What access rested on: the facts as they stand, and now and then something that they no longer show."""

    def one_of(name: str, otherwise: Facts) -> Facts:
        records = facts[name] if rng.random() < 0.8 else []
        return rng.choice(records or [otherwise])

    done = {"completed_on": rng.choice(["2023-08-10", "2026-03-02"])}
    walk_in = one_of("certifications", {"name": "Walk-In Scheduling"} | done)
    elementary = one_of("certifications", {"name": "Elementary Scheduling"} | done)
    job = one_of("assignments", {"role": "Teacher", "location": "210", "start": "2019-08-01"})
    period = one_of("employment", {"start": "2019-08-05"})
    approval = one_of("approvals", {"decided_on": "2023-08-14", "approver": rng.choice(APPROVERS)})
    return {
        "role": job["role"],
        "location": job["location"],
        "job_start": job["start"],
        "employment_start": _shift(date.fromisoformat(period["start"]), rng.choice([0, 0, 0, 4])).isoformat(),
        "walk_in": walk_in["completed_on"],
        "elementary": elementary["completed_on"],
        "approval": {name: approval[name] for name in ("decided_on", "approver")},
    }


def day_for(rng: Random, facts: Facts, data: dict[str, Any]) -> date:
    """A day to decide the employee on: most often within two days of something in the facts or the rules."""
    gap = data["requirements"]["between_assignments_days"]
    turns = [date(2025, 9, 10), date(2026, 1, 1), date(2026, 7, 1), date(2024, 7, 16), date(2027, 7, 1)]
    for name in ("employment", "assignments", "certifications", "approvals"):
        for record in facts.get(name, []):
            for field in ("start", "end", "completed_on", "decided_on"):
                if field in record and not record[field].startswith("9999"):
                    day = date.fromisoformat(record[field])
                    turns += [day, day, _shift(day, gap + 1 if field == "end" else 1)]
    if rng.random() < 0.2:
        return date(2022, 1, 1) + timedelta(days=rng.randint(0, 3500))
    return _shift(rng.choice(turns), rng.choice([0, 0, 1, -1, 2, 3, rng.randint(-40, 400)]))


def spoil(rng: Random, facts: Facts) -> Facts:
    """A copy of a record with one thing wrong in it, its id left readable."""
    spoilt = copy.deepcopy(facts)
    rng.choice(SPOILERS)(rng, spoilt)
    return spoilt


def _record(rng: Random, facts: Facts, name: str) -> Facts:
    sample: dict[str, Facts] = {
        "employment": {"start": "2019-08-01"},
        "assignments": {"role": "Teacher", "location": "210", "start": "2019-08-01"},
        "certifications": {"name": "Walk-In Scheduling", "completed_on": "2023-08-10"},
        "approvals": {
            "decision": "approved",
            "decided_on": "2023-08-14",
            "approver": "000777",
            "approver_role": "Principal",
        },
    }
    records = facts.setdefault(name, [])
    if not records:
        records.append(sample[name])
    chosen: Facts = rng.choice(records)
    return chosen


LISTED = ("employment", "assignments", "certifications", "approvals")
REQUIRED = {
    "employment": ("start",),
    "assignments": ("role", "location", "start"),
    "certifications": ("name", "completed_on"),
    "approvals": ("decision", "decided_on", "approver"),
}
DATES = (
    ("employment", "start"),
    ("employment", "end"),
    ("assignments", "start"),
    ("assignments", "end"),
    ("certifications", "completed_on"),
    ("approvals", "decided_on"),
)
BAD_DATES = (
    "2025-02-29", "2025-13-01", "2025-00-10", "2025-9-1", "20250901", "2025-09-01T00:00:00Z", "0000-01-01",
    "1899-12-31", "2200-01-01",
    "tomorrow", "", " 2025-09-01", "2025-09-01 ", "2025-04-31", "+025-01-01", "2025-W36-1",
    "\u0662\u0660\u0662\u0665-\u0660\u0669-\u0660\u0661",  # digits, but not those of ISO 8601
    20250901, None, True, [], {},
)  # fmt: skip


def _spoil_date(rng: Random, facts: Facts) -> None:
    name, field = rng.choice(DATES)
    _record(rng, facts, name)[field] = rng.choice(BAD_DATES)


def _spoil_order(rng: Random, facts: Facts) -> None:
    record = _record(rng, facts, rng.choice(["employment", "assignments"]))
    record["end"] = _shift(date.fromisoformat(record["start"]), -rng.choice([1, 30, 400])).isoformat()


def _spoil_absent(rng: Random, facts: Facts) -> None:
    name = rng.choice(LISTED)
    del _record(rng, facts, name)[rng.choice(REQUIRED[name])]


def _spoil_text(rng: Random, facts: Facts) -> None:
    name = rng.choice(["assignments", "certifications", "approvals"])
    fields = {"assignments": ["role", "location"], "certifications": ["name"]}
    field = rng.choice(fields.get(name, ["approver", "approver_role", "decision", "role", "location"]))
    _record(rng, facts, name)[field] = rng.choice([7, None, "", False, ["210"], {"a": "b"}])


def _spoil_unknown(rng: Random, facts: Facts) -> None:
    where = rng.choice([facts, _record(rng, facts, rng.choice(LISTED))])
    where[rng.choice(["End", "ended", "note", "locaton"])] = "x"


def _spoil_decision(rng: Random, facts: Facts) -> None:
    _record(rng, facts, "approvals")["decision"] = rng.choice(["Approved", "rejected", "yes"])


def _spoil_list(rng: Random, facts: Facts) -> None:
    facts[rng.choice(LISTED)] = rng.choice([None, {}, "none", 0, {"0": {"start": "2019-08-01"}}])


def _spoil_record(rng: Random, facts: Facts) -> None:
    facts.setdefault(rng.choice(LISTED), []).append(rng.choice([None, [], "2019-08-01", 5]))


def _spoil_flag(rng: Random, facts: Facts) -> None:
    _record(rng, facts, "assignments")["school_based"] = rng.choice(["true", 1, None, "no"])


def _spoil_access(rng: Random, facts: Facts) -> None:
    facts["access"] = rng.choice(
        [
            None, True, "held", [], {}, {"held": "yes"}, {"held": 1}, {"held": None},
            {"since": "2023-08-16"}, {"held": True, "locations": "210"}, {"held": True, "locations": [210]},
            {"held": True, "locations": None}, {"held": True, "since": "2023-02-30"},
            {"held": True, "by": "x"}, {"held": True, "locations": [""]}, {"held": True, "basis": None},
            {"held": True, "basis": {}}, {"held": True, "basis": "2023-08-14"},
        ]
    )  # fmt: skip


def _spoil_approver(rng: Random, facts: Facts) -> None:
    _record(rng, facts, "approvals")["approver_jobs"] = rng.choice(
        [
            None,
            {},
            "Principal",
            [None],
            [{"role": "Principal"}],
            [{"role": "Principal", "start": "2019-08-01"}],
        ]
    )


def _spoil_basis(rng: Random, facts: Facts) -> None:
    basis = {
        "role": "Teacher", "location": "210", "job_start": "2019-08-01", "employment_start": "2019-08-01",
        "walk_in": "2023-08-10", "elementary": "2023-08-21",
        "approval": {"decided_on": "2023-08-14", "approver": "000777"},
    }  # fmt: skip
    field = rng.choice(sorted(basis))
    if rng.random() < 0.4:
        del basis[field]
    else:
        basis[field] = rng.choice(
            [None, "", 7, {"decided_on": "2023-08-14"}, "2023-02-29" if "_" in field else []]
        )
    facts["access"] = {"held": True, "basis": basis}


def _spoil_detail(rng: Random, facts: Facts) -> None:
    facts[rng.choice(["name", "email", "username"])] = rng.choice([None, 5, ["x"], {}])


SPOILERS: tuple[Callable[[Random, Facts], None], ...] = (
    _spoil_date, _spoil_order, _spoil_absent, _spoil_text, _spoil_unknown, _spoil_decision, _spoil_list,
    _spoil_record, _spoil_approver, _spoil_basis, _spoil_flag, _spoil_access, _spoil_detail,
)  # fmt: skip
