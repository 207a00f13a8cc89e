"""Devices, repeated answers and single values in the store (`core.ports.records`). Nothing here commits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from fleetlane.adapters.db.tables import answers, devices, facts
from fleetlane.core.event import Change, EventKind
from fleetlane.core.ports.records import DeviceRecord, StoredAnswer


class DeviceRecordRepository:
    """What is remembered of devices. `note` is told of each device that says something new."""

    def __init__(self, connection: Connection, note: Callable[[Change], None]) -> None:
        self._connection = connection
        self._note = note

    def seen(self, serial: str, now_ms: int, facts: Mapping[str, Any] | None) -> None:
        """Note that a device is there, and what it says of itself; None keeps what is known."""
        values: dict[str, Any] = {"last_seen_ms": now_ms}
        if facts is not None:
            values["facts"] = json.dumps(dict(facts), ensure_ascii=False)
        changed = self._connection.execute(update(devices).where(devices.c.serial == serial).values(values))
        if changed.rowcount == 0:
            self._connection.execute(insert(devices).values(serial=serial, first_seen_ms=now_ms, **values))
        if facts is not None:
            self._note(Change(EventKind.DEVICE, serial=serial, facts={"facts": "asked"}))

    def all(self) -> list[DeviceRecord]:
        """Return every device ever seen, by serial."""
        return [
            DeviceRecord(row.serial, row.first_seen_ms, row.last_seen_ms, json.loads(row.facts))
            for row in self._connection.execute(select(devices).order_by(devices.c.serial))
        ]

    def forget(self, serial: str) -> bool:
        """Forget a device. False when it is not known."""
        return self._connection.execute(delete(devices).where(devices.c.serial == serial)).rowcount == 1


class AnswerRepository:
    """Answers kept under the keys that clients choose."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> StoredAnswer | None:
        """Return the answer kept under a key."""
        row = self._connection.execute(select(answers).where(answers.c.key == key)).first()
        return StoredAnswer(row.request, json.loads(row.data)) if row else None

    def put(self, key: str, answer: StoredAnswer, now_ms: int) -> None:
        """Keep an answer under a key that is new."""
        data = json.dumps(dict(answer.data), ensure_ascii=False)
        values = {"key": key, "request": answer.request, "data": data, "created_ms": now_ms}
        self._connection.execute(insert(answers).values(values))

    def prune(self, before_ms: int, most: int) -> int:
        """Forget the oldest answers older than an instant, at most so many. Returns how many."""
        old = select(answers.c.key).where(answers.c.created_ms < before_ms).order_by(answers.c.created_ms).limit(most)
        return self._connection.execute(delete(answers).where(answers.c.key.in_(old))).rowcount


class FactRepository:
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
