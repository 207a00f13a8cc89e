"""Word between the processes on one database: each tells the others what it has changed, by NOTIFY.

A hint only, told after the commit and by a connection of its own, so that no commit waits for it. What is not heard is
found by looking: everybody who listens looks now and then, too.
"""

from __future__ import annotations

import json
import queue
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import structlog

from fleetlane.adapters.db.postgres.engines import connect
from fleetlane.core.event import Change, EventKind

log = structlog.get_logger(__name__)

_CHANNEL = "fleetlane"
_LONGEST = 7_900
"""PostgreSQL takes less than 8,000 bytes at once."""
_PAUSE_S = 1.0
_LOOK_S = 5.0
"""How long a listener that is to end may go on where the database does not answer."""

Heard = Callable[[Sequence[Change] | None], None]


class Word:
    """Tells and hears. `start` before use, `close` after.

    Args:
        url: the database.
        heard: called from a thread of its own with what others have changed; None: nobody knows what.
    """

    def __init__(self, url: str, heard: Heard) -> None:
        self._url = url
        self._heard = heard
        self._me = uuid.uuid4().hex
        self._queue: queue.SimpleQueue[Sequence[Change] | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._tell_all, name="store word", daemon=True),
            threading.Thread(target=self._listen, name="store listener", daemon=True),
        ]

    def start(self) -> None:
        """Begin to tell and to listen."""
        for thread in self._threads:
            thread.start()

    def tell(self, changes: Sequence[Change]) -> None:
        """Let others hear of changes that are committed. From any thread; never waits, never fails."""
        if changes:
            self._queue.put(changes)

    def close(self) -> None:
        """Tell and hear nothing any more."""
        self._closed.set()
        self._queue.put(None)
        for thread in self._threads:
            thread.join(_LOOK_S * 2)

    # -- telling -----------------------------------------------------------------------------------------

    def _tell_all(self) -> None:
        connection: psycopg.Connection[Any] | None = None
        while True:
            changes, last = self._next()
            try:
                connection = connection or connect(self._url)
                for payload in _payloads(self._me, changes):
                    connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, payload))
                if last:  # the listener hears it, and looks whether it is to end
                    connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, _payload(self._me, None)))
            except psycopg.Error as error:
                log.debug("word_not_told", error=str(error))
                connection = _dropped(connection)
            if last:
                _dropped(connection)
                return

    def _next(self) -> tuple[list[Change], bool]:
        """Wait for changes, and return all that wait, and whether they are the last ones."""
        changes: list[Change] = []
        found = self._queue.get()
        while found is not None:
            changes += found
            try:
                found = self._queue.get_nowait()
            except queue.Empty:
                return changes, False
        return changes, True

    # -- hearing -----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        connection: psycopg.Connection[Any] | None = None
        while not self._closed.is_set():
            try:
                if connection is None:
                    connection = connect(self._url)
                    connection.execute(f"LISTEN {_CHANNEL}")
                    self._heard(None)  # what was told before is lost
                for notice in connection.notifies(timeout=_LOOK_S, stop_after=1):
                    self._take(notice.payload)
            except psycopg.Error as error:
                if not self._closed.is_set():
                    log.warning("word_not_heard", error=str(error))
                connection = _dropped(connection)
                self._closed.wait(_PAUSE_S)
        _dropped(connection)

    def _take(self, payload: str) -> None:
        try:
            found = json.loads(payload)
            if found["from"] != self._me:
                self._heard(None if found["changes"] is None else [_change(one) for one in found["changes"]])
        except (ValueError, KeyError, TypeError) as error:
            log.warning("word_not_understood", error=str(error))
            self._heard(None)


def _dropped(connection: psycopg.Connection[Any] | None) -> None:
    if connection is not None:
        connection.close()


def _payloads(me: str, changes: Sequence[Change]) -> list[str]:
    """Return what tells of changes: as few texts as hold them, or one that says to look where they are too many."""
    whole = _payload(me, changes)
    if len(whole.encode()) <= _LONGEST:
        return [whole] if changes else []
    if len(changes) == 1:
        return [_payload(me, None)]
    half = len(changes) // 2
    return _payloads(me, changes[:half]) + _payloads(me, changes[half:])


def _payload(me: str, changes: Sequence[Change] | None) -> str:
    told = None if changes is None else [_told(change) for change in changes]
    return json.dumps({"from": me, "changes": told}, ensure_ascii=False, separators=(",", ":"))


def _told(change: Change) -> list[Any]:
    return [change.kind.value, change.task_id, change.batch_id, change.serial, dict(change.facts)]


def _change(told: list[Any]) -> Change:
    kind, task_id, batch_id, serial, facts = told
    return Change(EventKind(kind), task_id, batch_id, serial, facts)
