"""Records and approvals in the project's own shape, beside other feeds."""

# ruff: noqa: E501 — a table of cases is read one line a case

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from icaccess.errors import ConfigError, FactsError
from icaccess.models import InvalidRecord
from tests.facts.feeds import SOURCES, employee, folder, merged

RECORDS: dict[str, Any] = {"type": "yaml", "name": "records", "path": "records.yaml"}
APPROVALS: dict[str, Any] = {"type": "yaml", "name": "approvals", "path": "approvals", "gives": "approvals"}
APPROVAL = (
    'employee: "1"\ndecision: approved\ndecided_on: 2023-08-14\napprover: "2"\napprover_role: Principal\n'
)


def approvals(tmp_path: Path, files: dict[str, str], **changes: Any) -> Any:
    for name, text in files.items():
        file = tmp_path / "approvals" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return merged(folder(tmp_path, sources=[*SOURCES[:4], {**APPROVALS, **changes}]))


def test_approvals_are_files_in_a_folder(tmp_path: Path) -> None:
    later = APPROVAL.replace("2023-08-14", "2023-09-02T03:00:00Z").replace("approved", "denied")
    records, source = approvals(
        tmp_path, {"a.yaml": APPROVAL, "2023/b.yml": later, "README.md": "x", ".git/c.yaml": "x"}
    )
    jobs = employee(records, "2")["assignments"]
    assert employee(records, "1")["approvals"] == [
        {"decision": "approved", "decided_on": "2023-08-14", "approver": "2", "approver_jobs": jobs},
        {"decision": "denied", "decided_on": "2023-09-01", "approver": "2", "approver_jobs": jobs},
    ]
    assert source.reports()[4].rows == 2


@pytest.mark.parametrize("name", ["b.yaml.txt", "b.yml.bak", "b.json", "b.jsonl", "b.YAML~"])
def test_an_approval_under_another_name(tmp_path: Path, name: str) -> None:
    withdrawn = APPROVAL.replace("approved", "withdrawn")
    with pytest.raises(
        FactsError, match=rf"{name}: is not read, since its name does not end in \.yaml; rename or remove it"
    ):
        approvals(tmp_path, {"a.yaml": APPROVAL, name: withdrawn})


def test_a_hidden_approval_stops_the_run(tmp_path: Path) -> None:
    withdrawn = APPROVAL.replace("approved", "withdrawn")
    with pytest.raises(FactsError, match=r"/\.w\.yaml: is not read, since it is hidden; rename or remove it"):
        approvals(tmp_path, {"a.yaml": APPROVAL, ".w.yaml": withdrawn})


def test_hidden_files_that_hold_no_approval_of_their_own(tmp_path: Path) -> None:
    copies = {f"{mark}a.yaml": APPROVAL for mark in (".", "._", ".#")}
    (tmp_path / "approvals").mkdir()
    (tmp_path / "approvals/.#unsaved.yaml").symlink_to("user@host.1")  # as Emacs locks a file that is to come
    _, source = approvals(tmp_path, {"a.yaml": APPROVAL, ".gitlab-ci.yml": "stages: []\n", **copies})
    assert source.reports()[4].rows == 1


def test_a_copy_of_an_approval_is_left_out(tmp_path: Path) -> None:
    _, source = approvals(
        tmp_path, {"a.yaml": APPROVAL, "a.yaml~": APPROVAL, "a.yaml.orig": "", "notes.txt": "x"}
    )
    assert source.reports()[4].rows == 1
    assert source.reports()[4].notes == (
        "files whose names do not end in .yaml are not read: a.yaml.orig, a.yaml~, notes.txt",
    )


def test_blanks_around_the_texts_of_an_approval_do_not_count(tmp_path: Path) -> None:
    padded = APPROVAL.replace('"1"', '" 1\\t"').replace('"2"', '"2 "') + 'role: " Office Professional "\n'
    records, _ = approvals(tmp_path, {"a.yaml": padded})
    (approval,) = employee(records, "1")["approvals"]
    assert (approval["approver"], approval["role"]) == ("2", "Office Professional")
    with pytest.raises(FactsError, match=r"a\.yaml line 1: employee: must be there, in quotes"):
        approvals(tmp_path, {"a.yaml": APPROVAL.replace('"1"', '" "')})


def test_a_wrong_approval_makes_its_employee_undecided(tmp_path: Path) -> None:
    for number, (old, new, says) in enumerate(
        [
            ("approved", "yes", "approvals/a.yaml line 2: decision: 'yes' does not read as text; put it in quotes"),
            ("approved", "agreed", "approvals/a.yaml line 2: decision: 'agreed' is not one of approved, denied, withdrawn"),
            ("2023-08-14", "2023-08-34", "line 3: decided_on: '2023-08-34' is not a calendar date"),
            ("2023-08-14", "2023-08-14T10:00:00", "line 3: decided_on: '2023-08-14T10:00:00' is a time without an offset"),
            ("approver:", "aprover:", "line 4: aprover: is not a known field"),
            ('approver: "2"', 'approver: "2"\napprover: "3"', "line 5: approver: is given twice; keep one"),
        ]
    ):  # fmt: skip
        directory = tmp_path / str(number)
        directory.mkdir()
        records, _ = approvals(directory, {"a.yaml": APPROVAL.replace(old, new)})
        bad = records["1"]
        assert isinstance(bad, InvalidRecord)
        assert says in bad.problem
        assert employee(records, "2")["approvals"] == []


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.yaml": APPROVAL.replace('"1"', "1")}, "a.yaml line 1: employee: must be there, in quotes"),
        (
            {"a.yaml": APPROVAL.replace("employee", "for")},
            "a.yaml line 1: employee: must be there, in quotes",
        ),
        ({"a.yaml": "- x"}, "a.yaml line 1: employee: must be there, in quotes"),
        ({"a.yaml": "a: ["}, "a.yaml line 2: is not YAML"),
        ({"a.yaml": ""}, "a.yaml line 1: employee: must be there"),
        ({"a.txt": ""}, "approvals: has no rows, at least 1 were expected; get it whole again"),
        ({}, "is not a folder; correct `path`"),
    ],
)
def test_a_bad_folder_stops_the_run(tmp_path: Path, files: dict[str, str], says: str) -> None:
    with pytest.raises(FactsError) as caught:
        approvals(tmp_path, files)
    assert says in str(caught.value)


def records(tmp_path: Path, text: str, *others: dict[str, Any]) -> Any:
    return merged(folder(tmp_path, {"records.yaml": text}, [RECORDS, *others]))


def test_records_are_taken_apart_and_put_together_again(tmp_path: Path) -> None:
    text = '- {id: "1", name: Name, employment: [], certifications: [], assignments: [], approvals: []}\n- {id: "2", employment: [{start: 2020-01-01}]}\n- {id: "3", x: y}\n'
    got, _ = records(tmp_path, text)
    assert employee(got, "1") == {
        "id": "1", "name": "Name", "employment": [], "assignments": [], "certifications": [], "approvals": [],
    }  # fmt: skip
    assert employee(got, "2") == {"id": "2", "employment": [{"start": "2020-01-01"}]}
    assert "records.yaml line 3: x: is not a known field" in got["3"].problem


def test_another_source_gives_a_list_that_is_absent(tmp_path: Path) -> None:
    text = '- {id: "1", email: one@example.org, employment: [{start: 2020-01-01}], assignments: [], approvals: []}\n- {id: "2", email: two@example.org, employment: [{start: 2020-01-01}]}\n'
    got, _ = records(tmp_path, text, SOURCES[3])
    assert len(employee(got, "1")["certifications"]) == 1
    assert employee(got, "2")["certifications"] == []
    assert "approvals" not in employee(got, "2")


def test_a_source_by_email_and_a_person_without(tmp_path: Path) -> None:
    text = '- {id: "1", email: one@example.org, employment: [{start: 2020-01-01}]}\n- {id: "2", employment: [{start: 2020-01-01}]}\n- {id: "3", employment: [{start: 2020-01-01}], certifications: []}\n'
    got, _ = records(tmp_path, text, SOURCES[3])
    assert len(employee(got, "1")["certifications"]) == 1
    assert "certifications" not in employee(got, "2")
    assert employee(got, "3")["certifications"] == []


def test_records_that_are_short_or_old_stop_the_run(tmp_path: Path) -> None:
    text = '- {id: "1", employment: [{start: 2020-01-01}]}'
    for expect, says in (
        ({"min_rows": 3}, "records: has 2 rows, at least 3"),
        ({"max_age_hours": 1}, "is 48 hours old"),
    ):
        config = folder(tmp_path, {"records.yaml": text}, [{**RECORDS, "expect": expect}])
        two_days_ago = time.time() - 48 * 3600
        os.utime(tmp_path / "records.yaml", (two_days_ago, two_days_ago))
        with pytest.raises(FactsError, match=says):
            merged(config)
    with pytest.raises(
        ConfigError, match=r"records: expect\.columns: facts in the project's own shape have no"
    ):
        merged(folder(tmp_path, sources=[{**RECORDS, "expect": {"columns": ["x"]}}]))


def test_a_file_of_records_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match=r"records: .*absent\.yaml: no such file or folder; correct `path`"):
        merged(folder(tmp_path, sources=[{**RECORDS, "path": "absent.yaml"}]))


def test_a_file_of_records_that_cannot_be_read_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match=r"records\.yaml line 1: id: 1 is not text; put it in quotes"):
        records(tmp_path, "- {id: 1}")
