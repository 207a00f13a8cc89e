"""A post for two names of which nobody knew that they are one phone goes out there once."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.retrying import PassedOver
from fleetlane.core.task import Status
from support.making import Making
from support.scheduler_harness import DONE
from support.shelf import ADDRESS, CABLE, NAME, Shelf


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


@pytest.mark.parametrize("other", [ADDRESS, NAME])
@pytest.mark.parametrize("before", ["waits", "published"])
def test_what_was_made_for_the_other_name_ends_as_a_repeat(making, other, before):
    async def scenario():
        shelf = Shelf(making)
        await shelf.phones.load()
        first, second = (await making.ask(CABLE, other)).task_ids
        [else_] = (await making.ask(other, config={"captions": "something else"})).task_ids
        await shelf.comes_by(CABLE)
        if before == "published":
            await making.store.write(lambda r: r.tasks.claim(first, CABLE, making.clock.now_ms()))
            await making.store.write(lambda r: r.tasks.finish(first, 1, DONE, making.clock.now_ms()))
        if other == NAME:
            await shelf.phones.describe(CABLE, NAME, None)
        else:
            await shelf.comes_by(ADDRESS)
        after = await making.task(second)
        assert (after.status, after.error_code, after.serial) == (Status.FAILED, "repeat", CABLE)
        assert f"task {first}" in str(after.remark)
        assert (await making.task(else_)).status is Status.PENDING, "what is no repeat waits there"
        assert (await making.task(first)).status is (Status.PENDING if before == "waits" else Status.COMPLETED)
        making.clock.advance(86_400)
        passed = (await making.retry_all()).skipped
        assert [(one.task_id, one.why) for one in passed] == [(second, PassedOver.REPEAT)], "also a day later"
        await making.changes.retry(second, force=False, allow_repeat=True)
        assert (await making.task(second)).status is Status.PENDING

    asyncio.run(scenario())
