"""The computer's clock (`core.ports.clock.Clock`)."""

from __future__ import annotations

import time


class SystemClock:
    """Gives the real time."""

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return a time in seconds that never goes back."""
        return time.monotonic()
