"""Ids, handed out in blocks: in order, and never used again."""

from __future__ import annotations

from sqlalchemy import Connection, update

from fleetlane.adapters.db.tables import sequences


def take_ids(connection: Connection, name: str, count: int) -> int:
    """Return the first of `count` new ids of a sequence ("task", "account", "material")."""
    statement = (
        update(sequences)
        .where(sequences.c.name == name)
        .values(next_value=sequences.c.next_value + count)
        .returning(sequences.c.next_value)
    )
    return int(connection.execute(statement).scalar_one()) - count
