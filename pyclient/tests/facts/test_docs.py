"""What docs/facts.md shows is what is read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from icaccess.cli.facts import places_of
from icaccess.config import load_config
from icaccess.facts import open_facts
from icaccess.facts.files import load
from icaccess.facts.sources import open_sources
from icaccess.models import Employee
from tests.facts.feeds import employee, merged
from tests.facts.sources.servers import Asked, Reply, serving

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
FILES, SETTINGS, APPROVAL, ROSTER = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_record_that_is_shown_is_valid(tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text(FILES, encoding="utf-8")
    (record,) = load([tmp_path / "facts.yaml"], load_config(tmp_path).zone).records()
    assert isinstance(record, Employee)


def test_the_settings_that_are_shown_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "icaccess.yaml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "approvals").mkdir()
    (tmp_path / "approvals" / "one.yaml").write_text(APPROVAL, encoding="utf-8")
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "jobs.csv").write_text(
        "EMPLID,JOBCODE,SITE,EFF_DT,END_DT\n1234,OFP1,210,08/01/2019,\n777,PRN3,210,08/01/2019,\nTRAILER,2\n"
    )
    (exports / "people.csv").write_text("EMPLID,MAIL\n1234,A@example.org\n777,b@example.org\n")
    (exports / "employment.csv").write_text(
        "EMPLID,HIRE_DT,TERM_DT\n1234,08/01/2019,\n777,08/01/2019,03/01/2024\n"
    )
    title = {"title": "Elementary Scheduling Certification"}
    done = {
        "user": {"email": "a@example.org"},
        "course": title,
        "status": "Completed",
        "completedAt": "2023-08-11T02:00:00Z",
    }
    failed = {**done, "status": "Failed"}

    def answer(asked: Asked) -> Reply:
        assert asked.headers["authorization"] == "Bearer t0ken"
        return Reply({"data": {"completions": [done, failed] if asked.query["offset"] == "0" else []}})

    monkeypatch.setenv("LMS_TOKEN", "t0ken")
    with serving(answer) as server:
        monkeypatch.setenv("LMS_URL", server.url)
        records, source = merged(load_config(tmp_path))
    assert employee(records, "001234")["certifications"] == [
        {"name": "Elementary Scheduling", "completed_on": "2023-08-10"}
    ]
    (approval,) = employee(records, "001234")["approvals"]
    assert (approval["approver"], approval["approver_jobs"][0]["role"]) == ("000777", "Principal")
    assert employee(records, "000777")["employment"][0]["end"] == "2024-02-29"
    assert list(source.issues()) == []
    monkeypatch.setenv("LMS_URL", "http://127.0.0.1:9/")
    assert all(
        "certifications" not in employee({r.id: r}, r.id) for r in open_facts(load_config(tmp_path)).records()
    )


def test_the_service_that_is_shown_is_asked_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    org = {"sourcedId": "o", "identifier": "210", "name": "Sample Elementary A", "type": "school"}

    def answer(asked: Asked) -> Reply:
        if asked.path == "/campus/oauth2/token":
            assert asked.query == {"appName": "sample"}
            return Reply({"access_token": "t0ken", "token_type": "bearer"})
        assert asked.path == "/campus/api/oneroster/v1p2/sample/ims/oneroster/rostering/v1p2/orgs"
        assert asked.headers["authorization"] == "Bearer t0ken"
        return Reply({"orgs": [org]}, headers={"X-Total-Count": "1"})

    monkeypatch.setenv("SIS_CLIENT_ID", "c")
    monkeypatch.setenv("SIS_CLIENT_SECRET", "s3cret")
    with serving(answer) as server:
        text = ROSTER.replace("https://sis.example.org", server.url)
        (tmp_path / "icaccess.yaml").write_text(text, encoding="utf-8")
        readers = open_sources(load_config(tmp_path), locations=True)
        assert places_of(readers) == {"210": {"type": "school", "name": "Sample Elementary A"}}


def test_the_command_that_measures_runs() -> None:
    command = [sys.executable, "benchmarks/merge.py", "200"]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert out.startswith("200 employees, 600 assignment, transcript and approval rows: ")
    assert " ".join(command[1:2]) in PAGE
