"""Ids: never used again, and those of one unit of work in order."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from fleetlane.adapters.db.tables import sequences


def take_ids(connection: Connection, name: str, count: int) -> list[int]:
    """Return `count` new ids of a sequence ("task", "account", "material"), in order.

    SQLite, with one writer, counts in a row. On PostgreSQL that row would let every caller wait for the one before.
    """
    if connection.dialect.name == "postgresql":
        taken = select(func.nextval(f"{name}_ids")).select_from(func.generate_series(1, count))
        return sorted(connection.execute(taken).scalars())
    statement = (
        update(sequences)
        .where(sequences.c.name == name)
        .values(next_value=sequences.c.next_value + count)
        .returning(sequences.c.next_value)
    )
    after = int(connection.execute(statement).scalar_one())
    return list(range(after - count, after))
