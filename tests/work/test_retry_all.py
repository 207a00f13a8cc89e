"""Retrying together takes what failed by itself; stopped means stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from fleetlane.core.outcome import failed
from fleetlane.core.retrying import PassedOver, RetryWish
from fleetlane.core.task import Status
from fleetlane.work.tasks.retry_all import RetryAll
from fleetlane.work.tasks.undo import UndoLog
from support.scheduler_harness import DONE, World

DAY_S = 24 * 3600.0


def run(work):
    return asyncio.run(work)


async def failed_task(world: World, code: str = "app_crashed", serial: str = "a") -> int:
    task_id = await world.add(serial)
    assert await world.scheduler.tick() == 1
    await world.end(task_id, failed(code))
    return task_id


async def stopped_while_running(world: World) -> int:
    task_id = await world.running()
    world.executor.on_stop = lambda task: world.end(task.id, failed("stopped"))
    await world.changes.stop(task_id)
    return task_id


async def stopped_too_late(world: World) -> int:
    """Its attempt failed in another way before it saw the stop."""
    task_id = await world.running()
    world.executor.on_stop = lambda task: world.end(task.id, failed("app_crashed"))
    await world.changes.stop(task_id)
    return task_id


def why(done) -> dict[int, PassedOver]:
    return {one.task_id: one.why for one in done.skipped}


async def states(world: World, ids: Sequence[int]) -> list[Status]:
    return [(await world.task(task_id)).status for task_id in ids]


def test_what_a_person_stopped_is_passed_over_however_it_was_stopped(world):
    async def scenario():
        by_itself = await failed_task(world)
        waiting = await world.add("a", start_s=DAY_S)
        await world.changes.stop(waiting)
        stopped = [waiting, await stopped_while_running(world), await stopped_too_late(world)]
        done = await world.retry_all()
        assert done.task_ids == [by_itself]
        assert why(done) == dict.fromkeys(stopped, PassedOver.STOPPED)
        assert await states(world, stopped) == [Status.FAILED] * 3
        done = await world.retry_all(RetryWish(include_stopped=True))
        assert (sorted(done.task_ids), done.skipped) == (sorted(stopped), [])

    run(scenario())


def test_a_look_for_a_post_that_a_person_stopped_is_stopped_also_after_their_word(world):
    async def scenario():
        task_id = await world.running()
        world.executor.end(task_id)
        await world.store.write(lambda r: r.tasks.look_later(task_id, 1, failed("outcome_unknown"), 0, 1))
        await world.changes.stop(task_id)
        await world.changes.resolve(task_id, published=False)
        assert why(await world.retry_all()) == {task_id: PassedOver.STOPPED}

    run(scenario())


def test_a_stopped_task_that_is_retried_and_then_fails_by_itself_is_taken(world):
    async def scenario():
        task_id = await stopped_while_running(world)
        await world.changes.retry(task_id, force=False)
        assert await world.scheduler.tick() == 1
        await world.end(task_id, failed("app_crashed"))
        assert (await world.retry_all()).task_ids == [task_id]

    run(scenario())


def test_an_unknown_outcome_is_passed_over_whatever_is_included(world):
    async def scenario():
        task_id = await failed_task(world, "outcome_unknown")
        done = await world.retry_all(RetryWish(include_stopped=True, task_ids=[task_id]))
        assert why(done) == {task_id: PassedOver.OUTCOME_UNKNOWN}

    run(scenario())


@pytest.mark.parametrize(("most", "taken"), [(None, True), (3, False), (4, True)])
def test_a_task_at_its_retry_limit_is_passed_over_and_without_a_limit_taken_ever_again(world, most, taken):
    async def scenario():
        task_id = await failed_task(world)
        for _ in range(3):
            await world.changes.retry(task_id, force=False)
            assert await world.scheduler.tick() == 1
            await world.end(task_id, failed("app_crashed"))
        done = await RetryAll(world.store, world.lanes, world.clock, most)()
        assert done.task_ids == ([task_id] if taken else [])
        assert why(done) == ({} if taken else {task_id: PassedOver.RETRY_LIMIT})

    run(scenario())


def test_a_retried_task_whose_start_time_lies_ahead_keeps_it_and_can_be_late(world):
    async def scenario():
        alone, together = [await world.add(serial, start_s=DAY_S, late_after_s=60) for serial in "ab"]
        for task_id in (alone, together):
            await world.changes.stop(task_id)
        start = world.clock.now_ms() + round(DAY_S * 1000)
        await world.changes.retry(alone, force=False)
        await world.retry_all(RetryWish(include_stopped=True))
        for task_id in (alone, together):
            task = await world.task(task_id)
            assert (task.due_ms, task.scheduled_ms, task.late_at_ms) == (start, start, start + 60_000)
        assert await world.scheduler.tick() == 0
        world.clock.advance(DAY_S)
        assert await world.scheduler.tick() == 2

    run(scenario())


def test_a_retried_task_whose_start_time_is_over_is_due_now_and_never_late(world):
    async def scenario():
        task_id = await world.add("a", start_s=0, late_after_s=60)
        await world.changes.stop(task_id)
        world.clock.advance(DAY_S)
        await world.changes.retry(task_id, force=False)
        assert (await world.task(task_id)).due_ms == world.clock.now_ms()
        world.clock.advance(DAY_S)
        assert await world.late_tasks.sweep() == 0
        assert await world.scheduler.tick() == 1
        await world.end(task_id, DONE)
        assert str((await world.task(task_id)).remark) == "Published."

    run(scenario())


def test_a_wish_narrows_what_is_retried(world):
    async def scenario():
        old = await failed_task(world)
        world.clock.advance(10)
        since = world.clock.now_ms()
        new, other = await failed_task(world), await failed_task(world, "security_check")
        waiting = await world.add("b", start_s=DAY_S)

        async def taken(**fields):
            return sorted((await world.retry_all(RetryWish(**fields), dry_run=True)).task_ids)

        assert await taken() == [old, new, other]
        assert await taken(task_ids=[old, other]) == [old, other]
        assert await taken(ended_since_ms=since) == [new, other]
        assert await taken(ended_until_ms=since - 1) == [old]
        assert await taken(error_codes=["security_check", "x"]) == [other]
        assert await taken(batch_id="b") == [old, new, other]
        assert await taken(batch_id="another") == []
        assert await taken(task_ids=[old, other], error_codes=["security_check"]) == [other]
        done = await world.retry_all(RetryWish(task_ids=[waiting, 999, old]), dry_run=True)
        assert why(done) == {waiting: PassedOver.NOT_FAILED, 999: PassedOver.NOT_FOUND}

    run(scenario())


def test_a_dry_run_changes_nothing(world):
    async def scenario():
        task_id = await failed_task(world)
        before = await world.task(task_id)
        assert (await world.retry_all(dry_run=True)).task_ids == [task_id]
        assert await world.task(task_id) == before
        assert await world.scheduler.tick() == 0

    run(scenario())


@pytest.mark.slow
def test_a_thousand_tasks_are_retried_in_parts_and_undone_together(world):
    async def scenario():
        ids = [await world.add("a", start_s=DAY_S) for _ in range(1000)]
        for task_id in ids:
            await world.store.write(lambda r, i=task_id: r.tasks.stop_pending(i, 1))
        done = await world.retry_all(RetryWish(include_stopped=True))
        assert done.task_ids == ids
        counts = await world.store.read(lambda r: r.tasks.counts())
        assert (counts.pending, counts.failed) == (1000, 0)
        book = UndoLog(world.changes)
        assert (await book.undo(book.keep(done.retried))).count == 1000
        counts = await world.store.read(lambda r: r.tasks.counts())
        assert (counts.pending, counts.failed) == (0, 1000)
        assert why(await world.retry_all()) == dict.fromkeys(ids, PassedOver.STOPPED)

    run(scenario())


def test_what_fails_again_at_once_is_not_taken_twice(world):
    async def scenario():
        ids = [await failed_task(world) for _ in range(3)]
        write = world.store.write

        async def failing_at_once(work):
            answer = await write(work)
            for task_id in ids:
                await write(lambda r, i=task_id: r.tasks.miss(i, world.clock.now_ms(), 1, failed("missed_start")))
            return answer

        world.store.write = failing_at_once
        assert (await world.retry_all()).task_ids == ids

    run(scenario())
