"""A condition or requirement added to a copy of the policy restricts: no other rule states the same again."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from tests.people import day_for, person

ROOT = Path(__file__).parents[2]

CONDITIONS = {
    "a listed role": (
        "access.rego",
        "eligible(job) if job.role in data.requirements.roles",
        'not endswith(job.role, "Counselor")',
    ),
    "a school": ("access.rego", "eligible(job) if assignment.school_based(job)", 'job.role != "Teacher"'),
    "a role": (
        "access.rego",
        'met("role", found) if found.eligible_jobs != []',
        "count(found.current_jobs) == 1",
    ),
    "a completion": (
        "access.rego",
        "\tcounting := [done | some done in elementary; done >= min(walk_in)]",
        None,
    ),
    "the certification": (
        "access.rego",
        'met("certification", found) if found.expiry.state != "expired"',
        'found.expiry.state != "recertify"',
    ),
    "an approver": (
        "lib/approval.rego",
        "\trole in data.requirements.approver_roles",
        'approval.approver != "000555"',
    ),
    "when somebody approved": (
        "access.rego",
        "\t\treaches(record, job, from, found)",
        'record.decided_on > "2023-08-01"',
    ),
    "an approval since the job began": ("access.rego", "\trecord.decided_on >= from", "record.role"),
    "an approval before the rule": (
        "access.rego",
        "\tfrom < data.requirements.job_change_rule_from",
        "record.decided_on >= from",
    ),
    "an approval in advance": (
        "access.rego",
        "\tnot _departed_since(record.decided_on, found)",
        "record.decided_on >= from",
    ),
    "an approval": ("access.rego", "\tentry.standing != []", "count(entry.standing) > 1"),
    "employment": (
        "access.rego",
        'met("employment", found) if found.employed.from',
        'found.employed.from < "2019"',
    ),
    "a job that ended": (
        "lib/assignment.rego",
        "\tday <= dates.add_days(last, data.requirements.between_assignments_days + 1)",
        "day < last",
    ),
    "a summer": ("lib/assignment.rego", "\tday <= through", "through < day"),
}
"""The line after which a condition is added, by what it restricts."""

REQUIREMENT = '\t"employment": {"not_employed"},\n'
MET = 'met("contract", found) if {\n\tevery job in found.current_jobs { job.role != "School Counselor" }\n}\n'
WHY = '\nwhy("no_contract", found) if not met("contract", found)\n'
REASON = '\t"not_employed": {\n'

TOLD = [
    ("a teacher", "2025-09-10", {"role": "Teacher"}, {}),
    ("a counselor at an office", "2025-09-10", {"role": "School Counselor", "location": "900"}, {}),
    ("between two jobs", "2025-03-10", {"end": "2025-02-10"}, {}),
    ("approved in advance", "2025-09-10", {"start": "2025-08-04"}, {"decided_on": "2025-06-20"}),
    ("a ten-month job", "2025-09-14", {"end": "2025-05-20"}, {}),
]
"""People whom one rule alone allows: id, day, and what is particular of the job and of the approval."""


def told(ident: str, day: str, job: dict[str, str], approval: dict[str, str]) -> dict[str, Any]:
    """The question about one of those people."""
    job = {"role": "Office Professional", "location": "210", "start": "2023-08-07"} | job
    approved = {
        "decision": "approved",
        "decided_on": "2023-08-14",
        "approver": "000777",
        "approver_role": "Principal",
    }
    named = {"role": job["role"], "location": job["location"]}
    days = {"Walk-In Scheduling": "2023-08-10", "Elementary Scheduling": "2023-08-21"}
    return {
        "as_of": day,
        "employee": {
            "id": ident,
            "employment": [{"start": "2019-08-01"}],
            "assignments": [job],
            "certifications": [{"name": name, "completed_on": done} for name, done in days.items()],
            "approvals": [approved | named | approval],
        },
    }


@pytest.fixture(scope="module")
def questions() -> list[dict[str, Any]]:
    """People on days on which their decision turns, by the policy data here."""
    rng = Random(41)
    data = {"requirements": yaml.safe_load((ROOT / "config/requirements/data.yaml").read_bytes())}
    people = [person(rng, data, f"{number:06}") for number in range(100)]
    made_up = [{"as_of": day_for(rng, facts, data).isoformat(), "employee": facts} for facts in people]
    return made_up + [told(*one) for one in TOLD]


@pytest.fixture(scope="module")
def allowed(
    questions: list[dict[str, Any]], opa_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> set[str]:
    """Those whom the policy here allows."""
    decisions = decide(ROOT / "policy", questions, opa_path, tmp_path_factory.mktemp("questions"))
    return {one for one, decision in decisions.items() if decision["outcome"] == "allow"}


@pytest.mark.parametrize("restricted", CONDITIONS)
def test_a_condition_more_restricts(
    restricted: str, questions: list[dict[str, Any]], allowed: set[str], opa_path: Path, tmp_path: Path
) -> None:
    file, line, condition = CONDITIONS[restricted]
    if condition is None:
        changed = line.replace("min(walk_in)]", 'min(walk_in); done > "2022-01-01"]')
    elif line.startswith("\t"):
        changed = f"{line}\n{condition}"
    else:
        head, _, body = line.partition(" if ")
        changed = f"{head} if {{\n{body}\n{condition}\n}}"
    policy = copied(tmp_path)
    replace(policy / file, f"{line}\n", f"{changed}\n")
    decisions = decide(policy, questions, opa_path, tmp_path)
    still = {one for one, decision in decisions.items() if decision["outcome"] == "allow"}
    assert still < allowed
    assert all(decision["reasons"] for one, decision in decisions.items() if one not in still)


@pytest.mark.parametrize("outcome", ["deny", "undecided"])
def test_a_requirement_more_restricts(
    outcome: str, questions: list[dict[str, Any]], allowed: set[str], opa_path: Path, tmp_path: Path
) -> None:
    """Not met for a reason, it denies; without one, nothing is decided and nothing done."""
    policy = copied(tmp_path)
    replace(policy / "access.rego", REQUIREMENT, f'{REQUIREMENT}\t"contract": {{"no_contract"}},\n')
    (policy / "contract.rego").write_text(f"package access\n\n{MET}{WHY if outcome == 'deny' else ''}")
    entry = '\t"no_contract": {"clause": "ES-2", "message": "No contract.", "remedy": "Ask HR."},\n'
    replace(policy / "lib/reasons.rego", REASON, entry + REASON)
    decisions = decide(policy, questions, opa_path, tmp_path)
    lost = {one for one in allowed if decisions[one]["outcome"] != "allow"}
    assert lost
    codes = {reason["code"] for one in lost for reason in decisions[one]["reasons"]}
    assert codes == ({"no_contract"} if outcome == "deny" else {"no_decision"})
    assert {decisions[one]["outcome"] for one in lost} == {outcome}
    assert outcome == "deny" or {decisions[one]["action"] for one in lost} == {"none"}


def test_a_requirement_without_a_rule_is_met_by_nobody(
    questions: list[dict[str, Any]], allowed: set[str], opa_path: Path, tmp_path: Path
) -> None:
    policy = copied(tmp_path)
    replace(policy / "access.rego", REQUIREMENT, f'{REQUIREMENT}\t"contract": {{"no_contract"}},\n')
    decisions = decide(policy, questions, opa_path, tmp_path)
    assert {decisions[one]["outcome"] for one in allowed} == {"undecided"}


def copied(folder: Path) -> Path:
    """A copy of the policy, without its tests."""
    return shutil.copytree(ROOT / "policy", folder / "policy", ignore=shutil.ignore_patterns("tests"))


def replace(file: Path, old: str, new: str) -> None:
    """Put a text in the place of another that stands once in a file."""
    text = file.read_text()
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new))


def decide(
    policy: Path, questions: list[dict[str, Any]], opa: Path, folder: Path
) -> dict[str, dict[str, Any]]:
    """The decisions of a policy on the questions, by id and by the policy data here."""
    file = folder / "input.json"
    file.write_text(json.dumps({"questions": questions}))
    query = "{q.employee.id: d | some q in input.questions; d := data.access.decide(q.as_of, q.employee)}"
    options = ["--strict-builtin-errors", "--format", "raw", "--bundle", policy, "--bundle", ROOT / "config"]
    done = subprocess.run(
        [opa, "eval", *options, "--input", file, query], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr or done.stdout
    decisions: dict[str, dict[str, Any]] = json.loads(done.stdout)
    assert len(decisions) == len(questions)
    return decisions
