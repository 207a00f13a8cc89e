"""Repeated answers and single values in the store (`core.ports.records`). Nothing here commits."""

from __future__ import annotations

import json

from sqlalchemy import Connection, delete, insert, select, update

from fleetlane.adapters.db.tables import answers, facts
from fleetlane.core.ports.records import StoredResponse


class IdempotencyKeyRepository:
    """Answers kept under the keys that clients choose."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> StoredResponse | None:
        """Return the answer kept under a key."""
        row = self._connection.execute(select(answers).where(answers.c.key == key)).first()
        return StoredResponse(row.request, json.loads(row.data)) if row else None

    def put(self, key: str, answer: StoredResponse, now_ms: int) -> None:
        """Keep an answer under a key that is new."""
        data = json.dumps(dict(answer.data), ensure_ascii=False)
        values = {"key": key, "request": answer.request, "data": data, "created_ms": now_ms}
        self._connection.execute(insert(answers).values(values))

    def prune(self, before_ms: int, most: int) -> int:
        """Forget the oldest answers older than an instant, at most so many. Returns how many."""
        old = select(answers.c.key).where(answers.c.created_ms < before_ms).order_by(answers.c.created_ms).limit(most)
        return self._connection.execute(delete(answers).where(answers.c.key.in_(old))).rowcount


class KeyValueRepository:
    """Single values by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """Return a value."""
        return self._connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()

    def set(self, name: str, value: str) -> None:
        """Keep a value."""
        changed = self._connection.execute(update(facts).where(facts.c.name == name).values(value=value))
        if changed.rowcount == 0:
            self._connection.execute(insert(facts).values(name=name, value=value))
