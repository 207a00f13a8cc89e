"""What a host itself remembers of Post having been pressed, beside the store.

A store may go back: a copy of it is put in its place, or a database fails over to a standby that had not got the last
commits. What is pressed twice then cannot be told by the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetlane.core.journal import Phase


@dataclass(frozen=True, slots=True)
class Press:
    """How far an attempt of a task came. `batch_id` is the task's: a store that went back may give ids out again."""

    task_id: int
    attempt: int
    batch_id: str
    serial: str
    phase: Phase
    facts: Mapping[str, Any]
