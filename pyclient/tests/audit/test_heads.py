"""Heads: handed to witnesses after each run, and held against the record when it is verified."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from unittest.mock import Mock

import msgspec
import pytest
from sqlalchemy import text

from icaccess.audit.heads import (
    WitnessedHeads,
    check_heads,
    check_record,
    hand_over,
    newest,
    read_heads,
    record_key,
)
from icaccess.audit.keys import PublicKey, SigningKey, public_key, signing_key
from icaccess.audit.witnesses import SignedHead
from icaccess.config import Config, load_config
from icaccess.errors import AuditError, ConfigError, StoreError
from icaccess.store import audit
from icaccess.store.database import Store, open_store
from icaccess.store.verify import verify
from tests.audit.conftest import note


def key_of(settings: Config) -> SigningKey:
    key = record_key(settings, "postgresql://nowhere/x")
    assert key is not None
    return key


def witness_of(settings: Config) -> Path:
    return settings.directory.parent / "witness" / "heads.jsonl"


def check(store: Store, heads: list[SignedHead], key: PublicKey) -> None:
    check_heads(heads, key)
    with store.reading() as connection:
        verify(connection, key=key)
        check_record(connection, heads)


def grown(store: Store, settings: Config, runs: int = 3) -> list[SignedHead]:
    """The heads that a witness has after some runs of a few entries each."""
    for run in range(1, runs + 1):
        note(store, *(f"run {run}, entry {number}" for number in range(run + 1)), run=run)
        (receipt,) = hand_over(store, settings, key_of(settings))
        assert not receipt.problem
    return read_heads(witness_of(settings)).heads


def test_each_run_hands_over_one_head_of_a_longer_record(signed: Store, settings: Config) -> None:
    heads = grown(signed, settings)
    assert [(head.run, head.size, head.previous) for head in heads] == [(1, 2, 0), (2, 6, 2), (3, 11, 6)]
    check(signed, heads, key_of(settings))
    with signed.reading() as connection:
        assert newest(connection) == heads[-1]


def test_no_head_is_handed_over_twice_or_of_no_entries(signed: Store, settings: Config) -> None:
    assert hand_over(signed, settings, key_of(settings)) == ()
    note(signed, "one")
    assert len(hand_over(signed, settings, key_of(settings))) == 1
    assert hand_over(signed, settings, key_of(settings)) == ()
    assert len(read_heads(witness_of(settings)).heads) == 1


def test_a_witness_that_fails_is_named_and_gets_the_next(signed: Store, settings: Config) -> None:
    blocked = witness_of(settings)
    blocked.mkdir(parents=True)
    note(signed, "one")
    (receipt,) = hand_over(signed, settings, key_of(settings))
    advice = "correct its folder, or name another file"
    said = f"heads.jsonl: the head cannot be written there: Is a directory; {advice}"
    assert receipt.problem.endswith(said)
    blocked.rmdir()
    note(signed, "two")
    (receipt,) = hand_over(signed, settings, key_of(settings))
    assert not receipt.problem
    check(signed, read_heads(blocked).heads, key_of(settings))


def test_a_line_cut_short_does_not_swallow_the_next(signed: Store, settings: Config) -> None:
    grown(signed, settings, 1)
    file = witness_of(settings)
    file.write_bytes(file.read_bytes() + b'{"at":"2027')
    note(signed, "more")
    hand_over(signed, settings, key_of(settings))
    assert [head.size for head in read_heads(file).heads] == [2, 4]


def test_lines_that_hold_no_head_are_named(signed: Store, settings: Config) -> None:
    heads = grown(signed, settings)
    file = witness_of(settings)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"garbage\n" + lines[0] + b"\n" + lines[1] + b'{"at":"2027\n' + lines[2] + b"{}\n")
    assert read_heads(file) == WitnessedHeads(heads, [1, 5, 7])


def test_heads_are_found_in_the_lines_of_a_log(signed: Store, settings: Config, tmp_path: Path) -> None:
    heads = grown(signed, settings)
    log = tmp_path / "auth.log"
    log.write_bytes(
        b"".join(b"Nov 28 10:00:00 host icaccess-audit: " + head.short_line() + b"\n" for head in heads)
        + b"Nov 28 10:00:01 host sshd: session opened\n"
    )
    check(signed, read_heads(log).heads, key_of(settings))


def test_a_record_that_was_rewritten_is_found(signed: Store, settings: Config, tmp_path: Path) -> None:
    heads = grown(signed, settings)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "icaccess.yaml").write_text("audit: {key: ../apart/audit.key}\n")
    with open_store(f"sqlite:///{tmp_path}/other.db", key=key_of(settings)) as other:
        for run in range(1, 4):
            note(other, *(f"run {run}, ENTRY {number}" for number in range(run + 1)), run=run)
            assert hand_over(other, load_config(elsewhere), key_of(settings)) == ()
        with pytest.raises(AuditError, match="first 2 entries are other ones: it was rewritten after its"):
            check(other, heads, key_of(settings))


def test_a_record_whose_end_was_cut_off_is_found(signed: Store, settings: Config) -> None:
    heads = grown(signed, settings)
    with signed.writing() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq > 7"))
    with signed.reading() as connection:
        assert verify(connection, key=key_of(settings)).seq == 7  # whole in itself
    with pytest.raises(AuditError, match="ends at entry 7, and the head of run 3 stands for 11 entries"):
        check(signed, heads, key_of(settings))


@pytest.mark.parametrize("field", ["at", "hash", "run", "size", "previous", "signature", "key"])
def test_a_head_that_was_changed_is_found(signed: Store, settings: Config, field: str) -> None:
    heads = grown(signed, settings)
    other = {"at": "2020-01-01T00:00:00.000Z", "hash": "0" * 64, "run": 9, "size": 5, "previous": 1,
             "signature": heads[0].signature, "key": "0" * 16}[field]  # fmt: skip
    heads[1] = msgspec.structs.replace(heads[1], **{field: other})
    with pytest.raises(AuditError, match=r"is not signed by the key|is of the key '0{16}'"):
        check_heads(heads, key_of(settings))


def test_a_changed_proof_and_a_replayed_head_are_found(signed: Store, settings: Config) -> None:
    heads = grown(signed, settings)
    assert heads[2].proof
    changed = msgspec.structs.replace(heads[2], proof=("0" * 64, *heads[2].proof[1:]))
    with pytest.raises(AuditError, match="the head of run 3: does not extend the head of run 2"):
        check_heads([*heads[:2], changed], key_of(settings))
    with pytest.raises(AuditError, match="the head of run 1: comes after the head of run 3, which is larger"):
        check_heads([*heads, heads[0]], key_of(settings))


def test_an_entry_without_the_key_stops_the_next_run(signed: Store, settings: Config, store_url: str) -> None:
    heads = grown(signed, settings)
    with signed.writing() as connection:
        end = audit.head(connection)
        row = (end.seq + 1, signed.now(), "consent", None, None, "{}")
        connection.execute(
            text("INSERT INTO audit (seq, at, kind, body, hash) VALUES (:seq, :at, 'consent', '{}', :hash)"),
            {"seq": row[0], "at": row[1], "hash": audit.link(end.hash, *row)},
        )
    with pytest.raises(StoreError, match="audit entry 13: is not signed"):
        check(signed, heads, key_of(settings))
    with pytest.raises(StoreError, match="audit entry 13: is not signed"):
        note(signed, "next run")


def test_a_signed_record_takes_entries_of_its_key_alone(
    signed: Store, settings: Config, store_url: str, tmp_path: Path
) -> None:
    grown(signed, settings)
    with open_store(store_url) as keyless, pytest.raises(StoreError, match="is signed, and no key is given"):
        note(keyless, "x")
    other = signing_key(tmp_path / "other.key", make=True)
    with (
        open_store(store_url, key=other) as foreign,
        pytest.raises(StoreError, match="is not signed with the key"),
    ):
        note(foreign, "x")


def test_an_unsigned_record_can_be_signed_from_then_on(store_url: str, settings: Config) -> None:
    with open_store(store_url) as store:
        note(store, "before there was a key")
    with open_store(store_url, key=record_key(settings, store_url, make=True)) as store:
        note(store, "with the key")
        hand_over(store, settings, key_of(settings))
        check(store, read_heads(witness_of(settings)).heads, key_of(settings))


def test_a_signature_that_was_removed_is_found(signed: Store, settings: Config) -> None:
    with signed.writing() as connection:  # several signatures within one instant
        for number in range(6):
            audit.append(connection, signed.now(), [audit.Draft(kind="note", body={"n": number})] * 2)
    for seq in range(2, 14, 2):
        with signed.engine.connect() as connection:
            connection.execute(text("UPDATE audit SET signature = NULL WHERE seq = :seq"), {"seq": seq})
            named = (
                seq + 2 if seq < 12 else 11
            )  # the next signature covers it, and after the last there is none
            with pytest.raises(StoreError, match=f"audit entry {named}: is not signed"):
                verify(connection, key=key_of(settings))
            connection.rollback()


def test_the_time_of_the_record_never_goes_back(signed: Store) -> None:
    note(signed, "now")
    with signed.writing() as connection, pytest.raises(StoreError, match="the clock is wrong: it is 2019-"):
        audit.append(connection, "2019-01-01T00:00:00.000Z", [audit.Draft(kind="note", body={})])


def test_the_store_is_made_before_its_key(settings: Config, tmp_path: Path) -> None:
    """Else a run that is killed between the two leaves a key beside an empty store, which is refused."""
    record_key(settings, f"sqlite:///{tmp_path}/new.db", make=True)
    with open_store(f"sqlite:///{tmp_path}/new.db", read_only=True) as store:
        assert not store.is_absent


def test_witnesses_need_a_key(tmp_path: Path) -> None:
    (tmp_path / "icaccess.yaml").write_text("audit: {witnesses: [{type: file, path: x}]}\n")
    with pytest.raises(ConfigError, match=r"audit\.key: is required with witnesses"):
        record_key(load_config(tmp_path), "postgresql://nowhere/x")


def test_services_that_start_together_make_one_key(tmp_path: Path) -> None:
    count = 8
    for number in range(20):
        file, start = tmp_path / f"{number}.key", Barrier(count)

        def made(file: Path = file, start: Barrier = start) -> str:
            start.wait()
            return signing_key(file, make=True).id

        with ThreadPoolExecutor(count) as pool:
            ids = {one.result() for one in [pool.submit(made) for _ in range(count)]}
        assert ids == {signing_key(file, make=False).id}
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(f"{n}.key" for n in range(20))


def test_a_key_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="cannot be made: Not a directory; let this user write"):
        signing_key(tmp_path / "file" / "audit.key", make=True)


def test_a_key_that_this_user_may_not_read_is_not_to_be_made_anew(monkeypatch, tmp_path: Path) -> None:
    file = tmp_path / "audit.key"
    signing_key(file, make=True)
    monkeypatch.setattr(Path, "read_bytes", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(ConfigError, match=r"Permission denied; let this user read it$"):
        signing_key(file, make=True)


def test_the_key_s_file(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "audit.key"
    key = signing_key(file, make=True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert signing_key(file, make=True).id == key.id
    public = tmp_path / "audit.pub"
    public.write_text(key.pem)
    assert public_key(public).signed(b"message", key.sign(b"message"))
    assert not public_key(public).signed(b"messages", key.sign(b"message"))
    assert not public_key(public).signed(b"message", "no Base64!")
    file.chmod(0o620)
    with pytest.raises(ConfigError, match="other users can write this audit key"):
        signing_key(file, make=False)
    with pytest.raises(ConfigError, match="the audit key cannot be read: No such file"):
        signing_key(tmp_path / "none", make=False)
    with pytest.raises(ConfigError, match="is not an unencrypted PEM key; restore it from a backup"):
        signing_key(public, make=False)
    with pytest.raises(
        ConfigError, match="is not an unencrypted PEM key; write one with: icaccess audit key"
    ):
        public_key(file)
