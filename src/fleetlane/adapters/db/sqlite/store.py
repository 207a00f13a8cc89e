"""The store on SQLite, in one file. The writer's connection is the only one that ever writes or checkpoints."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from fleetlane.adapters.db.sql_store import SqlStore
from fleetlane.adapters.db.sqlite.engines import reader_engine, writer_engine
from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.event import Change


class SqliteStore(SqlStore):
    """The store in one file (`core.ports.store.Store`). `start` before use, `close` after.

    Args:
        path: the file.
        changed: called from the writer's thread with what a commit has changed, before its caller hears of it.
    """

    def __init__(self, path: Path, changed: Callable[[Sequence[Change]], None] = lambda _changes: None) -> None:
        super().__init__(_File(path), changed)
        self.path = path


class _File:
    """A file of SQLite (`adapters.db.sql_store.Database`)."""

    group = 256

    def __init__(self, path: Path) -> None:
        self._path = path

    def writer(self) -> Engine:
        return writer_engine(self._path)

    def reader(self) -> Engine:
        return reader_engine(self._path)

    def check(self, connection: Connection) -> None:
        connection.exec_driver_sql("SELECT 1")

    def translated(self) -> AbstractContextManager[None]:
        return translated()

    def must_hold(self, connection: Connection) -> None:
        raw = connection.connection.dbapi_connection
        if not isinstance(raw, sqlite3.Connection) or not raw.in_transaction:
            raise StoreError("The store gave up a transaction by itself.")  # as on a full disk


@contextmanager
def translated() -> Generator[None]:
    """Turn SQLite's errors into those of the core."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise _translate(error) from error


def _translate(error: BaseException) -> StoreError:
    code = getattr(_first(error), "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError("The store is held by another process. Try again.")
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError("The disk is full: nothing could be stored. Free some space on it.")
    return StoreError(f"The store failed: {error}")


def _first(error: BaseException) -> BaseException:
    """Return SQLite's first error: once it has rolled back by itself, undoing a savepoint fails as well."""
    found = error
    while error.__context__ is not None:
        error = error.__context__
        if isinstance(error, sqlite3.Error):
            found = error
    return found
