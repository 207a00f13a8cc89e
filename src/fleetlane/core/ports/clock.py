"""The clock."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Gives the time. Deadlines use `monotonic_s`; everything that is stored or shown uses `now_ms`."""

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return a time in seconds that never goes back."""
        ...
