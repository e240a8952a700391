"""A recertification campaign: who has to, who has, who cannot, counted against the facts that say so."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from icaccess.models import Employee
from icaccess.opa.client import AccessClient
from icaccess.review.campaign import Campaign, campaign, campaign_csv, campaign_text
from icaccess.timeline import timelines
from tests.rendered import shown

FIRST, DAY = date(2028, 3, 1), date(2028, 6, 30)


def person(number: str, elementary: str, location: str = "210", **changed: Any) -> Employee:
    facts = {
        "id": number,
        "employment": [{"start": "2019-08-01"}],
        "assignments": [{"role": "Office Professional", "location": location, "start": "2019-08-01"}],
        "certifications": [
            {"name": "Walk-In Scheduling", "completed_on": "2026-01-10"},
            {"name": "Elementary Scheduling", "completed_on": "2026-01-12"},
            {"name": "Elementary Scheduling", "completed_on": elementary},
        ],
        "approvals": [
            {
                "decision": "approved",
                "decided_on": "2026-01-14",
                "approver": "=777",
                "approver_role": "Principal",
            }
        ],
        **changed,
    }
    return msgspec.convert(facts, Employee)


PEOPLE = [
    person("has", "2028-02-10"),
    person("must", "2026-01-12", "211"),
    person("leaves", "2026-01-12", employment=[{"start": "2019-08-01", "end": "2028-05-15"}]),
    person("never", "2026-01-12", approvals=[]),
]


def asked(client: AccessClient, people: Sequence[Employee], first: date = FIRST) -> Campaign:
    return campaign(timelines(client, people, first, DAY + timedelta(days=1)), first, DAY)


def test_each_person_stands_where_the_facts_put_them(client: AccessClient) -> None:
    found = asked(client, PEOPLE)
    assert [(one.employee_id, one.state, one.last_day, one.reasons) for one in found.people] == [
        ("has", "done", None, ()),
        ("must", "open", DAY, ("certification_expired",)),
        ("leaves", "cannot", found.people[2].last_day, ("not_employed",)),
    ]
    assert found.people[2].last_day is not None
    assert FIRST < found.people[2].last_day < DAY
    assert found.people[1].remedies[0].startswith("Complete Elementary Scheduling again")
    assert found.by_location == {
        "210": {"done": 1, "open": 0, "cannot": 1},
        "211": {"done": 0, "open": 1, "cannot": 0},
    }
    assert found.by_approver == {"=777": {"done": 1, "open": 1, "cannot": 1}}


def test_weeks_count_who_recertified_by_their_end(client: AccessClient) -> None:
    people = [
        person(f"{number}", day) for number, day in enumerate(("2028-01-07", "2028-01-08", "2028-02-29"))
    ]
    found = asked(client, [*people, *PEOPLE])
    assert [one.recertified_on for one in found.people[:3]] == [
        date(2028, 1, 7),
        date(2028, 1, 8),
        date(2028, 2, 29),
    ]
    assert found.opens == date(2028, 1, 1)
    assert [(str(one.begins), one.done, one.left) for one in found.weeks] == [
        ("2028-01-01", 1, 4),
        ("2028-01-08", 2, 3),
        ("2028-01-15", 2, 3),
        ("2028-01-22", 2, 3),
        ("2028-01-29", 2, 3),
        ("2028-02-05", 3, 2),
        ("2028-02-12", 3, 2),
        ("2028-02-19", 3, 2),
        ("2028-02-26", 4, 1),
    ]
    assert "  2028-02-26  " + "█" * 32 + "·" * 8 + "  4 of 5\n" in shown(campaign_text(found, 5))


def test_before_it_opens_there_are_no_weeks(client: AccessClient) -> None:
    found = asked(client, PEOPLE[1:2], date(2027, 11, 1))
    assert found.weeks == ()
    assert "Recertification opens on 2028-01-01\n" in shown(campaign_text(found, 5))
    nobody = asked(client, PEOPLE[3:])
    assert "Nobody has to recertify\n" in shown(campaign_text(nobody, 5))


def test_text_and_csv_have_everybody(client: AccessClient) -> None:
    found = asked(client, PEOPLE)
    text = shown(campaign_text(found, 5))
    assert text.startswith("Recertification by 2028-06-30, as of 2028-03-01: 3 are allowed access\n")
    assert "Have to recertify: 1\n  must  at 211 through 2028-06-30: certification_expired\n" in text
    assert "  … and 1 more" in shown(campaign_text(found, 0))
    rows = list(csv.DictReader(io.StringIO(campaign_csv(found))))
    assert [(row["employee_id"], row["state"], row["approver"], row["recertified_on"]) for row in rows] == [
        ("has", "done", "'=777", "2028-02-10"),
        ("must", "open", "'=777", ""),
        ("leaves", "cannot", "'=777", ""),
    ]
