"""The server under test: it may kill itself at a point of the publish journal."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from server_process import ServerProcess, wait_for
from server_process import ServerProcessError as ChaosError

__all__ = ["ChaosError", "Victim", "wait_for"]

_VICTIM = Path(__file__).with_name("killed_server.py")
_SETTINGS = {
    "FLEETLANE_AUTO_RETRY": "true",
    "FLEETLANE_RETRY_DELAY_MIN_S": "0",
    "FLEETLANE_RETRY_DELAY_MAX_S": "0.5",
}


class Victim(ServerProcess):
    """A server that dies again and again."""

    def __init__(self, folder: Path, adb_port: int) -> None:
        super().__init__(folder, adb_port, _SETTINGS, (str(_VICTIM),))

    def start_to_die(self, phase: str = "", when: str = "") -> float:
        """Start it, to die at a point of the journal or not (see `start`)."""
        return self.start(CHAOS_PHASE=phase, CHAOS_WHEN=when)

    def phases_at_death(self) -> Counter[str]:
        """Return how far the attempts were that the last life left behind; "looking" for those that only looked."""
        return Counter("looking" if looks else phase for phase, ended, _, looks in self._attempts() if not ended)

    def looks(self) -> Counter[str]:
        """Return how the looks for posts in doubt ended."""
        return Counter(error or "published" for _, _, error, looks in self._attempts() if looks)

    def _attempts(self) -> list[tuple[str, int | None, str | None, int | None]]:
        """Return the phase, the end, the error code, and whose post it looks for, of each attempt."""
        query = "SELECT phase, ended_ms, error_code, json_extract(facts, '$.verifies') FROM attempts"
        store = f"file:{self.data_dir / 'fleetlane.db'}?mode=ro"
        with closing(sqlite3.connect(store, uri=True)) as connection:
            return connection.execute(query).fetchall()
