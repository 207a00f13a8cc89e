"""The scheduler: gives the head of each free lane to the executor.

`tick` is one step and can be tested alone; `run` only waits for something to do. All of it runs on the
event loop, which owns the state. What becomes of an attempt is for `attempt_ends`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.lanes import Head
from fleetlane.core.message import Message
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import Executor
from fleetlane.core.ports.phone import Devices
from fleetlane.core.ports.presses import PressLog
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.work.running.attempt_ends import AttemptEnds
from fleetlane.work.running.canary import Canary
from fleetlane.work.running.durations import Durations
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.lateness import claim_in_time
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.other_workers import OtherWorkers
from fleetlane.work.running.presses import NothingPressed, recall

log = structlog.get_logger(__name__)

_STORE_RETRY_S = 1.0
_DISPATCH_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONGEST_WAIT_S = 60.0
"""What nobody told of is noticed at the latest after this: a clock that was set, a task that others have stored."""


class Scheduler:
    """Starts due tasks, one at a time on each device.

    Args:
        store: where the tasks are.
        devices: which of them can take a task.
        clock: the time.
        lanes: who is next on each lane.
        executor: runs the attempts; it tells `ends` of their ends.
        ends: told of each attempt that begins.
        limit: how many devices may work at the same time; None for no limit. Asked at each step.
        leases: which of the devices are this worker's; all of them when not given.
        longest_attempt_s: how long one attempt can work.
        canary: says which tasks wait for the first post with a new version of an app; none when not given.
        others: who else works on the store; nobody when not given.
        presses: what this host remembers having pressed.
    """

    def __init__(
        self,
        store: Store,
        devices: Devices,
        clock: Clock,
        lanes: Lanes,
        executor: Executor,
        *,
        ends: AttemptEnds,
        limit: Callable[[], int | None] = lambda: None,
        leases: DeviceLeases | None = None,
        longest_attempt_s: float = 3600.0,
        canary: Canary | None = None,
        others: OtherWorkers | None = None,
        presses: PressLog | None = None,
    ) -> None:
        self.longest_attempt_ms = round(longest_attempt_s * 1000)
        self.dispatched = Durations(_DISPATCH_BOUNDS_S)
        """How long it took from the claim of each task to the start of its attempt."""
        self._store = store
        self._devices = devices
        self._clock = clock
        self._lanes = lanes
        self._executor = executor
        self._ends = ends
        self._limit = limit
        self._leases = leases
        self._canary = canary
        self._others = others
        self._presses = presses or NothingPressed()
        self._starts_nothing = False
        self._whole_read_s = clock.monotonic_s()
        """When the heads of all lanes are to be read next."""
        self._claiming: set[int] = set()
        self._stopped_early: set[int] = set()
        """Tasks that were stopped between their claim and their start."""

    # -- what others ask -------------------------------------------------------------------------------

    def withheld(self, serial: str) -> Message | None:
        """Return what the next task of a device waits for while a version of its app is new, None when it does not."""
        found = self._canary.withheld(serial) if self._canary is not None else None
        return found.reason if found is not None else None

    def is_foreign(self, serial: str) -> bool:
        """Return whether another worker has a device that could be used here."""
        return self._leases is not None and self._leases.is_foreign(serial)

    @property
    def limit(self) -> int | None:
        """Return how many devices may work at the same time, None for no limit."""
        return self._limit()

    @property
    def at_limit(self) -> bool:
        """Return whether as many devices work as may."""
        limit = self._limit()
        return limit is not None and len(self._lanes.busy) >= limit

    def stop_starting(self) -> None:
        """Start nothing any more."""
        self._starts_nothing = True
        self._ends.close()

    async def stop(self, task: Task, timeout_s: float) -> bool:
        """Let a running attempt stop, and wait for its end. False when it has not ended within the time.

        One that runs elsewhere is told by its row, where its worker looks.
        """
        if not self._ends.is_running(task.id):
            return self._others is None or await self._others.wait_for(task, timeout_s)
        if task.id in self._claiming:
            self._stopped_early.add(task.id)
        else:
            self._executor.stop(task)
        return await self._ends.wait_for(task.id, timeout_s)

    # -- one step ----------------------------------------------------------------------------------------

    async def tick(self) -> int:
        """Start every task that can start now. Returns how many were started."""
        if self._others is not None:
            await self._others.look(self._ends.started_tasks, self._executor.stop)
        await self._refresh()
        if self._starts_nothing:
            return 0
        limit = self._limit()
        slots = None if limit is None else limit - len(self._lanes.busy)
        starts = self._lanes.table.startable(self._ready(), self._clock.now_ms(), slots)
        return await self._start(starts) if starts else 0

    async def _refresh(self) -> None:
        """Read the heads that may have changed; now and then all of them, whatever was told."""
        table, now_s = self._lanes.table, self._clock.monotonic_s()
        whole = now_s >= self._whole_read_s
        stale = table.take_stale(whole=whole)
        if not stale and not whole:
            return
        try:
            heads = await self._store.read(lambda repositories: repositories.tasks.heads(None if whole else stale))
        except StoreError:
            table.unread()
            raise
        table.refreshed(heads)
        if whole:
            self._whole_read_s = now_s + _LONGEST_WAIT_S

    def _ready(self) -> list[str]:
        ready = [device.serial for device in self._devices.all() if device.is_ready]
        if self._canary is not None:
            ready = [serial for serial in ready if not self._canary.is_withheld(serial)]
        if self._others is not None:
            ready = [serial for serial in ready if self._others.may_ask_for(serial)]
        return ready if self._leases is None else [serial for serial in ready if self._leases.holds(serial)]

    async def _start(self, starts: Sequence[tuple[str, Head]]) -> int:
        began_s = self._clock.monotonic_s()
        tasks = await self._claim(starts)
        started = 0
        for (serial, head), task in zip(starts, tasks, strict=True):
            self._claiming.discard(head.task_id)
            if task is None:
                self._not_started(serial, head)  # stopped, deleted or moved in the meantime, or the lease is lost
                if self._others is not None:
                    self._others.refused(serial)
                self._lanes.notify()
                continue
            self._ends.started(task)
            log.info("task_started", task_id=task.id, attempt=task.attempt, device=serial)
            self._executor.start(task)
            self.dispatched.note(self._clock.monotonic_s() - began_s)
            if task.id in self._stopped_early:
                self._stopped_early.discard(task.id)
                self._executor.stop(task)
            started += 1
        return started

    async def _claim(self, starts: Sequence[tuple[str, Head]]) -> list[Task | None]:
        now_ms = self._clock.now_ms()
        for serial, head in starts:
            self._lanes.table.taken(serial)
            self._ends.claiming(head.task_id)
            self._claiming.add(head.task_id)

        def claim(repositories: Repositories) -> list[tuple[Task | None, Task | None]]:
            may_use = self._gate(repositories)
            return [
                self._claim_one(repositories, head, serial, now_ms) if may_use(serial) else (None, None)
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

    def _claim_one(
        self, repositories: Repositories, head: Head, serial: str, now_ms: int
    ) -> tuple[Task | None, Task | None]:
        recall(repositories, self._presses, head.task_id, now_ms)
        if self._withholds(repositories, head, serial):
            return None, None
        return claim_in_time(repositories, head.task_id, serial, now_ms, self.longest_attempt_ms)

    def _gate(self, repositories: Repositories) -> Callable[[str], bool]:
        """Return what says whether a lane may be used, inside the claim's transaction."""
        others = None if self._others is None else self._others.gate(repositories, self._limit())
        leases = self._leases

        def may_use(serial: str) -> bool:
            held = leases is None or repositories.leases.holds(leases.owner, serial)
            return held and (others is None or others(serial))

        return may_use

    def _withholds(self, repositories: Repositories, head: Head, serial: str) -> bool:
        return self._canary is not None and self._canary.withholds(repositories, head.task_id, serial)

    def _not_started(self, serial: str, head: Head) -> None:
        self._claiming.discard(head.task_id)
        self._stopped_early.discard(head.task_id)
        self._lanes.freed(serial)
        self._ends.over(head.task_id)

    # -- the loop ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start tasks as they become due, until cancelled."""
        while True:
            self._lanes.seen()
            try:
                await self.tick()
            except StoreError as error:
                log.warning("scheduler_store_failed", error=str(error))
                await self._lanes.wait(_STORE_RETRY_S)
                continue
            await self._lanes.wait(self._seconds_to_next())

    def _seconds_to_next(self) -> float:
        until_whole_s = max(self._whole_read_s - self._clock.monotonic_s(), 0.0)
        if self._others is not None:
            until_whole_s = min(until_whole_s, self._others.seconds_to_look())
        if self._starts_nothing or self.at_limit:
            return until_whole_s  # the end of an attempt wakes it
        next_due_ms = self._lanes.table.next_due_ms(self._ready())
        if next_due_ms is None:
            return until_whole_s
        return min(max((next_due_ms - self._clock.now_ms()) / 1000, 0.0), until_whole_s)
