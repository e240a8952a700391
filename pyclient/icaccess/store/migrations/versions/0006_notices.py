"""Notices: what people are told about their access."""

import sqlalchemy as sa
from alembic import op

from icaccess.store.columns import optional, required

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the notices."""
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True),
        *required("channel", "recipient", "kind", "fact", "address", "as_of", "state", "note", "message_id"),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        *required("intended_at"),
        *optional("settled_at"),
        comment="What people are told: each notice, written before it is sent and settled after",
    )
    op.create_index("ix_notice_fact", "notice", ["channel", "recipient", "kind", "fact"], unique=True)
    op.create_index("ix_notice_recipient", "notice", ["recipient"])
    op.create_index("ix_notice_state", "notice", ["state"])
