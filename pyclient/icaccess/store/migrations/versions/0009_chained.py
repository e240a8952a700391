"""Signatures that cover the one before them, which an older icaccess would call forged."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Change no table: the number alone tells an older icaccess to be updated."""
