"""The ledger: what was really published on the simulated phones, one JSON line a post.

It is the truth that tests and users compare with.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleetlane.core.errors import FleetlaneError


class LedgerError(FleetlaneError):
    """A ledger cannot be written or read."""


class Ledger:
    """Appends posts to a file, or only to memory when no path is given. Safe from several threads.

    Raises:
        LedgerError: the file cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.entries: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a", encoding="utf-8"):
                    pass
            except OSError as error:
                raise LedgerError(f"The ledger {path} cannot be written: {error.strerror}. Choose another.") from error

    def write(self, entry: Mapping[str, Any]) -> None:
        """Write one post. `entry["time"]` is in seconds since the epoch."""
        row = {**entry, "time": datetime.fromtimestamp(entry["time"], UTC).isoformat(timespec="milliseconds")}
        with self._lock:
            self.entries.append(row)
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_ledger(path: Path) -> list[dict[str, Any]]:
    """Return the posts in a ledger file, oldest first; none when there is no file yet.

    Raises:
        LedgerError: it cannot be read, or is no ledger.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise LedgerError(f"{path} is no ledger: {error}. Move it away, or choose another file.") from error
