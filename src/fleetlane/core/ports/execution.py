"""Running attempts, and what else is done on the thread of a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from fleetlane.core.outcome import Outcome
from fleetlane.core.ports.phone import Driver
from fleetlane.core.task import Task

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt has ended.

    Attributes:
        cut_off: the server ended it; its journal says what becomes of its task.
        unseen: it could not see what became of its post; another look may. When the phone answered all the time
            (`outcome.unseen`), other tasks have their turn before it.
        broke: its thread tells of its end, not the attempt itself: the journal in the store knows more.
    """

    task: Task
    outcome: Outcome
    cut_off: bool = False
    unseen: bool = False
    broke: bool = False


class Executor(Protocol):
    """Runs attempts, one at a time on each device."""

    def start(self, task: Task) -> None:
        """Run the task's present attempt on its device. The end comes by the callback given at the start."""
        ...

    def stop(self, task: Task) -> None:
        """Ask an attempt to stop; nothing happens when it has ended. The lane is freed by its real end."""
        ...


class DeviceCalls(Protocol):
    """Lets others use a phone's driver, on the one thread that may, between attempts."""

    async def call(self, serial: str, what: Callable[[Driver], _T], *, preemptible: bool) -> _T:
        """Do something on a phone, after what its thread was given before. Returns what it returns.

        Args:
            serial: which phone.
            what: what to do.
            preemptible: it is cut off, or never begun, when an attempt or a call that does not give way comes.

        Raises:
            DeviceError: the phone failed.
            TaskStoppedError: it gave way, or the server stops.
        """
        ...
