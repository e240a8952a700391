"""`icaccess report` as it is called, with all that can be wrong."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from pathlib import Path

import pytest

from icaccess.cli import main
from icaccess.review import report_files
from tests.naming import named_by_last

ROOT = Path(__file__).parents[3]
FACTS = ("--facts", str(ROOT / "examples" / "facts"), "--at", "2027-06-29")
FILES = ["report.csv", "report.html", "report.json"]


@pytest.fixture
def icaccess(engine, tmp_path, monkeypatch, capfd):
    """Runs a command in an empty folder; gives its exit code, stdout and stderr."""
    monkeypatch.setenv("ICACCESS_OPA_URL", engine.url)
    monkeypatch.setenv("ICACCESS_OPA_TOKEN", engine.token)
    monkeypatch.delenv("ICACCESS_STORE", raising=False)
    for name in ("config", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    # Without its tests, which take some seconds, it is the same policy.
    shutil.copytree(ROOT / "policy", tmp_path / "policy", ignore=shutil.ignore_patterns("tests"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with contextlib.suppress(SystemExit), pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        captured = capfd.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


def test_on_the_examples_before_and_after_the_first_run(icaccess, tmp_path):
    assert icaccess("report", *FACTS) == (
        0,
        "report/report.csv\nreport/report.json\nreport/report.html\n",
        "",
    )
    first = report_files.read(tmp_path / "report/report.json")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == FILES
    assert first.removals is None
    assert not (tmp_path / "var").exists(), "a report makes no store"
    by_action = {
        action: sum(one.action == action for one in first.people) for action in ("grant", "update", "revoke")
    }
    assert by_action == {"grant": 9, "update": 3, "revoke": 12}

    assert icaccess("adopt", *FACTS)[0] == 0
    assert icaccess("apply", "--yes", *FACTS)[0] == 0
    code, _, err = icaccess("report", *FACTS, "--since", "report/report.json")
    assert (code, err) == (0, "")
    second = report_files.read(tmp_path / "report/report.json")
    assert len(second.removals) == 12
    assert {one.state for one in second.removals} == {"verified"}
    assert second.audit.problem == ""
    assert {one.action for one in second.people} == {"keep", "none"}
    # Those whose access was given or taken stand differently, and nobody else.
    assert len(second.since.changes) == 9 + 12
    assert all(one.before.held != one.after.held for one in second.since.changes)
    assert second.population.facts_digest == first.population.facts_digest


def test_everybody_is_decided_as_by_decide(icaccess, tmp_path):
    code, out, _ = icaccess("decide", *FACTS, "--format", "json")
    assert code == 0
    decided = {one["employee_id"]: one for one in json.loads(out)["decisions"]}
    icaccess("report", *FACTS)
    told = {one.id: one for one in report_files.read(tmp_path / "report/report.json").people}
    assert told.keys() == decided.keys()
    for ident, one in told.items():
        assert (one.outcome, one.action) == (decided[ident]["outcome"], decided[ident]["action"])
        assert [reason.message for reason in one.reasons] == [
            reason["message"] for reason in decided[ident]["reasons"]
        ]


def test_configured_sources_are_accounted_for_row_by_row(icaccess, tmp_path):
    config = tmp_path / "district"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(ROOT / "examples" / "csv", config, dirs_exist_ok=True)
    with (config / "transcript.csv").open("a") as file:
        file.write("999999;Walk-In Scheduling Certification;Completed;2023-08-09T03:30:00Z\n")
    code, _, err = icaccess("report", "--config", config, "--at", "2027-06-29")
    assert (code, err) == (0, "")
    population = report_files.read(tmp_path / "report/report.json").population
    assert 0 < population.leaning <= population.records
    sources = {one.name: one for one in population.sources}
    assert sources["transcript"].unmatched == 1
    assert sources["hr-employment"].declared == sources["hr-employment"].rows > 0
    assert sources["hr-jobs"].rejected == 1
    for one in sources.values():
        assert one.rows == one.used + one.repeated + one.unmatched + one.rejected
        assert one.as_of
    page = (tmp_path / "report/report.html").read_text()
    assert "Of nobody known" in page
    assert f"The decisions on {population.leaning} people lean on a source of which some rows" in page
    assert "hr-employment" in page


def test_files_of_facts_are_named_by_digest(icaccess, tmp_path):
    icaccess("report", *FACTS)
    sources = report_files.read(tmp_path / "report/report.json").population.sources
    assert [Path(one.name).name for one in sources] == sorted(
        path.name for path in (ROOT / "examples/facts").iterdir()
    )
    assert all(re.fullmatch("[0-9a-f]{64}", one.digest) for one in sources)


def test_settled_questions_say_the_values_that_decide(icaccess, tmp_path, monkeypatch):
    config = tmp_path / "district"
    shutil.copytree(ROOT / "config", config)
    file = config / "requirements" / "data.yaml"
    file.write_text(file.read_text().replace("approval_lead_days: 120", "approval_lead_days: 77"))
    # The OPA that is running has the project's own values, so those in this folder are not what decides.
    assert icaccess("report", "--config", config, *FACTS)[0] == 0
    other = report_files.read(tmp_path / "report/report.json")
    assert other.clauses is None
    assert (
        other.absent["clauses"]
        == f"OPA decides by another policy or policy data than policy and {config} hold."
    )
    monkeypatch.delenv("ICACCESS_OPA_URL")
    assert icaccess("report", "--config", config, *FACTS)[0] == 0
    clauses = report_files.read(tmp_path / "report/report.json").clauses
    settled = {clause.clause: clause.settled for clause in clauses if clause.settled}
    assert any("up to 77 days before" in one.answer for one in settled["ES-9"])
    assert not any("{" in one.answer for some in settled.values() for one in some)
    assert settled.keys() == {"ES-5", "ES-6", "ES-9", "ES-10", "ES-11", "ES-12", "ES-13"}


def test_each_clause_is_traced_to_its_rules_and_tests(icaccess, tmp_path):
    assert icaccess("report", *FACTS)[0] == 0
    bare = report_files.read(tmp_path / "report/report.json")
    assert bare.trace is None
    assert bare.absent["trace"].startswith("The policy was not traced: policy has no tests")
    shutil.copytree(ROOT / "policy/tests", tmp_path / "policy/tests")  # whole, as `make check` has run it
    assert icaccess("report", *FACTS)[0] == 0
    traced = report_files.read(tmp_path / "report/report.json").trace
    assert [one.clause for one in traced] == [f"ES-{number}" for number in range(1, 16)]
    assert [one.gap for one in traced] == [None] * 15
    codes = {code for one in traced for code in one.reasons}
    assert {"approval_missing", "not_employed", "certification_expired"} <= codes
    for rule in (rule for one in traced for rule in one.rules):
        file, _, line = rule.place.partition(":")
        assert (ROOT / "policy" / file).read_text().splitlines()[int(line) - 1].strip(), rule


@named_by_last(
    ("content", "says"),
    [
        ("[", " line 2: is not YAML"),
        ("clauses: [{clause: ES-5}]", " line 1: clauses[0].asks: is required and absent; add it"),
        (
            'clauses: [{clause: ES-5, asks: a, settled: [{question: a, answer: "{lead}", why: c}]}]',
            ": 'lead' in braces is no value of data.requirements",
        ),
    ],
)
def test_bad_questions_are_one_line(icaccess, tmp_path, content, says):
    policy = tmp_path / "other"
    shutil.copytree(tmp_path / "policy", policy)
    (policy / "clauses.yaml").write_text(content)
    code, out, err = icaccess("report", "--policy", policy, *FACTS)
    assert (code, out) == (1, "")
    assert err.startswith(f"icaccess: {policy}/clauses.yaml{says}")
    assert err.count("\n") == 1
    (policy / "clauses.yaml").unlink()  # it decides nothing, so OPA's policy is still this one
    assert icaccess("report", "--policy", policy, *FACTS)[0] == 0
    report = report_files.read(tmp_path / "report/report.json")
    assert report.clauses is None
    assert "holds no clauses.yaml" in report.absent["clauses"]


@named_by_last(
    ("arguments", "says"),
    [
        (["nobody", *FACTS], "no employee has the id 'nobody'; ids are as in `icaccess facts`"),
        ([*FACTS, "--since", "missing.json"], "missing.json: cannot be read: No such file or directory; "),
        (
            [*FACTS, "--since", "config/requirements/data.yaml"],
            "config/requirements/data.yaml: is no report; ",
        ),
        (
            [*FACTS, "--out", "config/requirements/data.yaml"],
            "config/requirements/data.yaml: no report can be written",
        ),
        (["--facts", "missing.yaml"], "missing.yaml"),
        ([*FACTS, "--at", "someday"], "--at 'someday': not a date"),
        ([*FACTS, "--store", "sqlite:///config"], "config: is a folder; name the store's file"),
    ],
)
def test_an_error_writes_one_line(icaccess, tmp_path, arguments, says):
    code, out, err = icaccess("report", *arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"icaccess: {says}")
    assert err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "examples", "policy"]
