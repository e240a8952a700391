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
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import msgspec
from exports import ELEMENTARY, District, Exports

from icaccess.config import load_config
from icaccess.errors import FactsError
from icaccess.facts import open_facts
from icaccess.gather import with_access
from icaccess.models import Access, Decision, Record, SourceSize
from icaccess.opa.client import AccessClient
from icaccess.opa.engine import running_engine

ROOT = Path(__file__).parents[1]
FIRST, DAYS = date(2025, 8, 18), 365
_encode = msgspec.json.Encoder().encode


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
