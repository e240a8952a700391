"""Simulates years of notices in a district, with kills and outages, and holds what arrived against the truth.

    python benchmarks/notices.py 2000

Each day people are hired, certify, recertify in the spring of a removal year, announce that they leave, take
that back, leave unannounced, and change their e-mail address. Then `icaccess apply` and `icaccess notices
send` run, with a real OPA, a real mail server and a real receiver of webhooks, all on loopback. On some days
the facts are cut short, the mail server or the receiver is down or fails in one of many ways, or a process is
killed after a random number of messages.

An announced end may be taken back or moved to another day, and come back some days later.

Afterwards OPA is asked anew, for each removal that was made and each of 60, 14 and 1 days before: did the
facts of the first whole day from then on foretell this end? Then the person must have been told of it, once,
by that day. What arrived on a day after the end, or says a wrong number of days, is too late. On each day on
which the facts of a person were new, and both sides well, the last message that the person has must be true.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from subprocess import DEVNULL, Popen
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "pyclient"))

from sqlalchemy import select
from staff import FIRST, District

from icaccess.notices.send import notify
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import running_engine
from icaccess.pipeline import start
from icaccess.request import Request
from icaccess.store.database import open_store
from icaccess.store.schema import change, notice, run
from tests.notices.conftest import District as Settings
from tests.notices.servers import Mailbox, Receiver, mail_server, webhook
from tests.stores import free_port

ROOT = Path(__file__).parents[1]
DAYS = 1095
LEADS = (60, 14, 1)
MAIL_FAULTS = {"down": 0.02, "refusing": 0.02, "dying": 0.015}
HOOK_FAULTS = {"down": 0.02, "answering": 0.04}
ANSWERS = (0, 301, 401, 403, 404, 429, 500, 500, 502, 503)
KILLED, CUT = 0.05, 0.005
WORST = {
    date(2026, 5, 1): ("down", "answering"),
    date(2026, 5, 2): ("down", ""),
    date(2026, 6, 16): ("dying", "down"),
    date(2026, 6, 29): ("refusing", ""),
    date(2028, 5, 1): ("dying", "answering"),
    date(2028, 6, 16): ("down", "down"),
    date(2028, 6, 29): ("", "down"),
}
"""What ails mail server and receiver on days on which all who did not recertify are to be told."""
DAY = timedelta(days=1)
SUBJECTS = {
    "access_ending": re.compile(r"Your Elementary Scheduling access ends after (\w+ \d+, \d+)"),
    "access_kept": re.compile(r"You keep your Elementary Scheduling access after (\w+ \d+, \d+)"),
    "access_given": re.compile(r"You have access to Elementary Scheduling"),
    "access_removed": re.compile(r"Your Elementary Scheduling access was removed"),
    "recertified": re.compile(r"You are recertified for Elementary Scheduling"),
}
LEFT = re.compile(r"which is (today|tomorrow)|in\s+(\d+)\s+days")


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


class Simulation:
    """Daily runs over some years."""

    def __init__(self, client: AccessClient, url: str, size: int, seed: int, folder: Path) -> None:
        self.client, self.url = client, url
        self.random = Random(seed + 1)
        self.district = District(size, seed)
        self.settings = Settings(folder)
        self.store = f"sqlite:///{folder}/icaccess.db"
        self.mailbox, self.receiver = Mailbox(), Receiver()
        self.port = free_port()
        self.whole: dict[str, set[date]] = {"mail": set(), "webhook": set()}
        """The days on which each channel's other side was well, and the facts could be read."""
        self.told: dict[str, list[Telling]] = {"mail": [], "webhook": []}
        self.known: set[str] = set()
        """The ids of the webhook's documents, by which its receiver recognizes one that comes again."""
        self.outcome = Outcome()

    def run(self, first: date, days: int) -> Outcome:
        """All days, one after the other, and then the comparison."""
        began = time.monotonic()
        with ExitStack() as stack:
            hook = stack.enter_context(webhook(self.receiver))
            self._set_up(hook)
            for number in range(days):
                self._day(first + timedelta(days=number))
        self._compare()
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def _set_up(self, hook: str) -> None:
        self.settings.settings(
            mail={"host": "127.0.0.1", "port": self.port, "security": "none",
                  "from": "access@example.org", "timeout": 5},
            webhook={"url": hook, "secret": "${WEBHOOK_SECRET}", "timeout": 5},
            operators={"addresses": ["dots@example.org"]},
            limit=None,
        )  # fmt: skip
        with (self.settings.config / "icaccess.yaml").open("a") as file:
            # Three years pass within an hour of the clock by which the guard counts.
            no_limit = "{count: null, share: null}"
            file.write(f"guard: {{revocations: {no_limit}, grants: {no_limit}, undecided: {no_limit}}}\n")

    def _request(self, day: date) -> Request:
        return Request(
            config=self.settings.config, policy=ROOT / "policy", facts=(self.settings.facts,), at=day,
            store=self.store, opa_url=(self.url,),
        )  # fmt: skip

    def _day(self, day: date) -> None:
        chance = self.random.random
        if day != FIRST:
            self.district.live(day)
        text = self.district.text()
        cut = day != FIRST and chance() < CUT
        self.settings.facts.write_text(text[: len(text) // 2 - 7] if cut else text)
        mail, hook = WORST.get(day) or (self._fault(MAIL_FAULTS), self._fault(HOOK_FAULTS))
        self._break(mail, hook)
        with ExitStack() as stack:
            if mail != "down":
                stack.enter_context(mail_server(self.mailbox, port=self.port))
            if not cut:
                self._apply(day)
            if chance() < KILLED or day in WORST:
                self._kill(day)
            notify(self._request(day))
        self._read(day)
        self._mend()
        self.outcome.runs += 1
        self.outcome.faults["facts cut short"] += cut
        for name, found in (("mail", mail), ("webhook", hook)):
            if found:
                self.outcome.faults[f"{name} {found}"] += 1
            elif not cut:
                self.whole[name].add(day)

    def _fault(self, faults: dict[str, float]) -> str:
        chance = self.random.random()
        for name, share in faults.items():
            if chance < share:
                return name
            chance -= share
        return ""

    def _break(self, mail: str, hook: str) -> None:
        if mail == "refusing":
            self.mailbox.answers += ["451 try later"] * self.random.randrange(1, 6)
        elif mail == "dying":
            self.mailbox.dies += self.random.choices(("before", "after", ""), k=6)
        if hook == "down":
            self.receiver.statuses += [503] * 10_000
        elif hook == "answering":
            self.receiver.statuses += self.random.choices((*ANSWERS, 204, 204, 400), k=8)

    def _mend(self) -> None:
        self.mailbox.answers.clear()
        self.mailbox.dies.clear()
        self.receiver.statuses.clear()

    def _apply(self, day: date) -> None:
        with start(self._request(day)) as made, made.changing("the simulation"):
            plan = made.plan()
            result = made.guard(plan)
            result.check()
            made.apply(plan, result, by="the simulation")

    def _kill(self, day: date) -> None:
        """Send in a process of its own, and kill it once some messages arrived, or it is nearly done."""
        enough = len(self.mailbox.mails) + self.random.randrange(1, 5)
        options = ["--config", self.settings.config, "--facts", self.settings.facts, "--store", self.store]
        send = [sys.executable, "-m", "icaccess", "notices", "send", "--at", str(day), *options]
        sending = Popen(send, stdout=DEVNULL, stderr=DEVNULL, cwd=ROOT)
        until = time.monotonic() + self.random.uniform(0.3, 4)
        while sending.poll() is None and len(self.mailbox.mails) < enough and time.monotonic() < until:
            time.sleep(0.002)
        if sending.poll() is None:
            sending.send_signal(signal.SIGKILL)
            self.outcome.faults["killed"] += 1
        sending.wait()

    def _read(self, day: date) -> None:
        """What arrived on a day."""
        for address, mail in self.mailbox.mails:
            self.outcome.messages["mail"] += 1
            person = address[1:].partition("@")[0].partition(".")[0]
            body = mail.get_body(("plain",))
            text = body.get_content() if body else ""
            for kind, pattern in SUBJECTS.items():
                if found := pattern.fullmatch(str(mail["Subject"])):
                    self.told["mail"].append(self._mail(day, person, kind, found, text))
        for body in self.receiver.taken:
            self.outcome.messages["webhook"] += 1
            document = json.loads(body)
            if document["id"] in self.known:
                self.outcome.repeated += 1
                continue
            self.known.add(document["id"])
            for one in document["data"]["notices"]:
                if one["kind"] in SUBJECTS:
                    values = one["values"]
                    telling = Telling(
                        day,
                        document["data"]["recipient"],
                        one["kind"],
                        date.fromisoformat(values.get("last_day", str(date.min))),
                        values.get("days_left", -1),
                        "+".join(reason["code"] for reason in values.get("reasons", ())),
                        values.get("recertify", False),
                    )
                    self.told["webhook"].append(telling)
        self.mailbox.mails.clear()
        self.receiver.taken.clear()
        self.receiver.requests.clear()

    @staticmethod
    def _mail(day: date, person: str, kind: str, found: re.Match[str], text: str) -> Telling:
        if not found.re.groups:
            return Telling(day, person, kind)
        last = datetime.strptime(found[1], "%B %d, %Y").date()  # noqa: DTZ007 (a day)
        said = LEFT.search(text)
        left = (0 if said[1] == "today" else 1 if said[1] else int(said[2])) if said else -1
        why = text.partition("Why it ends")[2]
        return Telling(day, person, kind, last, left, why, "keep it without a gap" in text)

    def _compare(self) -> None:
        """Hold what arrived against what OPA says now of the facts of each day."""
        with open_store(self.store) as store, store.reading() as connection:
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


def simulate(size: int, seed: int, first: date = FIRST, days: int = DAYS) -> Outcome:
    """Some years of a district of `size` people."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_engine(ROOT / "policy", ROOT / "config") as engine,
        AccessClient(engine.url, engine.token) as client,
    ):
        os.environ.update(
            {"ICACCESS_OPA_URL": engine.url, "ICACCESS_OPA_TOKEN": engine.token, "WEBHOOK_SECRET": "sample"}
        )
        return Simulation(client, engine.url, size, seed, Path(folder)).run(first, days)


def main() -> None:
    """Print what came of the simulation; end with 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("people", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=DAYS)
    given = parser.parse_args()
    found = simulate(given.people, given.seed, days=given.days)
    print(f"{found.runs} daily runs in {found.seconds:.0f} s; {dict(found.faults)}")
    print(f"{found.removals} removals, {found.foretold} of them foretold; messages: {dict(found.messages)}")
    print(f"{found.without_address} notices without an address")
    print(f"{found.repeated} documents came to the webhook again under the same id")
    for name, one in found.channels.items():
        print(f"{name}: called for {dict(one.called_for)}, told {dict(one.told)}, {one.late} of them late")
        print(f"  unconfirmed {one.unconfirmed}, refused {one.refused}, never well in time {one.unreachable}")
        print(f"  missing {len(one.missing)}, doubled {len(one.doubled)}, too late {len(one.too_late)}")
        print(f"  told again {one.again}, taken back {one.taken_back}")
        print(f"  last messages looked at {one.looked_at}, untrue {len(one.untrue)}")
    if wrong := [line for one in found.channels.values() for line in one.wrong]:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
