"""Brings tasks in doubt to their next look, and ends their wait in the end: then their outcome stays unknown.

A post that was not seen although the phone answered is looked for again later. Meanwhile other tasks have their turn;
when its time has come it goes before all others of its lane.

How long they have waited is counted in this server's own life, on the clock that nobody sets.
"""

from __future__ import annotations

import asyncio

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.lateness import says_how_late
from fleetlane.core.message import Message
from fleetlane.core.outcome import failed
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.remark import RemarkTemplate
from fleetlane.core.task import Task
from fleetlane.work.running.lanes import Lanes

log = structlog.get_logger(__name__)

_LONGEST_PAUSE_S = 30.0


class VerificationTimeout:
    """Waits for the phones of tasks in doubt, and gives up in the end.

    Args:
        store: where the tasks are.
        lanes: told of the lanes that are free to go on.
        clock: the time.
        wait_s: how long a task in doubt waits.
    """

    def __init__(self, store: Store, lanes: Lanes, clock: Clock, wait_s: float) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._wait_s = wait_s
        self._since_s: dict[int, float] = {}
        """Since when each task is known to be in doubt."""

    def may_look_again(self, task: Task) -> bool:
        """Return whether a task in doubt may wait for another look."""
        now_s = self._clock.monotonic_s()
        return now_s - self._since_s.get(task.id, now_s) < self._wait_s

    async def sweep(self) -> int:
        """Put first whose next look is due, and give up those that have waited too long. Returns how many."""
        in_doubt = await self._store.read(lambda repositories: repositories.tasks.in_doubt())
        now_s = self._clock.monotonic_s()
        self._since_s = {task.id: self._since_s.get(task.id, now_s) for task in in_doubt}
        now_ms = self._clock.now_ms()
        if any(FIRST_MS < task.due_ms <= now_ms for task in in_doubt):
            for serial in await self._store.write(lambda repositories: repositories.tasks.looks_due(now_ms)):
                self._lanes.changed(serial)
        over = [task for task in in_doubt if now_s - self._since_s[task.id] >= self._wait_s]
        if not over:
            return 0
        given_up = await self._store.write(lambda repositories: self._give_up(repositories, over))
        for task in given_up:
            assert task.serial is not None
            self._lanes.changed(task.serial)
            log.warning("task_given_up_in_doubt", task_id=task.id, device=task.serial)
        return len(given_up)

    def _give_up(self, repositories: Repositories, tasks: list[Task]) -> list[Task]:
        ended = [
            repositories.tasks.give_up(
                task.id,
                says_how_late(failed("outcome_unknown", _unseen(task.serial or "", self._wait_s)), task.late_ms),
                self._clock.now_ms(),
            )
            for task in tasks
        ]
        given_up = [task for task in ended if task is not None]
        for task in given_up:
            repositories.attempts.give_up(task.id, task.attempt, self._clock.now_ms())
        return given_up

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                log.warning("patience_store_failed", error=str(error))  # the next look tries again
            await asyncio.sleep(min(self._wait_s / 4, _LONGEST_PAUSE_S))


def _unseen(serial: str, wait_s: float) -> Message:
    """Return the message that a post was not seen in time."""
    if wait_s < 120:
        return RemarkTemplate.UNSEEN_FOR_SECONDS.filled(serial=serial, seconds=f"{wait_s:.0f}")
    return RemarkTemplate.UNSEEN_FOR_MINUTES.filled(serial=serial, minutes=f"{wait_s / 60:.0f}")
