"""What waits for a word on which phone is meant stays on the list of what needs a person, whatever else it needed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, time

import pytest

from fleetlane.core.phones import Identity
from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import NeedsPerson
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.tasks.look_ahead import LookAhead
from support.fakes import FakeTransports
from support.making import Making
from support.rig import VIDEO

HERE = "10.0.0.1:5555"
HOUR_S = 3600


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


@asynccontextmanager
async def another_phone_at(making: Making, address: str, known: int = 0):
    """Let another phone answer where one was; `known` 1: the one that was is on record already."""
    transports = FakeTransports()
    phones = PhoneDirectory(transports, making.store, making.clock, making.lanes)
    who = [Identity("R58A", "pixel", "a"), Identity("R58B", "pixel", "b")][known:]

    async def ask(_transport):
        return who.pop(0)

    phones.ask_phone = ask
    await phones.load()
    for _ in range(2 - known):
        there = transports.plug(address)
        phones.update()
        await asyncio.gather(*phones._asking._tasks.values())
        await phones.settle()
        if who:
            transports.unplug(there)
            phones.update()
    running = asyncio.create_task(phones.run())
    try:
        yield phones
    finally:
        running.cancel()


async def listed(making: Making, task_id: int) -> NeedsPerson | None:
    """Return why a task is on the list, when all that goes on has been done."""
    for _ in range(50):
        await asyncio.sleep(0.01)
        if why := (await making.task(task_id)).needs_person:
            return why
    return None


@pytest.mark.parametrize("ends", ["post now", "undo", "look ahead"])
def test_what_waits_for_a_word_on_its_phone_is_listed_also_after_another_reason_is_gone(making, ends, tmp_path):
    async def scenario():
        async with another_phone_at(making, HERE) as phones:
            missing = tmp_path / "later.mp4"
            start = rfc3339(making.clock.now_ms() + 5 * HOUR_S * 1000, UTC)
            config = {"material_list": [str(missing)]}
            [task_id] = (await making.ask(HERE, start_at=start, config=config)).task_ids
            assert await listed(making, task_id) is NeedsPerson.OTHER_PHONE
            if ends == "post now":
                making.clock.advance(8 * HOUR_S)
                await making.late_tasks.sweep()
                assert (await making.task(task_id)).needs_person is NeedsPerson.HELD
                await making.decisions.start(task_id)
            elif ends == "undo":
                await making.decisions.dismiss(task_id)
                await making.changes.undo(await making.changes.stop(task_id))
            else:
                await making.decisions.dismiss(task_id)
                ahead = LookAhead(making.store, making.outlook, making.clock, UTC, time(20, 0), on_fine=phones.added)
                await ahead.sweep()
                assert (await making.task(task_id)).needs_person is NeedsPerson.WILL_FAIL
                missing.write_bytes(VIDEO.read_bytes())
                await ahead.sweep()
            assert await listed(making, task_id) is NeedsPerson.OTHER_PHONE

    asyncio.run(scenario())


@pytest.mark.parametrize("then", ["another task comes", "restart", "post now"])
def test_what_was_dismissed_stays_off_the_list_for_as_long_as_the_same_phone_is_asked_about(making, then):
    async def scenario():
        async with another_phone_at(making, HERE) as phones:
            [task_id] = (await making.ask(HERE)).task_ids
            assert await listed(making, task_id) is NeedsPerson.OTHER_PHONE
            await making.decisions.dismiss(task_id)
            if then == "another task comes":
                [other] = (await making.ask(HERE, config={"captions": "else"})).task_ids
                assert await listed(making, other) is NeedsPerson.OTHER_PHONE
            elif then == "post now":
                await making.decisions.start(task_id)
            if then != "restart":
                assert await listed(making, task_id) is None
                await phones.adopt(HERE, keep_present=False)
        if then == "restart":
            async with another_phone_at(making, HERE, known=1):
                [other] = (await making.ask(HERE, config={"captions": "else"})).task_ids
                assert await listed(making, other) is NeedsPerson.OTHER_PHONE
                assert await listed(making, task_id) is None

    asyncio.run(scenario())
