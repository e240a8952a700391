"""Who holds access, every run, the journal of changes, consents, the audit record, and who is applying."""

import sqlalchemy as sa
from alembic import op

from icaccess.store.columns import keys, optional, required

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first schema."""
    op.create_table(
        "access",
        *keys("target", "account"),
        *required("employee_id"),
        *optional("since"),
        sa.Column("locations", sa.Text),
        comment="Who holds access: the truth for the ledger, for other targets what was last seen",
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        *required("kind", "by", "target", "as_of", "started_at"),
        *optional("finished_at"),
        *required("state"),
        *optional("plan_digest", "policy_revision", "data_revision", "facts_digest"),
        sa.Column("people", sa.Integer),
        sa.Column("counts", sa.Text),
        comment="Every run that could change access",
    )
    op.create_table(
        "change",
        sa.Column("run_id", sa.Integer, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        *required("target", "action", "employee_id", "account"),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        *required("state", "note", "batch", "intended_at"),
        *optional("settled_at", "due_on"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_change_run_id"),
        comment="The journal: each change, written before it is made and settled after",
    )
    op.create_index("ix_change_state", "change", ["target", "state"])
    op.create_index("ix_change_employee", "change", ["employee_id"])
    op.create_table(
        "consent",
        *keys("plan_digest", "given_at"),
        *required("by", "reason", "expires_at"),
        comment="Who let which plan past the guard, and why",
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        *required("at", "kind"),
        sa.Column("run_id", sa.Integer),
        *optional("employee_id"),
        sa.Column("body", sa.Text, nullable=False),
        *required("hash"),
        comment="A hash chain: each row's hash covers the row and the hash before it",
    )
    op.create_index("ix_audit_employee", "audit", ["employee_id"])
    op.create_table(
        "lock",
        *keys("name"),
        *required("holder", "since", "token"),
        comment="Names who is applying; what locks is the operating system or PostgreSQL",
    )
