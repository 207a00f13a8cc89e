"""The control of an attempt in virtual time: what pauses lets the clock go on, and nobody waits."""

from __future__ import annotations

from fleetlane.scripts.control import AttemptControl
from fleetlane.simulator.virtual.clock import VirtualClock


class VirtualControl(AttemptControl):
    """A control whose pauses take virtual time.

    Args:
        clock: moved by pauses.
        deadline_s: on its monotonic side.
    """

    clock: VirtualClock

    def __init__(self, clock: VirtualClock, deadline_s: float) -> None:
        super().__init__(clock, deadline_s)

    def pause(self, seconds: float) -> None:
        """Let the time pass at once, the deadline at most."""
        self.check()
        self.clock.advance(max(0.0, min(seconds, self.deadline_s - self.clock.monotonic_s())))
        self.check()
