"""The scheduler: gives the head of each free lane to the executor, and takes its ends back.

`tick` is one step and can be tested alone; `run` only waits for something to do. All of it runs on the
event loop, which owns the state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.lanes import Head, LaneBook
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import Ended, Executor
from fleetlane.core.ports.phone import Devices
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task

log = structlog.get_logger(__name__)

_STORE_RETRY_S = 1.0
_LONGEST_WAIT_S = 60.0  # a clock that was set forward is noticed at the latest after this


class Scheduler:
    """Starts due tasks, one at a time on each device.

    Args:
        store: where the tasks are.
        devices: which of them can take a task.
        clock: the time.
        limit: how many devices may work at the same time; None for no limit. Asked at each step.
    """

    def __init__(
        self, store: Store, devices: Devices, clock: Clock, limit: Callable[[], int | None] = lambda: None
    ) -> None:
        self._store = store
        self._devices = devices
        self._clock = clock
        self._limit = limit
        self._executor: Executor | None = None
        self._book = LaneBook()
        self._wake = asyncio.Event()
        self._paused = False

    def use(self, executor: Executor) -> None:
        """Give it the executor (which in turn calls `ended`)."""
        self._executor = executor

    # -- what others tell and ask ----------------------------------------------------------------------

    def added(self, serial: str, head: Head) -> None:
        """Note a task that has become pending in a lane."""
        self._book.added(serial, head)
        self._wake.set()

    def changed(self, serial: str) -> None:
        """Note that a pending task of a lane has gone or moved."""
        self._book.changed(serial)
        self._wake.set()

    def wake(self) -> None:
        """Look again: a device or a limit has changed."""
        self._wake.set()

    def is_busy(self, serial: str) -> bool:
        """Return whether a device is at work."""
        return serial in self._book.busy

    @property
    def at_limit(self) -> bool:
        """Return whether as many devices work as may."""
        limit = self._limit()
        return limit is not None and len(self._book.busy) >= limit

    def pause(self) -> None:
        """Start nothing any more."""
        self._paused = True

    # -- one step ----------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the heads of all lanes, once at the start."""
        heads = await self._store.read(lambda repositories: repositories.tasks.heads(None))
        for serial, head in heads.items():
            self._book.added(serial, head)

    async def tick(self) -> int:
        """Start every task that can start now. Returns how many were started."""
        await self._refresh()
        if self._paused:
            return 0
        limit = self._limit()
        slots = None if limit is None else limit - len(self._book.busy)
        starts = self._book.startable(self._ready(), self._clock.now_ms(), slots)
        return await self._start(starts) if starts else 0

    async def _refresh(self) -> None:
        stale = self._book.take_stale()
        if not stale:
            return
        try:
            self._book.refreshed(await self._store.read(lambda repositories: repositories.tasks.heads(stale)))
        except StoreError:
            for serial in stale:
                self._book.changed(serial)
            raise

    def _ready(self) -> list[str]:
        return [device.serial for device in self._devices.all() if device.is_ready]

    async def _start(self, starts: Sequence[tuple[str, Head]]) -> int:
        assert self._executor is not None
        now_ms = self._clock.now_ms()
        for serial, _ in starts:
            self._book.taken(serial)

        def claim(repositories: Repositories) -> list[Task | None]:
            return [repositories.tasks.claim(head.task_id, now_ms) for _, head in starts]

        try:
            tasks = await self._store.write(claim)
        except StoreError:
            for serial, _ in starts:
                self._book.freed(serial)
            raise
        started = 0
        for (serial, _), task in zip(starts, tasks, strict=True):
            if task is None:
                self._book.freed(serial)  # somebody stopped or deleted it in the meantime
                self._wake.set()
                continue
            log.info("task_started", task_id=task.id, attempt=task.attempt, device=serial)
            self._executor.start(task)
            started += 1
        return started

    async def ended(self, event: Ended) -> None:
        """Take the end of an attempt: store it, and free the lane."""
        task, outcome = event.task, event.outcome
        assert task.serial is not None
        accepted = await self._store_end(event)
        self._book.freed(task.serial)
        self._book.changed(task.serial)
        self._wake.set()
        log.info(
            "task_ended",
            task_id=task.id,
            attempt=task.attempt,
            device=task.serial,
            error_code=outcome.error_code,
            remark=outcome.remark,
            accepted=accepted,
        )

    async def _store_end(self, event: Ended) -> bool:
        """Store an end; while the store cannot, wait: an outcome must not be lost."""
        task = event.task

        def finish(repositories: Repositories) -> bool:
            if event.requeue:
                return repositories.tasks.requeue(task.id, task.attempt, event.outcome.remark, self._clock.now_ms())
            return repositories.tasks.finish(task.id, task.attempt, event.outcome, self._clock.now_ms())

        while True:
            try:
                return await self._store.write(finish)
            except StoreError as error:
                log.warning("task_end_not_stored", task_id=task.id, error=str(error))
                if self._paused:
                    return False  # the server is going down: recovery will find the attempt's journal
                await asyncio.sleep(_STORE_RETRY_S)

    # -- the loop ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start tasks as they become due, until cancelled."""
        await self.load()
        while True:
            self._wake.clear()
            try:
                await self.tick()
            except StoreError as error:
                log.warning("scheduler_store_failed", error=str(error))
                await self._wait(_STORE_RETRY_S)
                continue
            await self._wait(self._seconds_to_next())

    def _seconds_to_next(self) -> float:
        if self._paused or self.at_limit:
            return _LONGEST_WAIT_S  # the end of an attempt wakes it
        next_due_ms = self._book.next_due_ms(self._ready())
        if next_due_ms is None:
            return _LONGEST_WAIT_S
        return min(max((next_due_ms - self._clock.now_ms()) / 1000, 0.0), _LONGEST_WAIT_S)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
