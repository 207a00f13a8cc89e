"""A clock that is set: start times follow it, what runs does not notice."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.errors import TaskFailedError
from fleetlane.core.lanes import Head
from fleetlane.core.task import NewTask, Source, Status
from fleetlane.scripts.control import AttemptControl
from support.scheduler_harness import World

HOUR_S = 3600


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "s.db") as world:
        yield world


async def scheduled(world: World, in_s: float) -> int:
    due = world.clock.now_ms() + round(in_s * 1000)
    new = NewTask("b", 0, "post", "{}", "a", None, Source.API, 1, world.clock.now_ms(), due)
    [task_id] = await world.store.write(lambda r: r.tasks.add([new]))
    world.lanes.added("a", Head(due, task_id))
    return task_id


def test_a_clock_set_forward_starts_what_is_due_by_it(world):
    async def scenario():
        task_id = await scheduled(world, 5 * HOUR_S)
        assert await world.scheduler.tick() == 0
        assert world.scheduler._seconds_to_next() <= 60, "a clock that is set is noticed within a minute"
        world.clock.jump(6 * HOUR_S)
        assert await world.scheduler.tick() == 1
        assert (await world.task(task_id)).status is Status.RUNNING

    asyncio.run(scenario())


def test_a_clock_set_back_lets_what_is_due_by_it_wait_and_never_runs_anything_twice(world):
    async def scenario():
        world.clock.advance(6 * HOUR_S)
        first = await scheduled(world, 0)
        assert await world.scheduler.tick() == 1
        world.clock.jump(-5 * HOUR_S)
        second = await scheduled(world, 60)
        await world.end(first)
        task = await world.task(first)
        assert (task.status, task.ended_ms < task.started_ms) == (Status.COMPLETED, True)
        assert await world.scheduler.tick() == 0
        world.clock.advance(61)
        assert await world.scheduler.tick() == 1
        assert list(world.executor.running) == [second]

    asyncio.run(scenario())


@pytest.mark.parametrize("hours", [-5, 5])
def test_the_deadline_of_what_runs_does_not_move_with_the_clock(world, hours):
    control = AttemptControl(world.clock, world.clock.monotonic_s() + 600)
    world.clock.jump(hours * HOUR_S)
    control.check()
    world.clock.advance(600)
    with pytest.raises(TaskFailedError, match="deadline_exceeded"):
        control.check()
