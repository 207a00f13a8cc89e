"""A store over SQL: one writer thread with group commit, and readers that cannot write.

Units of work that come while the writer commits are taken together in the next transaction, each in a savepoint of its
own. What differs between databases is a `Database`.
"""

from __future__ import annotations

import asyncio
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from fleetlane.adapters.db.repositories import SqlRepositories
from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.event import Change
from fleetlane.core.ports.store import Repositories

log = structlog.get_logger(__name__)
T = TypeVar("T")

READERS = 4
"""Connections that only read, at most."""
_MOST_TRIES = 20
"""How often a transaction that met others' is run before its callers are told that the store is busy."""
_LONGEST_PAUSE_S = 0.1


class StoreConflictError(StoreBusyError):
    """A transaction met that of another process: it is run again. `sqlstate` is the database's code of why."""

    def __init__(self, message: str, sqlstate: str = "") -> None:
        self.sqlstate = sqlstate
        super().__init__(message)


class Database(Protocol):
    """A database that a store may lie in."""

    group: int
    """How many units of work one transaction may hold, at most."""

    def writer(self) -> Engine:
        """Return an engine whose transactions are as if each were alone; of one connection at a time."""
        ...

    def reader(self) -> Engine:
        """Return an engine whose transactions see one state and cannot write."""
        ...

    def check(self, connection: Connection) -> None:
        """Refuse a database that cannot keep what is promised.

        Raises:
            StoreError: says why, and what to do.
        """
        ...

    def translated(self) -> AbstractContextManager[None]:
        """Turn the driver's errors into those of the core, conflicts into `StoreConflictError`."""
        ...

    def must_hold(self, connection: Connection) -> None:
        """Check that a transaction goes on after a unit of work has failed in its savepoint.

        Raises:
            StoreError: it does not.
        """
        ...


_End = tuple[Any, Exception | None]
"""What a unit of work returned, or the error that it raised itself."""


@dataclass(slots=True)
class _Work(Generic[T]):
    """A unit of work that waits for the writer."""

    run: Callable[[Repositories], T]
    future: Future[T]


class SqlStore:
    """A store (`core.ports.store.Store`). `start` before use, `close` after.

    Args:
        database: where it lies.
        changed: called from the writer's thread with what a commit has changed, before its caller hears of it.
    """

    def __init__(self, database: Database, changed: Callable[[Sequence[Change]], None] = lambda _changes: None) -> None:
        self._database = database
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
        self._retries: Counter[str] = Counter()

    @property
    def retries(self) -> Mapping[str, int]:
        """Return how often transactions were run again because they met others', by the database's code of why."""
        return self._retries.copy()

    @property
    def problem(self) -> str | None:
        """Why nothing can be written, a sentence; None while all is well, and again when a write went well."""
        return self._death or self._refusal

    def start(self) -> None:
        """Open the store, which must have been migrated.

        Raises:
            StoreError: it cannot be opened.
        """
        try:
            with self._database.translated():
                self._writer = self._database.writer()
                self._readers = self._database.reader()
                with self._writer.connect() as connection:
                    self._database.check(connection)
        except StoreError:
            self._dispose()
            raise
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
        self._dispose()

    def _dispose(self) -> None:
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
        batch: list[_Work[Any]] = []
        try:
            while (first := self._queue.get()) is not None:
                taken, last = self._drain(first)
                batch = [work for work in taken if work.future.set_running_or_notify_cancel()]
                self._commit(batch)
                if last:
                    return
        except Exception as error:
            # The thread's edge: whoever waits must hear of it, and nothing more may be promised.
            log.critical("store_writer_died", exc_info=True)
            self._give_up(batch, error)

    def _drain(self, first: _Work[Any]) -> tuple[list[_Work[Any]], bool]:
        batch = [first]
        while len(batch) < self._database.group:
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

    def _commit(self, batch: list[_Work[Any]]) -> None:
        """Run units of work in one transaction; when it cannot be kept, each in one of its own."""
        if not batch:
            return
        try:
            changes, ends = self._run_all(batch)
        except StoreError as error:
            log.warning("store_write_failed", error=str(error), works=len(batch))
            if isinstance(error, (StoreBusyError, StoreFullError)):
                self._refusal = str(error)
            if len(batch) == 1 or isinstance(error, StoreBusyError):
                for work in batch:
                    work.future.set_exception(error)
                return
            for work in batch:
                self._commit([work])
            return
        self._refusal = None
        self._tell_changes(changes)
        for work, (result, error) in zip(batch, ends, strict=True):
            if error is None:
                work.future.set_result(result)
            else:
                work.future.set_exception(error)

    def _run_all(self, batch: list[_Work[Any]]) -> tuple[list[Change], list[_End]]:
        """Run units of work in one transaction, again while it meets others'. Returns their changes, and their ends.

        Raises:
            StoreError: nothing of them was done.
        """
        for tries in range(_MOST_TRIES):
            try:
                return self._run_once(batch)
            except StoreConflictError as error:
                self._retries[error.sqlstate] += 1
                log.debug("store_conflict", error=str(error), works=len(batch), tries=tries + 1)
                # Nobody says when the other process has committed; who pauses as long as it does meets it again.
                time.sleep(random.uniform(0, min(0.001 * 2**tries, _LONGEST_PAUSE_S)))
        raise StoreBusyError("Others change the same at the same time, again and again. Try again.")

    def _run_once(self, batch: list[_Work[Any]]) -> tuple[list[Change], list[_End]]:
        assert self._writer is not None
        changes: list[Change] = []
        with self._database.translated(), self._writer.connect() as connection, connection.begin():
            ends = [self._run_one(connection, work, changes) for work in batch]
        return changes, ends

    def _run_one(self, connection: Connection, work: _Work[Any], changes: list[Change]) -> _End:
        """Run a unit of work in a savepoint. Returns its result, or its own error; notes what it changed.

        Raises:
            StoreError: the whole transaction is lost.
        """
        try:
            with self._database.translated(), connection.begin_nested():
                repositories = SqlRepositories(connection)
                end = work.run(repositories), None
                repositories.finish()
            changes += repositories.changes
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the caller's own error goes back to the caller
            end = None, error
        self._database.must_hold(connection)
        return end

    # -- reading -------------------------------------------------------------------------------------

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` on a snapshot that cannot be written."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    def _read(self, work: Callable[[Repositories], T]) -> T:
        assert self._readers is not None
        with self._database.translated(), self._readers.connect() as connection, connection.begin():
            return work(SqlRepositories(connection))
