"""What an attempt must stop for, asked before every call to its phone: a person, its time, another worker."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fleetlane.core.errors import LeaseLostError, TaskFailedError, TaskStoppedError
from fleetlane.core.ports.clock import Clock


class AttemptControl:
    """Stop flag, deadline and lease of one attempt.

    Args:
        clock: the time.
        deadline_s: on its monotonic side.
        lost: asked before every call; the error to raise when the phone may not be worked on any more.
    """

    def __init__(
        self, clock: Clock, deadline_s: float, lost: Callable[[], LeaseLostError | None] = lambda: None
    ) -> None:
        self.clock = clock
        self.deadline_s = deadline_s
        self._lost = lost
        self._stopped = threading.Event()
        self._over = False

    def finish(self) -> None:
        """Let nothing more be done: the attempt is over, whatever it left behind on threads of its own."""
        self._over = True

    def must_not_be_over(self) -> None:
        """Raise when the attempt is over.

        Raises:
            TaskStoppedError: it is.
        """
        if self._over:
            raise TaskStoppedError("this attempt has ended")

    @property
    def stopped(self) -> bool:
        """Return whether the attempt was asked to stop."""
        return self._stopped.is_set()

    @property
    def is_lost(self) -> bool:
        """Return whether the phone may not be worked on any more."""
        return self._lost() is not None

    def stop(self) -> None:
        """Ask the attempt to stop. From any thread."""
        self._stopped.set()

    def check(self) -> None:
        """Raise when the attempt must end.

        Raises:
            TaskStoppedError: it was asked to stop.
            LeaseLostError: the phone is not this worker's any more.
            TaskFailedError: `deadline_exceeded`.
        """
        self.must_not_be_over()
        if self._stopped.is_set():
            raise TaskStoppedError("stopped")
        if (lost := self._lost()) is not None:
            raise lost
        if self.clock.monotonic_s() >= self.deadline_s:
            raise TaskFailedError("deadline_exceeded")

    def allow(self, seconds: float) -> None:
        """Let the attempt take so much longer from now on, when its deadline is nearer."""
        self.deadline_s = max(self.deadline_s, self.clock.monotonic_s() + seconds)

    def pause(self, seconds: float) -> None:
        """Wait before the next look; ends at once when the attempt is stopped."""
        left = self.deadline_s - self.clock.monotonic_s()
        self._stopped.wait(max(0.0, min(seconds, left)))
        self.check()
