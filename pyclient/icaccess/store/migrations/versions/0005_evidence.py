"""The evidence of decisions that allowed, the sizes of sources, and who waits for a consent."""

import sqlalchemy as sa
from alembic import op

from icaccess.store.columns import keys, optional, required

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables `basis`, `waiting` and `feed`, and whose revocations a consent names."""
    op.create_table(
        "basis",
        *keys("target", "account"),
        sa.Column("basis", sa.Text, nullable=False),
        *optional("valid_through", "noted_on"),
        comment="What the last decision rested on that allowed what an account holds",
    )
    op.create_table(
        "waiting",
        *keys("target", "employee_id"),
        *required("since"),
        comment="Whose revocation waits for a consent, and since which day",
    )
    op.create_table(
        "feed",
        *keys("name"),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        *optional("newest"),
        sa.Column("filled", sa.Text, nullable=False),
        comment="How large each source of facts was in the last good run",
    )
    op.add_column("consent", sa.Column("people", sa.Text, nullable=False, server_default="[]"))
