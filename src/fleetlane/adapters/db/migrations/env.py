"""Alembic's environment: runs migrations on the engine that `fleetlane.adapters.db.sqlite.migrate` gives."""

from alembic import context

from fleetlane.adapters.db.tables import metadata

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
