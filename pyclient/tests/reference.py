"""The decision worked out a second time, in plain Python, to hold the policy against.

Written from the contract, not from the Rego: nothing here is shared with the policy, and nothing of icaccess
imports it. `decide` gives the whole decision document but for wording: a reason is its code and clause.
`recheck_on` is found by deciding later days; which of them are tried is held against trying every one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

DAY = timedelta(days=1)
FOREVER = date.max

CLAUSES: dict[str, str | None] = {
    "role_not_eligible": "ES-2",
    "unknown_location": "ES-3",
    "elementary_certification_missing": "ES-4",
    "walk_in_certification_missing": "ES-5",
    "certification_out_of_order": "ES-5",
    "approval_missing": "ES-6",
    "approver_not_authorized": "ES-6",
    "approver_unverified": "ES-6",
    "approval_withdrawn": "ES-6",
    "approval_not_for_current_job": "ES-9",
    "not_employed": "ES-10",
    "certification_expired": "ES-12",
    "facts_missing": None,
    "invalid_record": None,
    "no_employee_record": None,
    "no_decision": None,
}

LISTS = ("employment", "assignments", "certifications", "approvals")

FIELDS: dict[str, dict[str, tuple[str, bool]]] = {  # field → (kind, required)
    "employment": {"start": ("date", True), "end": ("end", False)},
    "assignments": {
        "role": ("text", True),
        "location": ("text", True),
        "start": ("date", True),
        "end": ("end", False),
        "school_based": ("bool", False),
    },
    "certifications": {"name": ("text", True), "completed_on": ("date", True)},
    "approvals": {
        "decision": ("decision", True),
        "decided_on": ("date", True),
        "approver": ("text", True),
        "approver_role": ("text", False),
        "approver_jobs": ("jobs", False),
        "role": ("text", False),
        "location": ("text", False),
    },
    "access": {
        "held": ("bool", True),
        "since": ("date", False),
        "locations": ("texts", False),
        "basis": ("basis", False),
    },
    "basis": {
        "role": ("text", True),
        "location": ("text", True),
        "job_start": ("date", True),
        "employment_start": ("date", True),
        "walk_in": ("date", True),
        "elementary": ("date", True),
        "approval": ("basis approval", True),
    },
    "basis approval": {"decided_on": ("date", True), "approver": ("text", True)},
}

EXPLAINS = {  # which reasons a part of the basis explains when it has gone (Consent)
    "walk_in": {"walk_in_certification_missing", "certification_out_of_order"},
    "elementary": {
        "elementary_certification_missing",
        "certification_out_of_order",
        "certification_expired",
    },
    "approval": {"approval_missing", "approver_not_authorized", "approval_not_for_current_job"},
    "job": {"role_not_eligible", "approval_not_for_current_job"},
    "employment_start": {"not_employed"},
}
UNSURE = {"unknown_location", "approver_unverified"}


def decide(
    employee: dict[str, Any], as_of: str, data: dict[str, Any], *, until: date | None = None
) -> dict[str, Any]:
    """The decision about one employee on one day, reasons as `{code, clause}`.

    `data` holds `requirements`, `locations` and `calendar` as the policy data does. With `until`, every day
    up to then is tried for `recheck_on`, instead of those on which something could change.
    """
    if not _is_of_kind(as_of, "date") or not is_valid(employee):
        return _undecided(employee, as_of, "invalid_record")
    if any(name not in employee for name in LISTS):
        return _undecided(employee, as_of, "facts_missing")
    day = date.fromisoformat(as_of)
    case = _Case(employee, data)
    now = case.on(day)
    days = case.days_after(day) if until is None else _every_day(day, until)
    recheck = next((later for later in days if case.on(later) != now), None)
    return {"employee_id": employee["id"], "as_of": as_of, **now, "recheck_on": _iso(recheck)}


def is_valid(employee: dict[str, Any]) -> bool:
    """Whether a record is whole in itself: known fields, of the right kind, no end before its start."""
    if set(employee) - {"id", "name", "email", "username", *LISTS, "access"}:
        return False
    if any(not isinstance(employee[name], str) for name in ("name", "email", "username") if name in employee):
        return False
    for name in (*LISTS, "access"):
        if name not in employee:
            continue
        if not isinstance(employee[name], dict if name == "access" else list):
            return False
        records = [employee[name]] if name == "access" else employee[name]
        if not all(_is_valid_record(record, FIELDS[name]) for record in records):
            return False
    return True


def _is_valid_record(record: Any, fields: dict[str, tuple[str, bool]]) -> bool:
    if not isinstance(record, dict) or set(record) - set(fields):
        return False
    for name, (kind, required) in fields.items():
        if name not in record:
            if required:
                return False
        elif not _is_of_kind(record[name], kind):
            return False
    return "start" not in record or "end" not in record or record["start"] <= record["end"]


def _is_of_kind(value: Any, kind: str) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "texts":
        return isinstance(value, list) and all(_is_of_kind(item, "text") for item in value)
    if kind == "jobs":
        return isinstance(value, list) and all(_is_valid_record(job, FIELDS["assignments"]) for job in value)
    if kind.startswith("basis"):
        return _is_valid_record(value, FIELDS[kind])
    if not isinstance(value, str) or not value:
        return False
    if kind == "decision":
        return value in {"approved", "denied", "withdrawn"}
    if kind in {"date", "end"}:
        try:
            known = date.fromisoformat(value)
        except ValueError:
            return False
        return known.isoformat() == value and (
            1900 <= known.year <= 2199 or (kind == "end" and known.year == 9999)
        )
    return True


def _undecided(employee: dict[str, Any], as_of: str, code: str) -> dict[str, Any]:
    return {
        "employee_id": employee["id"],
        "as_of": as_of,
        "outcome": "undecided",
        "reasons": [{"code": code, "clause": None}],
        "warnings": [],
        "locations": [],
        "expiry": None,
        "requirements_met_on": None,
        "grant_due_by": None,
        "action": "none",
        "needs_consent": False,
        "escalate": False,
        "recheck_on": None,
        "basis": None,
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _every_day(day: date, until: date) -> Iterator[date]:
    while day < until:
        day += DAY
        yield day


def _days_between(earlier: date, later: date) -> int:
    """How many days lie strictly between two days; negative when they overlap."""
    return (later - earlier).days - 1


def _plus(day: date, days: int) -> date:
    return day + timedelta(days=days) if days <= (FOREVER - day).days else FOREVER


def _period(record: dict[str, Any]) -> tuple[date, date]:
    end = record.get("end", "9999-12-31")
    return date.fromisoformat(record["start"]), FOREVER if end.startswith("9999") else date.fromisoformat(end)


def runs(periods: list[tuple[date, date]], gap: int) -> list[tuple[date, date]]:
    """The runs that periods form when at most `gap` days lie strictly between (Continuity)."""
    found: list[tuple[date, date]] = []
    for start, end in sorted(periods):
        if found and _days_between(found[-1][1], start) <= gap:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def run_start(records: list[dict[str, Any]], record: dict[str, Any], day: date, gap: int) -> date:
    """When the run of records of this record's role and location began, of those that begin by the day."""
    same = [
        _period(other)
        for other in records
        if (other["role"], other["location"]) == (record["role"], record["location"])
        and _period(other)[0] <= day
    ]
    mine = _period(record)[0]
    return next(start for start, end in runs(same, gap) if start <= mine <= end)


def held_jobs(records: list[dict[str, Any]], day: date, rules: dict[str, Any]) -> list[dict[str, Any]]:
    """The assignments that are current on a day (Job): an employee's, or an approver's."""
    gap = rules["between_assignments_days"]
    begun = [(*_period(record), record) for record in records if _period(record)[0] <= day]
    holding = [job for _, end, job in begun if end >= day]
    current = list(holding)
    ended = [(end, job) for _, end, job in begun if end < day]
    last = max((end for end, _ in ended), default=None)
    if not holding and last is not None and _days_between(last, day) <= gap:
        current = [job for end, job in ended if end == last]
    if (summer := summer_of(day, rules)) is None:
        return current
    lasting = [
        job
        for _, end, job in begun
        if end >= day and end > summer[1] and run_start(records, job, day, gap) >= summer[0]
    ]
    paused = [] if lasting else [job for end, job in ended if end >= summer[0]]
    return current + [job for job in paused if job not in current]


def summer_of(day: date, rules: dict[str, Any]) -> tuple[date, date] | None:
    """The summer that a day lies in, if it does."""
    if "summer" not in rules:
        return None
    first, last = (date.fromisoformat(f"{day.year}-{rules['summer'][k]}") for k in ("from", "through"))
    return (first, last) if first <= day <= last else None


class _Case:
    """One employee's facts under one set of policy data, dates parsed, to be decided on any day."""

    def __init__(self, employee: dict[str, Any], data: dict[str, Any]) -> None:
        self.id = employee["id"]
        self.rules = data["requirements"]
        self.places = data["locations"]
        self.covers = tuple(date.fromisoformat(data["calendar"]["covers"][k]) for k in ("from", "through"))
        self.closed = {date.fromisoformat(day) for day in data["calendar"]["closed"]}
        self.employment = [_period(record) for record in employee["employment"]]
        self.jobs = [(*_period(record), record) for record in employee["assignments"]]
        self.certifications = [
            (date.fromisoformat(record["completed_on"]), record["name"])
            for record in employee["certifications"]
        ]
        self.approvals = [
            (date.fromisoformat(record["decided_on"]), record) for record in employee["approvals"]
        ]
        access = employee.get("access", {"held": False})
        self.held: bool = access["held"]
        self.held_at: list[str] | None = access.get("locations")
        self.rests_on: dict[str, Any] | None = access.get("basis") if self.held else None
        first = date.fromisoformat(self.rules["validity"]["first_removal"])
        step = self.rules["validity"]["every_school_years"]
        opens = self.rules["validity"]["recertification_opens"]
        self.cycles = [  # (recertification opens, removal), as far as the calendar goes
            (date.fromisoformat(f"{year:04}-{opens}"), first.replace(year=year))
            for year in range(first.year, 2400, step)
        ]

    # The decision of one day, without as_of and recheck_on.

    def on(self, day: date) -> dict[str, Any]:
        employed = any(start <= day <= end for start, end in self.employment)
        expiry = self.expiry(day)
        warnings: list[str] = []
        if self.names_no_job(day):
            warnings.append("denial_names_no_job")
        codes: list[str] = []
        candidates: list[dict[str, Any]] = []
        current = self.current(day)
        if not employed:
            codes.append("not_employed")
        else:
            eligible = [job for job in current if self.is_eligible(job)]
            if not eligible:
                unknown = any(self.is_unknown(job) for job in current)
                codes.append("unknown_location" if unknown else "role_not_eligible")
            codes += self.certification_reasons(day, expiry)
            why, candidates = self.approval(day, eligible or current)
            codes += why
        base: dict[str, Any] = {
            "outcome": "allow" if not codes else "expired" if codes == ["certification_expired"] else "deny",
            "reasons": [
                {"code": code, "clause": CLAUSES[code]}
                for code in sorted(codes, key=lambda code: (int(str(CLAUSES[code])[3:]), code))
            ],
            "warnings": warnings,
            "locations": [],
            "expiry": expiry,
            "requirements_met_on": None,
            "grant_due_by": None,
            "action": "revoke" if self.held else "none",
            "needs_consent": False,
            "escalate": False,
            "basis": None,
        }
        gone = self.gone(day)
        if gone:
            warnings.append("evidence_gone")
        if codes:
            explained = UNSURE.union(*(EXPLAINS[part] for part in gone))
            consent = self.held and set(codes) <= explained
            return base | {"needs_consent": consent, "warnings": sorted(warnings)}
        best = min(candidates, key=lambda one: (one["met_on"], one["location"], one["role"]))
        due = self.due(best["met_on"], day)
        locations = sorted({one["location"] for one in candidates})
        if any(self.is_unknown(job) for job in current):
            warnings.append("unknown_location")
        if due is None and not self.held:
            warnings.append("calendar_not_covered")
        return base | {
            "warnings": sorted(warnings),
            "locations": locations,
            "requirements_met_on": _iso(best["met_on"]),
            "grant_due_by": _iso(due),
            "action": self.action(locations),
            "escalate": not self.held and due is not None and day > due,
            "basis": best["basis"],
        }

    def action(self, locations: list[str]) -> str:
        if not self.held:
            return "grant"
        return "keep" if self.held_at is None or set(self.held_at) == set(locations) else "update"

    # Jobs.

    def current(self, day: date) -> list[dict[str, Any]]:
        return held_jobs([job for *_, job in self.jobs], day, self.rules)

    def is_eligible(self, job: dict[str, Any]) -> bool:
        place = self.places.get(job["location"], {"type": None})
        at_school = job.get("school_based", place["type"] in self.rules["school_location_types"])
        return job["role"] in self.rules["roles"] or at_school

    def is_unknown(self, job: dict[str, Any]) -> bool:
        return "school_based" not in job and job["location"] not in self.places

    def job_start(self, job: dict[str, Any], day: date) -> date:
        return run_start([one for *_, one in self.jobs], job, day, self.rules["between_assignments_days"])

    def job_from(self, job: dict[str, Any], day: date) -> date:
        return max(self.job_start(job, day), self.employment_runs(day)[-1][0])

    def employment_runs(self, day: date) -> list[tuple[date, date]]:
        return runs([p for p in self.employment if p[0] <= day], self.rules["between_employments_days"])

    # Certifications.

    def completions(self, day: date) -> tuple[list[date], list[date]]:
        names = self.rules["certifications"]
        done = sorted((on, name) for on, name in self.certifications if on <= day)
        walk_in = [on for on, name in done if name == names["prerequisite"]]
        return walk_in, [on for on, name in done if name == names["required"]]

    def counting(self, day: date) -> list[date]:
        walk_in, elementary = self.completions(day)
        return [on for on in elementary if walk_in and on >= walk_in[0]]

    def cycle(self, completed: date) -> tuple[date, date]:
        return next((cycle for cycle in self.cycles if cycle[0] > completed), (FOREVER, FOREVER))

    def expiry(self, day: date) -> dict[str, Any] | None:
        counting = self.counting(day)
        if not counting:
            return None
        opens, through = self.cycle(counting[-1])
        state = "expired" if through < day else "recertify" if opens <= day else "valid"
        return {"valid_through": _iso(through), "recertification_opens": _iso(opens), "state": state}

    def certification_reasons(self, day: date, expiry: dict[str, Any] | None) -> list[str]:
        walk_in, elementary = self.completions(day)
        codes = []
        if not walk_in:
            codes.append("walk_in_certification_missing")
        if not elementary:
            codes.append("elementary_certification_missing")
        if walk_in and elementary and expiry is None:
            codes.append("certification_out_of_order")
        if expiry is not None and expiry["state"] == "expired":
            codes.append("certification_expired")
        return codes

    # Approvals.

    def may_approve(self, on: date, record: dict[str, Any]) -> bool | None:
        """Whether an approval is authorised; None where it is unverified."""
        if record["approver"] == self.id:
            return False
        if "approver_jobs" in record:
            if not any(_period(job)[0] <= on for job in record["approver_jobs"]):
                return None
            roles = {job["role"] for job in held_jobs(record["approver_jobs"], on, self.rules)}
        elif "approver_role" in record:
            roles = {record["approver_role"]}
        else:
            return None
        return bool(roles & set(self.rules["approver_roles"]))

    def names(self, record: dict[str, Any], job: dict[str, Any]) -> bool:
        return all(record.get(field, job[field]) == job[field] for field in ("role", "location"))

    def is_timely(self, on: date, record: dict[str, Any], since: date, day: date) -> bool:
        if since < date.fromisoformat(self.rules["job_change_rule_from"]) or on >= since:
            return True
        return (
            "role" in record
            and "location" in record
            and (since - on).days <= self.rules["approval_lead_days"]
            and all(on > end for _, end in self.employment_runs(day)[:-1])
        )

    def names_no_job(self, day: date) -> bool:
        had = [job for start, _, job in self.jobs if start <= day]
        return any(
            record["decision"] != "approved"
            and ("role" in record or "location" in record)
            and not any(self.names(record, job) for job in had)
            for on, record in self.approvals
            if on <= day
        )

    def approval(self, day: date, jobs: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
        """Why approval is not met, and what each approved job rests on where certification is met too."""
        decided = [(on, record) for on, record in self.approvals if on <= day]
        approved = [(on, record) for on, record in decided if record["decision"] == "approved"]
        against = [(on, record) for on, record in decided if record["decision"] != "approved"]
        candidates, met, would_be_met, fell = [], False, False, False
        for job in jobs:
            since = self.job_from(job, day)
            fit = [
                (on, record)
                for on, record in approved
                if self.may_approve(on, record) is not False
                and self.is_timely(on, record, since, day)
                and self.names(record, job)
            ]
            standing = [
                (on, record)
                for on, record in fit
                if not any(no >= on and self.names(denial, job) for no, denial in against)
            ]
            fell = fell or bool(fit)
            would_be_met = would_be_met or bool(standing)
            given = sorted((on, one["approver"]) for on, one in standing if self.may_approve(on, one))
            if given:
                met = True
                candidates += self.basis(day, job, since, given[0])
        if met:
            return [], candidates
        if would_be_met:
            return ["approver_unverified"], []
        if fell:
            return ["approval_withdrawn"], []
        if any(self.may_approve(on, record) is not False for on, record in approved):
            return ["approval_not_for_current_job"], []
        return ["approver_not_authorized" if approved else "approval_missing"], []

    def basis(
        self, day: date, job: dict[str, Any], since: date, approval: tuple[date, str]
    ) -> list[dict[str, Any]]:
        valid = [on for on in self.counting(day) if self.cycle(on)[1] >= day]
        if not valid:
            return []
        walk_in = self.completions(day)[0][0]
        employed = max((start for start, end in self.employment if start <= day <= end), default=None)
        basis = {
            "role": job["role"],
            "location": job["location"],
            "job_start": _iso(self.job_start(job, day)),
            "employment_start": _iso(employed),
            "walk_in": _iso(walk_in),
            "elementary": _iso(valid[0]),
            "approval": {"decided_on": _iso(approval[0]), "approver": approval[1]},
        }
        met_on = max(since, walk_in, valid[0], approval[0])
        return [{"role": job["role"], "location": job["location"], "met_on": met_on, "basis": basis}]

    # Consent.

    def gone(self, day: date) -> set[str]:
        """The parts of what access rests on that the facts by the day no longer show."""
        basis = self.rests_on
        if basis is None:
            return set()
        walk_in, elementary = self.completions(day)
        begun = [(start, end, job) for start, end, job in self.jobs if start <= day]
        key = (basis["approval"]["decided_on"], basis["approval"]["approver"])
        same = [
            (on, one)
            for on, one in self.approvals
            if on <= day and (one["decided_on"], one["approver"]) == key
        ]
        since = date.fromisoformat(basis["employment_start"])
        held_since = date.fromisoformat(basis["job_start"])
        shown = {
            "walk_in": date.fromisoformat(basis["walk_in"]) in walk_in,
            "elementary": date.fromisoformat(basis["elementary"]) in elementary,
            "approval": any(
                one["decision"] != "approved" or self.may_approve(on, one) is True for on, one in same
            ),
            "job": any(
                (job["role"], job["location"]) == (basis["role"], basis["location"])
                or (start > held_since and end >= day)
                for start, end, job in begun
            ),
            "employment_start": any(
                start == since or since <= end < day for start, end in self.employment if start <= day
            ),
        }
        return {part for part, is_shown in shown.items() if not is_shown}

    # Timing.

    def due(self, met_on: date, day: date) -> date | None:
        """The last business day for granting, or None where the calendar does not tell (ES-7)."""
        removals = [removal for _, removal in self.cycles if removal < day]
        start = max(met_on, _plus(removals[-1], 1)) if removals else met_on
        left = self.rules["grant_within_business_days"]
        while left:
            if start == FOREVER:
                return None
            start += DAY
            if not self.covers[0] <= start <= self.covers[1]:
                return None
            if start.weekday() < 5 and start not in self.closed:
                left -= 1
        return start

    def days_after(self, day: date) -> Iterator[date]:
        """The days after `day` on which anything could change, in order, each once."""
        gap = self.rules["between_assignments_days"]
        dates = {on for on, *_ in (*self.certifications, *self.approvals)}
        ends = set()
        for start, end, *_ in (*self.employment, *self.jobs):
            dates.add(start)
            ends.add(end)
        ends -= {FOREVER}
        dates |= {_plus(end, 1) for end in ends} | {_plus(end, gap + 2) for end in ends}
        dates |= {summer[1] + DAY for end in ends if (summer := summer_of(end, self.rules))}
        last = max(dates | {day})
        for opens, removal in self.cycles:
            dates |= {opens, _plus(removal, 1)}
            if opens > last:  # whatever is completed by then is valid through this removal at most
                break
        later = sorted(on for on in dates if on > day)
        while True:  # between two of those days, only a grant can fall overdue
            due = self.on(day)["grant_due_by"]
            overdue = None if due is None else date.fromisoformat(due) + DAY
            if overdue is not None and overdue > day and (not later or overdue < later[0]):
                yield overdue
            if not later:
                return
            day = later.pop(0)
            yield day
