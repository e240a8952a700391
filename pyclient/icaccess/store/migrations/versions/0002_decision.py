"""Decisions with a shelf life."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the kept decisions."""
    op.create_table(
        "decision",
        sa.Column("employee_id", sa.String, nullable=False),
        sa.Column("facts", sa.String, nullable=False),
        sa.Column("rules", sa.String, nullable=False),
        sa.Column("decided_on", sa.String, nullable=False),
        sa.Column("recheck_on", sa.String),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("employee_id", name="pk_decision"),
        comment="Decisions that hold until their recheck_on while facts and rules are the same",
    )
