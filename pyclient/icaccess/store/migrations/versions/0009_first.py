"""The schema that the migrations begin with."""

revision = "0009"
down_revision = None


def upgrade() -> None:
    """Change no table: `store.database` makes those of a new store from `store.schema`."""
