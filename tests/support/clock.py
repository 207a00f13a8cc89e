"""Time that only moves when a test says so."""

from __future__ import annotations


class ManualClock:
    """A clock for `core` and for simulated phones."""

    def __init__(self, wall_s: float = 1_795_000_000.0) -> None:
        self._start_wall_s = wall_s
        self._now_s = 0.0

    def advance(self, seconds: float) -> None:
        self._now_s += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock; no time passes."""
        self._start_wall_s += seconds

    def now_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return self._now_s

    def wall_s(self) -> float:
        return self._start_wall_s + self._now_s

    def now_ms(self) -> int:
        return round(self.wall_s() * 1000)
