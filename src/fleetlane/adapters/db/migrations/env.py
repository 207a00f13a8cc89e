"""Alembic's environment: runs migrations on the connection that it is given (`fleetlane.adapters.db.revisions`)."""

from alembic import context

from fleetlane.adapters.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
