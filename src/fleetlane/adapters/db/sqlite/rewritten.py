"""A store written anew: the rows of another one, in tables that we have made ourselves.

What else a store from elsewhere holds (triggers, views, constraints, tables of others) stays behind.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from fleetlane.adapters.db.sqlite.integrity import must_be_plain
from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.snapshot import reading
from fleetlane.adapters.db.sqlite.store import translated
from fleetlane.core.errors import StoreError

_ROWS_AT_ONCE = 1000


def rewrite(path: Path, revision: str, to: Path) -> None:
    """Write a new store with the rows of another one.

    Args:
        path: the other one; it stays as it is.
        revision: its revision, and that of the new store.
        to: the new store; no file is there yet.

    Raises:
        StoreError: the other one has not the tables of its revision, or one of the two cannot be read or written.
    """
    migrate(to, revision)
    with reading(path) as source, translated(), closing(sqlite3.connect(to, isolation_level=None)) as target:
        must_be_plain(source)
        target.execute("BEGIN IMMEDIATE")
        for table in list(_tables(target)):
            _copy(source, target, table)
        target.execute("COMMIT")


def _tables(connection: sqlite3.Connection) -> Iterator[str]:
    ours = (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'alembic_version'"
    )
    for (name,) in connection.execute(ours):
        yield name


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    columns = _columns(target, table)
    if missing := set(columns) - set(_columns(source, table)):
        raise StoreError(f"The store has not the columns of its revision: {table}.{min(missing)} is missing.")
    names, places = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    target.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of our own schema
    rows = source.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608
    while part := rows.fetchmany(_ROWS_AT_ONCE):
        target.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', part)  # noqa: S608
