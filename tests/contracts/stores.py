"""The stores there are, and what the suites over them share. A new one is a function and a line of the table."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fleetlane.adapters.db.postgres.store import PostgresStore
from fleetlane.adapters.db.sql_store import SqlStore
from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.ports.store import Store
from fleetlane.core.task import NewTask, Source
from support.postgres import new_database
from support.stores import new_store

Opens = Callable[[], AbstractContextManager[Store]]


@contextmanager
def _opened(store: SqlStore) -> Generator[Store]:
    store.start()
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _sqlite(folder: Path) -> Generator[Opens]:
    path = new_store(folder / "store.db")
    yield lambda: _opened(SqliteStore(path))


@contextmanager
def _postgres(_folder: Path) -> Generator[Opens]:
    with new_database() as url:
        yield lambda: _opened(PostgresStore(url))


STORES = {"sqlite": _sqlite, "postgres": _postgres}
"""Each makes the place of a store, given an empty folder, and yields what opens it: new, or what was kept there."""


def new(serial: str | None = "a", due_ms: int = 10, **fields: Any) -> NewTask:
    """Return a task for a store."""
    task = NewTask("batch", 0, "post", '{"captions": "看"}', serial, None, Source.API, 7, 5, due_ms)
    return replace(task, **fields)
