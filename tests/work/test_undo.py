"""A stop or a retry is taken back: the task is what it was, unless anything happened to it since."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC

import pytest

from fleetlane.core.account import NewAccount
from fleetlane.core.errors import ConflictError
from fleetlane.core.outcome import failed
from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import Status
from fleetlane.work.tasks.patching import Patch
from fleetlane.work.tasks.undo import UndoLog
from support.making import Making
from support.scheduler_harness import World


def run(work):
    return asyncio.run(work)


async def counted(world: World):
    counts = await world.store.read(lambda r: r.tasks.counts())
    return counts.pending, counts.running, counts.completed, counts.failed


async def failed_task(world: World, code: str) -> int:
    task_id = await world.running()
    await world.end(task_id, failed(code, "seen"))
    return task_id


def test_a_stopped_task_waits_again_with_its_old_time_and_runs(world):
    async def scenario():
        task_id = await world.add()
        before = await world.task(task_id)
        world.clock.advance(60)
        await world.changes.undo(await world.changes.stop(task_id))
        assert await world.task(task_id) == before
        assert await counted(world) == (1, 0, 0, 0)
        assert await world.scheduler.tick() == 1
        assert task_id in world.executor.running

    run(scenario())


@pytest.mark.parametrize("code", ["app_crashed", "outcome_unknown"])
def test_a_retried_task_is_failed_again_as_it_was(world, code):
    async def scenario():
        task_id = await failed_task(world, code)
        before = await world.task(task_id)
        world.clock.advance(60)
        done = await world.changes.retry(task_id, force=code == "outcome_unknown")
        await world.changes.undo(done)
        assert await world.task(task_id) == before
        assert await counted(world) == (0, 0, 0, 1)
        assert await world.scheduler.tick() == 0
        with pytest.raises(ConflictError, match="can no longer be undone"):
            await world.changes.undo(done)

    run(scenario())


def test_a_task_that_ran_and_was_stopped_or_has_begun_since_is_not_put_back(world):
    async def scenario():
        task_id = await world.running()
        world.executor.on_stop = lambda task: world.end(task.id, failed("stopped"))
        assert await world.changes.stop(task_id) is None
        done = await world.changes.retry(task_id, force=False)
        assert await world.scheduler.tick() == 1
        for _ in range(2):
            with pytest.raises(ConflictError, match=f"Task {task_id} has changed since"):
                await world.changes.undo(done)
            await world.end(task_id, failed("app_crashed")) if world.executor.running else None
        assert (await world.task(task_id)).error_code == "app_crashed"

    run(scenario())


def test_a_task_stopped_twice_is_put_back_once_and_by_the_last_stop_only(world):
    async def scenario():
        task_id = await world.add()
        first = await world.changes.stop(task_id)
        await world.changes.retry(task_id, force=False)
        second = await world.changes.stop(task_id)
        with pytest.raises(ConflictError):
            await world.changes.undo(first)
        await world.changes.undo(second)
        assert (await world.task(task_id)).retry_count == 1
        await world.changes.delete(task_id)
        with pytest.raises(ConflictError):
            await world.changes.undo(second)

    run(scenario())


def test_a_task_whose_account_moved_meanwhile_waits_where_the_account_is(world):
    async def scenario():
        account = await world.accounts.add(NewAccount("@shop", "tiktok", "a"))
        task_id = await world.add("a", "@shop")
        done = await world.changes.stop(task_id)
        await world.accounts.update(account.id, lambda before: replace(before, serial="b"))
        await world.changes.undo(done)
        task = await world.task(task_id)
        assert (task.status, task.serial) == (Status.PENDING, "b")
        assert await world.scheduler.tick() == 1

    run(scenario())


def test_the_book_undoes_many_once_says_what_it_could_not_and_forgets_the_oldest(world):
    async def scenario():
        book = UndoLog(world.changes, keep=2)
        one, two = await world.add(), await world.add("b")
        oldest = book.keep([await world.changes.stop(await world.add())])
        key = book.keep([done for done in [await world.changes.stop(i) for i in (one, two)] if done])
        await world.changes.retry(two, force=False)
        assert book.keep([]) == ""
        undone = await book.undo(key)
        assert (undone.count, len(undone.problems)) == (1, 1)
        assert f"Task {two} has changed" in undone.problems[0]
        assert (await world.task(one)).status is Status.PENDING
        for lost in (key, "no-key"):
            with pytest.raises(ConflictError, match="no longer be undone"):
                await book.undo(lost)
        for _ in range(2):
            book.keep([await world.changes.stop(await world.add())])
        with pytest.raises(ConflictError):
            await book.undo(oldest)

    run(scenario())


@pytest.mark.parametrize("since", ["content", "start", "device", "begun early"])
def test_a_retried_task_that_a_person_changed_since_is_not_put_back(tmp_path, since):
    async def scenario(making: Making):
        tomorrow = rfc3339(making.clock.now_ms() + 86_400_000, UTC)
        [task_id] = (await making.ask("a", start_at=tomorrow)).task_ids
        await making.changes.stop(task_id)
        done = await making.changes.retry(task_id, force=False)
        patches = {
            "content": Patch({"script_config"}, script_config={"captions": "other"}),
            "start": Patch({"start_time"}),
            "device": Patch({"serial"}, serial="b"),
        }
        if since in patches:
            await making.patching.patch(task_id, patches[since])
        else:
            await making.decisions.start(task_id)
        changed = await making.task(task_id)
        with pytest.raises(ConflictError, match="has changed since"):
            await making.changes.undo(done)
        assert await making.task(task_id) == changed

    with Making(tmp_path / "s.db") as making:
        run(scenario(making))
