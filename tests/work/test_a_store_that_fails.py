"""A store that fails for a while: no lane stands still for it, and no loop ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError, TaskFailedError, TaskStoppedError
from fleetlane.core.journal import Phase
from fleetlane.core.task import Status
from fleetlane.work.running import attempt_ends
from fleetlane.work.running.recovery import recover
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


@pytest.mark.parametrize("error", [StoreBusyError("busy"), StoreFullError("full"), StoreError("broken")])
def test_an_end_is_stored_as_soon_as_the_store_can(world, monkeypatch, error):
    monkeypatch.setattr(attempt_ends, "_STORE_RETRY_S", 0)

    async def scenario():
        first, second = await world.add(), await world.add()
        await world.scheduler.tick()
        write, refusals = world.store.write, iter([True] * 20)

        async def refuse(work):
            if next(refusals, False):
                raise error
            return await write(work)

        monkeypatch.setattr(world.store, "write", refuse)
        await world.end(first)
        task = await world.task(first)
        assert (task.status, task.outcome) == (Status.COMPLETED, "published")
        assert await world.scheduler.tick() == 1
        assert set(world.executor.running) == {second}

    asyncio.run(scenario())


def test_a_server_that_ends_does_not_wait_for_a_store_that_cannot_and_the_next_finds_the_journal(world, monkeypatch):
    async def scenario():
        task_id = await world.running()
        journal = StoreJournal(world.store, world.executor.running[task_id], world.clock)
        await asyncio.to_thread(journal.arm)
        write = world.store.write

        async def refuse(_work):
            raise StoreBusyError("busy")

        monkeypatch.setattr(world.store, "write", refuse)
        world.scheduler.stop_starting()
        await world.end(task_id)
        assert (await world.task(task_id)).status is Status.RUNNING
        assert await world.scheduler.tick() == 0
        monkeypatch.setattr(world.store, "write", write)
        assert await recover(world.store, world.clock) == 1
        assert (await world.task(task_id)).in_doubt

    asyncio.run(scenario())


def test_an_end_that_cannot_even_be_stored_barely_is_settled_by_its_journal_at_the_next_start(world, monkeypatch):
    async def scenario():
        task_id = await world.running()
        write = world.store.write

        async def break_(_work):
            raise TypeError("not for a store")

        monkeypatch.setattr(world.store, "write", break_)
        await world.end(task_id)
        assert (await world.task(task_id)).status is Status.RUNNING
        monkeypatch.setattr(world.store, "write", write)
        await world.store.write(lambda r: (r.leases.begin("other", "host", 1), r.leases.take("other", ["a"])))
        assert await recover(world.store, world.clock) == 0, "somebody has the phone"
        assert await recover(world.store, world.clock, ["a"], owner="other") == 1, "it was taken"
        assert (await world.task(task_id)).status is Status.PENDING

    asyncio.run(scenario())


def test_the_wait_for_a_stop_ends_with_its_time_and_of_a_task_that_does_not_run_at_once(world):
    async def scenario():
        task_id = await world.running()
        task = world.executor.running[task_id]
        assert not await world.scheduler.stop(task, timeout_s=0)
        await world.end(task_id)
        assert await world.scheduler.stop(task, timeout_s=0)

    asyncio.run(scenario())
