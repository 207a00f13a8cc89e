"""An upload of a simulated app, as its screens show it while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Upload:
    """An upload in progress."""

    started_s: float
    duration_s: float
    placement: str = ""
    stuck: bool = False

    def percent(self, now_s: float) -> int:
        """Return how much is done, 0 to 99."""
        if self.stuck or self.duration_s <= 0:
            return 0
        return max(0, min(99, int(100 * (now_s - self.started_s) / self.duration_s)))
