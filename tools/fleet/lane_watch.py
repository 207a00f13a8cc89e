"""Watches when lanes are free again of the attempts that ran on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import psycopg
from whole_fleet import WholeFleet

_POLL_S = 0.1
_RUNNING = "SELECT id, attempt FROM tasks WHERE status = 1"


class LaneWatch:
    """Looks from now on, on a thread of its own, when no attempt runs any more of those that run now.

    Args:
        fleet: that is watched.
        serials: the lanes.
    """

    def __init__(self, fleet: WholeFleet, serials: Sequence[str]) -> None:
        self._fleet = fleet
        self._began_s = time.monotonic()
        found = fleet.rows(f"{_RUNNING} AND serial = ANY(%s)", list(serials))
        self.attempts: frozenset[tuple[int, int]] = frozenset((int(task), int(attempt)) for task, attempt in found)
        self.free_s: float | None = None
        """Seconds until the last of them was free; None while one is not."""
        self._free = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="lane watch", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._closed:
            try:
                running = {(int(task), int(attempt)) for task, attempt in self._fleet.rows(_RUNNING)}
            except (psycopg.Error, OSError):
                running = self.attempts  # the database is away: nobody is free
            if not running & self.attempts:
                self.free_s = time.monotonic() - self._began_s
                self._free.set()
                return
            time.sleep(_POLL_S)

    def wait(self, timeout_s: float) -> bool:
        """Wait until all are free. Returns whether they are."""
        return self._free.wait(timeout_s)

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._thread.join()
