"""A computer of a fleet: its clock, its cables, and what it remembers, whatever becomes of its processes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fleetlane import __version__
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.presses import Press
from simulation.plugs import Plugs
from support.clock import ManualClock

if TYPE_CHECKING:
    from simulation.life import Life


class Remembered:
    """What a computer remembers of its presses, whatever becomes of its processes (`core.ports.presses.PressLog`)."""

    def __init__(self) -> None:
        self._presses: dict[int, Press] = {}

    def note(self, press: Press) -> None:
        """Remember how far an attempt has come."""
        self._presses.pop(press.task_id, None)
        self._presses[press.task_id] = press

    def of(self, task_id: int) -> Press | None:
        """Return how far the last attempt of a task came."""
        return self._presses.get(task_id)

    def latest(self, most: int) -> Sequence[Press]:
        """Return what was noted last."""
        return [*self._presses.values()][-most:]


class Computer:
    """A computer with its own clock and cables. `life` is the process that runs on it, None for none.

    Attributes:
        awake: set unless it sleeps, or the process is halted.
        clock_stands: its clock stands still, as it does nowhere but in a virtual machine that is halted.
        fooled: its clock stood still since it last asked the store: it may believe what is long over.
        halts: how often its clock stood still.
        drained_s: since when it takes no new tasks, by its clock; None while it takes some.
    """

    def __init__(self, name: str, kind: HostKind, wall_off_s: float) -> None:
        self.name = name
        self.host = NewHost(name, f"id of {name}", kind, __version__)
        self.clock = ManualClock()
        self.clock.jump(wall_off_s)
        self.plugs = Plugs()
        self.awake = asyncio.Event()
        self.awake.set()
        self.clock_stands = False
        self.fooled = False
        self.halts = 0
        self.drained_s: float | None = None
        self.presses = Remembered()
        self.lives = 0
        self.life: Life | None = None

    @property
    def is_server(self) -> bool:
        """Return whether people ask it."""
        return self.host.kind is HostKind.SERVER
