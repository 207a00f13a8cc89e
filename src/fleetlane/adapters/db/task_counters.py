"""How many tasks there are, kept in a table so that nothing counts rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from fleetlane.adapters.db.bulk import insert_many
from fleetlane.adapters.db.tables import task_counts

CounterKey = tuple[str, str, str, int]
"""Serial ("" for none), name of the script, source, status."""


class TaskCounters:
    """The counters inside one transaction. What is added waits for `write`.

    They are written once a unit of work, in one order: where units run side by side none waits for another that waits
    for it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changes: Counter[CounterKey] = Counter()

    def add(self, changes: Mapping[CounterKey, int]) -> None:
        """Note by how much counters move."""
        for key, n in changes.items():
            self._changes[key] += n

    def write(self) -> None:
        """Store what was noted: before anything reads the counters, and at the end of the unit of work."""
        moved, self._changes = sorted((key, n) for key, n in self._changes.items() if n), Counter()
        if not moved:
            return
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(task_counts)
        statement = statement.on_conflict_do_update(
            index_elements=list(task_counts.primary_key.columns),
            set_={"n": task_counts.c.n + statement.excluded.n},
        )
        rows = [
            {"serial": serial, "script_name": script, "source": source, "status": status, "n": n}
            for (serial, script, source, status), n in moved
        ]
        insert_many(self._connection, statement, rows)
