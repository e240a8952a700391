"""What decisions rested on, notices, history, sealed decisions, and a record that tells of every row."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from icaccess.batches import batches
from icaccess.store import audit
from icaccess.store.database import instant
from icaccess.store.schema import access, basis, content, decision, feed, history, notice, waiting

revision = "0009"
down_revision = "0002"


def upgrade() -> None:
    """Add tables and columns, empty the cache of decisions, and record who holds access.

    The new tables are as in `store.schema`: before one changes there, this one is written out here.
    """
    connection = op.get_bind()
    op.add_column("audit", sa.Column("signature", sa.String))
    op.add_column("consent", sa.Column("people", sa.Text, nullable=False, server_default="[]"))
    op.drop_table("decision")
    for table in (basis, waiting, feed, notice, content, history, decision):
        table.create(connection)
    held = [
        {"target": target, "held": {account: {"employee_id": whose, "since": since, "locations": locations}}}
        for target, account, whose, since, locations in connection.execute(sa.select(access))
    ]
    drafts = [audit.Draft(kind="access", body={**row, "gone": []}) for row in held]
    for some in batches(drafts, 1000):
        audit.append(connection, instant(datetime.now(UTC)), some)
