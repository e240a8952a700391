"""Runs the migrations on the connection that `store.database` hands over, inside its transaction."""

from alembic import context

from icaccess.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
