"""Signatures of the audit record."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    """Add the column for signatures."""
    op.add_column("audit", sa.Column("signature", sa.String))
