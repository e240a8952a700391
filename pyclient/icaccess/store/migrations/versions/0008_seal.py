"""Cached decisions that are sealed; those without a seal are made anew."""

from alembic import op

from icaccess.store.columns import keys, optional, required

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Empty the cache, and give its rows a digest of the decision and a seal."""
    op.drop_table("decision")
    op.create_table(
        "decision",
        *keys("employee_id"),
        *required("facts", "rules", "decided_on"),
        *optional("recheck_on"),
        *required("outcome", "action", "essence", "seal"),
        comment="Decisions that hold until their recheck_on while facts and rules are the same",
    )
