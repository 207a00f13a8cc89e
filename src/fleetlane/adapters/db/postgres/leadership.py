"""Which process leads: it does what is to be done once for all of them. Two leaders for a moment do no harm."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import structlog

from fleetlane.adapters.db.postgres.engines import connect

log = structlog.get_logger(__name__)

_LOCK = 0x666C_6C65_6164  # "fllead"


class Leadership:
    """Asks for the lock of the leader, and holds it while its connection lasts.

    Blocking.

    Args:
        url: the database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._leads = False
        self._lock = threading.Lock()
        self._closed = False

    def __call__(self) -> bool:
        """Return whether this process leads now; it does as soon as nobody else does."""
        with self._lock:
            if self._closed:
                return False
            try:
                self._leads = self._ask()
            except psycopg.Error as error:
                log.debug("leadership_not_asked", error=str(error))
                self._drop()
            return self._leads

    def _ask(self) -> bool:
        if self._connection is None:
            self._connection = connect(self._url)
        if self._leads:
            row = self._connection.execute("SELECT true").fetchone()
        else:
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        return row is not None and bool(row[0])

    def _drop(self) -> None:
        self._leads = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Lead no more."""
        with self._lock:
            self._closed = True
            self._drop()
