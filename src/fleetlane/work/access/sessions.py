"""The sessions of people who have shown the token to the pages: random, kept as hashes, and never for long."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, cast

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store

log = structlog.get_logger(__name__)

IDLE_MS = 12 * 60 * 60 * 1000
LONGEST_MS = 30 * 24 * 60 * 60 * 1000
_NOTED_EVERY_MS = 10 * 60 * 1000
_MOST = 200
_FACT = "sessions"


class Sessions:
    """Keeps sessions over restarts of the server; with another token all of them have ended.

    Args:
        store: where their hashes are kept.
        clock: the time.
        token: the server's; it is the key of the hashes.
    """

    def __init__(self, store: Store, clock: Clock, token: str) -> None:
        self._store = store
        self._clock = clock
        self._key = token.encode()
        self._open: dict[str, tuple[int, int]] = {}
        """When each began and was used last, by the hash of its secret."""
        self._noted_ms = 0

    async def load(self) -> None:
        """Read those of a former run.

        Raises:
            StoreError: it cannot be read.
        """
        self._open = _parsed(await self._store.read(lambda repositories: repositories.facts.get(_FACT)))

    async def begin(self) -> str:
        """Begin a session and return its secret, which nothing keeps but the browser.

        Raises:
            StoreError: it could not be kept; it has not begun.
        """
        secret, now_ms = secrets.token_urlsafe(32), self._clock.now_ms()
        key = self._hash(secret)
        self._open = dict(list(self._living(now_ms).items())[1 - _MOST :]) | {key: (now_ms, now_ms)}
        try:
            await self._store.write(self._note(now_ms))
        except StoreError:
            self._open.pop(key, None)
            raise
        return secret

    def holds(self, secret: str) -> bool:
        """Return whether a session goes on, and note that it was used."""
        now_ms, key = self._clock.now_ms(), self._hash(secret)
        if not _lives(self._open.get(key), now_ms):
            return False
        self._open[key] = (self._open[key][0], now_ms)
        if abs(now_ms - self._noted_ms) > _NOTED_EVERY_MS:
            self._store.submit(self._note(now_ms)).add_done_callback(lambda done: _told(done.exception()))
        return True

    def goes_on(self, secret: str) -> bool:
        """Return whether a session goes on; that it was asked is no use of it."""
        return _lives(self._open.get(self._hash(secret)), self._clock.now_ms())

    async def end(self, secret: str) -> None:
        """End a session.

        Raises:
            StoreError: a restarted server may know it again.
        """
        if self._open.pop(self._hash(secret), None) is not None:
            await self._store.write(self._note(self._clock.now_ms()))

    def _note(self, now_ms: int) -> Any:
        self._noted_ms = now_ms
        text = json.dumps(self._living(now_ms))

        def note(repositories: Repositories) -> None:
            repositories.facts.set(_FACT, text)

        return note

    def _living(self, now_ms: int) -> Mapping[str, tuple[int, int]]:
        return {key: times for key, times in self._open.items() if _lives(times, now_ms)}

    def _hash(self, secret: str) -> str:
        return hmac.new(self._key, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _lives(times: tuple[int, int] | None, now_ms: int) -> bool:
    return times is not None and now_ms - times[0] < LONGEST_MS and now_ms - times[1] < IDLE_MS


def _parsed(text: str | None) -> dict[str, tuple[int, int]]:
    """Return what was kept; nothing when it is not ours, as in a store that somebody else wrote."""
    try:
        kept = cast("dict[str, Any]", json.loads(text or "{}"))
        return {str(key): (int(began), int(used)) for key, (began, used) in kept.items()}
    except (AttributeError, TypeError, ValueError):
        log.warning("sessions_not_read")
        return {}


def _told(error: BaseException | None) -> None:
    if error is not None:
        log.warning("sessions_not_noted", error=str(error))
