"""`policy check`: this project's policy is in order, and each thing that could be wrong with one is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from icaccess.errors import PolicyError
from icaccess.review.check import RULES, check_policy
from icaccess.review.source import PolicySource

Edit = Callable[[str, str, str], None]
ACCESS = "policy/access.rego"
REASONS = "policy/lib/reasons.rego"


def found(project: PolicySource) -> set[tuple[str, str]]:
    return {(finding.rule, finding.message) for finding in check_policy(project).findings}


def test_this_policy_is_in_order(whole: PolicySource) -> None:
    assert check_policy(whole).findings == ()


def test_format(project: PolicySource) -> None:
    text = Path(ACCESS).read_text()
    Path(ACCESS).write_text(text.replace("\n\t", "\n  ", 1))
    assert [(finding.rule, finding.file) for finding in check_policy(project).findings] == [
        ("format", ACCESS)
    ]


def test_what_does_not_compile_is_told_with_its_place(project: PolicySource, edit: Edit) -> None:
    edit(ACCESS, "gives := ", "unused := employde\n\ngives := ")
    line = Path(ACCESS).read_text().split("\n").index("unused := employde") + 1
    (finding,) = check_policy(project).findings
    assert (finding.rule, finding.file, finding.line) == ("compile", ACCESS, line)
    assert "employde" in finding.message


def test_a_builtin_outside_the_capabilities_is_refused(project: PolicySource) -> None:
    Path("policy/now.rego").write_text("package access\n\nnow := time.now_ns()\n")
    (finding,) = check_policy(project).findings
    assert (finding.rule, finding.file) == ("compile", "policy/now.rego")


def test_a_field_that_no_fact_has_is_refused_by_the_schemas(project: PolicySource, edit: Edit) -> None:
    edit("policy/explanation.rego", "[input.employee.access]\n", "[input.employee.acces]\n")
    findings = check_policy(project).findings
    assert {finding.rule for finding in findings} == {"compile"}
    assert "acces" in findings[0].message


def test_a_policy_without_schemas_is_not_in_order(project: PolicySource, edit: Edit) -> None:
    shutil.rmtree("policy/schemas")
    edit("policy/explanation.rego", "[input.employee.access]\n", "[input.employee.acces]\n")
    (finding,) = check_policy(project).findings
    assert (finding.rule, finding.file) == ("compile", "policy/schemas")
    assert finding.message.startswith("no schemas, so no types are checked; run ")


def test_what_does_not_parse_is_one_clear_error_or_finding(project: PolicySource) -> None:
    Path("policy/broken.rego").write_text("package access\n\nallow if {\n")
    try:
        findings = check_policy(project).findings
    except PolicyError as error:
        assert "policy/broken.rego" in str(error)
    else:
        assert ("compile", "policy/broken.rego") in {(found.rule, found.file) for found in findings}


def test_a_parse_error_names_its_line(project: PolicySource) -> None:
    Path("policy/broken.rego").write_text("package access\n\nallow if {\n")
    with pytest.raises(PolicyError) as caught:
        project.modules  # noqa: B018 (raises)
    assert str(caught.value).startswith("policy/broken.rego:4: ")
    assert "{" not in str(caught.value)


def test_one_mistake_in_the_syntax_is_one_finding(project: PolicySource, edit: Edit) -> None:
    edit(ACCESS, "gives := ", "gives :== ")
    (finding,) = check_policy(project).findings
    assert (finding.rule, finding.file) == ("compile", ACCESS)
    assert finding.message.startswith("unexpected eq token: expected rule value term")


def test_a_rule_that_is_a_link_to_nowhere_is_one_error(project: PolicySource) -> None:
    before = project.digest()
    Path("policy/.#access.rego").symlink_to("user@host.1")  # as Emacs locks a file that is being changed
    assert project.digest() != before  # or the error would be kept for the policy without the link
    with pytest.raises(PolicyError, match=r"policy/\.#access\.rego: no such file or directory; correct that"):
        project.require_compiles()


def test_missing_annotations(project: PolicySource) -> None:
    Path("policy/lib/extra.rego").write_text("package lib.extra\n\nsome_value := 1\n\n_internal := 2\n")
    assert found(project) == {
        ("annotation", "package lib.extra has no title in METADATA"),
        ("annotation", "lib.extra.some_value has no description in METADATA"),
    }


def test_each_definition_of_what_reviewers_read_needs_an_annotation(
    project: PolicySource, edit: Edit
) -> None:
    also = 'eligible(job) if job.role == "Visitor"\n'
    edit(
        ACCESS,
        "# METADATA\n# title: Role not eligible\n",
        f"{also}\n# METADATA\n# title: Role not eligible\n",
    )
    line = Path(ACCESS).read_text().split("\n").index(also.strip()) + 1
    assert [(told.rule, told.line, told.message) for told in check_policy(project).findings] == [
        ("annotation", line, "access.eligible has no description in METADATA")
    ]


def test_a_rule_that_clients_ask_needs_a_title(project: PolicySource, edit: Edit) -> None:
    edit(ACCESS, "# title: Outcome\n", "")
    assert ("annotation", "access.outcome has no title in METADATA") in found(project)


def test_a_clause_that_is_none(project: PolicySource, edit: Edit) -> None:
    edit(ACCESS, "clause: ES-14", "clause: ES-16")
    assert ("clause", "'ES-16' is no clause; write ES-1 … ES-15") in found(project)


def test_a_reason_given_by_two_rules(project: PolicySource, edit: Edit) -> None:
    edit(ACCESS, "reason: approval_missing", "reason: approval_withdrawn")
    findings = found(project)
    assert ("reason", "no rule is annotated as giving approval_missing") in findings
    assert any("approval_withdrawn is given by policy/access.rego:" in text for _, text in findings)


def test_a_reason_that_the_table_does_not_know(project: PolicySource, edit: Edit) -> None:
    edit(ACCESS, "reason: not_employed", "reason: gone")
    assert ("reason", "gone is not in the table of reasons") in found(project)


def test_a_reason_of_another_clause_than_its_rule(project: PolicySource, edit: Edit) -> None:
    edit(REASONS, '"clause": "ES-12"', '"clause": "ES-11"')
    assert ("reason", "certification_expired is of ES-11, its rule of ES-12") in found(project)


def test_a_code_that_stands_twice_in_the_table(project: PolicySource, edit: Edit) -> None:
    text = Path(REASONS).read_text()
    start = text.index('\t"not_employed": {')
    entry = text[start : text.index("\t},\n", start) + 4]
    edit(REASONS, entry, entry + entry)
    assert ("reason", "not_employed stands twice in the table") in found(project)


@pytest.mark.slow
def test_a_reason_that_no_test_reaches(project: PolicySource) -> None:
    for cases in Path("policy/tests/cases").glob("*/data.yaml"):
        first, *blocks = cases.read_text().split("\n- name: ")
        kept = (block for block in blocks if "certification_out_of_order" not in block)
        cases.write_text("\n- name: ".join([first, *kept]) + "\n")
    project.use_cache = False
    (message,) = (message for rule, message in found(project) if rule == "reachable")
    assert message.startswith(
        "no test or case reaches certification_out_of_order; no test meets all of its conditions; reached on "
    )


def test_a_value_that_no_rule_uses(project: PolicySource) -> None:
    with Path("config/requirements/data.yaml").open("a") as file:
        file.write("minimum_age: 18\n")
    assert ("data", "no rule uses requirements.minimum_age") in found(project)


@pytest.mark.parametrize(
    "name", ["data.requirement.roles", "data.tests.closed.places", "data.system.clients"]
)
def test_what_is_not_there_in_service_is_refused(project: PolicySource, edit: Edit, name: str) -> None:
    Path("policy/tests/closed.rego").write_text('package tests.closed\n\nplaces := {"213"}\n')
    rule = "eligible(job) if job.role in data.requirements.roles\n"
    edit(
        ACCESS,
        rule,
        f"eligible(job) if {{\n\tjob.role in data.requirements.roles\n\tnot {name}[job.location]\n}}\n",
    )
    (finding,) = (finding for finding in check_policy(project).findings if finding.rule == "reach")
    line = 1 + next(n for n, text in enumerate(Path(ACCESS).read_text().split("\n")) if name in text)
    assert (finding.file, finding.line) == (ACCESS, line)
    assert finding.message == f"{name} is neither in the policy nor in its policy data; correct it"


def test_a_call_that_no_rule_is_written_for(project: PolicySource, edit: Edit) -> None:
    file = "policy/approvals_due.rego"
    line = 1 + next(n for n, text in enumerate(Path(file).read_text().split("\n")) if 'not met("' in text)
    edit(file, 'not met("approval", found)', 'not met("aproval", found)')
    (finding,) = (finding for finding in check_policy(project).findings if finding.rule == "reach")
    assert (finding.file, finding.line) == (file, line)
    assert finding.message.startswith("access.met has no rule for 'aproval', only for 'approval', ")


OWN_TESTS = """# METADATA
# title: Own
package tests.own_test

tset_misspelled[name] if {
	some name, number in _numbers
	_is_small(number)
}

tset_misspelled["two"] if _is_small(2)

todo_test_later if data.access.gives == ""

test_good if {
	data.access.gives != ""
	_is_small(1)
	data.tests.own_test.elsewhere == "tset_misspelled"
}

_numbers := {"one": 1}

_is_small(number) if number < 2

elsewhere := "tset_misspelled"

_left_over(number) if number > 2
"""


def test_a_rule_beside_the_tests_that_never_runs(project: PolicySource) -> None:
    for name in ("own", "copied"):
        text = OWN_TESTS.replace("own_test", f"{name}_test")
        Path(f"policy/tests/{name}_test.rego").write_text(text)
    never = "never runs: it is not named test_… and no test uses it; rename or remove it"
    told = [
        (finding.rule, finding.file, finding.line, finding.message)
        for finding in check_policy(project).findings
    ]
    assert told == [
        ("test", f"policy/tests/{name}_test.rego", line, f"{rule} {never}")
        for name in ("copied", "own")
        for line, rule in ((5, "tset_misspelled"), (10, "tset_misspelled"), (26, "_left_over"))
    ]


def test_every_check_has_its_description() -> None:
    assert list(RULES) == [
        "read",
        "format",
        "compile",
        "import",
        "annotation",
        "clause",
        "reason",
        "reachable",
        "data",
        "reach",
        "name",
        "test",
    ]


@pytest.mark.parametrize("name", ["policy", "nowhere"])
def test_a_folder_without_rules(project: PolicySource, name: str) -> None:
    for file in Path("policy").rglob("*.rego"):
        file.unlink()
    with pytest.raises(PolicyError, match="holds no Rego rules: give the policy folder with --policy"):
        check_policy(PolicySource(project.opa, Path(name), Path("config")))
