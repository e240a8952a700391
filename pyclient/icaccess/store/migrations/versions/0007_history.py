"""What past decisions rested on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the documents and who had which of them from when on."""
    op.create_table(
        "content",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("base", sa.LargeBinary),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_content"),
        comment="Documents by digest, each once and compressed",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "history",
        sa.Column("employee_id", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("employee_id", "at", name="pk_history"),
        comment="From when on a person's facts and decision were those of a document",
        sqlite_with_rowid=False,
    )
