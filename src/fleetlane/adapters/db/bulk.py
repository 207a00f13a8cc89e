"""Many rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Insert

_MANY = 100  # from here on compiling the statement is cheaper than not


def insert_many(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that have the same columns, two or more, and values that the driver takes as they are.

    Many rows are handed to the driver as they are: SQLAlchemy's own work for each would cost as much as the database's.
    """
    if len(rows) < _MANY:
        connection.execute(statement, rows)
        return
    compiled = statement.compile(connection, column_keys=list(rows[0]))
    assert compiled.positiontup is not None, "our drivers take parameters by position"
    ordered = itemgetter(*compiled.positiontup)
    connection.exec_driver_sql(compiled.string, [ordered(row) for row in rows])
