"""Copies a store from one database to another, row by row, and compares what arrived with what was there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, text, update

from fleetlane.adapters.db.tables import hosts, leases, metadata, sequences, take_overs, workers
from fleetlane.core.errors import StoreError

_ROWS = 5_000
_NOT_COPIED = (sequences, workers, leases, hosts, take_overs)
"""Ids go on from where they were; who works there begins there."""
_FIRST = ("tasks", "accounts", "materials", "devices", "facts")
"""A store that has rows in none of these is empty."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: the rows of each table. `changed` texts lost characters that the new database keeps in none."""

    rows: Mapping[str, int]
    changed: int


def must_be_empty(target: Connection) -> None:
    """Refuse to copy over a store that is in use.

    Raises:
        StoreError: it has rows.
    """
    for name in _FIRST:
        if target.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one():
            raise StoreError(f"There is a store already where this one is to go: it has {name}. Choose an empty place.")


def copy_store(source: Connection, target: Connection, progress: Callable[[str, int], None]) -> Copied:
    """Copy all rows inside the transactions of the caller, compare them, and let ids go on from where they were.

    Args:
        source: where the rows are; it sees one state.
        target: an empty store of the same revision.
        progress: called with a table and how many of its rows are there.

    Raises:
        StoreError: what arrived is not what was there. Nothing must be kept.
    """
    rows: dict[str, int] = {}
    changed = 0
    for table in metadata.sorted_tables:
        if table in _NOT_COPIED:
            continue
        rows[table.name] = 0
        for part in _parts(source, table):
            target.execute(insert(table), [dict(zip(table.columns.keys(), row, strict=True)) for row in part])
            rows[table.name] += len(part)
            progress(table.name, rows[table.name])
        changed += _compared(source, target, table)
    _go_on_counting(source, target)
    return Copied(rows, changed)


def _parts(connection: Connection, table: Table) -> Iterator[list[Row[Any]]]:
    ordered = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_ROWS)
    with connection.execute(ordered) as found:
        for part in found.partitions():
            yield list(part)


def _compared(source: Connection, target: Connection, table: Table) -> int:
    """Return how many texts have lost characters.

    Raises:
        StoreError: a row is missing, is too many, or differs otherwise.
    """
    changed = 0
    there = (row for part in _parts(source, table) for row in part)
    here = (row for part in _parts(target, table) for row in part)
    for before, after in zip_longest(there, here):
        if before == after:
            continue
        if before is None or after is None or any(_kept(old) != new for old, new in zip(before, after, strict=True)):
            which = _named(before, after)
            raise StoreError(f"A row of {table.name} did not arrive as it was; nothing was moved. {which}")
        changed += sum(old != new for old, new in zip(before, after, strict=True))
    return changed


def _kept(value: object) -> object:
    """Return a value as a database keeps it that has no NUL in texts."""
    return value.replace("\0", "") if isinstance(value, str) else value


def _named(before: Row[Any] | None, after: Row[Any] | None) -> str:
    row = before if before is not None else after
    return f"It begins with {row[0] if row is not None else None!r}."


def _go_on_counting(source: Connection, target: Connection) -> None:
    for name, value in _next_ids(source).items():
        if target.dialect.name == "postgresql":
            target.execute(text("SELECT setval(:sequence, :value, false)"), {"sequence": f"{name}_ids", "value": value})
        else:
            target.execute(update(sequences).where(sequences.c.name == name).values(next_value=value))


def _next_ids(source: Connection) -> Mapping[str, int]:
    if source.dialect.name != "postgresql":
        return {row.name: row.next_value for row in source.execute(select(sequences))}
    names = ("task", "account", "material")
    counted = "SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {}_ids"
    return {name: source.execute(text(counted.format(name))).scalar_one() for name in names}
