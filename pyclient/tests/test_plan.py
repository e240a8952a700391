"""The plan is the difference between what was decided and what a target shows; edits of it are found."""

from __future__ import annotations

import json
from datetime import date

import msgspec
import pytest

from icaccess.diff import Expected, blank_plan, diff, target_digest
from icaccess.errors import FactsError, PlanError
from icaccess.models import Access, Employee, InvalidRecord
from icaccess.pipeline import Run
from icaccess.plan import Drift, Pending, Warned, check_current, read_plan, write_plan
from icaccess.store.database import open_store
from tests.scripted import BASIS, DAY, Listed, Parts, ScriptedClient, people, run_on
from tests.targets.fakes import MemoryTarget

REVISIONS = ("p" * 64, "d" * 64)
HELD = Access(held=True, locations=("210",), since=date(2024, 8, 1))


def draw(client, records, holders=None, *, match="id", expected=None, target="ledger", as_of=DAY):
    shown = MemoryTarget(holders)
    shown.match = match
    store = open_store("sqlite:///none.db", read_only=True)
    run = Run(Parts(Listed(records), client, store, shown), as_of)
    held, sent = shown.listing().held, []

    def gathered():
        for person in run.people.everybody(held):
            sent.append(person)
            yield person.record

    blank = blank_plan(as_of, target, held, REVISIONS)
    answers = client.decide_json(gathered(), as_of)
    return diff(((sent.pop(), answer) for answer in answers), held, expected, blank).sealed()


def brief(plan):
    return [(change.action, change.employee_id) for change in plan.changes]


def test_each_action_becomes_the_change_it_names():
    client = ScriptedClient({"1": ("210",), "2": ("210",), "3": ("211", "212")}, overdue={"1"})
    holdings = {"2": HELD, "3": HELD, "4": HELD}
    plan = draw(client, people("1", "2", "3", "4", "5"), holdings)
    assert brief(plan) == [("revoke", "4"), ("update", "3"), ("grant", "1")]
    revoke, update, grant = plan.changes
    assert (revoke.before, revoke.after) == (HELD, None)
    assert [reason.code for reason in revoke.reasons] == ["role_not_eligible"]
    assert (update.before, update.after) == (
        HELD,
        Access(held=True, locations=("211", "212"), since=HELD.since, basis=BASIS),
    )
    after = Access(held=True, locations=("210",), since=DAY, basis=BASIS)
    assert (grant.before, grant.after) == (None, after)
    assert (grant.basis, grant.grant_due_by) == (BASIS, date(2023, 8, 16))
    assert (grant.escalate, plan.escalations) == (True, 1)
    assert (plan.people, plan.holders) == (5, 3)
    assert plan.counts == {"allow": 3, "deny": 2, "grant": 1, "keep": 1, "none": 1, "revoke": 1, "update": 1}
    assert (plan.drift, plan.pending, plan.undecided) == ((), (), ())


def test_the_target_says_who_holds_access_and_not_the_record():
    client = ScriptedClient({"1": ("210",)})
    records = [Employee(id="1", access=Access(held=True)), Employee(id="2", access=Access(held=True))]
    assert brief(draw(client, records)) == [("grant", "1")]


def test_undecided_people_keep_what_they_have():
    client = ScriptedClient({}, unsure={"1"})
    records = [*people("1"), InvalidRecord("2", "people.yaml line 3: id: wrong")]
    plan = draw(client, records, {"1": HELD, "2": HELD, "9": HELD})
    assert not plan.changes
    assert [(one.employee_id, one.held, one.reasons[0].code) for one in plan.undecided] == [
        ("1", True, "facts_missing"),
        ("2", True, "invalid_record"),
        ("9", True, "no_employee_record"),
    ]
    assert plan.counts == {"none": 3, "undecided": 3}


def test_who_has_a_wrong_record_is_known_by_their_account():
    records = [
        InvalidRecord("2", "people.yaml line 3: wrong", "Two@example.org"),
        InvalidRecord("3", "wrong"),
    ]
    plan = draw(ScriptedClient({}), records, {"two@example.org": HELD}, match="email")
    assert [(one.employee_id, one.held) for one in plan.undecided] == [("2", True), ("3", False)]


def test_warnings_of_a_holder_who_keeps_access_are_in_the_plan():
    client = ScriptedClient({"1": ("210",), "2": ("210",), "3": ("210",)}, warned={"1", "3", "4"})
    plan = draw(client, people("1", "2", "3", "4"), {"1": HELD, "2": HELD})
    assert plan.warned == (Warned(employee_id="1", warnings=("denial_names_no_job",)),)
    assert [(one.employee_id, one.warnings) for one in plan.changes] == [("3", ("denial_names_no_job",))]


def test_nobody_at_all_is_an_error(sqlite_store):
    with pytest.raises(FactsError, match="the facts hold nobody"):
        run_on([], ScriptedClient({}), MemoryTarget({"1": HELD}), sqlite_store).plan()


def test_an_account_that_two_people_claim_is_nobodys():
    client = ScriptedClient({"1": ("210",), "3": ("210",)})
    records = [
        Employee(id="1", username="Jo"),
        Employee(id="2", username="jo"),
        Employee(id="3", username=" mo "),
        Employee(id="4"),
    ]
    plan = draw(client, records, {"jo": HELD}, match="username")
    assert [(one.employee_id, one.account, one.problem) for one in plan.changes if one.problem] == []
    plan = draw(client, records[::-1], {"jo": HELD}, match="username")
    assert [(one.action, one.employee_id, one.account, one.problem) for one in plan.changes] == [
        ("revoke", "2", "jo", "several employee records name the account jo"),
        ("grant", "3", "mo", ""),
        ("grant", "1", "jo", "several employee records name the account jo"),
    ]


def test_a_grant_without_an_account_cannot_be_made():
    plan = draw(ScriptedClient({"1": ("210",)}), [Employee(id="1")], match="email")
    assert [one.problem for one in plan.changes] == ["the facts name no account for this person"]


def test_drift_is_named_with_what_the_policy_says():
    client = ScriptedClient({"1": ("210",), "2": ("210",), "3": ("211",), "5": ("210",)})
    expected = Expected(
        held={"2": HELD, "3": HELD, "5": HELD, "8": HELD}, pending={}, unsettled=frozenset({"5"})
    )
    elsewhere = Access(held=True, locations=("211",))
    plan = draw(
        client, people("1", "2", "3", "4", "5"), {"1": HELD, "3": elsewhere, "4": HELD}, expected=expected
    )
    assert [(one.kind, one.employee_id, one.outcome, one.action) for one in plan.drift] == [
        ("given", "1", "allow", "keep"),
        ("given", "4", "deny", "revoke"),
        ("moved", "3", "allow", "keep"),
        ("taken", "2", "allow", "grant"),
        ("taken", "8", "undecided", "none"),
    ]
    assert plan.drift[2] == Drift(
        kind="moved",
        employee_id="3",
        account="3",
        expected=HELD,
        found=elsewhere,
        outcome="allow",
        action="keep",
    )


def waiting(action, one, after, due=None):
    return Pending(
        action=action,
        employee_id=one,
        account=one,
        before=HELD if action == "revoke" else None,
        after=after,
        batch="000001",
        due_on=due,
        overdue=due is not None and due < DAY,
        wanted=True,
    )


def test_what_is_under_way_is_not_asked_for_again():
    client = ScriptedClient({"1": ("210",), "2": ("211",)})
    held = Access(held=True, locations=("210",))
    expected = Expected(
        held={"3": HELD},
        pending={
            "1": waiting("grant", "1", held, date(2025, 9, 9)),
            "2": waiting("grant", "2", held),
            "3": waiting("revoke", "3", None),
            "4": waiting("grant", "4", held),
            "7": waiting("grant", "7", held),
        },
        unsettled=frozenset("12347"),
    )
    plan = draw(client, people("1", "2", "3", "4"), {"3": HELD}, expected=expected)
    assert brief(plan) == [("grant", "2")]
    assert [(one.employee_id, one.overdue, one.wanted) for one in plan.pending] == [
        ("3", False, True),
        ("1", True, True),
        ("2", False, False),
        ("4", False, False),
        ("7", False, False),
    ]


def test_the_order_in_which_a_target_lists_people_does_not_matter():
    assert target_digest({"1": HELD, "2": Access(held=True)}) == target_digest(
        {"2": Access(held=True), "1": HELD}
    )
    assert target_digest({"1": HELD}) != target_digest({"1": Access(held=True)})


def test_a_saved_plan_reads_back_and_its_bytes_depend_on_its_content_alone(tmp_path):
    client = ScriptedClient({"1": ("210",)}, unsure={"2"})
    plan = draw(client, people("1", "2", "3"), {"3": HELD})
    write_plan(plan, tmp_path / "a.json")
    write_plan(draw(client, people("1", "2", "3"), {"3": HELD}), tmp_path / "b.json")
    assert read_plan(tmp_path / "a.json") == plan
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600  # it names people


def _leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path


def test_a_saved_plan_is_json(tmp_path):
    client = ScriptedClient({"1": ("210",), "2": ("210",)}, unsure={"4"})
    plan = draw(client, people("1", "2", "3", "4"), {"3": HELD})
    write_plan(plan, tmp_path / "plan.json")
    content = json.loads((tmp_path / "plan.json").read_bytes())
    assert [one["employee_id"] for one in content["changes"]] == ["3", "1", "2"]
    assert [one["employee_id"] for one in content["undecided"]] == ["4"]
    assert (content["people"], content["digest"]) == (4, plan.digest)


def test_every_edit_of_a_saved_plan_is_found(tmp_path):
    path = tmp_path / "plan.json"
    client = ScriptedClient({"1": ("210",)}, unsure={"2"})
    expected = Expected(held={"4": HELD}, pending={"1": waiting("revoke", "1", None)})
    write_plan(draw(client, people("1", "2", "3"), {"1": HELD, "3": HELD}, expected=expected), path)
    content = json.loads(path.read_bytes())
    paths = list(_leaves(content))
    assert len(paths) > 50
    path.write_text(json.dumps(content, indent=2))
    read_plan(path)  # written in another way it is still the plan
    for leaf in paths:
        edited = json.loads(path.read_bytes())
        inner = edited
        for step in leaf[:-1]:
            inner = inner[step]
        old = inner[leaf[-1]]
        inner[leaf[-1]] = (
            (not old) if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old}0"
        )
        (tmp_path / "edited.json").write_text(json.dumps(edited))
        with pytest.raises(PlanError, match=r"edited\.json: (was edited|is not a plan, or was edited)"):
            read_plan(tmp_path / "edited.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"changes": []}', "\xff"])
def test_a_file_that_is_no_plan(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(PlanError, match=r"plan\.json: is not a plan, or was edited"):
        read_plan(path)


def test_a_plan_that_is_not_there(tmp_path):
    with pytest.raises(PlanError, match=r"none\.json: the plan cannot be read"):
        read_plan(tmp_path / "none.json")


CHANGES = {
    "the facts": {"facts_digest": "x"},
    "the policy": {"policy_revision": "x"},
    "the policy data": {"data_revision": "x"},
    "what the target shows": {"target_digest": "x"},
    "the facts and the policy": {"facts_digest": "x", "policy_revision": "x"},
    "what is under way": {"pending": (waiting("grant", "1", HELD),)},
    "made for the target ledger, and the configured one is elsewhere": {"target": "elsewhere"},
    "made for 2025-09-10, and this run is for 2025-09-11": {"as_of": date(2025, 9, 11)},
}


@pytest.mark.parametrize("said", CHANGES)
def test_a_stale_plan_is_refused_and_told_why(said):
    plan = draw(ScriptedClient({}), people("1"))
    check_current(plan, plan)
    fresh = msgspec.structs.replace(plan, digest="", **CHANGES[said]).sealed()
    with pytest.raises(PlanError, match=said):
        check_current(plan, fresh)


def test_the_digest_of_the_facts_covers_every_record():
    client = ScriptedClient({})
    first = draw(client, people("1", "2"))
    for other in (
        people("1"),
        people("2", "1"),
        people("1", "2", name="N"),
        [*people("1"), InvalidRecord("2", "x")],
    ):
        assert draw(client, other).facts_digest != first.facts_digest
