"""Small things the store remembers: devices, answers that may be repeated, single values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What is remembered of a device. `facts` is what it last said of itself."""

    serial: str
    first_seen_ms: int
    last_seen_ms: int
    facts: Mapping[str, Any]


class DeviceRecords(Protocol):
    """What is remembered of devices."""

    def seen(self, serial: str, now_ms: int, facts: Mapping[str, Any] | None) -> None:
        """Note that a device is there, and what it says of itself; None keeps what is known."""
        ...

    def all(self) -> list[DeviceRecord]:
        """Return every device ever seen, by serial."""
        ...

    def forget(self, serial: str) -> bool:
        """Forget a device. False when it is not known."""
        ...


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer to a request that named a key. `request` is the hash of its body."""

    request: str
    data: Mapping[str, Any]


class Answers(Protocol):
    """Answers kept under the keys that clients choose, so that a repeated request changes nothing."""

    def get(self, key: str) -> StoredAnswer | None:
        """Return the answer kept under a key."""
        ...

    def put(self, key: str, answer: StoredAnswer, now_ms: int) -> None:
        """Keep an answer under a key that is new."""
        ...

    def prune(self, before_ms: int, most: int) -> int:
        """Forget the oldest answers older than an instant, at most so many. Returns how many."""
        ...


class Facts(Protocol):
    """Single values by name."""

    def get(self, name: str) -> str | None:
        """Return a value."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a value."""
        ...
