"""`fleetlane serve`, with one difference: it may kill itself at a point of the publish journal.

CHAOS_PHASE names the phase, CHAOS_WHEN says whether just `before` or just `after` it is stored.
"""

from __future__ import annotations

import os
import signal
import sys

from fleetlane.cli.entry import main
from fleetlane.work.running import runner


class MortalJournal(runner.StoreJournal):
    """The real journal, with a death in it."""

    def _move(self, phase, facts) -> None:
        fatal = phase.value == os.environ["CHAOS_PHASE"]
        if fatal and os.environ["CHAOS_WHEN"] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super()._move(phase, facts)
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    if os.environ.get("CHAOS_PHASE"):
        runner.StoreJournal = MortalJournal
    sys.exit(main())
