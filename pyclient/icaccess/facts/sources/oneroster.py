"""OneRoster 1.1 and 1.2: who works where, what kind of place it is, and what people are called.

The REST service and the CSV bundle give the same rows, so that one mapping serves both. They follow 1EdTech's
information model: `inactive` counts as `tobedeleted`, a Date is a day whatever time a server adds, and the
`endDate` of a role is the first day without it. Servers differ more than the standard allows;
`icaccess.facts.sources.roster` lists the differences that it accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from icaccess.config import Config
from icaccess.errors import FactsError
from icaccess.facts.interface import Unusable
from icaccess.facts.mapping import MappedSource
from icaccess.facts.settings import OneRosterSettings
from icaccess.facts.sources.http import JsonFields
from icaccess.facts.sources.roster import (
    Bundle,
    Roster,
    RosterService,
    Row,
    is_current,
    staff_roles,
    status_problem,
)

FIELDS = {
    "people": {"email": "email", "username": "username"},
    "assignments": {"role": "role", "location": "org.identifier", "start": "beginDate", "end": "endDate"},
    "locations": {"type": "type", "name": "name"},
}
"""The default fields for each kind of fact."""
KEY = "identifier"
_TIMED = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ].*")

Numbered = Iterator[tuple[int, Row | Unusable]]


class OneRosterSource(MappedSource):
    """The rows of one kind from a roster; a row's number is its place in the collection."""

    settings: OneRosterSettings

    def __init__(self, config: Config, settings: OneRosterSettings) -> None:
        if settings.gives not in FIELDS:
            raise ValueError(f"gives: OneRoster gives {', '.join(FIELDS)}")
        if (settings.url is None) == (settings.path is None):
            raise ValueError("give either the `url` of a service or the `path` of a bundle")
        self._named = {
            *settings.fields.values(),
            *settings.key.values(),
            *settings.where,
            *settings.ended,
        } - {KEY}
        self._fields = JsonFields(settings.expect.columns)
        fields = {
            name: column
            for name, column in {**FIELDS[settings.gives], **settings.fields}.items()
            if name not in settings.without
        }
        if settings.gives == "assignments" and "end" in fields:
            settings = msgspec.structs.replace(settings, ends=settings.ends or "day_after")
        super().__init__(config, msgspec.structs.replace(settings, fields=fields))
        self._today = datetime.now(config.zone).date()
        roster = (
            RosterService(config, settings)
            if settings.url is not None
            else Bundle(config.path(settings.path or ""))
        )
        self._roster: Roster = roster

    def column(self, name: str) -> Callable[[Any], Any]:
        """A field by its JMESPath expression; only fields that the settings name must be in some row."""
        return self._fields.look(name, required=name in self._named)

    def account_of(self, raw: Mapping[str, Any]) -> str | None:
        """The `sourcedId` of the user, unless the user is gone and may have come back as another."""
        sourced_id = raw.get("userSourcedId" if self.settings.gives == "assignments" else "sourcedId")
        return str(sourced_id) if sourced_id and is_current(raw) else None

    def raw_rows(self) -> Iterator[tuple[int, Mapping[str, Any] | Unusable | str]]:
        """Each row with its number, without people who are not staff, and jobs and orgs that are gone."""
        makers = {"people": self._people, "assignments": self._assignments, "locations": self._locations}
        number = 0
        try:
            for number, row in makers[self.settings.gives]():
                self._fields.seen(row.row if isinstance(row, Unusable) else row)
                yield number, row
        finally:
            self._roster.close()
        if number:
            self._fields.check()

    def _people(self) -> Numbered:
        """Everyone on the staff. A person who is gone is still known, but without an address."""
        seen: set[Any] = set()
        gone: list[tuple[int, Row]] = []
        for number, user in enumerate(self._roster.collection("users"), 1):
            if not any(staff_roles(user)):
                continue
            if is_current(user):
                seen.add(self.key_of(user))
                problem = status_problem(user)
                yield number, Unusable(user, problem) if problem else user
            else:
                gone.append((number, user))
        addresses = {self.settings.fields.get("email"), self.settings.fields.get("username")}
        for number, user in gone:
            if self.key_of(user) not in seen:
                yield number, {name: value for name, value in user.items() if name not in addresses}

    def _locations(self) -> Numbered:
        return self._current("orgs")

    def _assignments(self) -> Numbered:
        """The jobs that the staff hold or have held."""
        orgs = {org.get("sourcedId"): org for org in self._roster.collection("orgs")}
        for number, user in self._current("users"):
            for role in filter(is_current, staff_roles(user)):
                sourced_id = _sourced_id(role.get("org"))
                org = orgs.get(sourced_id)
                job = {
                    "beginDate": None,
                    "endDate": None,
                    **user,
                    **role,
                    "userSourcedId": user.get("sourcedId"),
                    "org": org or {"sourcedId": sourced_id},
                }
                job["beginDate"], job["endDate"] = _day(job["beginDate"]), _day(job["endDate"])
                problem = (
                    status_problem(role)
                    or self._begin_problem(job)
                    or self._org_problem(job, is_known=org is not None)
                )
                yield number, Unusable(job, problem) if problem else job

    def _begin_problem(self, job: Row) -> str | None:
        """Why nobody can say when a job began; `FactsError` for a 1.1 roster, which never says it."""
        is_given = "start" in self.settings.constants or self.settings.fields.get("start") != "beginDate"
        if is_given or job["beginDate"]:
            return None
        if isinstance(job.get("roles"), list):
            return "a role has no beginDate; add it, or set `constants: {start: YYYY-MM-DD}`"
        raise FactsError(
            "OneRoster 1.1 does not say when a job began. Take jobs from HR, or set `constants: {start: "
            "YYYY-MM-DD}`: then all jobs began on that day, and changes of job do not show (ES-9)"
        )

    def _org_problem(self, job: Row, *, is_known: bool) -> str | None:
        """Why nobody can say where a job is, if it has not ended."""
        org = job["org"]
        needs_identifier = self.settings.fields.get("location") == "org.identifier"
        if not is_known:
            problem = "is not among the orgs"
        elif not is_current(org):
            problem = "is marked as deleted"
        elif (status := status_problem(org)) is not None:
            problem = f"may be closed: {status}"
        elif needs_identifier and not org.get("identifier"):
            problem = "has no identifier; add it, or set `fields: {location: org.sourcedId}`"
        else:
            return None
        if job["endDate"] and str(job["endDate"]) <= self._today.isoformat():
            # A job that has ended uses what is known about its org.
            job["org"] = {**org, "identifier": org.get("identifier") or org.get("sourcedId")}
            return None
        return f"a job that has not ended is at the org {org.get('sourcedId')!r}, which {problem}"

    def _current(self, name: str) -> Iterator[tuple[int, Row]]:
        for number, thing in enumerate(self._roster.collection(name), 1):
            if is_current(thing):
                yield number, thing


def _day(written: Any) -> Any:
    """A Date without the time that some servers add to it."""
    match = _TIMED.fullmatch(written.strip()) if isinstance(written, str) else None
    return match[1] if match else written


def _sourced_id(reference: Any) -> Any:
    return reference.get("sourcedId") if isinstance(reference, dict) else reference
