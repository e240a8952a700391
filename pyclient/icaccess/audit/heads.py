"""Heads of the audit record: signed, handed to witnesses after each run, and held against the record later.

A head is the root of the Merkle tree over the hashes of all entries at a moment. Each proves that the record
only grew since the head before it, so heads alone show whether somebody rewrote what they stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from icaccess.audit.keys import PublicKey, SigningKey, signing_key
from icaccess.audit.tree import MerkleTree, consistency_spans, extends
from icaccess.audit.witnesses import AnyWitness, AuditSettings, SignedHead, TimeStampWitness
from icaccess.config import Config
from icaccess.errors import AuditError, ConfigError, IcaccessError, StoreError, file_errors
from icaccess.files import file_to_read
from icaccess.store import audit as record
from icaccess.store.audit import Draft
from icaccess.store.database import Store, open_store
from icaccess.store.settings import file_of
from icaccess.text import how_many

KIND = "head"
"""The kind of entry that holds a head and its receipts."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of handing one head to one witness: its receipt, or the problem."""

    witness: str
    receipt: str = ""
    problem: str = ""

    @property
    def warning(self) -> str:
        """The problem as a sentence; empty where the head was handed over."""
        if not self.problem:
            return ""
        return f"The audit record's head was not handed to {self.witness}: {self.problem}"


class HeadEntry(msgspec.Struct, frozen=True):
    """The body of the entry that records a head."""

    head: SignedHead
    receipts: tuple[Receipt, ...]


def key_file(config: Config, store_url: str) -> Path | None:
    """Where the key that signs the record is: as configured, else beside a store that is a file.

    None for a store on a server without a configured key: its record is not signed. `ConfigError` when there
    are witnesses then.
    """
    settings = config.section("audit", AuditSettings)
    store = file_of(store_url)
    if settings.key or store is not None:
        return config.path(settings.key) if settings.key else Path(f"{store}.key")
    if settings.witnesses:
        raise ConfigError(f"{config.file}: audit.key: is required with witnesses; name a file for the key")
    return None


def record_key(config: Config, store_url: str, *, make: bool = False) -> SigningKey | None:
    """The key that signs the record; None where there is none, or none yet.

    With `make`, a key that is missing is made, unless the record is signed already: then the key was lost,
    and `AuditError` says so.
    """
    file = key_file(config, store_url)
    if file is None or (not make and not file.exists()):
        return None
    if not file.exists():
        # The store is made first: one that is empty beside its key has lost what it held.
        with open_store(store_url) as store:
            check_key(file, store)
    return signing_key(file, make=True)


def check_key(file: Path, store: Store) -> None:
    """`AuditError` when the record of a store is signed and the file of its key is missing."""
    with store.reading() as connection:
        if not file.exists() and record.is_signed(connection):
            raise AuditError(
                f"{file}: the audit record is signed, and its key is missing here; restore the key from "
                "a backup"
            )


def hand_over(store: Store, config: Config, key: SigningKey | None) -> tuple[Receipt, ...]:
    """Sign the record's head, hand it to every witness, and record head and receipts.

    A witness that cannot be reached is a receipt with a `problem`: the next head goes to it again. So is a
    store that fails now, when a run has ended already. Nothing is done without a key or a witness, or where
    nothing was recorded since the last head.
    """
    if key is None or not _witnesses(config):
        return ()
    try:
        with store.reading() as connection:
            before, end = newest(connection), record.head(connection)
            if end.seq == 0 or (before is not None and end.seq == before.size + 1):
                return ()
            head = _sign(connection, key, 0 if before is None else before.size, end.seq, store.now())
        receipts = tuple(_hand_over(witness, head, config) for witness in _witnesses(config))
        body = msgspec.to_builtins(HeadEntry(head, receipts))
        with store.writing() as connection:
            record.append(connection, store.now(), [Draft(kind=KIND, run_id=head.run, body=body)])
    except StoreError as error:
        return (Receipt(witness="any witness", problem=str(error)),)
    return receipts


def newest(connection: Connection) -> SignedHead | None:
    """The newest head that the record holds."""
    entry = record.newest(connection, KIND)
    return None if entry is None else msgspec.convert(entry.body, HeadEntry).head


class WitnessState(msgspec.Struct, frozen=True):
    """Whether every witness has the newest head of the record, and the state in words."""

    good: bool
    text: str


def witness_state(connection: Connection, config: Config) -> WitnessState:
    """What the witnesses have; without one, nothing shows whether somebody rewrote the record."""
    if not _witnesses(config):
        return WitnessState(
            good=False,
            text="No witness keeps the audit record's heads, so nothing shows whether somebody with the "
            f"store rewrote it; name one under audit.witnesses in {config.file}.",
        )
    entry = record.newest(connection, KIND)
    if entry is None:
        return WitnessState(
            good=False, text="No witness has a head of the audit record yet; the next run gives one."
        )
    body = msgspec.convert(entry.body, HeadEntry)
    head = f"the head of {body.head.at}, entry {body.head.size:,}"
    failed = [f"{one.witness}: {one.problem}" for one in body.receipts if one.problem]
    if failed or not body.receipts:
        return WitnessState(good=False, text=f"Not every witness has {head}: {'; '.join(failed)}.")
    return WitnessState(good=True, text=f"{', '.join(one.witness for one in body.receipts)} has {head}.")


class WitnessedHeads(msgspec.Struct, frozen=True):
    """What a witness's file holds: its heads, and the numbers of its other lines that are not empty."""

    heads: list[SignedHead]
    other_lines: list[int]


def read_heads(path: Path) -> WitnessedHeads:
    """The heads in a witness's file: JSON, alone on its line or after what a log daemon put before it.

    `AuditError` is raised for a file that cannot be read, and for a line that should be a head and is none.
    """
    found = WitnessedHeads([], [])
    with file_errors(AuditError, f"{path}: the heads cannot be read", "give the file that a witness keeps"):
        lines = file_to_read(path, piped=True).read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        start = line.find(b'{"at":')
        if start < 0 or b'"signature":' not in line:
            if line.strip():
                found.other_lines.append(number)
            continue
        try:
            found.heads.append(msgspec.json.decode(line[start:].strip(b"\x00\r\n "), type=SignedHead))
        except msgspec.DecodeError as error:
            raise AuditError(f"{path} line {number}: is not a whole head; get the file again") from error
    if not found.heads:
        raise AuditError(f"{path}: holds no head of an audit record; give what a witness keeps")
    return found


def check_heads(heads: Sequence[SignedHead], key: PublicKey) -> None:
    """Check heads by themselves: each is signed by the key, and each proves that the record only grew.

    `AuditError` names the first that does not.
    """
    before: SignedHead | None = None
    for head in heads:
        named = _named(head)
        if head.key != key.id:
            raise AuditError(
                f"{named}: is of the key {head.key!r}, and the record's is {key.id}: the file holds heads of "
                "another record as well, or somebody forged it"
            )
        if not key.signed(head.signed_text(), head.signature):
            raise AuditError(f"{named}: is not signed by the key {key.id}; somebody forged or changed it")
        if before is not None:
            _check_growth(before, head)
        before = head


def _check_growth(before: SignedHead, head: SignedHead) -> None:
    named = _named(head)
    if head.size < before.size:
        raise AuditError(
            f"{named}: comes after {_named(before)}, which is larger: a head was replayed, or the record cut"
        )
    if head.size == before.size and head.hash != before.hash:
        raise AuditError(f"{named}: differs from another head of the same size: there are two records")
    if head.at < before.at:
        raise AuditError(f"{named}: is of {head.at}, and {_named(before)} of {before.at}: a clock went back")
    if head.proof is not None and head.previous == before.size and head.size > before.size:
        proof = [bytes.fromhex(step) for step in head.proof]
        roots = bytes.fromhex(before.hash), bytes.fromhex(head.hash)
        if not extends(before.size, roots[0], head.size, roots[1], proof):
            raise AuditError(f"{named}: does not extend {_named(before)}: the record was rewritten")


def check_record(connection: Connection, heads: Iterable[SignedHead]) -> None:
    """Hold the record against heads that witnesses kept; `AuditError` says where they part."""
    wanted = sorted(heads, key=lambda head: head.size)
    tree, last = MerkleTree(), "its beginning"
    leaves = record.hashes(connection)
    for head in wanted:
        for leaf in leaves if tree.size < head.size else ():
            tree.add(leaf)
            if tree.size == head.size:
                break
        if tree.size < head.size:
            raise AuditError(
                f"the record ends at entry {tree.size}, and {_named(head)} stands for "
                f"{how_many(head.size, 'entry', 'entries')}: "
                "its end was cut off, or an older copy was put in its place"
            )
        if tree.root.hex() != head.hash:
            raise AuditError(
                f"{_named(head)}: the record's first {head.size} entries are other ones: it was rewritten "
                f"after {last}"
            )
        last = _named(head)


def check_receipts(connection: Connection, config: Config) -> None:
    """Verify again the time stamps in the record of services that are configured; `AuditError` names one."""
    services = {one.name: one for one in _witnesses(config) if isinstance(one, TimeStampWitness)}
    for entry in record.entries(connection, kind=KIND) if services else ():
        body = msgspec.convert(entry.body, HeadEntry)
        for receipt in body.receipts:
            if receipt.receipt and (service := services.get(receipt.witness)):
                service.check(receipt.receipt, body.head, config)


def _sign(connection: Connection, key: SigningKey, before: int, size: int, at: str) -> SignedHead:
    proof = tuple(
        MerkleTree(record.hashes(connection, *span)).root.hex() for span in consistency_spans(before, size)
    )
    head = SignedHead(
        at=at,
        hash=MerkleTree(record.hashes(connection, 0, size)).root.hex(),
        key=key.id,
        previous=before,
        run=record.newest_run(connection),
        size=size,
        proof=proof,
    )
    return msgspec.structs.replace(head, signature=key.sign(head.signed_text()))


def _hand_over(witness: AnyWitness, head: SignedHead, config: Config) -> Receipt:
    try:
        return Receipt(witness=witness.name, receipt=witness.hand_over(head, config))
    except IcaccessError as error:
        return Receipt(witness=witness.name, problem=str(error))


def _witnesses(config: Config) -> tuple[AnyWitness, ...]:
    return config.section("audit", AuditSettings).witnesses


def _named(head: SignedHead) -> str:
    return (
        f"the head of run {head.run}"
        if head.run is not None
        else f"the head of {how_many(head.size, 'entry', 'entries')}"
    )
