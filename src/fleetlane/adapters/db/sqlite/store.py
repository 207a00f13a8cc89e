"""The store on SQLite: one writer thread with group commit, and readers that cannot write.

The writer's connection is the only one that ever writes or checkpoints. Units of work that come while
it commits are taken together in the next transaction, each in a savepoint of its own.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from fleetlane.adapters.db.accounts import AccountRepository
from fleetlane.adapters.db.attempts import AttemptRepository
from fleetlane.adapters.db.devices import DeviceRecordRepository
from fleetlane.adapters.db.leases import LeaseRepository
from fleetlane.adapters.db.materials import MaterialRepository
from fleetlane.adapters.db.records import IdempotencyKeyRepository, KeyValueRepository
from fleetlane.adapters.db.sqlite.engines import READERS, reader_engine, writer_engine
from fleetlane.adapters.db.tasks import TaskRepository
from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.event import Change
from fleetlane.core.ports.store import Repositories

log = structlog.get_logger(__name__)
T = TypeVar("T")

_GROUP = 256


class SqlRepositories:
    """All repositories over one connection. `changes` is what they changed, for those who watch."""

    def __init__(self, connection: Connection) -> None:
        self.changes: list[Change] = []
        self.attempts = AttemptRepository(connection, self.changes.append)
        self.tasks = TaskRepository(connection, self.attempts, self.changes.append)
        self.accounts = AccountRepository(connection)
        self.materials = MaterialRepository(connection)
        self.devices = DeviceRecordRepository(connection, self.changes.append)
        self.answers = IdempotencyKeyRepository(connection)
        self.facts = KeyValueRepository(connection)
        self.leases = LeaseRepository(connection)


@dataclass(slots=True)
class _Work(Generic[T]):
    """A unit of work that waits for the writer."""

    run: Callable[[Repositories], T]
    future: Future[T]


class SqliteStore:
    """The store in one file (`core.ports.store.Store`). `start` before use, `close` after.

    Args:
        path: the file.
        changed: called from the writer's thread with what a commit has changed, before its caller hears of it.
    """

    def __init__(self, path: Path, changed: Callable[[Sequence[Change]], None] = lambda _changes: None) -> None:
        self.path = path
        self._tell_changes = changed
        self._queue: queue.SimpleQueue[_Work[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_loop, name="store writer", daemon=True)
        self._writer: Engine | None = None
        self._readers: Engine | None = None
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store reader")
        self._lock = threading.Lock()
        self._open = False
        self._death: str | None = None
        self._refusal: str | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing can be written, a sentence; None while all is well, and again when a write went well."""
        return self._death or self._refusal

    def start(self) -> None:
        """Open the store, which must have been migrated.

        Raises:
            StoreError: it cannot be opened.
        """
        with translated():
            self._writer = writer_engine(self.path)
            self._readers = reader_engine(self.path)
            with self._writer.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        self._open = True
        self._thread.start()

    def close(self) -> None:
        """Finish the work that waits, and close."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            self._queue.put(None)
        self._thread.join()
        self._pool.shutdown()
        for engine in (self._readers, self._writer):
            if engine is not None:
                engine.dispose()

    # -- writing -------------------------------------------------------------------------------------

    def submit(self, work: Callable[[Repositories], T]) -> Future[T]:
        """Run `work` in the next transaction; the future is done when it is durable."""
        future: Future[T] = Future()
        with self._lock:
            if not self._open:
                future.set_exception(StoreError(self._death or "The store is closed."))
                return future
            self._queue.put(_Work(work, future))
        return future

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` in a transaction that can write; it is durable when this returns."""
        return await asyncio.wrap_future(self.submit(work))

    def _write_loop(self) -> None:
        assert self._writer is not None
        batch: list[_Work[Any]] = []
        try:
            with self._writer.connect() as connection:
                while (first := self._queue.get()) is not None:
                    taken, last = self._drain(first)
                    batch = [work for work in taken if work.future.set_running_or_notify_cancel()]
                    self._commit(batch, connection)
                    if last:
                        return
        except Exception as error:
            # The thread's edge: whoever waits must hear of it, and nothing more may be promised.
            log.critical("store_writer_died", exc_info=True)
            self._give_up(batch, error)

    def _drain(self, first: _Work[Any]) -> tuple[list[_Work[Any]], bool]:
        batch = [first]
        while len(batch) < _GROUP:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _give_up(self, batch: list[_Work[Any]], error: Exception) -> None:
        with self._lock:
            self._open = False
            self._death = f"The store cannot be written any more ({error}). Restart the server."
        while True:
            for work in batch:
                if not work.future.done():
                    work.future.set_exception(StoreError(self._death))
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return
            batch = [work] if work is not None else []

    def _commit(self, batch: list[_Work[Any]], connection: Connection) -> None:
        """Run units of work in one transaction; when it cannot be kept, each in one of its own."""
        if not batch:
            return
        try:
            with translated(), connection.begin():
                changes: list[Change] = []
                ends = [self._run_one(connection, work, changes) for work in batch]
        except StoreError as error:
            log.warning("store_write_failed", error=str(error), works=len(batch))
            if isinstance(error, (StoreBusyError, StoreFullError)):
                self._refusal = str(error)
            if len(batch) == 1 or isinstance(error, StoreBusyError):
                for work in batch:
                    work.future.set_exception(error)
                return
            for work in batch:
                self._commit([work], connection)
            return
        self._refusal = None
        self._tell_changes(changes)
        for work, (result, error) in zip(batch, ends, strict=True):
            if error is None:
                work.future.set_result(result)
            else:
                work.future.set_exception(error)

    def _run_one(self, connection: Connection, work: _Work[Any], changes: list[Change]) -> tuple[Any, Exception | None]:
        """Run a unit of work in a savepoint. Returns its result, or its own error; notes what it changed.

        Raises:
            StoreError: the whole transaction is lost.
        """
        try:
            with translated(), connection.begin_nested():
                repositories = SqlRepositories(connection)
                end = work.run(repositories), None
            changes += repositories.changes
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the caller's own error goes back to the caller
            end = None, error
        raw = connection.connection.dbapi_connection
        if not isinstance(raw, sqlite3.Connection) or not raw.in_transaction:
            raise StoreError("The store gave up a transaction by itself.")  # as on a full disk
        return end

    # -- reading -------------------------------------------------------------------------------------

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` on a snapshot that cannot be written."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def _read(self, work: Callable[[Repositories], T]) -> T:
        assert self._readers is not None
        with translated(), self._readers.connect() as connection, connection.begin():
            return work(SqlRepositories(connection))


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
