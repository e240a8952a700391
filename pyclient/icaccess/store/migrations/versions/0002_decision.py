"""Decisions with a shelf life."""

import sqlalchemy as sa
from alembic import op

from icaccess.store.columns import keys, optional, required

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the kept decisions."""
    op.create_table(
        "decision",
        *keys("employee_id"),
        *required("facts", "rules", "decided_on"),
        *optional("recheck_on"),
        *required("outcome", "action"),
        sa.Column("document", sa.Text, nullable=False),
        comment="Decisions that hold until their recheck_on while facts and rules are the same",
    )
