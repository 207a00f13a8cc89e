"""Running attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fleetlane.core.outcome import Outcome
from fleetlane.core.task import Task


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt has ended. `requeue`: it was interrupted before anything could be published."""

    task: Task
    outcome: Outcome
    requeue: bool = False


class Executor(Protocol):
    """Runs attempts, one at a time on each device."""

    def start(self, task: Task) -> None:
        """Run the task's present attempt on its device. The end comes by the callback given at the start."""
        ...

    def stop(self, task: Task) -> None:
        """Ask an attempt to stop; nothing happens when it has ended. The lane is freed by its real end."""
        ...
