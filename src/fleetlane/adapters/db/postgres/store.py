"""The store on PostgreSQL. Several servers and hosts may use one; each has one writer with group commit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from fleetlane.adapters.db.postgres.engines import reader_engine, shown_url, writer_engine
from fleetlane.adapters.db.postgres.word import Heard, Word
from fleetlane.adapters.db.sql_store import SqlStore, StoreConflictError
from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.event import Change

OLDEST = 14
"""The oldest version of PostgreSQL that will do."""
_CONFLICTS = ("40001", "40P01", "23505")
"""Serialization failure, deadlock; and two that made the same, of which the second must find the first's."""
_SLOW = ("55P03", "57014", "25P03")
"""A lock, a statement or a transaction that took too long."""
_AWAY = ("57P01", "57P02", "57P03")
"""The server is shut down, has crashed, or is not ready yet."""
_PROMISES = {
    "fsync": "what is committed may be lost when the computer fails",
    "full_page_writes": "what is stored may be broken when the computer fails",
}
"""What must be on, and what else happens."""


class PostgresStore(SqlStore):
    """The store in a database of PostgreSQL (`core.ports.store.Store`). `start` before use, `close` after.

    Args:
        url: the database, as in postgresql://user@host/database.
        changed: called from the writer's thread with what a commit of this process has changed.
        heard: called from a thread of its own with what other processes have changed; None: nobody knows what. Without
            it nothing is told to others, either.
    """

    def __init__(
        self,
        url: str,
        changed: Callable[[Sequence[Change]], None] = lambda _changes: None,
        heard: Heard | None = None,
    ) -> None:
        self.url = url
        self._word = Word(url, heard) if heard is not None else None
        super().__init__(_Server(url), changed if self._word is None else _both(changed, self._word.tell))

    def start(self) -> None:
        """Open the store, and listen to others."""
        super().start()
        if self._word is not None:
            self._word.start()

    def close(self) -> None:
        """Finish the work that waits, and close."""
        super().close()
        if self._word is not None:
            self._word.close()


def _both(first: Callable[[Sequence[Change]], None], second: Callable[[Sequence[Change]], None]) -> Callable[..., None]:
    def call(changes: Sequence[Change]) -> None:
        first(changes)
        second(changes)

    return call


class _Server:
    """A database of PostgreSQL (`adapters.db.sql_store.Database`)."""

    group = 32  # more than 64 savepoints in a transaction slow down everybody's snapshots

    def __init__(self, url: str) -> None:
        self._url = url

    def writer(self) -> Engine:
        return writer_engine(self._url)

    def reader(self) -> Engine:
        return reader_engine(self._url)

    def check(self, connection: Connection) -> None:
        check_server(connection)

    def translated(self) -> AbstractContextManager[None]:
        return translated(self._url)

    def must_hold(self, connection: Connection) -> None:
        """PostgreSQL says so itself, with the next statement."""


def check_server(connection: Connection) -> None:
    """Refuse a server that cannot keep what is promised.

    Raises:
        StoreError: it is too old, a standby, set to lose commits, or a pooler that shares connections.
    """

    def ask(what: str) -> str:
        return str(connection.execute(text(what)).scalar_one())

    version = int(ask("SHOW server_version_num")) // 10_000
    if version < OLDEST:
        raise StoreError(f"The database is PostgreSQL {version}; Fleetlane needs {OLDEST} or newer.")
    if ask("SELECT pg_is_in_recovery()") == "True":
        raise StoreError("The database is a standby, which cannot be written. Use the address of its primary.")
    for name, else_ in _PROMISES.items():
        if ask(f"SHOW {name}") != "on":
            raise StoreError(f"The database runs with {name} = off: {else_}. Turn it on, and restart PostgreSQL.")
    if ask("SHOW synchronous_commit") not in ("on", "remote_apply", "local"):
        raise StoreError("The database does not write commits to the disk: something sets synchronous_commit = off.")
    first = ask("SELECT pg_backend_pid()")
    connection.commit()
    if first != ask("SELECT pg_backend_pid()"):
        raise StoreError(
            "A pooler between here and the database hands out another connection for each transaction. Connect to "
            "PostgreSQL itself, or let the pooler work by sessions."
        )


@contextmanager
def translated(url: str) -> Generator[None]:
    """Turn PostgreSQL's errors into those of the core."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        raise _translate(error, url) from error


def _translate(error: DBAPIError | psycopg.Error, url: str) -> StoreError:
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlstate", None) or ""
    said = str(original).strip().splitlines()[0] if str(original).strip() else type(original).__name__
    if code in _CONFLICTS:
        return StoreConflictError(said, code)
    if code in _SLOW:
        return StoreBusyError(f"The database took too long ({said}). Try again.")
    if code.startswith("08") or code in _AWAY or (not code and isinstance(original, psycopg.OperationalError)):
        return StoreBusyError(
            f"The database {shown_url(url)} cannot be reached ({said}). Nothing is stored until it is."
        )
    if code.startswith("53"):
        return StoreFullError(f"The database has no room ({said}). Free some disk space, or allow more connections.")
    if code == "25006":
        return StoreError("The database cannot be written: it is a standby. Use the address of its primary.")
    return StoreError(f"The database failed: {said}")
