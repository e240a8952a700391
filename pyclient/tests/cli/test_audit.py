"""`icaccess audit` on the record that the examples leave."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from icaccess.audit.keys import signing_key
from icaccess.audit.replay import check_rules
from icaccess.errors import StoreError
from icaccess.store import history
from icaccess.store.database import open_store
from icaccess.store.schema import metadata
from icaccess.store.verify import verify
from tests.cli.test_changes import icaccess  # noqa: F401 (the fixture)
from tests.naming import mostly_slow

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def applied(tmp_path_factory):
    """The folder of a store in which the examples were adopted and applied; empty until `run` makes it."""
    return tmp_path_factory.mktemp("applied")


@pytest.fixture
def run(icaccess, tmp_path, applied):  # noqa: F811 (the fixture)
    """The command, on a store in which the examples were adopted and applied."""
    files = ("icaccess.db", "icaccess.db.key")
    if not any(applied.iterdir()):
        icaccess("adopt")
        icaccess("apply", "--yes")
        for name in files:
            shutil.copy(tmp_path / name, applied)
    for name in files:
        shutil.copy(applied / name, tmp_path)
    return lambda *arguments: icaccess("audit", *arguments, facts=None, at=None)


def test_a_record_that_is_whole(run, tmp_path):
    code, out, err = run("verify")
    assert (code, out) == (0, "The record is whole: 127 entries.\n")
    assert "give --heads or --head" in err
    kept = tmp_path / "kept.jsonl"
    assert run("export", "--out", kept)[0] == 0
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert len(lines) == 128
    assert lines[-1]["head"] == {"seq": 127, "hash": lines[-2]["hash"]}
    assert run("verify", "--head", kept)[:2] == (
        0,
        "The record is whole: 127 entries, and holds entry 127 as it was exported.\n",
    )
    assert run("export")[1] == kept.read_text()


def test_an_edited_row_is_named_in_one_line_and_nothing_is_logged(run, tmp_path, caplog):
    for table, edit in (("access", "since = '2001-01-01'"), ("change", "note = 'x'"), ("run", "by = 'x'")):
        edited = tmp_path / f"{table}.db"
        shutil.copy(tmp_path / "icaccess.db", edited)
        shutil.copy(tmp_path / "icaccess.db.key", f"{edited}.key")
        with sqlite3.connect(edited) as connection:
            connection.execute(f"UPDATE {table} SET {edit} WHERE rowid = (SELECT min(rowid) FROM {table})")  # noqa: S608 (both are above)
        connection.close()
        code, out, err = run("verify", "--store", f"sqlite:///{edited}")
        assert (code, out) == (1, "")
        assert err.endswith("differs from the audit record; the row was edited\n")
        assert err.count("\n") == 1
    gc.collect()
    assert caplog.text == ""  # SQLAlchemy logs a traceback for a cursor that outlives its connection


@pytest.mark.usefixtures("run")
def test_an_edited_day_or_number_of_a_run_is_one_line(icaccess, tmp_path):  # noqa: F811 (the fixture)
    for edit, said in (
        ("UPDATE run SET as_of = 'not a day'", "its day was edited in the store"),
        ("UPDATE change SET run_id = 'zzz'", "is of no run: the store was edited"),
    ):
        edited = tmp_path / "edited.db"
        shutil.copy(tmp_path / "icaccess.db", edited)
        shutil.copy(tmp_path / "icaccess.db.key", f"{edited}.key")
        with sqlite3.connect(edited) as connection:
            connection.execute(edit)
        connection.close()
        code, _, err = icaccess("report", "--out", tmp_path / "report", "--store", f"sqlite:///{edited}")
        assert (code, err.count("\n")) == (1, 1)
        assert said in err
        assert "restore a backup, and see `icaccess audit verify`" in err


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
    assert err.endswith(", yet entry 127 was exported: its end was cut off\n")
    with sqlite3.connect(tmp_path / "icaccess.db") as connection:
        first = "(SELECT min(seq) FROM audit WHERE kind = 'access')"
        connection.execute(f"UPDATE audit SET body = replace(body, '210', '211') WHERE seq = {first}")  # noqa: S608 (above)
        number = connection.execute(f"SELECT {first}").fetchone()[0]
    connection.close()
    code, _, err = run("verify")
    assert (code, err) == (
        1,
        f"icaccess: audit entry {number}: does not match its hash: it was changed\n",
    )


def test_what_is_kept_of_people_and_rules_is_verified(run, tmp_path):
    store = tmp_path / "icaccess.db"
    with sqlite3.connect(store) as connection:
        contents = connection.execute("SELECT digest FROM content").fetchall()
    connection.close()
    assert len(contents) == 78  # 76 people, the policy and the policy data
    whole = store.read_bytes()
    named = set()
    for digest in contents[::9] + contents[-1:]:
        with sqlite3.connect(store) as connection:
            connection.execute(
                "UPDATE content SET data = CAST(data || x'00' AS BLOB) WHERE digest = ?", digest
            )
        connection.close()
        code, out, err = run("verify")
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.endswith(" was changed; restore a backup\n"), err
        named.add(err)
        store.write_bytes(whole)
    assert len(named) == len(contents[::9]) + 1
    policies = list(run_revisions(store))
    for revision in policies:
        tree = {"x.rego": "cGFja2FnZSB4"}
        with open_store(f"sqlite:///{store}") as opened, opened.writing() as connection:
            connection.execute(sqlalchemy.text("DELETE FROM content WHERE base IS NULL AND digest NOT IN "
                                               "(SELECT content FROM history)"))  # fmt: skip
            history.keep_content(connection, revision, json.dumps(tree).encode())
        assert (
            run("verify")[2] == f"icaccess: what is kept of {revision[:12]} was changed; restore a backup\n"
        )
        store.write_bytes(whole)
    assert len(policies) == 2


@pytest.mark.parametrize("value", mostly_slow(["x'fffe'", "5", "'zz'", "CAST(x'eda080' AS TEXT)"]))
def test_a_value_of_any_type_in_any_column_is_found(run, tmp_path, value):
    """SQLite keeps any type in any column, so an edit may be one that Python's code does not expect."""
    key = signing_key(tmp_path / "icaccess.db.key", make=False)
    whole, tries = (tmp_path / "icaccess.db").read_bytes(), 0
    for table in (one for one in metadata.sorted_tables if one.name not in ("lock", "waiting", "notice")):
        names = ",".join(table.primary_key.columns.keys())
        for column in (one.name for one in table.columns):
            edited = tmp_path / "edited.db"
            edited.write_bytes(whole)
            row = f'({names}) = (SELECT {names} FROM "{table.name}" ORDER BY {names} DESC LIMIT 1)'  # noqa: S608 (of our schema)
            with closing(sqlite3.connect(edited)) as connection, connection:
                try:
                    done = connection.execute(f'UPDATE "{table.name}" SET "{column}" = {value} WHERE {row}')  # noqa: S608 (of our schema)
                except sqlite3.IntegrityError:  # a column that refers to another, or may not be repeated
                    continue
            if not done.rowcount:  # the table is empty
                break
            tries += 1
            with (
                open_store(f"sqlite:///{edited}", read_only=True) as store,
                pytest.raises(StoreError) as found,
                store.reading() as connection,
            ):
                verify(connection, key=key)
                check_rules(connection)
                pytest.fail(f"{table}.{column} = {value} passes")
            assert "\n" not in str(found.value)
    assert tries > 50


def run_revisions(store):
    """The revisions of policy and policy data that the runs of a store name."""
    with sqlite3.connect(store) as connection:
        found = connection.execute("SELECT policy_revision, data_revision FROM run WHERE kind = 'apply'")
        revisions = found.fetchone()
    connection.close()
    return revisions


def test_lines_without_a_head_are_told(run, icaccess, tmp_path):  # noqa: F811 (the fixture)
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    heads = tmp_path / "heads.jsonl"
    with (config / "icaccess.yaml").open("a") as settings:
        settings.write(f"audit: {{witnesses: [{{type: file, path: {heads}}}]}}\n")
    assert icaccess("apply", "--yes", "--config", config)[0] == 0
    assert run("verify", "--heads", heads)[::2] == (0, "")
    heads.write_bytes(heads.read_bytes() + b"garbage\n")
    code, _, err = run("verify", "--heads", heads)
    assert (code, err.count("\n"), "heads.jsonl: no head on line 2; look there" in err) == (0, 1, True)
    assert json.loads(run("verify", "--heads", heads, "--format", "json")[1])["other_lines"] == [2]


def test_a_record_without_any_signature_is_told(run, tmp_path):
    with sqlite3.connect(tmp_path / "icaccess.db") as connection:
        connection.execute("UPDATE audit SET signature = NULL")
    connection.close()
    assert "No entry is signed, though the record has a key" in run("verify")[2]


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
        "icaccess: /dev/full: the export cannot be written there: No space left on device; free some space\n",
    )


@pytest.mark.parametrize("asked", ["export", "runs"])
def test_a_reader_that_goes_away_and_a_full_disk(run, tmp_path, asked):
    own = ["--config", ROOT / "config", "--store", f"sqlite:///{tmp_path}/icaccess.db"]
    command = [sys.executable, "-m", "icaccess", "audit", asked, *own]
    unread, output = os.pipe()
    os.close(unread)
    with os.fdopen(output, "wb") as pipe, Path("/dev/full").open("wb") as full:
        left = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
        no_space = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (left.returncode, left.stderr) == (141, "")
    assert (no_space.returncode, no_space.stderr) == (
        1,
        "icaccess: cannot write the output: No space left on device; free some space\n",
    )


def test_a_past_decision_is_made_again(run, icaccess, tmp_path):  # noqa: F811 (the fixture)
    icaccess("apply", "--yes", at="2027-07-20")
    code, out, _ = run("replay", "100501", "--at", "2027-06-29")
    assert code == 0
    assert out.splitlines()[1:] == [
        "  100501  expired, revoke",
        "    certification_expired (ES-12): Elementary Scheduling, last completed 2023-08-09, was valid "
        "through 2026-06-30.",
        "This is the decision that was recorded.",
    ]
    undecided = run("replay", "100801", "--at", "2027-06-29")[1].splitlines()[2]
    assert undecided == "    facts_missing: Undecided, since nobody looked up: approvals."
    code, out, _ = run("replay", "100206", "--at", "2027-07-01")
    assert (code, out.splitlines()[0]) == (0, "No run was for 2027-07-01; the newest before it decided.")
    assert "100206  allow, grant (211)" in out
    assert "100206  allow, keep (211)" in run("replay", "100206", "--at", "2027-07-20")[1]
    assert "nothing is kept of this id" in run("replay", "nobody", "--at", "2027-07-01")[2]
    assert "no run for 2020-01-01" in run("replay", "100501", "--at", "2020-01-01")[2]
    key = signing_key(tmp_path / "icaccess.db.key", make=False)
    url = f"sqlite:///{tmp_path}/icaccess.db"
    with open_store(url, key=key) as store, store.writing() as connection:
        kept = history.find(connection, "100501", "2100-01-01T00:00:00.000Z")
        assert not {"name", "email", "username"} & kept.facts.keys()
        connection.execute(sqlalchemy.text("DELETE FROM history WHERE employee_id = '100501'"))
        other = {"facts": kept.facts, "decision": {**kept.decision, "outcome": "allow"}}
        history.keep(connection, store.now(), {"100501": json.dumps(other).encode()})
        connection.execute(sqlalchemy.text("UPDATE history SET at = 0 WHERE employee_id = '100501'"))
    code, _, err = run("replay", "100501", "--at", "2027-07-20")
    assert code == 1
    assert 'differs from this one: outcome: recorded "allow", now "expired"' in err


def test_a_run_without_a_record_has_no_decision_to_repeat(run, icaccess, tmp_path):  # noqa: F811 (the fixture)
    shutil.copytree(ROOT / "examples" / "facts", tmp_path / "facts")
    facts = tmp_path / "facts" / "settled.yaml"
    whole = facts.read_text()
    facts.write_text(whole.replace('- id: "100101"', '- id: "999101"'))
    assert facts.read_text() != whole
    assert icaccess("apply", "--yes", facts=tmp_path / "facts", at="2027-06-30")[0] == 0
    facts.write_text(whole)
    assert icaccess("apply", "--yes", facts=tmp_path / "facts", at="2027-07-01")[0] == 0
    assert "100101  allow" in run("replay", "100101", "--at", "2027-06-29")[1]
    code, _, err = run("replay", "100101", "--at", "2027-06-30")
    assert (code, "100101: nothing is kept of this id for 2027-06-30" in err) == (1, True)
    assert "100101  allow" in run("replay", "100101", "--at", "2027-07-01")[1]
    assert run("verify")[0] == 0


def test_what_was_kept_goes_when_nothing_is_to_be_kept(run, icaccess, tmp_path):  # noqa: F811 (the fixture)
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    assert run("replay", "100501", "--at", "2027-06-29")[0] == 0
    with (config / "icaccess.yaml").open("a") as settings:
        settings.write("audit: {history: {years: 0}}\n")
    assert icaccess("apply", "--yes", "--config", config, at="2027-07-20")[0] == 0
    icaccess("apply", "--yes", at="2027-07-21")
    code, _, err = run("replay", "100501", "--at", "2027-07-21")
    assert (code, "nothing is kept of this id" in err) == (1, True)
    assert run("verify")[0] == 0


def test_a_past_decision_is_made_by_the_policy_of_its_day(run, icaccess, tmp_path, monkeypatch):  # noqa: F811 (the fixture)
    new = tmp_path / "new"
    shutil.copytree(ROOT / "policy", new / "policy")
    shutil.copytree(ROOT / "config", new / "config")
    data = new / "config" / "requirements" / "data.yaml"
    nobody = re.sub(r"(?m)^roles: .*", "roles: [Nobody]", data.read_text())
    data.write_text(re.sub(r"(?m)^school_location_types: .*", "school_location_types: [office]", nobody))
    monkeypatch.delenv("ICACCESS_OPA_URL")  # so that a command starts an OPA on the folders that it is given
    folders = ("--policy", new / "policy", "--config", new / "config")
    _, _, err = icaccess("apply", "--yes", *folders, at="2027-07-20")
    consent = (*err.split("--allow ")[1].split()[:1], "--by", "me", "--reason", "a new policy")
    assert icaccess("apply", "--yes", "--allow", *consent, *folders, at="2027-07-20")[0] == 0
    for options in ((), folders):
        before = run("replay", "100606", "--at", "2027-06-29", *options)
        after = run("replay", "100606", "--at", "2027-07-20", *options)
        assert [code for code, _, _ in (before, after)] == [0, 0]
        assert "100606  allow" in before[1]
        assert "role_not_eligible (ES-2)" in after[1]
        assert before[1].splitlines()[0].split("policy ")[1:] != after[1].splitlines()[0].split("policy ")[1:]


def test_a_key_that_is_missing_is_named_and_no_other_is_made(run, icaccess, tmp_path):  # noqa: F811 (the fixture)
    key = tmp_path / "icaccess.db.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    code, _, err = icaccess("apply", "--yes")
    assert (code, err) == (
        1,
        f"icaccess: {key}: the audit record is signed, and its key is missing here; "
        "restore the key from a backup\n",
    )
    code, out, _ = icaccess("doctor")
    assert code == 1
    assert "the audit record is signed, and its key is missing here" in out
    assert not key.exists()
    assert "its key is not here; give the public key" in run("verify")[2]
