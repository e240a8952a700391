"""Anybody imaginable: changes of rules and values are found by somebody small, and nothing else is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icaccess.cli.outputs import OUTPUTS
from icaccess.config import Secret
from icaccess.config.auth import Bearer
from icaccess.errors import PolicyError
from icaccess.files import installed
from icaccess.http import HttpClient
from icaccess.opa.engine import running_engine
from icaccess.review.cases import read_all_cases, read_cases, run_cases
from icaccess.review.search.anybody import QUIET, Search, Tried
from icaccess.review.search.compare import Anybody, compare_for_anybody
from icaccess.review.search.facts import employee_shape
from icaccess.review.search.judge import RULES, VersionJudge
from icaccess.review.search.render import anybody_json, anybody_markdown, anybody_text, case_yaml
from icaccess.review.search.words import vocabulary
from icaccess.review.source import PolicySource
from icaccess.review.versions import checkout
from tests.rendered import shown

Edit = Callable[[str, str, str], None]
VALUES = "config/requirements/data.yaml"


@pytest.fixture
def base(whole: PolicySource) -> Iterator[str]:
    """A copy of the folders as they are, to compare with what a test makes of them."""
    for name in ("policy", "config"):
        shutil.copytree(name, Path("base") / name)
    yield "base"


def searched(*, limit: float = 300, examples: tuple[Path, ...] = (), quiet: float = 0) -> Anybody:
    here = (Path("policy"), Path("config"))
    with checkout("--base", "base", *here) as before, checkout("--head", None, *here) as after:
        return compare_for_anybody(
            before, after, examples or [installed("examples/facts")], limit=limit, seed=1, quiet=quiet
        )


def test_comments_and_layout_are_no_difference(base: str) -> None:
    file = Path("policy/access.rego")
    file.write_text("# another comment\n" + file.read_text().replace("\t", "  "))
    found = searched()
    assert found.same
    assert found.tried is None
    assert "no decision can differ" in shown(anybody_text(found))


def test_a_value_changed_by_one_is_found_by_somebody_small(base: str, edit: Edit) -> None:
    edit(VALUES, "approval_lead_days: 120", "approval_lead_days: 121")
    found = searched()
    first = found.found[0]
    assert (found.problem, first.kind) == (None, "gains")
    assert first.facts <= 16
    assert (first.base["outcome"], first.head["outcome"]) == ("deny", "allow")
    assert str(first.at) in shown(anybody_text(found))
    assert "**Gains access**" in shown(anybody_markdown(found))
    written = msgspec.json.decode(anybody_json(found), type=OUTPUTS["impact --anybody"])
    assert (written.anybody.found[0].kind, written.anybody.same) == ("gains", False)
    assert written.anybody.found[0].case == case_yaml([first])


@pytest.mark.slow
def test_another_day_to_decide_again_is_shown_on_it(base: str, edit: Edit) -> None:
    edit("policy/evidence.rego", "\tnot dates.ended_before(found.as_of, job)\n", "")
    first = searched().found[0]
    assert first.kind == "needs_consent"
    assert first.facts <= 16


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("role in data.requirements.approver_roles", "lower(role) in {lower(one) | some one in _listed}"),
        ("approval.approver != employee_id\n\tsome", "trim_space(approval.approver) != employee_id\n\tsome"),
    ],
    ids=["word", "own id"],
)
def test_near_misses_are_tried_early(base: str, edit: Edit, old: str, new: str) -> None:
    edit("policy/lib/approval.rego", old, new)
    with Path("policy/lib/approval.rego").open("a") as file:
        file.write("\n_listed := data.requirements.approver_roles\n")
    found = searched()
    assert found.tried is not None
    assert found.tried.first_tried is not None
    assert found.tried.first_tried < 3000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("granting", "every job in found.assignments", "every job in found.current_jobs"),
        ("evidence", "basis.elementary in found.elementary", "basis.elementary in found.counting"),
    ],
    ids=["name", "day"],
)
def test_what_two_records_share_is_tried(base: str, edit: Edit, file: str, old: str, new: str) -> None:
    edit(f"policy/{file}.rego", old, new)
    found = searched(limit=30)
    assert found.tried is not None
    assert found.tried.first_tried is not None
    assert found.tried.first_tried < 3000


@pytest.mark.slow
def test_everybody_found_is_a_case_that_only_head_passes(base: str, edit: Edit) -> None:
    edit(VALUES, "approver_roles: [Principal, Manager]", "approver_roles: [Manager]")
    found = searched()
    assert found.found
    told = [one for one in found.found if one.kind != "wording"]  # words are no part of a case
    for folder, passes in (("policy", True), ("base/policy", False)):
        root = Path(folder)
        shutil.rmtree(root / "tests/cases")
        (root / "tests/cases/found").mkdir(parents=True)
        file = root / "tests/cases/found/data.yaml"
        file.write_text(case_yaml(told))
        assert len(read_cases(file, PolicySource(_opa(), root, root.parent / "config").clauses)) == len(told)
        config = root.parent / "config"
        source = PolicySource(_opa(), root, config)
        results, _ = run_cases(source, read_all_cases(source))
        assert {result.problem is None for result in results} == {passes}


def test_a_changed_line_that_nobody_reaches_is_said(base: str) -> None:
    file = Path("policy/lib/dates.rego")
    file.write_text(f"{file.read_text()}\nunused(day) if {{\n\tday == 1\n\tday != 2\n}}\n")
    found = searched(limit=1)
    assert found.found == ()
    assert [line.text for line in found.missed] == ["unused(day) if {", "\tday == 1", "\tday != 2"]
    assert "Nobody tried reached" in shown(anybody_text(found))
    assert "equivalent" not in shown(anybody_text(found))


@pytest.mark.slow
def test_a_changed_line_that_those_built_reach_is_not_said(base: str, edit: Edit) -> None:
    shutil.rmtree("policy/tests/cases")
    shutil.rmtree("base/policy/tests/cases")
    old = "approval.approver != employee_id\n\tsome role"
    edit("policy/lib/approval.rego", old, "employee_id != approval.approver\n\tsome role")
    found = searched(limit=5, examples=(Path("config"),))
    assert found.tried is not None
    assert found.missed == []


@pytest.mark.slow
def test_versions_with_other_shapes_of_facts(base: str, edit: Edit) -> None:
    file = Path("policy/schemas/input.jsonschema")
    schema: dict[str, Any] = json.loads(file.read_text())
    del schema["definitions"]["Employee"]["properties"]["username"]
    file.write_text(json.dumps(schema))
    edit(VALUES, "approver_roles: [Principal, Manager]", "approver_roles: [Manager]")
    found = searched()
    assert found.tried is not None
    assert found.tried.only_one_knows == ("username",)
    assert found.found


def test_a_policy_that_does_not_parse_is_named(base: str) -> None:
    with Path("base/policy/access.rego").open("a") as file:
        file.write("\nx if {\n")
    with pytest.raises(PolicyError, match=r"^--base base: .*access.rego"):
        searched()


@pytest.mark.slow
def test_a_boundary_between_two_jobs_is_found(base: str, edit: Edit) -> None:
    shutil.rmtree("policy/tests/cases")
    shutil.rmtree("base/policy/tests/cases")
    edit("policy/lib/assignment.rego", "(job) > in_summer.through", "(job) >= in_summer.through")
    found = searched(examples=(Path("config"),), quiet=QUIET)
    assert (found.problem, found.tried and found.tried.seeds) == (None, 0)
    assert found.found


@pytest.mark.parametrize("interrupted", [False, True], ids=["OPA dies", "Ctrl-C"])
def test_a_search_that_ends_early(base: str, opa_path: Path, interrupted: bool) -> None:
    class Dying(VersionJudge):
        """Decides some times, and then has its OPA killed, or is interrupted."""

        left = 12

        def decide(self, people: Sequence[tuple[str, bytes]]) -> list[bytes]:
            """As an OPA does until it is killed."""
            self.left -= 1
            if self.left == 0 and interrupted:
                raise KeyboardInterrupt
            if self.left == 0:
                engine.process.kill()
            return super().decide(people)

    shape = employee_shape(Path("policy"))
    source = PolicySource(opa_path, Path("policy"), Path("config"))
    rules = Path("authz.rego")
    rules.write_text(RULES)
    with (
        running_engine(Path("policy"), Path("config"), rules=rules) as engine,
        HttpClient(Bearer(token=Secret(engine.token))) as http,
    ):
        search = Search(shape, vocabulary([source], []), [], Tried(seed=1, limit=60))
        problem = search.run(VersionJudge(engine.url, http), Dying(engine.url, http))
    assert problem is not None
    says = "it was interrupted" if interrupted else "OPA does not answer any more"
    assert problem.startswith(says)
    assert "\n" not in problem


def _opa() -> Path:
    from icaccess.opa.program import find_opa

    return find_opa()
