"""Copies of a store that is in use, by SQLite's own online backup: each is the store at one instant."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import structlog

from fleetlane.adapters.db.sqlite.store import translated
from fleetlane.adapters.private_files import make_private

log = structlog.get_logger(__name__)

_BUSY_TIMEOUT_S = 5.0
_LARGEST_VALUE_BYTES = 256 * 1024 * 1024
"""No value of ours is near that; one that a store computes, made by somebody else, might be."""


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """Open a store so that it cannot be written, whoever else uses it.

    Raises:
        StoreError: it cannot be opened or read.
    """
    uri = f"file:{quote(path.as_posix())}?mode=ro"
    with translated(), closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE_BYTES)
        yield connection


def snapshot(path: Path, to: Path) -> None:
    """Copy a store into a new file, readable by its owner only, while others write to it.

    Raises:
        StoreError: it cannot be read, or the copy cannot be written.
        OSError: the new file cannot be made.
    """
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with reading(path) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole in itself


def keep_copy(path: Path, folder: Path, name: str) -> Path:
    """Keep a copy of a store in a folder, under a name with the time in it, and return the copy.

    Raises:
        StoreError: it cannot be copied.
        OSError: the folder cannot be written.
    """
    make_private(folder)
    copy = folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.db"
    snapshot(path, copy)
    log.info("store_copied", copy=str(copy))
    return copy
