"""The oldest schema that can be brought up to date."""

revision = "0002"
down_revision = None


def upgrade() -> None:
    """Change no table: `store.database` makes those of a new store from `store.schema`."""
