"""The scheduler on a real store: one task at a time on a device, in order of (due, id), and none lost."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.device import DeviceState
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import NewTask, Source, Status
from fleetlane.work.running.recovery import recover
from support.clock import ManualClock
from support.fakes import FakeDevices
from support.scheduler_harness import World
from support.scheduling import Scheduling
from support.stores import new_store

SERIALS = ("a", "b", "c")
DONE = succeeded("Published.", PublishState.PUBLISHED, {})


class Lanes(RuleBasedStateMachine):
    """Random tasks, devices that come and go, ends, crashes and time; what must always hold."""

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "s.db"
        new_store(path)
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock(1000.0)
        self.devices = FakeDevices(*SERIALS)
        self.store = SqliteStore(path)
        self.store.start()
        self.added: dict[int, NewTask] = {}
        self.ended: set[int] = set()
        self.limit = None
        self.new_scheduler()

    def new_scheduler(self):
        made = Scheduling(self.store, self.devices, self.clock, limit=lambda: self.limit)
        self.lanes, self.ends, self.executor, self.scheduler = made.lanes, made.ends, made.executor, made.scheduler

    def do(self, work):
        return self.loop.run_until_complete(work)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.loop.close()
            self.folder.cleanup()

    @rule(wanted=st.lists(st.tuples(st.sampled_from(SERIALS), st.integers(-5, 20)), min_size=1, max_size=4))
    def add(self, wanted):
        now = self.clock.now_ms()
        new = [NewTask("b", 0, "post", "{}", s, None, Source.API, 1, now, now + delay * 1000) for s, delay in wanted]
        ids = self.do(self.store.write(lambda r: r.tasks.add(new)))
        for task_id, task in zip(ids, new, strict=True):
            self.added[task_id] = task
            self.lanes.added(task.serial, Head(task.due_ms, task_id))

    @rule(serial=st.sampled_from(SERIALS), state=st.sampled_from([DeviceState.ONLINE, DeviceState.ABSENT]))
    def device(self, serial, state):
        self.devices.set(serial, state)

    @rule(serial=st.sampled_from(SERIALS), held=st.booleans())
    def a_person_takes_over_or_gives_back(self, serial, held):
        (self.lanes.hold if held else self.lanes.release)(serial)

    @rule(limit=st.sampled_from([None, 0, 1, 2]))
    def license_changes(self, limit):
        self.limit = limit

    @rule(seconds=st.integers(0, 10))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule()
    def tick(self):
        busy = {task.serial for task in self.executor.running.values()}
        before = {task.id: task for task in self._tasks() if task.status is Status.PENDING}
        first = len(self.executor.started)
        self.do(self.scheduler.tick())
        for task in self.executor.started[first:]:
            assert self.devices.get(task.serial).is_ready
            assert task.serial not in busy
            assert not self.lanes.is_held(task.serial), "a task started in the hands of a person"
            lane = [(t.due_ms, i) for i, t in before.items() if t.serial == task.serial]
            assert (task.due_ms, task.id) == min(lane), "a lane goes in order of (due, id)"
            assert task.due_ms <= self.clock.now_ms()
        if self.limit is None:
            self._nothing_due_was_left(before)

    def _nothing_due_was_left(self, before):
        busy = {task.serial for task in self.executor.running.values()}
        for task in before.values():
            free = task.serial not in busy and self.devices.get(task.serial).is_ready
            free = free and not self.lanes.is_held(task.serial)
            assert not (free and task.due_ms <= self.clock.now_ms()), "a due task waits though its lane is free"

    @precondition(lambda self: self.executor.running)
    @rule(data=st.data(), how=st.sampled_from(["done", "failed", "requeue"]))
    def an_attempt_ends(self, data, how):
        task = self.executor.end(data.draw(st.sampled_from(sorted(self.executor.running))))
        outcome = DONE if how == "done" else failed("app_crashed")
        self.do(self.ends.ended(Ended(task, outcome, Ending.INTERRUPTED if how == "requeue" else Ending.FINISHED)))
        if how != "requeue":
            self.ended.add(task.id)

    @rule(armed=st.booleans())
    def the_server_crashes(self, armed):
        lost = list(self.executor.running.values())
        for task in lost if armed else ():
            self.do(self.store.write(lambda r, t=task: r.attempts.set_phase(t.id, t.attempt, Phase.ARMED, {}, 1)))
        self.do(recover(self.store, self.clock))
        for task in lost if armed else ():
            now = self.do(self.store.read(lambda r, t=task: r.tasks.get(t.id)))
            assert now.in_doubt
            assert self.do(self.store.read(lambda r, t=now: r.tasks.heads([t.serial])))[now.serial].task_id == now.id
        late = Ended(lost[0], DONE) if lost else None
        self.new_scheduler()
        if late is not None and armed:
            assert not self.do(self.store.write(lambda r: r.tasks.finish(late.task.id, late.task.attempt, DONE, 1)))

    def _tasks(self):
        return self.do(self.store.read(lambda r: r.tasks.find(TaskFilter(), 0, 1000)))

    @invariant()
    def no_task_is_lost_and_each_is_in_its_one_state(self):
        if not hasattr(self, "store"):
            return
        tasks = {task.id: task for task in self._tasks()}
        assert tasks.keys() == self.added.keys()
        assert {i for i, t in tasks.items() if t.status is Status.RUNNING} == self.executor.running.keys()
        assert {i for i, t in tasks.items() if t.is_ended} == self.ended


Lanes.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_lanes = Lanes.TestCase
test_lanes.pytestmark = [pytest.mark.slow]


def test_the_loop_starts_a_task_when_it_is_due_without_being_asked(tmp_path):
    path = tmp_path / "s.db"
    new_store(path)
    store = SqliteStore(path)
    store.start()

    async def scenario():
        from fleetlane.adapters.clock import SystemClock

        clock = SystemClock()
        made = Scheduling(store, FakeDevices("a"), clock)
        executor = made.executor
        loop = asyncio.create_task(made.scheduler.run())
        due = clock.now_ms() + 150
        new = NewTask("b", 0, "post", "{}", "a", None, Source.API, 1, 0, due)
        ids = await store.write(lambda r: r.tasks.add([new, replace(new, due_ms=due + 1)]))
        for task_id in ids:
            made.lanes.added("a", Head(due + task_id - 1, task_id))
        async with asyncio.timeout(5):
            while len(executor.started) < 1:
                await asyncio.sleep(0.01)
            assert clock.now_ms() >= due
            await made.ends.ended(Ended(executor.end(1), DONE))
            while len(executor.started) < 2:
                await asyncio.sleep(0.01)
        loop.cancel()

    asyncio.run(scenario())
    store.close()


def test_a_task_that_nobody_told_of_is_found_within_a_minute(tmp_path):
    with World(tmp_path / "s.db") as world:

        async def scenario():
            assert await world.scheduler.tick() == 0
            now = world.clock.now_ms()
            new = NewTask("b", 0, "post", "{}", "a", None, Source.API, 1, now, now)
            [task_id] = await world.store.write(lambda r: r.tasks.add([new]))
            world.clock.advance(59)
            assert await world.scheduler.tick() == 0
            world.clock.advance(1)
            assert await world.scheduler.tick() == 1
            assert list(world.executor.running) == [task_id]

        asyncio.run(scenario())
