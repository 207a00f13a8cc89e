"""A scheduler over a real store without phones, with attempts that a test ends."""

from __future__ import annotations

from dataclasses import replace

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import PublishState, succeeded
from fleetlane.core.ports.presses import PressLog
from fleetlane.core.task import LatePolicy, NewTask, Source
from fleetlane.work.content.accounts import AccountService
from fleetlane.work.running.canary import Canary
from fleetlane.work.running.completion import RetryPolicy
from fleetlane.work.running.doubt_timeout import VerificationTimeout
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.late_tasks import LateTasks
from fleetlane.work.running.leases import DeviceLeases
from fleetlane.work.running.other_workers import OtherWorkers
from fleetlane.work.tasks.changes import Changes
from fleetlane.work.tasks.decisions import Decisions
from fleetlane.work.tasks.retry_all import RetryAll
from support.clock import ManualClock
from support.fakes import FakeDevices
from support.scheduling import Scheduling
from support.stores import new_store

TTL_S = 30.0
DONE = succeeded("Published.", PublishState.PUBLISHED, {})


class World:
    """A scheduler and its changes over a real store, with attempts that a test ends.

    With `leased` it works on a device only when it has the lease, as a server does; several may share a store. Those
    with a `host_name` know that others do.
    """

    def __init__(
        self,
        path,
        retries: RetryPolicy | None = None,
        *,
        leased: bool = False,
        host_id: str = "",
        host_name: str = "",
        limit: int | None = None,
        presses: PressLog | None = None,
        canary: bool = False,
    ) -> None:
        new_store(path)
        self.path = path
        self.store = SqliteStore(path)
        self.store.start()
        self.clock = ManualClock(1000.0)
        self.devices = FakeDevices("a", "b")
        self.lanes = Lanes()
        self.leases = DeviceLeases(
            self.store,
            self.clock,
            lambda: {*self.devices.table},
            self.lanes,
            host_id=host_id,
            ttl_s=TTL_S,
            presses=presses,
        )
        self.others = None
        if host_name:
            self.others = OtherWorkers(self.store, self.lanes, self.clock, self.leases, host_name=host_name)
        self.verification = VerificationTimeout(self.store, self.lanes, self.clock, wait_s=600)
        self.canary = Canary(self.store, self.clock, self.lanes) if canary else None
        made = Scheduling(
            self.store,
            self.devices,
            self.clock,
            self.lanes,
            of_ends={"retries": retries, "may_look_again": self._may_look_again},
            leases=self.leases if leased else None,
            canary=self.canary,
            others=self.others,
            presses=presses,
            limit=lambda: limit,
        )
        self.ends, self.executor, self.scheduler = made.ends, made.executor, made.scheduler
        self.forgotten: list[int] = []
        self.changes = Changes(self.store, self.scheduler, self.lanes, self.clock, self.forgotten.append)
        self.retry_all = RetryAll(self.store, self.lanes, self.clock)
        self.decisions = Decisions(self.store, self.lanes, self.clock)
        self.late_tasks = LateTasks(self.store, self.lanes, self.clock)
        self.accounts = AccountService(self.store, self.lanes, self.clock)

    def _may_look_again(self, task) -> bool:
        return self.verification.may_look_again(task)  # a test may have put another in its place

    def reread(self) -> None:
        """Let the scheduler read all heads at its next step, as it does now and then."""
        self.scheduler._whole_read_s = 0.0

    def __enter__(self) -> World:
        return self

    def __exit__(self, *error) -> None:
        self.store.close()

    async def add(
        self,
        serial: str | None = "a",
        username: str | None = None,
        *,
        start_s: float | None = None,
        late_after_s: float | None = None,
        policy: LatePolicy | None = None,
    ) -> int:
        """Add a task, due now or with a start time in so many seconds."""
        now = self.clock.now_ms()
        start = None if start_s is None else now + round(start_s * 1000)
        new = NewTask(
            "b", 0, "post", "{}", serial, username, Source.API, 1, now, now if start is None else start, start
        )
        late_after_ms = None if late_after_s is None else round(late_after_s * 1000)
        new = replace(new, late_after_ms=late_after_ms, late_policy=policy)
        [task_id] = await self.store.write(lambda r: r.tasks.add([new]))
        if serial is not None:
            self.lanes.added(serial, Head(new.due_ms, task_id))
        return task_id

    async def running(self) -> int:
        task_id = await self.add()
        assert await self.scheduler.tick() == 1
        return task_id

    async def end(self, task_id: int, outcome=DONE, *, interrupted: bool = False) -> None:
        """Let an attempt end. `interrupted`: it was asked to because the server stops."""
        await self.executor.finish(task_id, outcome, stopping=interrupted)

    async def task(self, task_id: int):
        return await self.store.read(lambda r: r.tasks.get(task_id))
