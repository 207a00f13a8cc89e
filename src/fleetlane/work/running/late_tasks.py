"""Looks for tasks that are late by now, whether their phones are there or not."""

from __future__ import annotations

import asyncio

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.lateness import settle_late

log = structlog.get_logger(__name__)

_AT_ONCE = 200  # the writer is not kept longer than for these
_LONGEST_PAUSE_S = 5.0  # what was made meanwhile, and a clock that was set, is noticed at the latest after this
_LEAST_PAUSE_S = 0.05


class LateTasks:
    """Holds or fails the tasks that could not begin in time.

    Args:
        store: where the tasks are.
        lanes: told of the lanes whose tasks do not wait there any more.
        clock: the time.
        longest_attempt_s: how long one attempt can work.
    """

    def __init__(self, store: Store, lanes: Lanes, clock: Clock, longest_attempt_s: float = 3600.0) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._longest_attempt_ms = round(longest_attempt_s * 1000)

    async def sweep(self) -> int:
        """Settle every task that is late by now. Returns how many do not wait for their time any more."""
        found = 0
        while await self._next_ms() < self._clock.now_ms():
            settled = await self._store.write(self._settle)
            found += len(settled)
            for task in settled:
                log.warning("task_late", task_id=task.id, device=task.serial, status=task.status.text)
                if task.serial is not None:
                    self._lanes.changed(task.serial)
        return found

    def _settle(self, repositories: Repositories) -> list[Task]:
        now_ms = self._clock.now_ms()
        late = repositories.tasks.late(now_ms, _AT_ONCE)
        settled = [settle_late(repositories, task, now_ms, self._longest_attempt_ms) for task in late]
        return [task for task in settled if task is not None]

    async def _next_ms(self) -> float:
        """Return when the next task may be late."""
        next_ms = await self._store.read(lambda repositories: repositories.tasks.next_late_ms())
        return float("inf") if next_ms is None else next_ms

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            pause_s = _LONGEST_PAUSE_S
            try:
                await self.sweep()
                pause_s = (await self._next_ms() - self._clock.now_ms()) / 1000
            except StoreError as error:
                log.warning("late_tasks_store_failed", error=str(error))  # the next sweep tries again
            await asyncio.sleep(min(max(pause_s, _LEAST_PAUSE_S), _LONGEST_PAUSE_S))
