"""How long something took, each time since the start: counted by bounds, as Prometheus wants it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Durations:
    """Counts times. Used on one thread.

    Args:
        bounds_s: upper bounds in seconds, growing; what is longer than all of them is counted, too.
    """

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self.bounds_s = tuple(bounds_s)
        self._counts = [0] * (len(bounds_s) + 1)
        self.total_s = 0.0
        """Of all of them together."""

    def note(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self.bounds_s, seconds)] += 1
        self.total_s += seconds

    @property
    def up_to(self) -> Sequence[int]:
        """Return how many took at most each of the bounds, and at last how many there were."""
        found: list[int] = []
        for count in self._counts:
            found.append(count + (found[-1] if found else 0))
        return found
