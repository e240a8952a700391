"""The tables of the store. A new store is made from them; migrations change the tables of an older one.

Days and instants are ISO text (instants in UTC), so that SQLite and PostgreSQL keep, compare and show the
same.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

HEAD = "0009"
"""The newest migration; `store.database` upgrades a store that is behind it."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _keys(*names: str) -> list[Column[str]]:
    """Columns that make up the primary key."""
    return [Column(name, String, primary_key=True) for name in names]


def _required(*names: str) -> list[Column[str]]:
    """Columns that are never null."""
    return [Column(name, String, nullable=False) for name in names]


def _optional(*names: str) -> list[Column[str | None]]:
    """Columns that may be null."""
    return [Column(name, String) for name in names]


access = Table(
    "access",
    metadata,
    *_keys("target", "account"),
    *_required("employee_id"),
    *_optional("since"),
    Column("locations", Text),  # a JSON array, null where the target does not know
    comment="Who holds access: the truth for the ledger, for other targets what was last seen",
)

basis = Table(
    "basis",
    metadata,
    *_keys("target", "account"),
    Column("basis", Text, nullable=False),  # a JSON object, as OPA wrote it
    *_optional("valid_through", "noted_on"),  # noted_on: when a decision first gave this valid_through
    comment="What the last decision rested on that allowed what an account holds",
)

waiting = Table(
    "waiting",
    metadata,
    *_keys("target", "employee_id"),
    *_required("since"),
    comment="Whose revocation waits for a consent, and since which day",
)

feed = Table(
    "feed",
    metadata,
    *_keys("name"),
    Column("rows", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    *_optional("newest"),
    Column("filled", Text, nullable=False),  # a JSON object: in how many rows each field has a value
    comment="How large each source of facts was in the last good run",
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    *_required("kind", "by", "target", "as_of", "started_at"),  # kind: adopt | apply
    *_optional("finished_at"),
    *_required("state"),  # running | finished | interrupted
    *_optional("plan_digest", "policy_revision", "data_revision", "facts_digest"),
    Column("people", Integer),
    Column("counts", Text),  # a JSON object
    comment="Every run that could change access",
)

change = Table(
    "change",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    *_required("target", "action", "employee_id", "account"),
    Column("before", Text),
    Column("after", Text),
    *_required("state", "note", "batch", "intended_at"),  # state: of `journal.ChangeState`
    *_optional("settled_at", "due_on"),  # due_on: the last day by which a pending change is to show
    Index("ix_change_state", "target", "state"),
    Index("ix_change_employee", "employee_id"),
    comment="The journal: each change, written before it is made and settled after",
)

consent = Table(
    "consent",
    metadata,
    *_keys("plan_digest", "given_at"),
    *_required("by", "reason", "expires_at"),
    Column("people", Text, nullable=False, server_default="[]"),  # a JSON array of employee ids
    comment="Who let which plan past the guard, and why",
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    *_required("at", "kind"),
    Column("run_id", Integer),
    *_optional("employee_id"),
    Column("body", Text, nullable=False),  # canonical JSON
    *_required("hash"),
    *_optional("signature"),  # on the last row of a transaction, where the record has a key
    Index("ix_audit_employee", "employee_id"),
    comment="A hash chain: each row's hash covers the row and the hash before it",
)

lock = Table(
    "lock",
    metadata,
    *_keys("name"),
    *_required("holder", "since", "token"),
    comment="Names who is applying; what locks is the operating system or PostgreSQL",
)

decision = Table(
    "decision",
    metadata,
    *_keys("employee_id"),
    *_required("facts", "rules", "decided_on"),  # digests of the facts as OPA received them, and of the rules
    *_optional("recheck_on"),
    *_required("outcome", "action"),
    *_required("essence"),  # the digest of the decision apart from days and wording
    *_required("seal"),  # a code of the row, by the record's key; empty without one
    comment="Decisions that hold until their recheck_on while facts and rules are the same",
)

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    *_required("channel", "recipient"),  # mail | webhook; an employee's id, or an operator's address
    *_required("kind", "fact", "address", "as_of"),  # fact: what is told, so that it is told once
    *_required("state", "note", "message_id"),  # state: of `notices.NoticeState`
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("about", Text, nullable=False),  # a JSON object: what the text was made of
    *_required("intended_at"),
    *_optional("settled_at"),
    Index("ix_notice_fact", "channel", "recipient", "kind", "fact", unique=True),
    Index("ix_notice_recipient", "recipient"),
    Index("ix_notice_state", "state"),
    comment="What people are told: each notice, written before it is sent and settled after",
)

content = Table(
    "content",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("base", LargeBinary),  # the digest of the document that it is compressed against
    Column("data", LargeBinary, nullable=False),
    comment="Documents by digest, each once and compressed",
    sqlite_with_rowid=False,
)

history = Table(
    "history",
    metadata,
    *_keys("employee_id"),
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # milliseconds since 1970
    Column("content", LargeBinary, nullable=False),
    comment="From when on a person's facts and decision were those of a document",
    sqlite_with_rowid=False,
)
