"""The engines of the store on SQLite: one connection that may write, and those that only read.

They share SQLAlchemy's dialect and what it has compiled: a statement is made into SQL once a process, whichever
connection, and whichever store, first runs it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Pool, StaticPool, create_engine, event
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import LRUCache

from fleetlane.adapters.db.sql_store import READERS
from fleetlane.adapters.private_files import make_private_file

_BUSY_TIMEOUT_MS = 5_000
_STATEMENTS = 1000
"""Compiled statements to keep: more than the repositories have."""


def writer_engine(path: Path) -> Engine:
    """Return an engine with the one connection that may write to the store at `path`."""
    engine = _engine(lambda: _writing(path), poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # every commit is on the disk: the publish journal relies on it
            "fullfsync=ON",
            "foreign_keys=ON",
            "trusted_schema=OFF",  # what a schema says must not call functions with effects
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader_engine(path: Path) -> Engine:
    """Return an engine with connections that cannot write to the store at `path`."""
    uri = f"file:{quote(path.as_posix())}?mode=ro"
    engine = _engine(lambda: _connect(uri, uri=True), poolclass=QueuePool, pool_size=READERS)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.execute("PRAGMA trusted_schema=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.exec_driver_sql("BEGIN")

    return engine


def _engine(connect: Callable[[], sqlite3.Connection], poolclass: type[Pool], **of_pool: Any) -> Engine:
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=poolclass, **of_pool)
    former, compiled = _compiling()
    engine.dialect = former.dialect  # what is compiled is known by it
    engine.update_execution_options(compiled_cache=compiled)
    return engine


@cache
def _compiling() -> tuple[Engine, LRUCache[Any, Any]]:
    """Return an engine whose dialect knows its SQLite, and what has been compiled with that."""
    engine = create_engine("sqlite+pysqlite://")
    with engine.connect():
        return engine, LRUCache(_STATEMENTS)


def _writing(path: Path) -> sqlite3.Connection:
    with suppress(OSError):  # then SQLite says why
        make_private_file(path)  # its log gets the same mode
    return _connect(path)


def _connect(database: str | Path, *, uri: bool = False) -> sqlite3.Connection:
    seconds = _BUSY_TIMEOUT_MS / 1000
    return sqlite3.connect(database, uri=uri, timeout=seconds, check_same_thread=False, isolation_level=None)
