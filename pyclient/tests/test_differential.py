"""The policy against an independent working-out of the same contract, over thousands of made-up employees."""

from __future__ import annotations

import json
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import reference
from tests.naming import mostly_slow
from tests.people import population

ROOT = Path(__file__).parents[2]


ENTRY = "data.access.decision with input as q"
FUNCTION = "data.access.decide(q.as_of, q.employee)"
"""What the entry point gives, in a quarter of the time: where `input` changes, OPA remembers nothing."""


def decide_by_policy(
    questions: list[dict[str, Any]], data: dict[str, Any], opa: Path, folder: Path, rule: str = ENTRY
) -> list[dict[str, Any] | None]:
    """The policy's decisions, wording taken out, one for each `{as_of, employee}`; None where undefined."""
    data_file, input_file = folder / "data.json", folder / "input.json"
    data_file.write_text(json.dumps(data))
    input_file.write_text(json.dumps({"questions": questions}))
    query = f"[{{i: d}} | some i, q in input.questions; d := [x | x := {rule}]]"
    done = subprocess.run(
        [
            *(opa, "eval", "--strict-builtin-errors", "--format", "raw", "--bundle", ROOT / "policy"),
            *("--data", data_file, "--input", input_file, query),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr or done.stdout
    answers: list[dict[str, Any] | None] = [None] * len(questions)
    for answer in json.loads(done.stdout):
        for index, found in answer.items():
            answers[int(index)] = without_wording(found[0]) if found else None
    return answers


def without_wording(decision: dict[str, Any]) -> dict[str, Any]:
    reasons = [{"code": reason["code"], "clause": reason["clause"]} for reason in decision["reasons"]]
    return {**decision, "reasons": reasons}


@pytest.mark.parametrize("seed", mostly_slow(range(5, 20), quick=4))
def test_policy_decides_as_the_reference_does(seed: int, opa_path: Path, tmp_path: Path) -> None:
    data, questions = population(seed, 200)
    answers = decide_by_policy(questions, data, opa_path, tmp_path)
    for question, answer in zip(questions, answers, strict=True):
        expected = reference.decide(question["employee"], question["as_of"], data)
        assert answer == expected, json.dumps({"question": question, "data": data})


@pytest.mark.parametrize("seed", mostly_slow(range(100, 104)))
def test_policy_answers_on_any_day_of_the_calendar(seed: int, opa_path: Path, tmp_path: Path) -> None:
    data, questions = population(seed, 20)
    days = ["1900-01-01", "1904-02-29", "1969-12-31", "2000-02-29", "2196-02-29", "2199-12-31"]
    days += ["0001-01-01", "1899-12-31", "1900-02-29", "2200-01-01", "9999-12-31"]  # undecided
    asked = [{**question, "as_of": day} for question in questions for day in days]
    for question, answer in zip(asked, decide_by_policy(asked, data, opa_path, tmp_path), strict=True):
        expected = reference.decide(question["employee"], question["as_of"], data)
        assert answer == expected, json.dumps({"question": question, "data": data})


def test_the_function_gives_what_the_entry_point_gives(opa_path: Path, tmp_path: Path) -> None:
    data, questions = population(3, 100)
    by_entry, by_function = (
        decide_by_policy(questions, data, opa_path, tmp_path, rule) for rule in (ENTRY, FUNCTION)
    )
    assert by_entry == by_function


@pytest.mark.parametrize(
    ("seed", "people"), mostly_slow([(203, 1), *((seed, 4) for seed in range(200, 205))])
)
def test_recheck_on_is_the_first_change(seed: int, people: int, opa_path: Path, tmp_path: Path) -> None:
    """Every day of three years, decided by the policy alone: no reference here (Shelf life)."""
    data, questions = population(seed, people)
    for question in questions:
        first = date.fromisoformat(question["as_of"])
        days = [{**question, "as_of": (first + timedelta(days=n)).isoformat()} for n in range(3 * 366)]
        answers = [answer or {} for answer in decide_by_policy(days, data, opa_path, tmp_path, FUNCTION)]
        bodies = [{k: v for k, v in a.items() if k not in {"as_of", "recheck_on"}} for a in answers]
        changes = [days[n]["as_of"] for n in range(1, len(days)) if bodies[n] != bodies[n - 1]]
        for day, answer in zip(days, answers, strict=True):
            while changes and changes[0] <= day["as_of"]:
                changes.pop(0)
            due = answer["recheck_on"]
            if changes or (due is not None and due <= days[-1]["as_of"]):
                assert due == (changes[0] if changes else None), json.dumps({"question": day, "data": data})
