"""Makes a store in a database of PostgreSQL, or brings it to the newest schema."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from fleetlane.adapters.db.postgres.engines import shown_url, writer_engine
from fleetlane.adapters.db.postgres.store import check_server, translated
from fleetlane.adapters.db.revisions import check_revision, known_revisions, revision_of, stamp, upgrade
from fleetlane.adapters.db.tables import metadata
from fleetlane.core.errors import StoreError

_LOCK = 0x666C_6565_746C  # "fleetl": of all who migrate, one at a time
WORKERS_LOCK = 0x666C_7365_7276  # "flserv": shared by all who work on a database


def migrate(url: str) -> None:
    """Make the tables, or bring them to the newest revision. Several may call it at once.

    Raises:
        StoreVersionError: a newer Fleetlane wrote it.
        StoreError: the database cannot be used, holds tables that are not Fleetlane's, or is to be changed while others
            work on it.
    """
    engine = writer_engine(url)
    try:
        with translated(url), engine.connect() as connection:
            check_server(connection)
            connection.rollback()
            # Each statement sees what others have committed by then: also who waited for the lock while they migrated.
            with connection.execution_options(isolation_level="READ COMMITTED").begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                _bring(connection, url)
    finally:
        engine.dispose()


def _bring(connection: Connection, url: str) -> None:
    current = revision_of(connection)
    if current is None:
        _create(connection, url)
        return
    check_revision(shown_url(url), current)
    if current != known_revisions()[-1]:
        _must_have_it_alone(connection, url)
        upgrade(connection)


def _must_have_it_alone(connection: Connection, url: str) -> None:
    ask = text("SELECT pg_try_advisory_xact_lock(:key)")
    if not connection.execute(ask, {"key": WORKERS_LOCK}).scalar_one():
        raise StoreError(
            f"Servers or hosts with an older Fleetlane work on the database {shown_url(url)}. Stop all of them, start "
            "this server, and update them before they start again."
        )


def _create(connection: Connection, url: str) -> None:
    others = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if others:
        raise StoreError(
            f"The database {shown_url(url)} has tables already that Fleetlane has not made ({', '.join(others)}). Give "
            "it a database, or a schema, of its own."
        )
    metadata.create_all(connection)
    stamp(connection)
