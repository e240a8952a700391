"""Who holds access, every run, the journal of changes, consents, the audit record, and who is applying."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first schema."""
    op.create_table(
        "access",
        sa.Column("target", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("employee_id", sa.String, nullable=False),
        sa.Column("since", sa.String),
        sa.Column("locations", sa.Text),
        sa.PrimaryKeyConstraint("target", "account", name="pk_access"),
        comment="Who holds access: the truth for the ledger, for other targets what was last seen",
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("as_of", sa.String, nullable=False),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("finished_at", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("plan_digest", sa.String),
        sa.Column("policy_revision", sa.String),
        sa.Column("data_revision", sa.String),
        sa.Column("facts_digest", sa.String),
        sa.Column("people", sa.Integer),
        sa.Column("counts", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        comment="Every run that could change access",
    )
    op.create_table(
        "change",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("employee_id", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("batch", sa.String, nullable=False),
        sa.Column("intended_at", sa.String, nullable=False),
        sa.Column("settled_at", sa.String),
        sa.Column("due_on", sa.String),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_change_run_id"),
        sa.PrimaryKeyConstraint("run_id", "n", name="pk_change"),
        comment="The journal: each change, written before it is made and settled after",
    )
    op.create_index("ix_change_state", "change", ["target", "state"])
    op.create_index("ix_change_employee", "change", ["employee_id"])
    op.create_table(
        "consent",
        sa.Column("plan_digest", sa.String, nullable=False),
        sa.Column("given_at", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("expires_at", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("plan_digest", "given_at", name="pk_consent"),
        comment="Who let which plan past the guard, and why",
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("run_id", sa.Integer),
        sa.Column("employee_id", sa.String),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        comment="A hash chain: each row's hash covers the row and the hash before it",
    )
    op.create_index("ix_audit_employee", "audit", ["employee_id"])
    op.create_table(
        "lock",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("since", sa.String, nullable=False),
        sa.Column("token", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lock"),
        comment="Names who is applying; what locks is the operating system or PostgreSQL",
    )
