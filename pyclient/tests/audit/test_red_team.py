# ruff: noqa: E501, S608 (tables of statements, with numbers of our own in them)
"""A red team: root with the store, the journal and the program's own code, against what a witness holds.

Each try starts from a store of six runs whose heads a witness has. Where a kind rewrites the record, it does
so as well as it can be done: with new hashes, with signatures of the key of the record, and with the rows of the
other tables made to fit. The owner of the store cannot change what the witness has.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from icaccess.audit.heads import check_heads, check_record, hand_over, read_heads
from icaccess.audit.keys import SigningKey, signing_key
from icaccess.config import Config, load_config
from icaccess.errors import AuditError, StoreError
from icaccess.store import audit
from icaccess.store.database import open_store
from icaccess.store.verify import verify
from icaccess.targets.ledger import LedgerTarget
from tests.audit.conftest import note
from tests.scripted import ScriptedClient, do, people

IDS = [f"{number}" for number in range(8)]
RUNS = 6
DOCS = Path(__file__).parents[3] / "docs"


class Scene(NamedTuple):
    """What the attacker has (store, key, backups after each run) and what the witness has."""

    folder: Path
    config: Config
    key: SigningKey

    @property
    def store(self) -> Path:
        return self.folder / "icaccess.db"

    @property
    def heads(self) -> Path:
        return self.folder / "witness.jsonl"

    def backup(self, run: int) -> Path:
        return self.folder / f"after-{run}.db"

    def sql(self, *statements: str) -> None:
        with sqlite3.connect(self.store) as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount > 0, statement
        connection.close()

    def run(self, number: int, store: Path | None = None) -> None:
        """One more run, whose head the witness gets."""
        with open_store(f"sqlite:///{store or self.store}", key=self.key) as opened:
            allowed = dict.fromkeys(random.Random(number).sample(IDS, 4), ("210",))
            do(opened, LedgerTarget(opened), ScriptedClient(allowed), people(*IDS), full=True)
            assert [one.problem for one in hand_over(opened, self.config, self.key)] == [""]

    def rewrite(self, change: Callable[[list[sqlite3.Row]], list[dict[str, object]]]) -> None:
        """Put other entries in the record's place, numbered, hashed and signed anew."""
        with sqlite3.connect(self.store) as connection:
            connection.row_factory = sqlite3.Row
            rows = change(connection.execute("SELECT * FROM audit ORDER BY seq").fetchall())
            connection.execute("DELETE FROM audit")
            last, signature = audit.GENESIS, None
            for seq, row in enumerate(rows, 1):
                what = (row["at"], row["kind"], row["run_id"], row["employee_id"], row["body"])
                last = audit.link(last, seq, *what)
                signed = row["signature"] and audit.sign(self.key, last, signature)
                signature = signed or signature
                connection.execute("INSERT INTO audit (seq, at, kind, run_id, employee_id, body, hash, signature)"
                                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, *what, last, signed))  # fmt: skip
        connection.close()

    def check(self) -> None:
        """What `icaccess audit verify --heads` does."""
        heads = read_heads(self.heads).heads
        check_heads(heads, self.key)
        with open_store(f"sqlite:///{self.store}", read_only=True) as store, store.reading() as connection:
            verify(connection, key=self.key)
            check_record(connection, heads)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store of six runs, with a backup after each."""
    folder = tmp_path_factory.mktemp("played")
    (folder / "config").mkdir()
    (folder / "config" / "icaccess.yaml").write_text(
        "audit: {key: ../audit.key, witnesses: [{type: file, path: ../witness.jsonl}]}\n"
    )
    scene = scene_in(folder)
    for number in range(1, RUNS + 1):
        scene.run(number)
        shutil.copy(scene.store, scene.backup(number))
    scene.check()
    return folder


def scene_in(folder: Path) -> Scene:
    return Scene(folder, load_config(folder / "config"), signing_key(folder / "audit.key", make=True))


@pytest.fixture
def scene(played: Path, tmp_path: Path) -> Iterator[Scene]:
    shutil.copytree(played, tmp_path / "try")
    yield scene_in(tmp_path / "try")


Attack = Callable[[Scene, random.Random], None]


def rewritten(scene: Scene, chance: random.Random) -> None:
    def change(rows: list[sqlite3.Row]) -> list[dict[str, object]]:
        changed = [dict(row) for row in rows]
        one = chance.choice([row for row in changed if row["kind"] == "intent"])
        body = json.loads(one["body"])
        body["reasons" if body["action"] == "revoke" else "basis"] = []
        one["body"] = audit.canonical(body).decode()
        return changed

    scene.rewrite(change)


def cut_at_the_end(scene: Scene, chance: random.Random) -> None:
    """Everything after a run is gone, the rows of the journal and the ledger as well."""
    run = chance.randrange(1, RUNS)
    older = scene.folder / "cut.db"
    shutil.copy(scene.backup(run), older)
    older.replace(scene.store)


def cut_inside_a_run(scene: Scene, chance: random.Random) -> None:
    run = chance.randrange(2, RUNS + 1)
    with sqlite3.connect(scene.store) as connection:
        gone = [n for (n,) in connection.execute("SELECT n FROM change WHERE run_id = ?", (run,))]
    connection.close()
    n = chance.choice(gone)

    def change(rows: list[sqlite3.Row]) -> list[dict[str, object]]:
        return [
            dict(row) for row in rows if not (row["run_id"] == run and json.loads(row["body"]).get("n") == n)
        ]

    scene.rewrite(change)
    scene.sql(f"DELETE FROM change WHERE run_id = {run} AND n = {n}")


def restored(scene: Scene, chance: random.Random) -> None:
    """An older backup is put in the place of the store, and runs go on from there, under the same numbers."""
    run = chance.randrange(1, RUNS)
    shutil.copy(scene.backup(run), scene.store)
    kept = scene.heads.read_bytes()
    for number in range(run + 1, RUNS + 1 + chance.randrange(2)):
        scene.run(number + 100)
    scene.heads.write_bytes(kept)  # the witness was not asked


def swapped(scene: Scene, chance: random.Random) -> None:
    def change(rows: list[sqlite3.Row]) -> list[dict[str, object]]:
        changed = [dict(row) for row in rows]
        pairs = [at for at in range(len(rows) - 2) if rows[at]["body"] != rows[at + 1]["body"]
                 and rows[at]["kind"] == rows[at + 1]["kind"]]  # fmt: skip
        at = chance.choice(pairs)
        one, other = changed[at], changed[at + 1]
        for name in ("kind", "run_id", "employee_id", "body"):
            one[name], other[name] = other[name], one[name]
        return changed

    scene.rewrite(change)


def back_dated(scene: Scene, chance: random.Random) -> None:
    """All entries of a run are of an earlier time, after those before them and before those after."""
    run = chance.randrange(1, RUNS + 1)

    def change(rows: list[sqlite3.Row]) -> list[dict[str, object]]:
        changed = [dict(row) for row in rows]
        first = next(at for at, row in enumerate(changed) if row["run_id"] == run)
        time = changed[first - 1]["at"] if first else "2020-01-01T00:00:00.000Z"
        for row in changed[first:] if chance.random() < 0.5 else changed[first : first + 1]:
            if row["run_id"] == run:
                row["at"] = time
        return changed

    scene.rewrite(change)


def consent_put_in(scene: Scene, chance: random.Random) -> None:
    plan, until = "c" * 64, "2099-01-01T00:00:00.000Z"
    with sqlite3.connect(scene.store) as connection:
        seq, at, last = connection.execute(
            "SELECT seq, at, hash FROM audit ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        values = {"plan_digest": plan, "given_at": at, "by": "chief", "reason": f"fine {chance.random()}",
                  "expires_at": until}  # fmt: skip
        connection.execute(
            'INSERT INTO consent (plan_digest, given_at, "by", reason, expires_at) VALUES (?, ?, ?, ?, ?)',
            list(values.values()),
        )
        if chance.random() < 0.7:
            row = (seq + 1, at, "consent", None, None, audit.canonical({**values, "findings": []}).decode())
            forged = None if chance.random() < 0.5 else "Zm9yZ2Vk"
            connection.execute("INSERT INTO audit (seq, at, kind, run_id, employee_id, body, hash, signature)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, audit.link(last, *row), forged))  # fmt: skip
    connection.close()


def journal_row(scene: Scene, chance: random.Random) -> None:
    run = chance.randrange(1, RUNS + 1)
    scene.sql(chance.choice([
        f"UPDATE change SET state = 'failed' WHERE run_id = {run} AND n = 1",
        f"UPDATE change SET employee_id = '7x' WHERE run_id = {run} AND n = 1",
        f"DELETE FROM change WHERE run_id = {run} AND n = 1",
        f"UPDATE run SET \"by\" = 'somebody else' WHERE id = {run}",
        f"UPDATE run SET as_of = '2025-09-09' WHERE id = {run}",
        f"UPDATE run SET plan_digest = NULL WHERE id = {run}",
        f"INSERT INTO change SELECT run_id, 999, target, action, employee_id, account, before, after, state, note, "
        f"batch, intended_at, settled_at, due_on FROM change WHERE run_id = {run} AND n = 1",
    ]))  # fmt: skip


def ledger_row(scene: Scene, chance: random.Random) -> None:
    scene.sql(chance.choice([
        "INSERT INTO access (target, account, employee_id, since) VALUES ('ledger', '99', '99', '2025-01-01')",
        "DELETE FROM access WHERE account = (SELECT min(account) FROM access)",
        "UPDATE access SET locations = '[\"999\"]' WHERE account = (SELECT max(account) FROM access)",
        "UPDATE access SET since = '2019-01-01' WHERE account = (SELECT min(account) FROM access)",
        "UPDATE access SET employee_id = '99' WHERE account = (SELECT max(account) FROM access)",
    ]))  # fmt: skip


def wal_left_out(scene: Scene, chance: random.Random) -> None:
    """The store is copied while it is open, without the file beside it that has the newest transactions."""
    run = chance.randrange(1, RUNS)
    shutil.copy(scene.backup(run), scene.store)
    scene.heads.write_text("".join(scene.heads.read_text().splitlines(keepends=True)[:run]))
    reader = sqlite3.connect(scene.store)
    reader.execute("PRAGMA journal_mode = WAL")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM audit").fetchone()  # nothing is moved out of the WAL meanwhile
    scene.run(run + 200)
    shutil.copy(scene.store, scene.folder / "copy.db")
    reader.close()
    for name in ("icaccess.db", "icaccess.db-wal", "icaccess.db-shm"):
        (scene.folder / name).unlink(missing_ok=True)
    (scene.folder / "copy.db").replace(scene.store)


def two_stores(scene: Scene, chance: random.Random) -> None:
    """A copy of the store goes on beside it, and both hand their heads to the witness."""
    other = scene.folder / "other.db"
    shutil.copy(scene.backup(chance.randrange(2, RUNS + 1)), other)
    for number in range(chance.randrange(1, 4)):
        scene.run(300 + chance.randrange(100), other)
        if number == 0:
            scene.run(400 + chance.randrange(100))


def replayed_head(scene: Scene, chance: random.Random) -> None:
    lines = scene.heads.read_bytes().splitlines(keepends=True)
    old = chance.choice(lines[:-1])
    scene.heads.write_bytes(b"".join([*lines, old]))


REWRITTEN = "other ones: it was rewritten after|does not extend the head of run"
CUT = "its end was cut off, or an older copy was put in its place"
KINDS: dict[str, tuple[Attack, str]] = {
    "rewritten": (rewritten, REWRITTEN),
    "cut at the end": (cut_at_the_end, CUT),
    "cut inside a run": (cut_inside_a_run, f"{REWRITTEN}|{CUT}"),
    "restored": (restored, f"{REWRITTEN}|{CUT}"),
    "swapped": (swapped, REWRITTEN),
    "back-dated": (back_dated, f"{REWRITTEN}|before the entry before it|differs from the audit record"),
    "consent put in": (consent_put_in, "is not signed|is not in the audit record; somebody wrote it"),
    "journal row": (journal_row, "the row was edited|its row was deleted|the audit record does not have it"),
    "ledger row": (ledger_row, "the row was edited|its row was deleted|the audit record does not have it"),
    "WAL left out": (wal_left_out, CUT),
    "two stores": (two_stores, f"which is larger|there are two records|{REWRITTEN}|{CUT}|a clock went back"),
    "replayed head": (replayed_head, "a head was replayed, or the record cut"),
}
TRIES = [(kind, number) for number in range(9) for kind in KINDS][:100]


@pytest.mark.parametrize(("kind", "number"), TRIES)
def test_it_is_found_and_named(scene: Scene, kind: str, number: int) -> None:
    attack, said = KINDS[kind]
    attack(scene, random.Random(f"{kind} {number}"))
    with pytest.raises((AuditError, StoreError), match=said):
        scene.check()


def test_a_stolen_key_changes_nothing_before_the_newest_head(scene: Scene) -> None:
    """Who steals the key can add an entry that passes; from the next head on it cannot be taken away again."""
    with open_store(f"sqlite:///{scene.store}", key=scene.key) as store:
        note(store, "a forged entry")
        scene.check()
        hand_over(store, scene.config, scene.key)
    scene.check()
    scene.rewrite(lambda rows: [dict(row) for row in rows if row["kind"] != "note"])
    with pytest.raises(AuditError, match=f"{REWRITTEN}|{CUT}"):
        scene.check()


AGAIN = "; get the file again from its keeper\n"


def run_script(*files: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, DOCS / "check_heads.py", *files], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def export(scene: Scene) -> Path:
    out = scene.folder / "export.jsonl"
    with open_store(f"sqlite:///{scene.store}", read_only=True) as store, store.reading() as connection:
        lines = [
            audit.canonical(one) for one in [*audit.entries(connection), {"head": audit.head(connection)}]
        ]
    out.write_bytes(b"\n".join(lines) + b"\n")
    return out


def test_the_script_in_docs_has_at_most_50_lines() -> None:
    lines = (DOCS / "check_heads.py").read_text().splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("files", [[], ["audit.pub"]], ids=["none", "one"])
def test_the_script_in_docs_says_what_it_takes(files: list[Path]) -> None:
    code, said = run_script(*files)
    assert code == 1
    assert said.endswith("python check_heads.py PUBLIC.pem HEADS.jsonl [EXPORT.jsonl]\n")
    assert said.count("\n") == 1


def test_the_script_in_docs_needs_public_key_and_heads_alone(scene: Scene) -> None:
    public = scene.folder / "audit.pub"
    public.write_text(scene.key.pem)
    assert run_script(public, scene.heads) == (0, f"{RUNS} heads are signed and consistent\n")
    code, said = run_script(public, scene.heads, export(scene))
    assert code == 0
    assert re.fullmatch(rf"{RUNS} heads are signed and consistent, and \d+ entries\n", said)
    wrong = "is not of this record, which was cut or rewritten; restore a backup"
    for kind in ("rewritten", "cut at the end"):
        KINDS[kind][0](scene, random.Random(kind))
        code, said = run_script(public, scene.heads, export(scene))
        assert (code, wrong in said) == (1, True)
    replayed_head(scene, random.Random(2))
    assert f"does not come after the one before it{AGAIN}" in run_script(public, scene.heads)[1]
    lines = scene.heads.read_text().splitlines(keepends=True)[:2]
    second = json.loads(lines[1])
    scene.heads.write_text(lines[0] + lines[1].replace(second["proof"][-1], second["proof"][-1][::-1]))
    assert "head 2 does not extend the one before it; restore the" in run_script(public, scene.heads)[1]
    forged = scene.heads.read_text().replace('"size":', '"size":1', 1)
    scene.heads.write_text(forged)
    assert run_script(public, scene.heads) == (1, f"head 1: is not signed with this key{AGAIN}")


def test_the_script_in_docs_tells_what_is_wrong(scene: Scene) -> None:
    public = scene.folder / "audit.pub"
    public.write_text(scene.key.pem)
    whole = scene.heads.read_bytes()
    for content, said in (
        (whole + b"garbage\n", "head 7: Expecting value"),
        (whole + b"{}\n", "head 7: 'signature'"),
        (whole[:-20], "head 6: Unterminated string"),
        (b"", "no head"),
    ):
        scene.heads.write_bytes(content)
        code, out = run_script(public, scene.heads)
        assert (code, out.count("\n"), out[: len(said)], out.endswith(AGAIN)) == (1, 1, said, True)
    code, out = run_script(scene.folder / "nowhere", scene.heads)
    assert (code, out.count("\n"), "No such file" in out) == (1, 1, True)
