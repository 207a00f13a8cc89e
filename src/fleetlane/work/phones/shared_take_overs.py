"""Take-overs as rows of the store, so that the host of a phone starts nothing on it, whichever server a person uses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import structlog

from fleetlane.core.ports.records import TakenOver
from fleetlane.core.ports.store import Repositories, Store

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Word:
    """What is to be noted of a phone, and whether the store has refused it."""

    serial: str
    note: Callable[[Repositories], None]
    failed: bool = False


class SharedTakeOvers:
    """Notes in the store which phones are taken over here. It waits for nothing: the phone's host looks each second.

    Args:
        store: the store.
        owner: the worker of this server; what it noted counts for as long as that lives.
    """

    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner
        self._lock = threading.Lock()
        self._unsaid: dict[str, _Word] = {}
        """The last word on each phone, until it is noted."""

    def taken(self, serial: str, by: str, since_ms: int) -> None:
        """Note that a phone is taken over."""
        taken = TakenOver(serial, self._owner, by, since_ms)
        self._say(_Word(serial, lambda repositories: repositories.take_overs.put(taken)))

    def given_back(self, serial: str) -> None:
        """Note that a phone is given back."""
        self._say(_Word(serial, lambda repositories: repositories.take_overs.drop(serial, self._owner)))

    def say_again(self) -> bool:
        """Note what the store has refused: a phone would never be used again. Returns whether anything is to be noted.

        That is so as well while the store has not answered yet.
        """
        with self._lock:
            words = [*self._unsaid.values()]
        for word in words:
            if word.failed:
                self._say(_Word(word.serial, word.note))
        return bool(words)

    def _say(self, word: _Word) -> None:
        def told(future: Future[Any]) -> None:
            if error := future.exception():
                log.warning("take_over_not_noted", device=word.serial, error=str(error))
                word.failed = True
                return
            with self._lock:
                if self._unsaid.get(word.serial) is word:
                    del self._unsaid[word.serial]

        with self._lock:
            self._unsaid[word.serial] = word
        self._store.submit(word.note).add_done_callback(told)
