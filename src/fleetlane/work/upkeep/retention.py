"""What is kept for a while only: old things are deleted in small batches, between the work of others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.report import TraceFiles
from fleetlane.core.ports.store import Store

log = structlog.get_logger(__name__)

_BATCH = 500
_TRACES = 50
_EVERY_S = 10 * 60.0


class IdempotencyKeyRetention:
    """Forgets the answers kept under Idempotency-Keys once they are too old.

    Args:
        store: where they are.
        clock: the time.
        keep_ms: how long an answer is kept.
    """

    def __init__(self, store: Store, clock: Clock, keep_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._keep_ms = keep_ms

    async def sweep(self) -> int:
        """Forget what is too old now; a unit of work for each batch. Returns how much it was.

        Raises:
            StoreError: the store failed; what was deleted so far stays deleted.
        """
        before_ms = self._clock.now_ms() - self._keep_ms
        forgotten = 0
        while True:
            batch = await self._store.write(lambda repositories: repositories.answers.prune(before_ms, _BATCH))
            forgotten += batch
            if batch < _BATCH:
                return forgotten


class TraceRetention:
    """Forgets the traces of ended tasks: those that are too old, and the oldest while all take too much room.

    The steps go first, then the files; files that a crash left without steps go at the next sweep.

    Args:
        store: where the steps are.
        files: the pictures and trees.
        clock: the time.
        keep_ms: how long a trace is kept after its task has ended.
        most_bytes: how much room the files of all traces may take.
    """

    def __init__(self, store: Store, files: TraceFiles, clock: Clock, keep_ms: int, most_bytes: int) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._keep_ms = keep_ms
        self._most_bytes = most_bytes

    async def sweep(self) -> int:
        """Forget what is too old or too much now. Returns how many tasks lost their trace.

        Raises:
            StoreError: the store failed; what was deleted so far stays deleted.
        """
        now_ms = self._clock.now_ms()
        forgotten = 0
        while gone := await self._oldest(now_ms - self._keep_ms, _TRACES):
            forgotten += len(gone)
        sizes = await asyncio.to_thread(self._files.sizes)
        left_over = await self._store.read(lambda repositories: repositories.attempts.without_steps(sizes))
        await asyncio.to_thread(self._forget, left_over)
        total = sum(size for task_id, size in sizes.items() if task_id not in left_over)
        while total > self._most_bytes and (gone := await self._oldest(now_ms, 1)):
            total -= sum(sizes.get(task_id, 0) for task_id in gone)
            forgotten += len(gone)
        return forgotten

    async def _oldest(self, before_ms: int, limit: int) -> list[int]:
        gone = await self._store.write(lambda repositories: repositories.attempts.forget_steps(before_ms, limit))
        await asyncio.to_thread(self._forget, gone)
        return gone

    def _forget(self, task_ids: list[int] | set[int]) -> None:
        for task_id in task_ids:
            self._files.forget(task_id)


class Retention:
    """Lets sweeps run now and every ten minutes.

    Args:
        sweeps: by the event that is logged when one of them forgot something.
    """

    def __init__(self, sweeps: Mapping[str, Callable[[], Awaitable[int]]]) -> None:
        self._sweeps = sweeps

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            for event, sweep in self._sweeps.items():
                try:
                    if forgotten := await sweep():
                        log.info(event, count=forgotten)
                except StoreError as error:
                    log.warning("retention_failed", error=str(error))  # the next sweep tries again
            await asyncio.sleep(_EVERY_S)
