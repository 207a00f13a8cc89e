"""The stores there are, and what the suites over them share. A new one is a function and a line of the table."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.ports.store import Store
from fleetlane.core.task import NewTask, Source
from support.stores import new_store


@contextmanager
def _sqlite(folder: Path) -> Generator[Store]:
    path = folder / "store.db"
    new_store(path)
    store = SqliteStore(path)
    store.start()
    try:
        yield store
    finally:
        store.close()


STORES = {"sqlite": _sqlite}
"""Each opens the store that belongs to an empty folder: a new one, or, later, what was kept there."""


def new(serial: str | None = "a", due_ms: int = 10, **fields: Any) -> NewTask:
    """Return a task for a store."""
    task = NewTask("batch", 0, "post", '{"captions": "看"}', serial, None, Source.API, 7, 5, due_ms)
    return replace(task, **fields)
