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
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from subprocess import DEVNULL, Popen

sys.path.insert(0, str(Path(__file__).parents[1] / "pyclient"))

from staff import FIRST, District
from told import Comparison, Outcome, Telling

from icaccess.notices.send import notify
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import running_engine
from icaccess.pipeline import start
from icaccess.request import Request
from tests.notices.conftest import District as Settings
from tests.notices.servers import Mailbox, Receiver, mail_server, webhook
from tests.stores import free_port

ROOT = Path(__file__).parents[1]
DAYS = 1095
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
SUBJECTS = {
    "access_ending": re.compile(r"Your Elementary Scheduling access ends after (\w+ \d+, \d+)"),
    "access_kept": re.compile(r"You keep your Elementary Scheduling access after (\w+ \d+, \d+)"),
    "access_given": re.compile(r"You have access to Elementary Scheduling"),
    "access_removed": re.compile(r"Your Elementary Scheduling access was removed"),
    "recertified": re.compile(r"You are recertified for Elementary Scheduling"),
}
LEFT = re.compile(r"which is (today|tomorrow)|in\s+(\d+)\s+days")


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
        Comparison(self.client, self.district, self.whole, self.told, self.outcome).run(self.store)
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
