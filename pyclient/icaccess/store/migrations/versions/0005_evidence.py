"""The evidence of decisions that allowed, the sizes of sources, and who waits for a consent."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables `basis`, `waiting` and `feed`, and whose revocations a consent names."""
    op.create_table(
        "basis",
        sa.Column("target", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("valid_through", sa.String),
        sa.Column("noted_on", sa.String),
        sa.PrimaryKeyConstraint("target", "account", name="pk_basis"),
        comment="What the last decision rested on that allowed what an account holds",
    )
    op.create_table(
        "waiting",
        sa.Column("target", sa.String, nullable=False),
        sa.Column("employee_id", sa.String, nullable=False),
        sa.Column("since", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("target", "employee_id", name="pk_waiting"),
        comment="Whose revocation waits for a consent, and since which day",
    )
    op.create_table(
        "feed",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("newest", sa.String),
        sa.Column("filled", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_feed"),
        comment="How large each source of facts was in the last good run",
    )
    op.add_column("consent", sa.Column("people", sa.Text, nullable=False, server_default="[]"))
