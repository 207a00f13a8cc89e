"""A person says what became of a post: the task, its journal, and what it had taken follow."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.journal import Phase
from fleetlane.core.material import MaterialDescription, MaterialRequest, NewMaterial, UseState
from fleetlane.core.media.files import MediaKind
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.task import Status
from support.scheduler_harness import World

FOLDER, HASH = "tiktok/shop", "f" * 64


def run(work):
    return asyncio.run(work)


async def unknown(world: World) -> int:
    """Return a task that pressed Post with two pieces of media and saw no more."""
    task_id = await world.running()

    def take(repositories):
        for digest in "ab":
            described = MaterialDescription(name=f"{digest}.mp4")
            new = NewMaterial(digest * 64, f"{digest}.mp4", MediaKind.VIDEO, "video/mp4", 1, 1, described)
            repositories.materials.add(new, 1)
        assert repositories.materials.take(MaterialRequest(MediaKind.VIDEO, 1), task_id, 1)
        assert repositories.materials.take_files(FOLDER, [HASH], task_id, 1)
        for phase in (Phase.PREPARED, Phase.ARMED, Phase.TAPPED, Phase.UNKNOWN):
            assert repositories.attempts.set_phase(task_id, 1, phase, {"caption": "x"}, 1)

    await world.store.write(take)
    await world.end(task_id, failed("outcome_unknown"))
    return task_id


async def state(world: World):
    def read(repositories):
        used = repositories.materials.used_files(FOLDER)
        return [repositories.materials.get(i).state for i in (1, 2)], used

    return await world.store.read(read)


def test_it_went_out(world):
    async def scenario():
        task_id = await unknown(world)
        await world.changes.resolve(task_id, published=True)
        task = await world.task(task_id)
        assert (task.status, task.outcome, task.error_code) == (Status.COMPLETED, "published", None)
        assert "said so" in str(task.remark)
        assert await state(world) == ([UseState.USED, UseState.FREE], {HASH})
        with pytest.raises(ConflictError, match="is completed"):
            await world.changes.retry(task_id, force=True)
        assert (await world.retry_all()).task_ids == []

    run(scenario())


def test_it_did_not_go_out_and_is_posted_again_with_the_same_media(world):
    async def scenario():
        task_id = await unknown(world)
        await world.changes.resolve(task_id, published=False)
        task = await world.task(task_id)
        assert (task.status, task.outcome, task.error_code) == (Status.FAILED, "not_published", "not_published")
        assert await state(world) == ([UseState.FREE, UseState.FREE], set())
        assert (await world.retry_all()).task_ids == [task_id]
        assert await world.scheduler.tick() == 1
        assert world.executor.running[task_id].attempt == 2

    run(scenario())


@pytest.mark.parametrize(
    ("outcome", "after"),
    [
        (succeeded("Tried.", PublishState.DRY_RUN, {}), UseState.FREE),
        (succeeded("Published.", PublishState.PUBLISHED, {}), UseState.USED),
        (failed("outcome_unknown"), UseState.USED),
        (failed("not_published"), UseState.FREE),
    ],
)
def test_a_library_file_that_was_named_by_its_path_is_used_when_it_may_be_out(world, outcome, after):
    async def scenario():
        await unknown(world)
        task_id = await world.running()
        facts = {"media_sha256": ["b" * 64]}
        await world.store.write(lambda r: r.attempts.set_phase(task_id, 1, Phase.PREPARED, facts, 1))
        await world.end(task_id, outcome)
        assert (await state(world))[0] == [UseState.USED, after]
        if outcome.error_code == "outcome_unknown":
            await world.changes.resolve(task_id, published=False)
            assert (await state(world))[0] == [UseState.USED, UseState.FREE]

    run(scenario())


def test_what_a_forced_retry_left_behind_stays_used(world):
    async def scenario():
        task_id = await unknown(world)
        await world.changes.retry(task_id, force=True)
        await world.scheduler.tick()
        wish = MaterialRequest(MediaKind.VIDEO, 1)
        assert await world.store.write(lambda r: r.materials.take(wish, task_id, 2))
        await world.end(task_id, failed("outcome_unknown"))
        await world.changes.resolve(task_id, published=False)
        assert await state(world) == ([UseState.USED, UseState.FREE], {HASH})

    run(scenario())


def test_of_two_callers_at_once_one_is_believed_and_the_other_is_told(world):
    async def scenario():
        task_id = await unknown(world)
        answers = await asyncio.gather(
            *(world.changes.resolve(task_id, published=said) for said in (False, True, True)), return_exceptions=True
        )
        refused = [answer for answer in answers if isinstance(answer, ConflictError)]
        assert len(refused) == 2
        assert answers.count(None) == 1
        task = await world.task(task_id)
        assert (task.outcome == "published") is (answers.index(None) > 0)
        assert all(f"is {task.status.text}, {task.outcome.replace('_', ' ')};" in str(error) for error in refused)

    run(scenario())


def test_only_an_unknown_outcome_is_resolved(world):
    async def scenario():
        with pytest.raises(NotFoundError):
            await world.changes.resolve(77, published=True)
        task_id = await world.running()
        with pytest.raises(ConflictError, match="is running; only"):
            await world.changes.resolve(task_id, published=True)
        await world.end(task_id, failed("app_crashed"))
        with pytest.raises(ConflictError, match="is failed, not published; only"):
            await world.changes.resolve(task_id, published=False)
        counts = await world.store.read(lambda r: r.tasks.counts())
        assert (counts.total, counts.failed) == (1, 1)

    run(scenario())
