"""Changing a task that has not begun."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.errors import ConflictError, InvalidParametersError, NotFoundError
from fleetlane.core.outcome import failed
from fleetlane.core.task import LatePolicy, NeedsPerson
from fleetlane.work.tasks.patching import Patch
from support.making import Making

LATER = "2099-01-01T00:00:00+00:00"
LATER_MS = 4_070_908_800_000


def run(work):
    return asyncio.run(work)


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


def patch(**fields):
    return Patch(fields.keys(), **fields)


def test_a_later_start_lets_the_lane_wait_and_none_lets_it_go(making):
    async def scenario():
        task_id = (await making.ask("a")).task_ids[0]
        await making.patching.patch(task_id, patch(start_at=LATER))
        assert await making.scheduler.tick() == 0
        done = await making.patching.patch(task_id, patch(start_at=None))
        assert (done.task.scheduled_ms, done.task.late_at_ms) == (None, None)
        assert await making.scheduler.tick() == 1

    run(scenario())


def test_another_device_is_another_lane_and_the_counters_follow(making):
    async def scenario():
        making.devices.table.pop("a")
        task_id = (await making.ask("a")).task_ids[0]
        await making.patching.patch(task_id, patch(serial=" b "))
        assert await making.store.read(lambda r: r.tasks.waiting()) == {"b": 1}
        assert await making.scheduler.tick() == 1
        assert making.executor.started[0].serial == "b"

    run(scenario())


def test_a_held_task_that_gets_a_new_start_is_held_no_more(making):
    async def scenario():
        task_id = (await making.ask("a", start_at=LATER, late_after_min=30)).task_ids[0]

        def hold(r):
            from sqlalchemy import update

            from fleetlane.adapters.db.tables import tasks

            held = {"held_ms": 5, "late_ms": 7, "needs_person": NeedsPerson.HELD.value}
            r.tasks._connection.execute(update(tasks).values(held))

        await making.store.write(hold)
        done = await making.patching.patch(task_id, patch(script_config={"dry_run": True}))
        assert (done.task.is_held, done.task.needs_person) == (True, NeedsPerson.HELD), "another text is no decision"
        done = await making.patching.patch(task_id, patch(start_at=LATER))
        assert (done.task.is_held, done.task.needs_person, done.task.late_ms) == (False, None, None)
        assert done.task.late_at_ms == LATER_MS + 30 * 60_000

    run(scenario())


def test_what_cannot_be_changed_any_more_is_refused(making):
    async def scenario():
        with pytest.raises(NotFoundError):
            await making.patching.patch(99, patch(start_at=LATER))
        task_id = (await making.ask("a")).task_ids[0]
        await making.scheduler.tick()
        with pytest.raises(ConflictError, match="running"):
            await making.patching.patch(task_id, patch(start_at=LATER))
        unseen = failed("outcome_unknown")
        await making.store.write(lambda r: r.tasks.look_later(task_id, 1, unseen, 0, making.clock.now_ms()))
        with pytest.raises(ConflictError, match="looked for"):
            await making.patching.patch(task_id, patch(start_at=LATER))

    run(scenario())


def test_two_changes_at_once_are_both_kept(making):
    async def scenario():
        task_id = (await making.ask("a")).task_ids[0]
        await asyncio.gather(
            making.patching.patch(task_id, patch(start_at=LATER)),
            making.patching.patch(task_id, patch(serial="b")),
            making.patching.patch(task_id, patch(script_config={"dry_run": True})),
        )
        task = await making.task(task_id)
        assert (task.due_ms, task.serial, task.script_config) == (LATER_MS, "b", {"dry_run": True})

    run(scenario())


def test_a_start_of_a_change_has_the_lateness_of_a_creation(making):
    async def scenario():
        task_id = (await making.ask("a")).task_ids[0]
        done = await making.patching.patch(task_id, patch(start_at=LATER, late_after_min=5.0, late_policy="fail"))
        assert (done.task.late_after_ms, done.task.late_policy) == (300_000, LatePolicy.FAIL)
        done = await making.patching.patch(task_id, patch(start_time="10:00"))
        assert (done.task.late_after_ms, done.task.late_policy) == (300_000, LatePolicy.FAIL), "what is not named stays"
        with pytest.raises(InvalidParametersError, match="is over"):
            await making.patching.patch(task_id, patch(start_at="2020-01-01T00:00:00Z"))

    run(scenario())
