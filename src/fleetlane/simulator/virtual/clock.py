"""The time of phones that nobody waits for."""

from __future__ import annotations

_WALL_S = 1_795_000_000.0


class VirtualClock:
    """Time that moves only when somebody says so. It serves `core` and simulated phones alike."""

    def __init__(self, wall_s: float = _WALL_S) -> None:
        self._start_wall_s = wall_s
        self._now_s = 0.0

    def advance(self, seconds: float) -> None:
        """Let seconds pass."""
        self._now_s += seconds

    def now_s(self) -> float:
        """Return the monotonic time in seconds."""
        return self._now_s

    def monotonic_s(self) -> float:
        """Return the monotonic time in seconds."""
        return self._now_s

    def wall_s(self) -> float:
        """Return the seconds since the epoch."""
        return self._start_wall_s + self._now_s

    def now_ms(self) -> int:
        """Return the milliseconds since the epoch."""
        return round(self.wall_s() * 1000)
