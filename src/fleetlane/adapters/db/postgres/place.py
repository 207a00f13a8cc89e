"""A database of PostgreSQL as the place of a server's store."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, Engine, func, select, text

from fleetlane.adapters.db.postgres.engines import reader_engine, shown_url, writer_engine
from fleetlane.adapters.db.postgres.migrate import migrate
from fleetlane.adapters.db.postgres.store import PostgresStore, translated
from fleetlane.adapters.db.records import KeyValueRepository
from fleetlane.adapters.db.revisions import check_revision, known_revisions, revision_of
from fleetlane.adapters.db.rules import StoreCheck, broken_rules
from fleetlane.adapters.db.tables import materials, tasks
from fleetlane.core.errors import StoreError
from fleetlane.core.event import Change

_MOVED_TO = "moved_to"
_LOCK = 0x666C_7365_7276  # "flserv": of the one server that works on a database


class Database:
    """A database (`bootstrap.stores.StorePlace`).

    Raises:
        StoreError: the address is none.
    """

    def __init__(self, url: str) -> None:
        self.shown = shown_url(url)
        self._url = url

    @contextmanager
    def alone(self) -> Generator[None]:
        """Take the database for this process while the block runs; it is given back when the connection ends."""
        engine = writer_engine(self._url)
        try:
            with translated(self._url), engine.connect() as connection:
                taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar_one()
                connection.commit()  # the lock is the session's, and no transaction stays open for it
                if not taken:
                    raise StoreError(
                        f"Another Fleetlane server works on the database {self.shown}. Stop it, or give this "
                        "one a database of its own."
                    )
                yield
        finally:
            engine.dispose()

    def migrate(self) -> None:
        """Make the tables, or bring them to this version (see `migrate`).

        Raises:
            StoreError: the store was moved elsewhere.
        """
        migrate(self._url)
        with self.connect_to_read() as connection:
            to = KeyValueRepository(connection).get(_MOVED_TO)
        if to:
            raise StoreError(f"The store in {self.shown} was moved to {to}. Use it there, or give this one another.")

    def store(self, changed: Callable[[Sequence[Change]], None]) -> PostgresStore:
        """Return the store, not started yet."""
        return PostgresStore(self._url, changed)

    def connect_to_read(self) -> AbstractContextManager[Connection]:
        """Return a connection that sees one state of the store."""
        return self._connected(reader_engine(self._url))

    def connect_to_fill(self) -> AbstractContextManager[Connection]:
        """Return a connection in a transaction that is kept when the block ends well."""
        return self._connected(writer_engine(self._url))

    @contextmanager
    def _connected(self, engine: Engine) -> Generator[Connection]:
        try:
            with translated(self._url), engine.connect() as connection, connection.begin():
                yield connection
        finally:
            engine.dispose()

    def check(self) -> StoreCheck:
        """Look at the store without changing it (see `check_store` of a file)."""
        with self.connect_to_read() as connection:
            revision = revision_of(connection)
            check_revision(self.shown, revision)
            if revision is None:
                raise StoreError(f"There is no store in {self.shown}.")
            problems: list[str] = []
            if revision == known_revisions()[-1]:
                problems = broken_rules(lambda finds: len(connection.execute(text(finds)).fetchall()))
            files = select(materials.c.file, materials.c.sha256).order_by(materials.c.id)
            count = connection.execute(select(func.count()).select_from(tasks)).scalar_one()
            hashes = {row.file: row.sha256 for row in connection.execute(files)}
            return StoreCheck(revision, count, hashes, tuple(problems))

    def leave(self, to: str) -> str:
        """Let nobody begin here any more: the store is at `to` now. Returns a sentence that says where a copy is."""
        with self.connect_to_fill() as connection:
            KeyValueRepository(connection).set(_MOVED_TO, to)
        return f"Its tables are still in {self.shown}; no server starts on them any more. Drop them when you like."

    def come_back(self) -> None:
        """Do nothing: a database that was left is not empty, and nothing is moved into it."""
