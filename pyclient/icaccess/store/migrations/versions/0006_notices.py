"""Notices: what people are told about their access."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the notices."""
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("fact", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("as_of", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("intended_at", sa.String, nullable=False),
        sa.Column("settled_at", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        comment="What people are told: each notice, written before it is sent and settled after",
    )
    op.create_index("ix_notice_fact", "notice", ["channel", "recipient", "kind", "fact"], unique=True)
    op.create_index("ix_notice_recipient", "notice", ["recipient"])
    op.create_index("ix_notice_state", "notice", ["state"])
