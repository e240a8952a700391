"""The command line on a store in PostgreSQL, which cannot hold every text that JSON can."""

from __future__ import annotations

import json
import uuid

import psycopg


def test_what_postgresql_cannot_hold_is_one_invalid_record(command, postgres, tmp_path):
    name = f"odd_{uuid.uuid4().hex}"
    with psycopg.connect(f"{postgres}postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    held = {"held": True, "since": "2024-08-01", "locations": ["210"]}
    jobs = [{"role": "Teacher", "location": "210", "start": "2020-08-01"}]
    known = {"employment": [{"start": "2020-08-01"}], "certifications": [], "approvals": []}
    records = [
        {"id": "1", "access": held, "assignments": jobs, **known},
        {"id": "3", "name": "a\u0000b", "access": held, "assignments": jobs, **known},
        {"id": "4", "access": held, "assignments": [jobs[0] | {"role": "x\u0000"}], **known},
        {"id": "5", "access": {**held, "locations": ["\u0000"]}, "assignments": jobs, **known},
        {"id": "6", "access": held, "assignments": [jobs[0] | {"role": "\U0010ffff\u0085"}], **known},
    ]
    facts = tmp_path / "facts.jsonl"
    facts.write_text("".join(json.dumps(one) + "\n" for one in records))
    given = ("--facts", facts, "--at", "2025-09-10", "--store", f"{postgres}{name}")
    code, _, err = command("adopt", *given)
    assert code == 0, err
    code, out, err = command("apply", "--yes", *given)
    assert code in (0, 3), err
    assert "ICACCESS_DEBUG" not in err
    assert "invalid_record" in out
    assert "1  " in out
    assert command("audit", "verify", "--store", f"{postgres}{name}")[0] == 0
    code, out, _ = command("decide", *given[:4], "--format", "json")
    outcomes = {one["employee_id"]: one["outcome"] for one in json.loads(out)["decisions"]}
    assert outcomes["1"] == "deny"
    assert {outcomes[one] for one in ("3", "4", "5")} == {"undecided"}
