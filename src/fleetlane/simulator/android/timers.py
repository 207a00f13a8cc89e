"""Time on a simulated phone: what is to happen later, run in the order in which it is due.

Timers run when somebody looks (`settle`), each at the time it was due, so the same phone runs in real
and in virtual time.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Gives the time: `now_s` never goes back, `wall_s` is seconds since the epoch."""

    def now_s(self) -> float:
        """Return a monotonic time in seconds."""
        ...

    def wall_s(self) -> float:
        """Return the wall-clock time in seconds since the epoch."""
        ...


class Timers:
    """The time of one phone. All methods must be called from one thread."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.app_delay_s = 0.0
        """How long apps have kept their user waiting, in all."""
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = itertools.count()
        self._delayed_until_s = 0.0
        self._timer_at_s: float | None = None

    def now_s(self) -> float:
        """Return the phone's monotonic time in seconds; inside a timer, when that was due."""
        return self.clock.now_s() if self._timer_at_s is None else self._timer_at_s

    def wall_s(self) -> float:
        """Return the wall-clock time of `now_s`."""
        return self.clock.wall_s() - (self.clock.now_s() - self.now_s())

    def delay(self, seconds: float, call: Callable[[], None], *, counts: bool = True) -> None:
        """Call something after `seconds`. Delays that `count` are the app's own, not the caller's."""
        now = self.now_s()
        if counts:
            self.app_delay_s += max(0.0, now + seconds - max(now, self._delayed_until_s))
            self._delayed_until_s = max(self._delayed_until_s, now + seconds)
        heapq.heappush(self._timers, (now + seconds, next(self._sequence), call))
        if seconds <= 0:
            self.settle()

    def settle(self) -> None:
        """Run the timers that are due, each at the time it was due."""
        if self._timer_at_s is not None:
            return
        while self._timers and self._timers[0][0] <= self.clock.now_s():
            self._timer_at_s, _, call = heapq.heappop(self._timers)
            try:
                call()
            finally:
                self._timer_at_s = None
