"""What is kept for a while only: old things are deleted in small batches, between the work of others."""

from __future__ import annotations

import asyncio

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Store

log = structlog.get_logger(__name__)

_BATCH = 500
_EVERY_S = 10 * 60.0


class Retention:
    """Forgets the answers kept under Idempotency-Keys once they are too old.

    Args:
        store: where they are.
        clock: the time.
        keep_answers_ms: how long an answer is kept.
    """

    def __init__(self, store: Store, clock: Clock, keep_answers_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._keep_answers_ms = keep_answers_ms

    async def sweep(self) -> int:
        """Forget what is too old now; a unit of work for each batch. Returns how much it was.

        Raises:
            StoreError: the store failed; what was deleted so far stays deleted.
        """
        before_ms = self._clock.now_ms() - self._keep_answers_ms
        forgotten = 0
        while True:
            batch = await self._store.write(lambda repositories: repositories.answers.prune(before_ms, _BATCH))
            forgotten += batch
            if batch < _BATCH:
                return forgotten

    async def run(self) -> None:
        """Sweep now and every ten minutes, until cancelled."""
        while True:
            try:
                if forgotten := await self.sweep():
                    log.info("answers_forgotten", count=forgotten)
            except StoreError as error:
                log.warning("retention_failed", error=str(error))  # the next sweep tries again
            await asyncio.sleep(_EVERY_S)
