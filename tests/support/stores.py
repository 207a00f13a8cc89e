"""Stores to begin with: migrated once a process, and copied for each test."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.private_files import make_private_file


def new_store(path: Path) -> Path:
    """Make an empty store of the newest schema at `path` unless there is one, as `migrate` does, and return `path`."""
    if not path.exists():
        make_private_file(path)
        path.write_bytes(_empty())
    return path


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        migrate(path)
        return path.read_bytes()
