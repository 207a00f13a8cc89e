"""The licence at work: what is allowed now, and a watch on all that can change it.

It changes when its file does, when it runs out, and when the clock is set. `reload` is one step and can be
tested alone; `run` only waits for the next. Every answer is made for the moment it is asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import structlog

from fleetlane.core.errors import LicenseInvalidError, StoreError
from fleetlane.core.license import UNLICENSED, License, Terms, in_force, must_not_be_older, refused
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.license import LicenseSource
from fleetlane.core.ports.records import KeyValues
from fleetlane.core.ports.store import Store

log = structlog.get_logger(__name__)

_FACT = "license"
_LOOK_EVERY_S = 1.0
_NOTE_EVERY_MS = 60 * 60 * 1000
_SOONEST_S = 0.001


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store remembers: the newest licence's date of issue, and the latest instant seen under it."""

    issued_ms: int = 0
    latest_ms: int = 0


class Licensing:
    """Says what the licence allows.

    Args:
        source: where it lies.
        store: remembers the newest licence and the latest time, so that neither can be turned back.
        clock: the time.
        changed: called after what is allowed has changed.
    """

    def __init__(
        self, source: LicenseSource, store: Store, clock: Clock, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._changed = changed
        self._stamp: object = None
        self._terms: Terms | None = None
        self._refusal: str | None = None
        self._latest_ms = 0
        self._noted_ms = 0
        self._told = UNLICENSED

    def now(self) -> License:
        """Return what is allowed at this moment."""
        if self._refusal is not None:
            return refused(self._refusal)
        if self._terms is None:
            return UNLICENSED
        now_ms = self._clock.now_ms()
        self._latest_ms = max(self._latest_ms, now_ms)
        return in_force(self._terms, now_ms, self._latest_ms)

    async def reload(self) -> None:
        """Take a changed licence, and tell when what is allowed has changed.

        Raises:
            StoreError: the store cannot remember it; the next look tries again.
        """
        stamp = await asyncio.to_thread(self._source.stamp)
        if stamp != self._stamp:
            await self._take()
            self._stamp = stamp
        allowed = self.now()
        if allowed != self._told:
            self._told = allowed
            log.info("license_changed", plan=allowed.plan, device_limit=allowed.device_limit, message=allowed.message)
            self._changed()
        if self._terms is not None and self._latest_ms - self._noted_ms >= _NOTE_EVERY_MS:
            await self._note(self._terms)

    async def run(self) -> None:
        """Keep looking, until cancelled."""
        while True:
            await asyncio.sleep(self._seconds_to_next())
            try:
                await self.reload()
            except StoreError as error:
                log.warning("license_not_noted", error=str(error))

    def _seconds_to_next(self) -> float:
        left_ms = (self._terms.expires_ms or 0) - self._clock.now_ms() if self._terms else 0
        return min(max(left_ms / 1000, _SOONEST_S), _LOOK_EVERY_S) if left_ms > 0 else _LOOK_EVERY_S

    async def _take(self) -> None:
        try:
            terms = await asyncio.to_thread(self._source.read)
            if terms is not None:
                await self._note(terms)
        except LicenseInvalidError as error:
            self._terms, self._refusal = None, str(error)
        else:
            self._terms, self._refusal = terms, None

    async def _note(self, terms: Terms) -> None:
        """Remember a licence and the time; a newer licence starts the time anew from its date of issue."""
        now_ms = self._clock.now_ms()

        def note(facts: KeyValues) -> _Known:
            known = _known(facts)
            must_not_be_older(terms, known.issued_ms)
            if terms.issued_ms > known.issued_ms:
                known = _Known(terms.issued_ms, terms.issued_ms)
            known = replace(known, latest_ms=max(known.latest_ms, now_ms))
            facts.set(_FACT, json.dumps(asdict(known)))
            return known

        known = await self._store.write(lambda repositories: note(repositories.facts))
        self._latest_ms = known.latest_ms
        self._noted_ms = known.latest_ms


def _known(facts: KeyValues) -> _Known:
    kept = facts.get(_FACT)
    return _Known(**json.loads(kept)) if kept else _Known()
