"""`fleetlane`, with one difference: once in its life it stops itself (SIGSTOP) at a point of the publish journal.

So whoever watches it can do what he likes at that very point: kill it, cut its network, or wait and let it go on.
FLEET_PHASE names the phase, FLEET_WHEN says whether just `before` or just `after` it is stored. FLEET_CLOCK_AHEAD_S is
how far ahead its clock is: to all that it is, which is Python, but not to its database and its phones.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from fleetlane.cli.entry import main
from fleetlane.work.running import runner

_ONCE = threading.Lock()


class StoppingJournal(runner.StoreJournal):
    """The real journal, with a stop of the whole process in it."""

    def _move(self, phase, facts) -> None:
        is_here = phase.value == os.environ["FLEET_PHASE"]
        if is_here and os.environ["FLEET_WHEN"] == "before":
            _stop()
        super()._move(phase, facts)
        if is_here and os.environ["FLEET_WHEN"] == "after":
            _stop()


def _stop() -> None:
    if _ONCE.acquire(blocking=False):  # never released: once in a life
        os.kill(os.getpid(), signal.SIGSTOP)


def _move_clock(ahead_s: float) -> None:
    real_s, real_ns = time.time, time.time_ns
    time.time = lambda: real_s() + ahead_s
    time.time_ns = lambda: real_ns() + round(ahead_s * 1e9)


if __name__ == "__main__":
    if os.environ.get("FLEET_PHASE"):
        runner.StoreJournal = StoppingJournal
    if ahead := os.environ.get("FLEET_CLOCK_AHEAD_S"):
        _move_clock(float(ahead))
    sys.exit(main())
