"""Many rows at once, and many parameters in parts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Insert, Row

MOST_PARAMETERS = 500  # databases bound how many a statement may have
_MANY = 100  # from here on compiling the statement is cheaper than not
_T = TypeVar("_T")


def chunks(values: Collection[_T]) -> Iterator[list[_T]]:
    """Yield values in parts that are small enough for the parameters of a statement."""
    listed = list(values)
    for start in range(0, len(listed), MOST_PARAMETERS):
        yield listed[start : start + MOST_PARAMETERS]


def changed_rows(connection: Connection, statement: Executable) -> list[Row[Any]]:
    """Run a statement that returns the rows it changes, and return them in the order of their ids."""
    return sorted(connection.execute(statement), key=lambda row: row.id)


def insert_many(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that have the same columns, two or more, and values that the driver takes as they are; or none.

    Many rows are handed to the driver as they are: SQLAlchemy's own work for each would cost as much as the database's.
    """
    if not rows:
        return  # a statement without any would insert one of defaults
    if len(rows) < _MANY:
        connection.execute(statement, rows)
        return
    compiled = statement.compile(connection, column_keys=list(rows[0]))
    if compiled.positiontup is None:  # PostgreSQL's: SQLAlchemy puts many rows into one statement
        connection.execute(statement, rows)
        return
    ordered = itemgetter(*compiled.positiontup)
    connection.exec_driver_sql(compiled.string, [ordered(row) for row in rows])
