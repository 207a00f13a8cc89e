"""A store that fails for a while: no lane stands still for it, and no loop ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from fleetlane.core.errors import StoreBusyError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase
from fleetlane.work.running.runner import StoreJournal


class Busy:
    """Lets the store refuse its next reads or writes, and tells when it has."""

    def __init__(self, store, way: str) -> None:
        self._go = getattr(store, way)
        self.refused = asyncio.Event()
        setattr(store, way, self._call)

    async def _call(self, work):
        if self.refused.is_set():
            return await self._go(work)
        self.refused.set()
        raise StoreBusyError("The store is busy. Try again in a second.")


@pytest.mark.parametrize("way", ["read", "write"])
def test_a_lane_whose_start_could_not_be_stored_starts_at_the_next_step(world, way):
    async def scenario():
        task_id = await world.add()
        world.reread()
        Busy(world.store, way)
        with pytest.raises(StoreBusyError):
            await world.scheduler.tick()
        assert not world.executor.running
        assert await world.scheduler.tick() == 1
        assert set(world.executor.running) == {task_id}

    asyncio.run(scenario())


def test_the_loop_goes_on_and_starts_the_task(world):
    async def scenario():
        task_id = await world.add()
        busy = Busy(world.store, "write")
        loop = asyncio.create_task(world.scheduler.run())
        await asyncio.wait_for(busy.refused.wait(), 10)
        async with asyncio.timeout(10):
            while task_id not in world.executor.running:
                world.lanes.notify()
                await asyncio.sleep(0.001)
        assert not loop.done()
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop

    asyncio.run(scenario())


def test_a_server_ends_whether_its_leases_can_be_given_back_or_not(world):
    async def scenario():
        busy = Busy(world.store, "write")
        await world.leases.end()
        assert busy.refused.is_set()

    asyncio.run(scenario())


def test_a_journal_takes_what_was_seen_while_its_attempt_runs_and_nothing_after(world):
    async def scenario():
        task_id = await world.running()
        journal = StoreJournal(world.store, world.executor.running[task_id], world.clock)
        await asyncio.to_thread(journal.prepared, {})
        await asyncio.to_thread(journal.note, {"seen": "a grid"})
        [attempt] = await world.store.read(lambda r: r.attempts.attempts(task_id))
        assert attempt.facts["seen"] == "a grid"
        with pytest.raises(TaskFailedError, match="an end that is none"):
            journal.decided(Phase.ARMED, {})
        await asyncio.to_thread(journal.arm)
        with pytest.raises(TaskFailedError, match="cannot go from"):
            journal.prepared({})
        journal.close()
        with pytest.raises(TaskStoppedError):
            journal.note({"seen": "more"})

    asyncio.run(scenario())


def test_a_journal_of_an_attempt_that_is_over_takes_no_note(world):
    async def scenario():
        task_id = await world.running()
        journal = StoreJournal(world.store, world.executor.running[task_id], world.clock)
        await world.end(task_id)
        with pytest.raises(TaskStoppedError):
            await asyncio.to_thread(journal.note, {"seen": "late"})
        assert journal.has_refused

    asyncio.run(scenario())
