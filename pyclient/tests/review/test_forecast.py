"""Forecast against an independent count: the reference decides everybody on every day."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from icaccess.models import Employee
from icaccess.opa.client import AccessClient
from icaccess.review.forecast import Event, Forecast, forecast, forecast_csv, forecast_of, forecast_text
from icaccess.tables import as_json
from icaccess.timeline import timelines
from tests import people, reference
from tests.rendered import shown

ROOT = Path(__file__).parents[3]
DATA = {
    name: yaml.safe_load((ROOT / "config" / name / "data.yaml").read_text())
    for name in ("requirements", "locations", "calendar")
}
FIRST, LAST = date(2026, 4, 20), date(2026, 7, 20)


def made_up(size: int) -> list[dict[str, Any]]:
    rng = Random(23)
    return [people.person(rng, DATA, f"{number:06}") for number in range(size)]


def decided(facts: dict[str, Any]) -> dict[date, dict[str, Any]]:
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return {day: reference.decide(facts, day.isoformat(), DATA, until=day) for day in days}


def test_a_count_of_every_day_agrees(client: AccessClient) -> None:
    facts = made_up(60)
    records = msgspec.convert(facts, list[Employee])
    found = forecast(client, timelines(client, records, FIRST, LAST), FIRST, LAST)
    expected = set()
    allowed = [0, 0]
    for person in facts:
        by_day = decided(person)
        allowed[0] += by_day[FIRST]["outcome"] == "allow"
        allowed[1] += by_day[LAST]["outcome"] == "allow"
        for day in list(by_day)[1:]:
            before, after = by_day[day - timedelta(days=1)], by_day[day]
            was, now = before["outcome"], after["outcome"]
            states = [(decision["expiry"] or {}).get("state") for decision in (before, after)]
            events = {
                "removed": was == "allow" and now == "expired",
                "lost": was == "allow" and now in {"deny", "undecided"},
                "allowed": was != "allow" and now == "allow",
                "recertify": states[1] == "recertify" != states[0] and now == "allow",
                "blocked": states[1] == "recertify" != states[0] and now != "allow",
                "overdue": after["escalate"] and not before["escalate"],
            }
            expected |= {(person["id"], day, kind) for kind, happens in events.items() if happens}
    assert {(event.employee_id, event.day, event.kind) for event in found.events} == expected
    assert [found.allowed_first, found.allowed_last] == allowed
    assert {kind for _, _, kind in expected} >= {"removed", "lost"}


def test_a_timeline_holds_what_each_day_says(client: AccessClient) -> None:
    facts = made_up(12)
    for timeline in timelines(client, msgspec.convert(facts, list[Employee]), FIRST, LAST):
        person = next(person for person in facts if person["id"] == timeline.record.id)
        for day, wanted in decided(person).items():
            on = timeline.on(day)
            assert (on.outcome, on.action, on.escalate) == (
                wanted["outcome"],
                wanted["action"],
                wanted["escalate"],
            )


def made(*events: Event) -> Forecast:
    return forecast_of(FIRST, LAST, 9, (3, 1), events)


REMOVED = Event("1", date(2026, 7, 1), "removed", ("certification_expired",), ("Teacher",), ("210",))
LOST = Event("=2", date(2026, 7, 4), "lost", ("not_employed",), ("Teacher",), ("210", "211"))


def test_counts() -> None:
    found = made(REMOVED, LOST, msgspec.structs.replace(LOST, day=date(2026, 7, 9)))
    assert found.by_month == {"2026-07": {"lost": 1, "removed": 1}}
    assert found.by_location == {"210": 2, "211": 1}
    assert found.by_reason == {"not_employed": 1}


def test_text() -> None:
    text = shown(forecast_text(made(REMOVED, LOST), examples=1))
    assert text.startswith("9 people from 2026-04-20 through 2026-07-20: 3 are allowed now, 1 at the end\n")
    assert "    2026-07-01  1  Teacher at 210: certification_expired\n" in text
    assert "Who loses access, by role\n  Teacher                              2\n" in text


def test_nothing_to_come() -> None:
    assert shown(forecast_text(made(), examples=5)).count("\n") == 1
    assert json.loads(as_json(made()))["events"] == []


def test_csv_runs_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(forecast_csv(made(LOST)))))
    assert rows[1] == ["2026-07-04", "'=2", "lost", "not_employed", "Teacher", "210; 211"]
