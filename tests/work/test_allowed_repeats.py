"""What its owner let repeat a post is never ended as a repeat later: that is kept with the task."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.errors import ConflictError
from fleetlane.core.outcome import failed
from fleetlane.core.retrying import PassedOver
from fleetlane.core.task import Status
from fleetlane.work.tasks.patching import Patch
from support.making import Making
from support.shelf import ADDRESS, CABLE, NAME, Shelf

LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


async def ends(making, *task_ids: int) -> list[str | None]:
    """Let two names turn out to be one phone. Returns how each task has ended, None for one that waits."""
    shelf = Shelf(making)
    await shelf.phones.load()
    await shelf.comes_by(CABLE)
    await shelf.phones.describe(CABLE, NAME, None)
    await shelf.comes_by(ADDRESS)
    found = [await making.task(task_id) for task_id in task_ids]
    assert {task.serial for task in found} == {CABLE}
    return [task.error_code for task in found]


@pytest.mark.parametrize("other", [ADDRESS, NAME])
@pytest.mark.parametrize("moved_first", [False, True])
def test_a_later_post_that_may_be_a_repeat_goes_out_with_the_other(making, other, moved_first):
    async def scenario():
        one, two = (other, CABLE) if moved_first else (CABLE, other)
        [first] = (await making.ask(one)).task_ids
        making.clock.advance(60)
        [second] = (await making.ask(two, allow_repeat=True)).task_ids
        assert await ends(making, first, second) == [None, None]

    asyncio.run(scenario())


@pytest.mark.parametrize("moved_first", [False, True])
def test_what_may_repeat_a_post_says_nothing_of_the_posts_made_after_it(making, moved_first):
    async def scenario():
        one, two = (ADDRESS, CABLE) if moved_first else (CABLE, ADDRESS)
        [first] = (await making.ask(one, allow_repeat=True)).task_ids
        making.clock.advance(60)
        [second] = (await making.ask(two)).task_ids
        assert await ends(making, first, second) == [None, "repeat"]
        assert f"task {first}" in str((await making.task(second)).remark)

    asyncio.run(scenario())


@pytest.mark.parametrize("by", ["retry", "start", "patch"])
def test_it_is_kept_of_every_call_that_may_allow_it(making, by):
    async def scenario():
        [moves] = (await making.ask(ADDRESS)).task_ids
        making.clock.advance(60)
        [stays] = (await making.ask(CABLE)).task_ids
        if by == "retry":
            await making.changes.stop(moves)
            await making.changes.retry(moves, force=False, allow_repeat=True)
        elif by == "start":
            await making.decisions.start(moves, allow_repeat=True)
        else:
            await making.patching.patch(moves, Patch({"start_at"}, start_at=LATER, allow_repeat=True))
        assert await ends(making, moves, stays) == [None, None]

    asyncio.run(scenario())


def test_a_retry_of_what_may_be_a_repeat_is_not_asked_about_again(making):
    async def scenario():
        [first] = (await making.ask("a")).task_ids
        await making.publish(first)
        [second] = (await making.ask("a", allow_repeat=True)).task_ids
        for again in (making.changes.retry(second, force=False), making.retry_all()):
            await making.scheduler.tick()
            await making.end(second, failed("not_logged_in"))
            await again
            assert (await making.task(second)).status is Status.PENDING
        await making.publish(second)

    asyncio.run(scenario())


def test_of_two_that_failed_retry_all_takes_both_where_the_later_may_be_a_repeat(making):
    async def scenario():
        [first] = (await making.ask("a")).task_ids
        [second] = (await making.ask("a", allow_repeat=True)).task_ids
        for task_id in (first, second):
            await making.scheduler.tick()
            await making.end(task_id, failed("app_crashed"))
        for dry_run in (True, False):
            assert (await making.retry_all(dry_run=dry_run)).task_ids == [first, second], dry_run

    asyncio.run(scenario())


def test_a_retry_is_asked_about_what_was_made_since_it_was_allowed(making):
    async def scenario():
        [first] = (await making.ask("a", allow_repeat=True)).task_ids
        stopped = await making.changes.stop(first)
        making.clock.advance(60)
        await making.ask("a")
        with pytest.raises(ConflictError, match="the same post"):
            await making.changes.retry(first, force=False)
        with pytest.raises(ConflictError):
            await making.changes.undo(stopped)
        undo = await making.changes.retry(first, force=False, allow_repeat=True)
        await making.changes.undo(undo)
        with pytest.raises(ConflictError, match="the same post"):
            await making.changes.retry(first, force=False)

    asyncio.run(scenario())


def test_another_post_in_its_place_may_be_no_repeat(making):
    async def scenario():
        [moves] = (await making.ask(ADDRESS, config={"captions": "something else"}, allow_repeat=True)).task_ids
        config = {**(await making.task(moves)).script_config, "captions": "hello"}
        [stays] = (await making.ask(CABLE)).task_ids
        await making.patching.patch(moves, Patch({"script_config"}, script_config=config))
        assert await ends(making, moves, stays) == ["repeat", None]
        passed = (await making.retry_all()).skipped
        assert [(one.task_id, one.why) for one in passed] == [(moves, PassedOver.REPEAT)]

    asyncio.run(scenario())
