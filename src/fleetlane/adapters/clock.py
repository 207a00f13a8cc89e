"""The computer's clock (`core.ports.clock.Clock`).

Python's monotonic time stands still on Linux while the computer sleeps; phones and other servers do not wait for it.
Source: clock_gettime(2), CLOCK_BOOTTIME.
"""

from __future__ import annotations

import time

_BOOT_TIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Gives the real time."""

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return a time in seconds that never goes back."""
        return time.monotonic() if _BOOT_TIME is None else time.clock_gettime(_BOOT_TIME)
