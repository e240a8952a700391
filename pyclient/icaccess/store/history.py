"""What each person's decisions rested on, day after day, so that any past decision can be made again.

A document holds a person's facts, as OPA received them, with the decision apart from its days and wording. It
is written when either differs from the person's newest one. Each content is kept once, by its digest, and
compressed against the person's first document, so a small change takes a few bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, delete, exists, func, insert, select

from icaccess.batches import batches
from icaccess.errors import StoreError
from icaccess.store import audit
from icaccess.store.audit import Draft
from icaccess.store.database import instant, upsert
from icaccess.store.schema import content, history

KIND = "history"
"""The kind of entry that holds a digest of who has which documents since an instant: `{at, digest}`."""

_TOGETHER = 8000
_SIZE = 12
"""The bytes of a digest: enough to tell contents apart; the audit record is what proves anything."""
_RAW = -15  # zlib without header and checksum: the digest checks the content
_WORDS = (
    b'{"decision":{"action":"none","basis":null,"employee_id":"","escalate":false,"expiry":null,'
    b'"grant_due_by":null,"locations":[],"needs_consent":false,"outcome":"deny","reasons":["not_employed",'
    b'"role_not_eligible","approval_missing","certification_missing","certification_expired"],'
    b'"requirements_met_on":null,"warnings":[]},"facts":{"approvals":[{"approver":"","decided_on":"202",'
    b'"decision":"approved","location":"","role":""}],"assignments":[{"location":"210","role":"Teacher",'
    b'"start":"2026-08-","end":"2027-06-"}],"certifications":[{"completed_on":"2026-0","course":"walk_in"},'
    b'{"completed_on":"2026-0","course":"elementary"}],"employment":[{"start":"2020-08-0"}],"id":"1"}}'
)
"""What most documents have in common. It stays as it is: what was compressed with it needs it."""

_base = content.alias()
_DOCUMENTS: Select[Any] = (
    select(
        history.c.employee_id,
        history.c.content,
        content.c.data,
        content.c.base.label("named"),
        _base.c.data.label("base"),
    )
    .join_from(history, content, content.c.digest == history.c.content, isouter=True)
    .join(_base, _base.c.digest == content.c.base, isouter=True)
)
"""Each document as it is packed, and what it is packed against."""

_ABSENT = b"null"
"""The document of a person without a record in the facts."""


class Document(msgspec.Struct, frozen=True):
    """One person's facts and the decision on them, apart from its days and wording."""

    facts: dict[str, Any]
    decision: dict[str, Any]


def keep(connection: Connection, at: str, documents: Mapping[str, bytes]) -> None:
    """Write each person's document, `{employee id: JSON}`, where it differs from the newest one."""
    for some in batches(documents.items(), _TOGETHER):
        _keep(connection, at, dict(some))


def keep_absent(connection: Connection, at: str, present: Container[str]) -> list[str]:
    """Write that nothing is known of those who have a document and are not `present`, and give their ids."""
    query = select(history.c.employee_id).distinct().execution_options(yield_per=_TOGETHER)
    absent: list[str] = []
    for some in batches([one for one in connection.scalars(query) if one not in present], _TOGETHER):
        newest = _newest(connection, some)
        absent += [one for one in some if newest.get(one, (b"", None))[0] != _digest(_ABSENT)]
    keep(connection, at, dict.fromkeys(absent, _ABSENT))
    return absent


def _keep(connection: Connection, at: str, documents: Mapping[str, bytes]) -> None:
    newest = _newest(connection, list(documents))
    bases = _contents(connection, {base or digest for digest, base in newest.values()})
    rows, places = {}, []
    for employee_id, document in documents.items():
        digest = _digest(document)
        before, base = newest.get(employee_id, (None, None))
        if digest == before:
            continue
        places.append({"employee_id": employee_id, "at": _number(at), "content": digest})
        # What says nothing of anybody needs no facts of anybody, which would be kept as long as it is.
        base = None if document == _ABSENT else base or before
        rows[digest] = {"digest": digest, "base": base, "data": _pack(document, bases[base] if base else b"")}
    known = set(connection.scalars(select(content.c.digest).where(content.c.digest.in_(list(rows)))))
    new = [row for digest, row in rows.items() if digest not in known]
    if new:
        connection.execute(insert(content), new)
    if places:
        upsert(connection, history, places)
        last = audit.newest(connection, KIND)
        if last is None or last.at < at:  # so these are all the rows of this instant
            _append(
                connection, at, {_number(at): _listed((row["employee_id"], row["content"]) for row in places)}
            )
        else:
            _record(connection, at, [_number(at)])


def keep_content(connection: Connection, name: str, data: bytes) -> None:
    """Keep something else by a name of its own, such as the policy by its revision, once."""
    if not has_content(connection, name):
        row = {"digest": _digest(name.encode()), "base": None, "data": _pack(data, b"")}
        connection.execute(insert(content), [row])


def has_content(connection: Connection, name: str) -> bool:
    """Whether `keep_content` was given this name."""
    query = select(content.c.digest).where(content.c.digest == _digest(name.encode()))
    return connection.execute(query).first() is not None


def read_content(connection: Connection, name: str) -> bytes | None:
    """What `keep_content` kept by this name; `StoreError` if it was edited."""
    row = connection.execute(select(content.c.data).where(content.c.digest == _digest(name.encode()))).first()
    try:
        return None if row is None else _unpack(row.data, b"")
    except zlib.error as error:
        raise StoreError(f"what is kept of {name[:12]} was changed; restore a backup") from error


def find(connection: Connection, employee_id: str, at: str) -> Document | None:
    """What was in use for a person at an instant, None where nothing was; `StoreError` if it was edited."""
    query = _DOCUMENTS.where(history.c.employee_id == employee_id, history.c.at <= _number(at))
    row = connection.execute(query.order_by(history.c.at.desc()).limit(1)).first()
    return None if row is None else msgspec.json.decode(_checked(row), type=Document | None)


def prune(connection: Connection, at: str, before: str) -> None:
    """Delete the documents that were replaced by a newer one before an instant."""
    limit, newer = _number(before), history.alias()
    replaced = exists().where(
        and_(newer.c.employee_id == history.c.employee_id, newer.c.at > history.c.at, newer.c.at <= limit)
    )
    gone = select(history.c.content).where(history.c.at < limit, replaced)
    digests = set(connection.scalars(gone))
    if not digests:
        return
    changed = list(connection.scalars(select(history.c.at).where(history.c.at < limit, replaced).distinct()))
    connection.execute(delete(history).where(history.c.at < limit, replaced))
    _record(connection, at, changed)
    used = set(connection.scalars(select(history.c.content)))
    bases = select(content.c.base).where(content.c.digest.in_(select(history.c.content)))
    used |= set(connection.scalars(bases))
    for digest in digests - used:
        connection.execute(delete(content).where(content.c.digest == digest))


def clear(connection: Connection, at: str) -> None:
    """Delete everything that is kept."""
    instants = list(connection.scalars(select(history.c.at).distinct()))
    if instants:
        connection.execute(delete(history))
        _append(connection, at, dict.fromkeys(instants))
    connection.execute(delete(content))


def _record(connection: Connection, at: str, instants: Sequence[int]) -> None:
    """Append who has which documents since these instants, as a digest of each."""
    groups = _groups(connection, select(history).where(history.c.at.in_(instants)))
    _append(connection, at, {**dict.fromkeys(instants), **dict(groups)})


def _append(connection: Connection, at: str, digests: Mapping[int, str | None]) -> None:
    drafts = [Draft(kind=KIND, body={"at": one, "digest": digest}) for one, digest in digests.items()]
    audit.append(connection, at, drafts)


def _groups(connection: Connection, query: Select[Any]) -> Iterator[tuple[int, str]]:
    """Each instant of the history's rows, in order, and a digest of who has which documents since then."""
    with connection.execute(query.order_by(history.c.at).execution_options(yield_per=_TOGETHER)) as rows:
        for at, some in groupby(rows, key=attrgetter("at")):
            yield at, _listed((row.employee_id, row.content) for row in some)


def _listed(documents: Iterable[tuple[Any, Any]]) -> str:
    # What somebody edited may be of any type in SQLite, and has to differ, not to fail.
    listed = sorted(
        (str(employee_id), digest.hex() if isinstance(digest, bytes) else str(digest))
        for employee_id, digest in documents
    )
    return hashlib.sha256(audit.canonical(listed)).hexdigest()


def check(connection: Connection, recorded: Mapping[int, str | None]) -> None:
    """Compare what is kept with the record, `{instant: digest}`; `StoreError` names what somebody changed."""
    left = {at: digest for at, digest in recorded.items() if digest is not None}
    for at, digest in _groups(connection, select(history)):
        if left.pop(at, None) != digest:
            raise StoreError(
                f"the history of {_instant(at)}: differs from the audit record; its rows were edited, added "
                "or deleted"
            )
    if left:
        raise StoreError(f"the history of {_instant(min(left))}: is in the audit record, and was deleted")
    with connection.execute(_DOCUMENTS.execution_options(yield_per=_TOGETHER)) as rows:
        for row in rows:
            _checked(row)


def _checked(row: Row[Any]) -> bytes:
    """A document; `StoreError` where it, or what it is packed against, is not what its digest names."""
    try:
        document = _unpack(row.data, b"" if row.named is None else _unpack(row.base, b""))
    except zlib.error:
        document = b""
    if _digest(document) != row.content:
        raise StoreError(f"what is kept of {row.employee_id} was changed; restore a backup")
    return document


def _instant(number: object) -> str:
    if not isinstance(number, int):
        return repr(number)
    return instant(datetime.fromtimestamp(number / 1000, UTC))


def _newest(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[bytes, bytes | None]]:
    """The newest document of each person by digest, with that of the document it is packed against."""
    last = (
        select(history.c.employee_id, func.max(history.c.at).label("at"))
        .where(history.c.employee_id.in_(ids))
        .group_by(history.c.employee_id)
        .subquery()
    )
    query = (
        select(history.c.employee_id, content.c.digest, content.c.base)
        .join_from(
            last, history, and_(history.c.employee_id == last.c.employee_id, history.c.at == last.c.at)
        )
        .join(content, content.c.digest == history.c.content)
    )
    return {row.employee_id: (row.digest, row.base) for row in connection.execute(query)}


def _contents(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, bytes]:
    """The contents that are packed against nothing, by digest."""
    wanted = list(digests)
    query = select(content.c.digest, content.c.data).where(content.c.digest.in_(wanted))
    try:
        found = {row.digest: _unpack(row.data, b"") for row in connection.execute(query)}
        return {digest: found[digest] for digest in wanted}
    except (zlib.error, KeyError) as error:
        raise StoreError("what is kept of the facts was changed; restore a backup of the store") from error


def _number(at: str) -> int:
    """An instant in milliseconds, which takes a quarter of the room of its text."""
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def _digest(document: bytes) -> bytes:
    return hashlib.blake2b(document, digest_size=_SIZE).digest()


def _pack(document: bytes, base: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, _RAW, 9, zlib.Z_DEFAULT_STRATEGY, _WORDS + base)
    return packer.compress(document) + packer.flush()


def _unpack(data: bytes, base: bytes) -> bytes:
    if not isinstance(data, bytes):
        raise zlib.error("is no bytes")
    unpacker = zlib.decompressobj(_RAW, _WORDS + base)
    unpacked = unpacker.decompress(data) + unpacker.flush()
    if unpacker.unused_data or not unpacker.eof:
        raise zlib.error("bytes after the end, or no end")
    return unpacked
