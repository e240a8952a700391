"""The tables of the store. What they look like on disk is made by the migrations alone; a test holds both
equal.

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

access = Table(
    "access",
    metadata,
    Column("target", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("employee_id", String, nullable=False),
    Column("since", String),
    Column("locations", Text),  # a JSON array, null where the target does not know
    comment="Who holds access: the truth for the ledger, for other targets what was last seen",
)

basis = Table(
    "basis",
    metadata,
    Column("target", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("basis", Text, nullable=False),  # a JSON object, as OPA wrote it
    Column("valid_through", String),
    Column("noted_on", String),  # the day of the decision that first gave this valid_through
    comment="What the last decision rested on that allowed what an account holds",
)

waiting = Table(
    "waiting",
    metadata,
    Column("target", String, primary_key=True),
    Column("employee_id", String, primary_key=True),
    Column("since", String, nullable=False),
    comment="Whose revocation waits for a consent, and since which day",
)

feed = Table(
    "feed",
    metadata,
    Column("name", String, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("newest", String),
    Column("filled", Text, nullable=False),  # a JSON object: in how many rows each field has a value
    comment="How large each source of facts was in the last good run",
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),  # adopt | apply
    Column("by", String, nullable=False),
    Column("target", String, nullable=False),
    Column("as_of", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("finished_at", String),
    Column("state", String, nullable=False),  # running | finished | interrupted
    Column("plan_digest", String),
    Column("policy_revision", String),
    Column("data_revision", String),
    Column("facts_digest", String),
    Column("people", Integer),
    Column("counts", Text),  # a JSON object
    comment="Every run that could change access",
)

change = Table(
    "change",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("target", String, nullable=False),
    Column("action", String, nullable=False),
    Column("employee_id", String, nullable=False),
    Column("account", String, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("state", String, nullable=False),  # intended | made | pending | verified | failed | dropped
    Column("note", String, nullable=False),
    Column("batch", String, nullable=False),
    Column("intended_at", String, nullable=False),
    Column("settled_at", String),
    Column("due_on", String),  # the last day by which a pending change is to show
    Index("ix_change_state", "target", "state"),
    Index("ix_change_employee", "employee_id"),
    comment="The journal: each change, written before it is made and settled after",
)

consent = Table(
    "consent",
    metadata,
    Column("plan_digest", String, primary_key=True),
    Column("given_at", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("people", Text, nullable=False, server_default="[]"),  # a JSON array of employee ids
    comment="Who let which plan past the guard, and why",
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("run_id", Integer),
    Column("employee_id", String),
    Column("body", Text, nullable=False),  # canonical JSON
    Column("hash", String, nullable=False),
    Column("signature", String),  # on the last row of a transaction, where the record has a key
    Index("ix_audit_employee", "employee_id"),
    comment="A hash chain: each row's hash covers the row and the hash before it",
)

lock = Table(
    "lock",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("since", String, nullable=False),
    Column("token", String, nullable=False),
    comment="Names who is applying; what locks is the operating system or PostgreSQL",
)

decision = Table(
    "decision",
    metadata,
    Column("employee_id", String, primary_key=True),
    Column("facts", String, nullable=False),  # the digest of the facts as OPA received them
    Column("rules", String, nullable=False),  # the digest of policy and policy data
    Column("decided_on", String, nullable=False),
    Column("recheck_on", String),
    Column("outcome", String, nullable=False),
    Column("action", String, nullable=False),
    Column("essence", String, nullable=False),  # the digest of the decision apart from days and wording
    Column("seal", String, nullable=False),  # a code of the row, by the record's key; empty without one
    comment="Decisions that hold until their recheck_on while facts and rules are the same",
)

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", String, nullable=False),  # mail | webhook
    Column("recipient", String, nullable=False),  # an employee's id, or an operator's address
    Column("kind", String, nullable=False),
    Column("fact", String, nullable=False),  # what is told, so that it is told once
    Column("address", String, nullable=False),
    Column("as_of", String, nullable=False),
    Column("state", String, nullable=False),  # intended | handed_over | sent | failed | dropped
    Column("note", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("about", Text, nullable=False),  # a JSON object: what the text was made of
    Column("intended_at", String, nullable=False),
    Column("settled_at", String),
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
    Column("employee_id", String, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # milliseconds since 1970
    Column("content", LargeBinary, nullable=False),
    comment="From when on a person's facts and decision were those of a document",
    sqlite_with_rowid=False,
)
