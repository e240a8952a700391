"""`icaccess policy mutate`: each mutant is judged by the policy's own tests, in one OPA."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from icaccess.errors import EngineError
from icaccess.review.mutants import Mutant, mutants, sample
from icaccess.review.mutate import MutantJudge, judged
from icaccess.review.source import PolicySource
from tests.folders import fill

ROOT = Path(__file__).parents[3]

RULES = """package small

allow if {
	input.age >= data.requirements.least
	not input.barred
	input.name != ""
}
"""
TESTS = """package tests.small_test

test_allow[name] if {
	some name, row in {
		"of age": {"age": 18, "want": true},
		"a year younger": {"age": 17, "want": false},
		"barred": {"age": 18, "barred": true, "want": false},
	}
	object.get(data.small, "allow", false) == row.want with input as object.union({"name": "A"}, row)
}
"""


@pytest.fixture
def small(opa_path: Path, tmp_path: Path) -> PolicySource:
    """A policy of one rule, whose last condition no test is about."""
    files = {
        "policy/small.rego": RULES,
        "policy/tests/small_test.rego": TESTS,
        "config/requirements/data.yaml": "least: 18\n",
    }
    fill(tmp_path, files)
    return PolicySource(opa_path, tmp_path / "policy", tmp_path / "config")


def test_mutants_are_made_of_every_kind() -> None:
    made = mutants(PolicySource(Path("opa"), ROOT / "policy", ROOT / "config").texts)
    assert len(set(made)) == len(made) > 600
    changes = {(mutant.old.strip(), mutant.new.strip()) for mutant in made}
    assert any(new == old.replace(" < ", " <= ") != old for old, new in changes)
    assert any(old.startswith("not ") and not new for old, new in changes)


def test_entries_of_lists_and_rules_are_changed() -> None:
    text = 'package a\n\nkinds := ["one", "two"]\n\nopen if input.day > 1\n\nshut if {\n\tnot open\n}\n'
    assert {(one.line, one.new) for one in mutants({"a.rego": text})} >= {
        (3, 'kinds := ["one", "two", "two~"]'),
        (3, 'kinds := ["one"]'),
        (3, 'kinds := ["two"]'),
        (5, "open if false"),
        (7, "shut if {\n\tfalse"),
        (8, ""),
    }


def test_comments_and_fields_of_objects_get_no_entry() -> None:
    text = 'a := object.remove(input, ["x", "y"]) # not `z`'
    assert {one.new for one in mutants({"a.rego": f"package a\n\n{text}\n"})} == {
        text.replace('"x"', '"x~"'),
        text.replace('"y"', '"y~"'),
        text.replace('"x", ', ""),
        text.replace(', "y"', ""),
    }


@pytest.mark.parametrize(
    "text", ['a := {"x"}', 'a if some x in ["x"]', 'a := {1 | some i, x in ["x"]; x == i}']
)
def test_nothing_is_added_to_what_is_only_looked_for(text: str) -> None:
    made = {one.new for one in mutants({"a.rego": f"package a\n\n{text}\n"})}
    assert text.replace('"x"', '"x~"') in made
    assert text.replace('"x"', '"x", "x~"') not in made


def test_a_sample_can_be_drawn_again() -> None:
    made = [Mutant("a.rego", line, "x", "y") for line in range(100)]
    assert sample(made, 10, 1) == sample(made, 10, 1) != sample(made, 10, 2)
    assert sample(made, 200, 1) == made


def test_what_the_tests_notice_is_caught_and_the_rest_survives(small: PolicySource) -> None:
    made = mutants(small.texts)
    with MutantJudge(small) as judge:
        fates = {(one.line, one.new.strip()): judge.judge(one).fate for one in made}
        broken = judge.judge(Mutant("small.rego", 4, made[0].old, "\tinput.age >= ("))
        again = judge.judge(made[0]).fate
    assert fates == {
        (3, "allow if {\n\tfalse"): "caught",
        (4, "input.age > data.requirements.least"): "caught",
        (4, "not input.age >= data.requirements.least"): "caught",
        (4, ""): "caught",
        (5, "input.barred"): "caught",
        (5, ""): "caught",
        (6, 'input.name == ""'): "caught",
        (6, 'not input.name != ""'): "caught",
        (6, ""): "survives",
    }
    assert broken.fate == "no policy"
    assert again == "caught"  # the policy stands as before after each


@pytest.mark.slow
def test_a_survivor_is_shown_by_somebody(whole: PolicySource) -> None:
    shutil.rmtree(whole.policy / "tests")
    bare = PolicySource(whole.opa, whole.policy, whole.config)
    made = [one for one in mutants(bare.texts) if one.new.strip() == "opens < day"]
    (one,) = judged(bare, made, 60)
    assert one.fate == "survives"
    assert one.shown_by is not None
    assert one.shown_by.base != one.shown_by.head


def test_a_policy_that_does_not_compile_is_said(small: PolicySource) -> None:
    with (small.policy / "small.rego").open("a") as file:
        file.write("\nother if missing\n")
    with pytest.raises(EngineError, match="icaccess policy check"), MutantJudge(small):
        pass


def test_an_opa_that_ends_at_once_is_started_again(small: PolicySource, tmp_path: Path) -> None:
    """As it does where another program takes its port first."""
    program = tmp_path / "opa"
    ends = f'[ "$1" != run ] || [ -e {tmp_path}/ended ] || {{ touch {tmp_path}/ended; exit 1; }}'
    program.write_text(f'#!/bin/sh\n{ends}\nexec {small.opa} "$@"\n')
    program.chmod(0o755)
    with MutantJudge(PolicySource(program, small.policy, small.config)) as judge:
        assert judge.judge(mutants(small.texts)[0]).fate == "caught"
    assert (tmp_path / "ended").exists()
