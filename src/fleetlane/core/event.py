"""What is told to those who watch: a task, a step or a device has changed, or somebody tries to get in.

An event is a hint that names the thing; the store alone is the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What has changed."""

    TASK = "task"
    STEP = "step"
    DEVICE = "device"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that has changed. `facts` are small values that say how, as the API names them."""

    kind: EventKind
    task_id: int | None = None
    batch_id: str | None = None
    serial: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Event:
    """A change that was told. `number` counts from 1 since the server's start."""

    number: int
    at_ms: int
    change: Change


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted. None means any; all that are given must fit."""

    task_id: int | None = None
    batch_id: str | None = None
    serial: str | None = None

    def fits(self, change: Change) -> bool:
        """Return whether a change is wanted."""
        return (
            self.task_id in (None, change.task_id)
            and self.batch_id in (None, change.batch_id)
            and self.serial in (None, change.serial)
        )
