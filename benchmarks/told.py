"""What arrived in the simulation of notices, and how it is held against what OPA says afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select
from staff import FIRST, District

from icaccess.opa.client import AccessClient
from icaccess.store.database import open_store
from icaccess.store.schema import change, notice, run

LEADS = (60, 14, 1)
DAY = timedelta(days=1)


class Telling(NamedTuple):
    """One notice that arrived about the end of access: on which day, whom it is for, and what it says."""

    day: date
    person: str
    kind: str
    last_day: date = date.min
    days_left: int = -1
    why: str = ""
    recertify: bool = False

    @property
    def lead(self) -> int:
        """Which of the leads it is for."""
        return min(lead for lead in LEADS if self.days_left <= lead)


@dataclass
class Count:
    """What came of one channel: how many notices of an end were called for, and what became of each."""

    called_for: Counter[int] = field(default_factory=Counter)
    """By lead."""
    told: Counter[int] = field(default_factory=Counter)
    late: int = 0
    """Told after the day on which it fell due, since the other side was not well before."""
    unconfirmed: int = 0
    """The mail server went away before it said whether it took the message."""
    refused: int = 0
    """The receiver answered 4xx to this very document."""
    unreachable: int = 0
    """The other side was not well on any day on which it could still be told."""
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    too_late: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    again: int = 0
    """Ends told again after something else was told."""
    taken_back: int = 0
    looked_at: int = 0
    """Last messages that were held against the truth."""

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be."""
        return [*self.missing, *self.doubled, *self.too_late, *self.untrue]


@dataclass
class Outcome:
    """What came of the simulation."""

    runs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    removals: int = 0
    foretold: int = 0
    without_address: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    """How many messages each channel's other side took."""
    repeated: int = 0
    """How many documents came to the webhook again under the same `id`, after a process was killed."""
    channels: dict[str, Count] = field(default_factory=lambda: {"mail": Count(), "webhook": Count()})
    seconds: float = 0.0


class Comparison:
    """Holds what arrived against what OPA says of the facts of each day."""

    def __init__(self, client: AccessClient, district: District, whole: dict[str, set[date]],
                 told: dict[str, list[Telling]], outcome: Outcome) -> None:  # fmt: skip
        self.client, self.district = client, district
        self.whole, self.told, self.outcome = whole, told, outcome

    def run(self, url: str) -> None:
        """Compare, given the store in which the runs were recorded."""
        with open_store(url) as store, store.reading() as connection:
            query = (
                select(change.c.employee_id, run.c.as_of)
                .join(run, run.c.id == change.c.run_id)
                .where(change.c.action == "revoke", change.c.state == "verified")
            )
            removals = [(row[0], date.fromisoformat(row[1])) for row in connection.execute(query)]
            query = select(notice).where(notice.c.state.in_(("handed_over", "failed")))
            unsure = {(row.channel, row.recipient) for row in connection.execute(query)}
            told = ("sent", "handed_over")
            query = select(notice).where(notice.c.kind == "access_ending").order_by(notice.c.state.in_(told))
            states = {
                (
                    row.channel,
                    row.recipient,
                    row.fact.partition(" ")[0],
                    int(row.fact.rpartition(" ")[2]),
                ): row.state
                for row in connection.execute(query)
            }
        self.outcome.removals = len(removals)
        foretold: set[tuple[str, date]] = set()
        for name in self.told:
            count = self.outcome.channels[name]
            self._check_arrived(name, count)
            self._check_last(name, count, unsure)
            for person, removed_on, lead, on in self._called_for(name, removals, count):
                last = removed_on - DAY
                foretold.add((person, removed_on))
                if name == "mail" and "email" not in (self.district.facts(person, on) or {}):
                    self.outcome.without_address += 1
                    continue
                count.called_for[lead] += 1
                state = states.get((name, person, str(last), lead))
                days = [
                    one.day for one in self.told[name]
                    if one.kind == "access_ending"
                    and (one.person, one.last_day, one.lead) == (person, last, lead)
                ]  # fmt: skip
                if days and min(days) <= on:
                    count.told[lead] += 1
                    count.late += min(days) > last - timedelta(days=lead)
                elif state == "handed_over":
                    count.unconfirmed += 1
                elif state == "failed":
                    count.refused += 1
                else:
                    count.missing.append(f"{name}: {person} was not told {lead} days before {last} ({state})")
        self.outcome.foretold = len(foretold)

    def _check_arrived(self, name: str, count: Count) -> None:
        seen: dict[str, set[int]] = {}
        last: dict[str, Telling] = {}
        for one in self.told[name]:
            before = last.get(one.person)
            if not self._speaks(one, before):
                continue
            if before is None or self._said(before) != self._said(one):
                seen[one.person] = set()
            last[one.person] = one
            count.taken_back += one.kind == "access_kept"
            if one.kind != "access_ending":
                continue
            if one.lead in seen[one.person]:
                count.doubled.append(
                    f"{name}: {one.person} was told twice of {one.last_day}, {one.lead} days"
                )
            seen[one.person].add(one.lead)
            if one.days_left != (one.last_day - one.day).days or one.day > one.last_day:
                count.too_late.append(f"{name}: {one.person} was told on {one.day} of {one.last_day}")
        ends = [one for one in self.told[name] if one.kind == "access_ending"]
        count.again = len(ends) - len({(one.person, one.last_day, one.lead, one.why) for one in ends})

    @staticmethod
    def _said(one: Telling) -> tuple[str, date, str]:
        return one.kind, one.last_day, one.why

    @staticmethod
    def _speaks(one: Telling, before: Telling | None) -> bool:
        """Whether a message says anything of the end that the person was told before."""
        return one.kind != "recertified" or (before is not None and before.recertify)

    def _last(self, tellings: list[Telling], day: date) -> Telling | None:
        """What a person was told last by a day."""
        last = None
        for one in tellings:
            if one.day <= day and self._speaks(one, last):
                last = one
        return last

    def _check_last(self, name: str, count: Count, unsure: set[tuple[str, str]]) -> None:
        """Whether the last message that each person has is true, on the days on which their facts are new."""
        told: dict[str, list[Telling]] = {}
        for one in self.told[name]:
            told.setdefault(one.person, []).append(one)
        for person, tellings in told.items():
            if (name, person) in unsure:
                continue
            news = {since for since, _ in self.district.versions[person]} | {one.day for one in tellings}
            for day in sorted(
                {min((on for on in self.whole[name] if on >= new), default=FIRST) for new in news}
            ):
                last = self._last(tellings, day)
                if last is None or last.kind != "access_ending" or last.last_day < day:
                    continue
                facts = {**(self.district.facts(person, day) or {}), "access": {"held": True}}
                if "email" not in facts and name == "mail":
                    continue
                if self._action(facts, day) not in ("keep", "update"):
                    continue
                count.looked_at += 1
                then = [self._action(facts, one) for one in (last.last_day, last.last_day + DAY)]
                if then[0] == "revoke" or then[1] != "revoke":
                    count.untrue.append(
                        f"{name}: on {day} {person} last heard that access ends after {last.last_day}"
                    )

    def _called_for(
        self, name: str, removals: list[tuple[str, date]], count: Count
    ) -> Iterator[tuple[str, date, int, date]]:
        """Whose end was foretold at each lead: person, removal, lead, and the day by which to tell it."""
        asked: list[tuple[str, date, int, date]] = []
        for person, removed_on in removals:
            for lead in LEADS:
                due = removed_on - DAY - timedelta(days=lead)
                latest = removed_on - DAY
                while latest > FIRST and self._next_lead(removed_on, latest) < lead:
                    latest -= DAY
                whole = [day for day in self.whole[name] if max(due, FIRST) <= day <= latest]
                if whole:
                    asked.append((person, removed_on, lead, min(whole)))
                elif due > FIRST:
                    asked.append((person, removed_on, -lead, latest))
        for person, removed_on, lead, on in self._foretold(asked):
            if lead < 0:
                count.unreachable += 1
            else:
                yield person, removed_on, lead, on

    @staticmethod
    def _next_lead(removed_on: date, day: date) -> int:
        left = (removed_on - DAY - day).days
        return min((lead for lead in LEADS if left <= lead), default=max(LEADS))

    def _foretold(self, asked: list[tuple[str, date, int, date]]) -> Iterator[tuple[str, date, int, date]]:
        """Those of which the facts of a day already said that access ends on the day of the removal."""
        questions: dict[date, list[tuple[int, dict[str, Any]]]] = {}
        for at, (person, removed_on, _, on) in enumerate(asked):
            facts = self.district.facts(person, on)
            if facts is not None:
                for day in (on, removed_on - DAY, removed_on):
                    questions.setdefault(day, []).append((at, {**facts, "access": {"held": True}}))
        actions: dict[int, list[str]] = {}
        for day, people in sorted(questions.items()):
            for at, facts in people:  # one person may be asked about twice on a day
                actions.setdefault(at, []).append(self._action(facts, day))
        for at, one in enumerate(asked):
            found = actions.get(at, [])
            if found and found[-1] == "revoke" and "revoke" not in found[:-1]:
                yield one

    def _action(self, facts: dict[str, Any], day: date) -> str:
        return self.client.decide(facts, day).action
