"""`icaccess audit` on the record that the examples leave."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.cli.test_changes import icaccess  # noqa: F401 (the fixture)


@pytest.fixture
def run(icaccess, tmp_path):  # noqa: F811 (the fixture)
    """The command, on a store in which the examples were adopted and applied."""
    icaccess("adopt")
    icaccess("apply", "--yes")
    return lambda *arguments: icaccess("audit", *arguments, facts=None, at=None)


def test_a_record_that_is_whole(run, tmp_path):
    code, out, err = run("verify")
    assert (code, out) == (0, "The record is whole: 121 entries.\n")
    assert "give --heads or --head" in err
    kept = tmp_path / "kept.jsonl"
    assert run("export", "--out", kept)[0] == 0
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert len(lines) == 122
    assert lines[-1]["head"] == {"seq": 121, "hash": lines[-2]["hash"]}
    assert run("verify", "--head", kept)[:2] == (
        0,
        "The record is whole: 121 entries, and holds entry 121 as it was exported.\n",
    )
    assert run("export")[1] == kept.read_text()


def test_tampering_is_found(run, tmp_path):
    kept = tmp_path / "kept.jsonl"
    run("export", "--out", kept)
    with sqlite3.connect(tmp_path / "icaccess.db") as connection:
        cut = "DELETE FROM audit WHERE seq > (SELECT max(seq) FROM audit WHERE signature > '' AND seq < 100)"
        connection.execute(cut)
    connection.close()
    assert run("verify")[2] == "icaccess: run 2: differs from the audit record; the row was edited\n"
    code, out, err = run("verify", "--head", kept)
    assert (code, out) == (1, "")
    assert err.endswith(", yet entry 121 was exported: its end was cut off\n")
    with sqlite3.connect(tmp_path / "icaccess.db") as connection:
        connection.execute("UPDATE audit SET body = replace(body, '210', '211') WHERE seq = 2")
    connection.close()
    code, _, err = run("verify")
    assert (code, err) == (
        1,
        "icaccess: audit entry 2: does not match its hash: it was changed\n",
    )


def test_one_person_s_story(run):
    code, out, _ = run("show", "100501")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("Run 1, 20")
    assert "adopted the current access for 2027-06-29 at ledger" in lines[0]
    assert "held access for 210 since 2023-08-16 on the first day" in lines[1]
    assert lines[2].startswith("Run 2, 20")
    assert "applied a plan for 2027-06-29 at ledger (policy " in lines[2]
    assert "revoke decided; certification_expired: Elementary Scheduling, last completed" in lines[3]
    assert [line.split("  ")[-1] for line in lines[4:]] == [
        "revoke made",
        "revoke verified: the target shows it",
    ]
    code, out, _ = run("show", "100206")
    assert "grant decided: access for 211; " in out
    assert "approved " in out


def test_an_id_that_the_record_does_not_know(run):
    assert run("show", "nobody") == (1, "", "icaccess: nobody: the record has no entry about this id\n")


def test_a_file_that_is_no_export(run, tmp_path):
    (tmp_path / "x").write_text("x")
    assert "its last line is no head" in run("verify", "--head", tmp_path / "x")[2]
    assert "cannot be read" in run("verify", "--head", tmp_path / "none")[2]


def test_a_store_that_is_not_there(run, tmp_path):
    code, _, err = run("verify", "--store", f"sqlite:///{tmp_path}/none.db")
    assert (code, err.count("\n")) == (1, 1)
    assert "there is no store yet" in err


def test_a_store_that_was_emptied_is_not_whole(run, tmp_path):
    (tmp_path / "empty.db").touch()
    code, out, err = run("verify", "--store", f"sqlite:///{tmp_path}/empty.db")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "is empty" in err


def test_a_full_disk_is_named(run):
    assert run("export", "--out", "/dev/full") == (
        1,
        "",
        "icaccess: /dev/full: the export cannot be written there: No space left on device\n",
    )
