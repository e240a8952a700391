"""What past decisions rested on."""

import sqlalchemy as sa
from alembic import op

from icaccess.store.columns import keys

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the documents and who had which of them from when on."""
    op.create_table(
        "content",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("base", sa.LargeBinary),
        sa.Column("data", sa.LargeBinary, nullable=False),
        comment="Documents by digest, each once and compressed",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "history",
        *keys("employee_id"),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        comment="From when on a person's facts and decision were those of a document",
        sqlite_with_rowid=False,
    )
