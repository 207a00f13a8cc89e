"""The scheduler: gives the head of each free lane to the executor, and takes its ends back.

`tick` is one step and can be tested alone; `run` only waits for something to do. All of it runs on the
event loop, which owns the state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import structlog

from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.lanes import Head, LaneTable
from fleetlane.core.message import Message
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import Ended, Executor
from fleetlane.core.ports.phone import Devices
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.account_binding import Moved, tell, to_their_devices
from fleetlane.work.running.canary import Canary
from fleetlane.work.running.completion import RetryPolicy, complete_attempt, complete_barely
from fleetlane.work.running.lateness import claim_in_time
from fleetlane.work.running.leases import DeviceLeases

log = structlog.get_logger(__name__)

_STORE_RETRY_S = 1.0
_MOST_REFUSALS = 10  # by a store that is neither busy nor full: then it may be what the end holds
_LONGEST_WAIT_S = 60.0  # a clock that was set forward is noticed at the latest after this


class Scheduler:
    """Starts due tasks, one at a time on each device.

    Args:
        store: where the tasks are.
        devices: which of them can take a task.
        clock: the time.
        limit: how many devices may work at the same time; None for no limit. Asked at each step.
        retries: which failures are tried again by themselves; none when not given.
        leases: which of the devices are this worker's; all of them when not given.
        longest_attempt_s: how long one attempt can work.
        canary: says which tasks wait for the first post with a new version of an app; none when not given.
        repeats: for how long a post is not to be repeated.
    """

    def __init__(
        self,
        store: Store,
        devices: Devices,
        clock: Clock,
        limit: Callable[[], int | None] = lambda: None,
        *,
        retries: RetryPolicy | None = None,
        leases: DeviceLeases | None = None,
        longest_attempt_s: float = 3600.0,
        canary: Canary | None = None,
        repeats: RepeatWindow | None = None,
    ) -> None:
        self.longest_attempt_ms = round(longest_attempt_s * 1000)
        self._store = store
        self._devices = devices
        self._clock = clock
        self._limit = limit
        self._retries = retries or RetryPolicy()
        self._leases = leases
        self._repeats = repeats or RepeatWindow()
        self.canary = canary
        """Says which tasks wait for the first post with a new version; None: none does."""
        self._executor: Executor | None = None
        self._book = LaneTable()
        self._wake = asyncio.Event()
        self._paused = False
        self._running: set[int] = set()
        """Tasks that were given to the executor, or are being claimed for it."""
        self._claiming: set[int] = set()
        self._stopped_early: set[int] = set()
        """Tasks that were stopped between their claim and their start."""
        self._ends: dict[int, asyncio.Event] = {}
        self._since: dict[int, int | None] = {}
        """Since when the device of each running task had been ready when the task was started."""
        self.on_free: Callable[[str], None] = lambda _serial: None
        """Called with each device that has become free."""
        self.on_added: Callable[[str], None] = lambda _serial: None
        """Called with each lane that has got a task."""
        self.may_look_again: Callable[[Task], bool] = lambda _task: True
        """Asked before the post of a task in doubt is looked for once more."""

    def use(self, executor: Executor) -> None:
        """Give it the executor (which in turn calls `ended`)."""
        self._executor = executor

    # -- what others tell and ask ----------------------------------------------------------------------

    def added(self, serial: str, head: Head) -> None:
        """Note a task that has become pending in a lane."""
        self._book.added(serial, head)
        self._look_again(serial)
        self.on_added(serial)
        self._wake.set()

    def changed(self, serial: str) -> None:
        """Note that a pending task of a lane has gone or moved."""
        self._book.changed(serial)
        self._look_again(serial)
        self._wake.set()

    def _look_again(self, serial: str | None = None) -> None:
        if self.canary is not None:
            self.canary.look_again(serial)

    def withheld(self, serial: str) -> Message | None:
        """Return what the next task of a device waits for while a version of its app is new, None when it does not."""
        found = self.canary.withheld(serial) if self.canary is not None else None
        return found.reason if found is not None else None

    def notify(self) -> None:
        """Look again: a device or a limit has changed."""
        self._wake.set()
        if self._leases is not None:
            self._leases.wake()

    @property
    def busy(self) -> Collection[str]:
        """Return the devices that are at work."""
        return self._book.busy

    def is_foreign(self, serial: str) -> bool:
        """Return whether another worker has the device."""
        return self._leases is not None and self._leases.is_foreign(serial)

    def is_busy(self, serial: str) -> bool:
        """Return whether a device is at work."""
        return serial in self._book.busy

    def hold(self, serial: str) -> None:
        """Start nothing on a device until it is released. What runs there, or is being claimed, goes on to its end."""
        self._book.held.add(serial)

    def release(self, serial: str) -> None:
        """Start tasks on a device again."""
        self._book.held.discard(serial)
        self._wake.set()

    def is_held(self, serial: str) -> bool:
        """Return whether a person has taken a device over."""
        return serial in self._book.held

    @property
    def limit(self) -> int | None:
        """Return how many devices may work at the same time, None for no limit."""
        return self._limit()

    @property
    def at_limit(self) -> bool:
        """Return whether as many devices work as may."""
        limit = self._limit()
        return limit is not None and len(self._book.busy) >= limit

    def stop_starting(self) -> None:
        """Start nothing any more."""
        self._paused = True

    async def stop(self, task: Task, timeout_s: float) -> bool:
        """Let a running attempt stop, and wait for its end. False when it has not ended within the time."""
        if task.id not in self._running:
            return True
        assert self._executor is not None
        event = self._ends.setdefault(task.id, asyncio.Event())
        if task.id in self._claiming:
            self._stopped_early.add(task.id)
        else:
            self._executor.stop(task)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        return True

    # -- one step ----------------------------------------------------------------------------------------

    async def load_heads(self) -> None:
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
        ready = [device.serial for device in self._devices.all() if device.is_ready]
        if self.canary is not None:
            ready = [serial for serial in ready if not self.canary.is_withheld(serial)]
        return ready if self._leases is None else [serial for serial in ready if self._leases.holds(serial)]

    def _since_ms(self, serial: str) -> int | None:
        """Return since when a device is ready, None when it is not."""
        device = self._devices.get(serial)
        return device.since_ms if device is not None and device.is_ready else None

    async def _start(self, starts: Sequence[tuple[str, Head]]) -> int:
        assert self._executor is not None
        tasks = await self._claim(starts)
        started = 0
        for (serial, head), task in zip(starts, tasks, strict=True):
            self._claiming.discard(head.task_id)
            if task is None:
                self._not_started(serial, head)  # stopped, deleted or moved in the meantime, or the lease is lost
                self._wake.set()
                if self._leases is not None:
                    self._leases.wake()
                continue
            self._since[task.id] = self._since_ms(serial)
            log.info("task_started", task_id=task.id, attempt=task.attempt, device=serial)
            self._executor.start(task)
            if task.id in self._stopped_early:
                self._stopped_early.discard(task.id)
                self._executor.stop(task)
            started += 1
        return started

    async def _claim(self, starts: Sequence[tuple[str, Head]]) -> list[Task | None]:
        now_ms = self._clock.now_ms()
        for serial, head in starts:
            self._book.taken(serial)
            self._running.add(head.task_id)
            self._claiming.add(head.task_id)

        def claim(repositories: Repositories) -> list[tuple[Task | None, Task | None]]:
            return [
                claim_in_time(repositories, head.task_id, serial, now_ms, self.longest_attempt_ms)
                if self._may_use(repositories, serial) and not self._withholds(repositories, head, serial)
                else (None, None)
                for serial, head in starts
            ]

        try:
            claimed = await self._store.write(claim)
        except StoreError:
            for serial, head in starts:
                self._not_started(serial, head)
            raise
        for _, late in claimed:
            if late is not None:
                log.warning("task_late", task_id=late.id, device=late.serial, status=late.status.text)
        return [task for task, _ in claimed]

    def _may_use(self, repositories: Repositories, serial: str) -> bool:
        return self._leases is None or repositories.leases.holds(self._leases.owner, serial)

    def _withholds(self, repositories: Repositories, head: Head, serial: str) -> bool:
        return self.canary is not None and self.canary.withholds(repositories, head.task_id, serial)

    def _not_started(self, serial: str, head: Head) -> None:
        self._claiming.discard(head.task_id)
        self._stopped_early.discard(head.task_id)
        self._book.freed(serial)
        self.on_free(serial)
        self._is_over(head.task_id)

    def _is_over(self, task_id: int) -> None:
        self._running.discard(task_id)
        if waiting := self._ends.pop(task_id, None):
            waiting.set()

    async def ended(self, event: Ended) -> None:
        """Take the end of an attempt: store it, and free the lane."""
        task, outcome = event.task, event.outcome
        assert task.serial is not None
        if outcome.publish_state is PublishState.UNKNOWN:
            # One look follows in any case; more of them when the phone was away meanwhile, or the post may come late.
            since_ms = self._since_ms(task.serial)
            was_away = since_ms is None or since_ms != self._since.get(task.id)
            again = (was_away or outcome.unseen) and self.may_look_again(task)
            event = replace(event, outcome_unseen=not task.in_doubt or again)
        self._since.pop(task.id, None)
        accepted = await self._store_end(event)
        self._look_again()
        self._book.freed(task.serial)
        self.on_free(task.serial)
        self._book.changed(task.serial)
        self._wake.set()
        self._is_over(task.id)
        log.info(
            "task_ended",
            task_id=task.id,
            attempt=task.attempt,
            device=task.serial,
            error_code=outcome.error_code,
            remark=outcome.remark,
            ending=event.ending.value,
            accepted=accepted,
        )

    async def _store_end(self, event: Ended) -> bool:
        """Store an end; while the store cannot, wait: an outcome must not be lost."""
        task = event.task

        def finish(repositories: Repositories) -> tuple[bool, list[Moved]]:
            now_ms = self._clock.now_ms()
            accepted = complete_attempt(repositories, event, self._retries, now_ms)
            return accepted, to_their_devices(repositories, [task.id], now_ms, self._repeats)

        def barely(repositories: Repositories) -> tuple[bool, list[Moved]]:
            return complete_barely(repositories, event, self._clock.now_ms()), []

        work, refusals = finish, 0
        while True:
            try:
                accepted, moved = await self._store.write(work)
            except StoreError as error:
                log.warning("task_end_not_stored", task_id=task.id, error=str(error))
                if self._paused:
                    return False  # the server is going down: recovery will find the attempt's journal
                refusals += not isinstance(error, (StoreBusyError, StoreFullError))
                work = barely if refusals >= _MOST_REFUSALS else work
                await asyncio.sleep(_STORE_RETRY_S)
            except Exception:
                # What the end holds cannot be stored. The lane goes on, whatever comes of it.
                log.exception("task_end_not_storable", task_id=task.id)
                if work is barely:
                    return False  # the next start settles it by its journal
                work = barely
            else:
                tell(self, moved)
                return accepted

    # -- the loop ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start tasks as they become due, until cancelled."""
        loaded = False
        while True:
            self._wake.clear()
            try:
                if not loaded:
                    await self.load_heads()
                    loaded = True
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
