"""Cached decisions that are sealed; those without a seal are made anew."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Empty the cache, and give its rows a digest of the decision and a seal."""
    op.drop_table("decision")
    op.create_table(
        "decision",
        sa.Column("employee_id", sa.String, nullable=False),
        sa.Column("facts", sa.String, nullable=False),
        sa.Column("rules", sa.String, nullable=False),
        sa.Column("decided_on", sa.String, nullable=False),
        sa.Column("recheck_on", sa.String),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("essence", sa.String, nullable=False),
        sa.Column("seal", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("employee_id", name="pk_decision"),
        comment="Decisions that hold until their recheck_on while facts and rules are the same",
    )
