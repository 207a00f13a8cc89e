"""An end that cannot be stored for what it holds is stored barely, and denies nothing; the lane goes on."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.journal import Phase
from fleetlane.core.outcome import Outcome, PublishState, failed
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.task import Status
from fleetlane.work.running.runner import StoreJournal


@pytest.mark.parametrize(
    ("outcome", "phase", "status", "state"),
    [
        (Outcome(None, "x", PublishState.PUBLISHED, {"tags": {1}}), Phase.NONE, Status.COMPLETED, "published"),
        (Outcome("media_missing", "x\ud83d", PublishState.NOT_PUBLISHED), Phase.NONE, Status.FAILED, "not_published"),
        (Outcome("of_mine", "x\ud83d", PublishState.NOT_PUBLISHED), Phase.ARMED, Status.FAILED, "unknown"),
    ],
)
def test_it_ends_all_the_same_and_the_next_of_the_lane_runs(world, outcome, phase, status, state):
    async def scenario():
        first, second = await world.add("a"), await world.add("a")
        await world.scheduler.tick()
        if phase is not Phase.NONE:
            journal = StoreJournal(world.store, world.executor.running[first], world.clock)
            await asyncio.to_thread(journal.arm)
        await world.end(first, outcome)
        task = await world.task(first)
        assert (task.status, task.outcome, task.result) == (status, state, {})
        assert "What the script reported at its end could not be stored." in str(task.remark)
        assert await world.scheduler.tick() == 1
        assert list(world.executor.running) == [second]

    asyncio.run(scenario())


def test_an_end_that_a_thread_tells_of_is_unknown_when_the_journal_is_armed(world):
    async def scenario():
        task_id = await world.add("a")
        await world.scheduler.tick()
        task = world.executor.end(task_id)
        await asyncio.to_thread(StoreJournal(world.store, task, world.clock).arm)
        await world.ends.ended(Ended(task, failed("script_error"), Ending.BROKE))
        assert (await world.task(task_id)).outcome == "unknown"

    asyncio.run(scenario())


@pytest.mark.parametrize("storable", [True, False])
def test_the_end_of_a_task_that_was_deleted_changes_nothing_and_frees_its_lane(world, storable):
    async def scenario():
        first, second = await world.add("a"), await world.add("a")
        await world.scheduler.tick()
        await world.store.write(lambda r: r.tasks.finish(first, 1, failed("stopped"), world.clock.now_ms()))
        await world.store.write(lambda r: r.tasks.delete([first]))
        await world.end(first, Outcome(None, "x", PublishState.PUBLISHED, {} if storable else {"tags": {1}}))
        assert await world.task(first) is None
        assert await world.scheduler.tick() == 1
        assert list(world.executor.running) == [second]

    asyncio.run(scenario())
