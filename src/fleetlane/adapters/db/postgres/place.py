"""A database of PostgreSQL as the place of a server's store."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg.sql import SQL
from sqlalchemy import Connection, Engine, func, make_url, select, text

from fleetlane.adapters.clock import SharedClock, SystemClock
from fleetlane.adapters.db.postgres.engines import connect, normal_url, reader_engine, shown_url, writer_engine
from fleetlane.adapters.db.postgres.leadership import Leadership
from fleetlane.adapters.db.postgres.migrate import WORKERS_LOCK, migrate
from fleetlane.adapters.db.postgres.store import PostgresStore, check_server, translated
from fleetlane.adapters.db.postgres.word import Heard
from fleetlane.adapters.db.records import KeyValueRepository
from fleetlane.adapters.db.revisions import check_revision, known_revisions, revision_of
from fleetlane.adapters.db.rules import StoreCheck, broken_rules
from fleetlane.adapters.db.tables import materials, tasks
from fleetlane.core.errors import StoreError, StoreVersionError
from fleetlane.core.event import Change

_MOVED_TO = "moved_to"


@dataclass(frozen=True, slots=True)
class DatabaseLook:
    """What can be seen of a database.

    Attributes:
        version: of PostgreSQL, in its own words.
        host: where it is: a name, an address, or the folder of a socket.
        is_encrypted: whether the connection is.
        is_verified: whether the connection would have failed had another server answered.
        has_store: whether Fleetlane's tables are there.
    """

    version: str
    host: str
    is_encrypted: bool
    is_verified: bool
    has_store: bool


class Database:
    """A database (`bootstrap.stores.StorePlace`).

    Raises:
        StoreError: the address is none.
    """

    def __init__(self, url: str) -> None:
        self.shown = shown_url(url)
        self._url = url

    is_shared = True

    def alone(self) -> AbstractContextManager[None]:
        """Take the database for this process alone while the block runs."""
        return self._locked(
            "pg_try_advisory_lock",
            f"A Fleetlane server or host works on the database {self.shown}. Stop all of them first.",
        )

    def among(self) -> AbstractContextManager[None]:
        """Let nobody take the database for himself alone while the block runs."""
        return self._locked(
            "pg_try_advisory_lock_shared",
            f"The store in the database {self.shown} is being moved. Wait for the end of that.",
        )

    @contextmanager
    def _locked(self, how: LiteralString, refusal: str) -> Generator[None]:
        """Hold the lock of those who work here while the block runs; it is given back when the connection ends."""
        with translated(self._url), connect(self._url) as connection:
            row = connection.execute(SQL("SELECT {}(%s)").format(SQL(how)), (WORKERS_LOCK,)).fetchone()
            if row is None or not row[0]:
                raise StoreError(refusal)
            yield

    def leadership(self) -> AbstractContextManager[Leadership]:
        """Return what says whether this process leads, until the block ends."""
        return closing(Leadership(self._url))

    def must_be_current(self) -> None:
        """Refuse a store that a server has yet to bring to this version: hosts change none.

        Raises:
            StoreVersionError: a newer or an older Fleetlane wrote it.
            StoreError: there is none.
        """
        with self.connect_to_read() as connection:
            revision = revision_of(connection)
        check_revision(self.shown, revision)
        if revision is None:
            raise StoreError(f"There is no store in {self.shown} yet. Start a server on it first (fleetlane serve).")
        if revision != known_revisions()[-1]:
            raise StoreVersionError(
                f"The store in {self.shown} is of an older Fleetlane (revision {revision}; this one needs "
                f"{known_revisions()[-1]}). Update the server first, or run this host with the server's version."
            )

    def now_ms(self) -> int:
        """Return the time there, in milliseconds since the epoch.

        Raises:
            StoreError: nobody answers.
        """
        with translated(self._url), connect(self._url) as connection:
            row = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").fetchone()
        assert row is not None
        return int(row[0])

    def clock(self) -> SharedClock:
        """Return the clock of all that work there, not set yet."""
        return SharedClock(SystemClock(), self.now_ms)

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

    def store(self, changed: Callable[[Sequence[Change]], None], heard: Heard | None = None) -> PostgresStore:
        """Return the store, not started yet."""
        return PostgresStore(self._url, changed, heard)

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

    def look(self) -> DatabaseLook:
        """Look at the database itself: it need not hold a store yet.

        Raises:
            StoreVersionError: a newer Fleetlane wrote the store.
            StoreError: it cannot be reached, or cannot keep what is promised.
        """
        engine = writer_engine(self._url)
        try:
            with translated(self._url), engine.connect() as connection:
                check_server(connection)
                raw = connection.connection.driver_connection
                assert isinstance(raw, psycopg.Connection)
                revision = revision_of(connection)
                check_revision(self.shown, revision)
                asked = make_url(normal_url(self._url)).query.get("sslmode", "")
                return DatabaseLook(
                    version=str(connection.execute(text("SHOW server_version")).scalar_one()),
                    host=raw.info.host,
                    is_encrypted=raw.pgconn.ssl_in_use,
                    is_verified=asked == "verify-full",
                    has_store=revision is not None,
                )
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
