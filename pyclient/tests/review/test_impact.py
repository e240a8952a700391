"""Impact against an independent recount: the reference decides the same people under both versions."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import yaml

from icaccess.errors import ConfigError, IcaccessError, PolicyError, UsageError
from icaccess.models import Employee
from icaccess.review.impact import Impact, ReasonChange, compare
from icaccess.review.impact_render import impact_csv, impact_markdown, impact_text
from icaccess.review.source import PolicySource
from icaccess.review.versions import running_version
from tests import people, reference
from tests.naming import named_by_last
from tests.rendered import shown

Edit = Callable[[str, str, str], None]
DAY = date(2026, 7, 6)
HERE = (Path("policy"), Path("config"))


def data_of(folder: Path) -> dict[str, Any]:
    return {
        name: yaml.safe_load((folder / "config" / name / "data.yaml").read_text())
        for name in ("requirements", "locations", "calendar")
    }


def made_up(size: int, seed: int = 7) -> list[dict[str, Any]]:
    rng = Random(seed)
    data = data_of(Path())
    return [people.person(rng, data, f"{number:06}") for number in range(size)]


def measured(base: str, facts: list[dict[str, Any]], first: date = DAY, last: date | None = None) -> Impact:
    records = msgspec.convert(facts, list[Employee])
    with running_version("--base", base, *HERE) as before, running_version("--head", None, *HERE) as after:
        return compare(before, after, records, first, last or first)


@pytest.fixture
def base(whole: PolicySource) -> str:
    """A copy of the folders as they are, to compare with what a test makes of them."""
    for name in ("policy", "config"):
        shutil.copytree(name, Path("base") / name)
    return "base"


def test_the_same_changes_nothing(base: str) -> None:
    impact = measured(base, made_up(200))
    assert impact.people == 200
    assert impact.changes == ()
    assert impact.base.policy_revision == impact.head.policy_revision
    assert [day.base for day in impact.actions] == [day.head for day in impact.actions]
    assert sum(impact.actions[0].base.values()) == 200


def test_a_renamed_variable_changes_nothing(base: str, edit: Edit) -> None:
    edit("policy/access.rego", "eligible_jobs", "jobs_that_do")
    for file in Path("policy").glob("*.rego"):
        file.write_text(file.read_text().replace("eligible_jobs", "jobs_that_do"))
    impact = measured(base, made_up(200))
    assert impact.base.policy_revision != impact.head.policy_revision
    assert impact.changes == ()


def test_a_recount_by_the_reference_agrees(base: str, edit: Edit) -> None:
    edit(
        "config/requirements/data.yaml",
        "approver_roles: [Principal, Manager]",
        "approver_roles: [Manager, Teacher]",
    )
    edit("config/requirements/data.yaml", "between_assignments_days: 100", "between_assignments_days: 20")
    edit(
        "config/requirements/data.yaml",
        "school_location_types: [school]",
        "school_location_types: [school, office]",
    )
    edit("config/requirements/data.yaml", "School Counselor]", "School Counselor, Central Analyst]")
    facts = made_up(300)
    old, new = data_of(Path(base)), data_of(Path())
    impact = measured(base, facts)
    before = [reference.decide(person, DAY.isoformat(), old) for person in facts]
    after = [reference.decide(person, DAY.isoformat(), new) for person in facts]
    changed = {
        now["employee_id"]
        for then, now in zip(before, after, strict=True)
        if {**then, "recheck_on": None} != {**now, "recheck_on": None}
    }
    assert {change.employee_id for change in impact.changes if change.kind != "wording"} == changed
    assert impact.people_changed == len(changed) > 20
    pairs = [
        (then, now) for then, now in zip(before, after, strict=True) if then["outcome"] != now["outcome"]
    ]
    assert impact.by_kind["loses"] == sum(then["outcome"] == "allow" for then, _ in pairs) > 0
    assert impact.by_kind["gains"] == sum(now["outcome"] == "allow" for _, now in pairs) > 0
    (actions,) = impact.actions
    assert actions.base == {**dict.fromkeys(actions.base, 0), **counted(before)}
    assert actions.head == {**dict.fromkeys(actions.head, 0), **counted(after)}
    lost, gained = Counter[str](), Counter[str]()
    for then, now in zip(before, after, strict=True):
        lost.update(codes(then) - codes(now))
        gained.update(codes(now) - codes(then))
    assert impact.by_reason == {
        code: ReasonChange(lost[code], gained[code]) for code in lost.keys() | gained.keys()
    }


def test_a_recount_of_every_day_agrees(base: str, edit: Edit) -> None:
    edit("config/requirements/data.yaml", 'recertification_opens: "01-01"', 'recertification_opens: "04-15"')
    edit("config/requirements/data.yaml", "approval_lead_days: 120", "approval_lead_days: 10")
    facts = made_up(15, seed=11)
    first, last = date(2026, 3, 25), date(2026, 7, 5)
    old, new = data_of(Path(base)), data_of(Path())
    impact = measured(base, facts, first, last)
    for person in facts:
        changes = [change for change in impact.changes if change.employee_id == person["id"]]
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            then = reference.decide(person, day.isoformat(), old, until=day)
            now = reference.decide(person, day.isoformat(), new, until=day)
            found = [change for change in changes if change.first_day <= day <= change.last_day]
            assert bool(found) == (then != now), (person, day)
            if found:
                assert (found[0].before.outcome, found[0].after.outcome) == (then["outcome"], now["outcome"])
    assert impact.changes


def counted(decisions: list[dict[str, Any]]) -> Counter[str]:
    return Counter(decision["action"] for decision in decisions)


def codes(decision: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in decision["reasons"]}


def test_roles_and_locations_are_those_of_the_current_jobs(base: str, edit: Edit) -> None:
    edit("config/requirements/data.yaml", "approver_roles: [Principal, Manager]", "approver_roles: [Manager]")
    facts = [
        {
            "id": "1",
            "employment": [{"start": "2019-08-01"}],
            "assignments": [
                {"role": "Teacher", "location": "212", "start": "2019-08-01", "end": "2024-01-01"},
                {"role": "Office Professional", "location": "210", "start": "2024-01-02"},
            ],
            "certifications": [
                {"name": "Walk-In Scheduling", "completed_on": "2023-08-10"},
                {"name": "Elementary Scheduling", "completed_on": "2026-02-02"},
            ],
            "approvals": [
                {
                    "decision": "approved",
                    "decided_on": "2024-01-03",
                    "approver": "2",
                    "approver_role": "Principal",
                }
            ],
            "access": {"held": True},
        }
    ]
    impact = measured(base, facts)
    (change,) = impact.changes
    assert (change.kind, change.roles, change.locations) == ("loses", ("Office Professional",), ("210",))
    assert impact.newly("revoke") == 1
    assert impact.by_role == {"Office Professional": 1}
    text = shown(impact_text(impact, examples=5))
    assert "1 person decided on 2026-07-06: 1 changes" in text
    assert "allow → deny (keep → revoke). Approved only by somebody who may not" in text
    assert "  revoke  0  →  1  +1" in text


def test_other_words_alone_are_told_apart(base: str, edit: Edit) -> None:
    edit("policy/lib/reasons.rego", "No approval by {as_of} is on record.", "Nobody had approved by {as_of}.")
    impact = measured(base, made_up(60))
    assert list(impact.by_kind) == ["wording"]
    assert impact.people_changed == 0
    text = shown(impact_text(impact, examples=1))
    assert "nothing changes but words" in text
    assert "No approval by 2026-07-06 is on record. → Nobody had approved by 2026-07-06." in text


def test_hostile_text_stays_text(base: str, edit: Edit) -> None:
    edit("config/requirements/data.yaml", "roles: [Office Professional, School Counselor]", "roles: [Clerk]")
    facts = made_up(30)
    for person in facts:
        person["id"] = f"=1+1|<script>{person['id']}"
    impact = measured(base, facts)
    assert impact.changes
    markdown = shown(impact_markdown(impact, examples=50))
    assert "<script>" not in markdown
    assert r"=1+1\|\<script\>" in markdown
    for line in impact_csv(impact).splitlines()[1:]:
        assert line.startswith("\"'=1+1|<script>")


def commit(message: str) -> None:
    settings = ["-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "add", "-A"], check=True)
    subprocess.run(["git", *settings, "commit", "-q", "-m", message], check=True)


def test_git_refs(whole: PolicySource, edit: Edit) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main"], check=True)
    commit("before")
    subprocess.run(["git", "tag", "v1"], check=True)
    edit("config/requirements/data.yaml", "approver_roles: [Principal, Manager]", "approver_roles: [Manager]")
    commit("after")
    facts = made_up(100)
    impact = measured("v1", facts)
    head = subprocess.run(
        ["git", "rev-parse", "v1"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert impact.base.commit == head
    assert impact.head.commit is None
    assert impact.people_changed > 0
    assert measured("HEAD", facts).changes == ()


@named_by_last(
    ("spec", "error", "message"),
    [
        ("nowhere", UsageError, "--base nowhere: neither a folder nor a git ref"),
        ("--output=x", UsageError, "--base --output=x: neither a folder nor a git ref"),
        (
            "config",
            PolicyError,
            "--base config: the folder has no policy/ in it; give one that holds policy/ and",
        ),
        ("first", PolicyError, "--base first: that commit has no policy/; choose one that has it"),
        ("broken", PolicyError, "--base broken: broken/policy/access.rego:"),
        ("shaped", ConfigError, "--base shaped: shaped/config/requirements/data.yaml line"),
    ],
)
def test_each_bad_side_is_one_clear_error(
    whole: PolicySource, spec: str, error: type[IcaccessError], message: str
) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main"], check=True)
    Path("README").write_text("nothing yet")
    subprocess.run(["git", "add", "README"], check=True)
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-q", "-m", "first"],
        check=True,
    )
    subprocess.run(["git", "tag", "first"], check=True)
    for name in ("broken", "shaped"):
        for part in ("policy", "config"):
            shutil.copytree(part, Path(name) / part)
    with Path("broken/policy/access.rego").open("a") as file:
        file.write("\nx := unknown_thing\n")
    with Path("shaped/config/requirements/data.yaml").open("a") as file:
        file.write("minimum_age: 18\n")
    with pytest.raises(error) as raised, running_version("--base", spec, *HERE):
        pass
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_outside_of_any_repository(
    whole: PolicySource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with (
        pytest.raises(UsageError, match="policy is in no git repository"),
        running_version("--base", "x", *HERE),
    ):
        pass
