"""The evening's look ahead, by a clock of the test's own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fleetlane.core.task import NeedsPerson
from fleetlane.work.tasks.patching import Patch
from support.making import Making
from support.rig import VIDEO


def run(work):
    return asyncio.run(work)


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


def now(making):
    return datetime.fromtimestamp(making.clock.wall_s(), UTC)


def at(making, hours):
    return (now(making) + timedelta(hours=hours)).isoformat()


def until(making, hour, minute=0):
    """Let time pass until a time of day."""
    moment = now(making).replace(hour=hour, minute=minute, second=0, microsecond=0)
    moment += timedelta(days=moment <= now(making))
    making.clock.advance((moment - now(making)).total_seconds())


def test_what_is_due_within_a_day_and_will_fail_is_put_before_a_person(making):
    async def scenario():
        file = making.folder / "clip.mp4"
        file.write_bytes(VIDEO.read_bytes())
        config = {"material_list": [str(file)]}
        soon, later = [
            (await making.ask(serial, config=config, start_at=at(making, hours))).task_ids[0]
            for serial, hours in (("a", 23), ("b", 25))
        ]
        fine = (await making.ask("b", config={"captions": "other"}, start_at=at(making, 1))).task_ids[0]
        file.unlink()
        assert await making.ahead.sweep() == 1
        task = await making.task(soon)
        assert (task.needs_person, task.needs_note["code"]) == (NeedsPerson.WILL_FAIL, "media_missing")
        assert "clip.mp4" in task.needs_note["message"]
        for other in (later, fine):
            assert (await making.task(other)).needs_person is None
        file.write_bytes(VIDEO.read_bytes())
        assert await making.ahead.sweep() == 0
        assert (await making.task(soon)).needs_person is None, "it is fine now"

    run(scenario())


def test_a_flagged_task_that_was_moved_away_is_looked_at_again(making):
    async def scenario():
        file = making.folder / "clip.mp4"
        task_id = (await making.ask("a", config={"material_list": [str(file)]}, start_at=at(making, 2))).task_ids[0]
        assert await making.ahead.sweep() == 1
        await making.patching.patch(task_id, Patch({"start_at"}, start_at=at(making, 100)))
        assert (await making.task(task_id)).needs_person is NeedsPerson.WILL_FAIL, "it is still missing"
        file.write_bytes(VIDEO.read_bytes())
        assert await making.ahead.sweep() == 0
        assert (await making.task(task_id)).needs_person is None

    run(scenario())


def test_it_looks_once_an_evening_and_after_a_start_when_one_was_missed(making):
    async def scenario():
        until(making, 12)
        assert await making.ahead.tick(), "nobody has ever looked"
        assert not await making.ahead.tick()
        until(making, 19, 59)
        assert not await making.ahead.tick()
        until(making, 20)
        assert await making.ahead.tick()
        making.clock.advance(3600)
        assert not await making.ahead.tick()
        making.clock.advance(3 * 24 * 3600)
        assert await making.ahead.tick(), "the server was off for days: once"
        assert not await making.ahead.tick()

    run(scenario())


def test_the_library_is_counted_over_all_that_is_due(making):
    async def scenario():
        for serial in ("a", "b"):
            await making.ask(serial, config={"material_list": []}, start_at=at(making, 1))
        assert await making.ahead.sweep() == 2

    run(scenario())
