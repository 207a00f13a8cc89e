"""What is counted of the work: how long dispatch takes, and who leads."""

from __future__ import annotations

import asyncio

from fleetlane.work.running.durations import Durations
from fleetlane.work.running.leader import Leader, Leading


def test_times_are_counted_up_to_each_bound():
    times = Durations([0.1, 1.0])
    for seconds in (0.05, 0.1, 0.5, 7.0):
        times.note(seconds)
    assert list(times.up_to) == [2, 3, 4]
    assert times.total_s == 7.65


def test_each_start_of_a_task_is_counted(world):
    async def scenario():
        await world.add("a")
        await world.add("b")
        await world.scheduler.tick()

    asyncio.run(scenario())
    assert world.scheduler.dispatched.up_to[-1] == 2


def test_whether_it_leads_is_shown():
    leading = Leading()

    async def scenario():
        shown = asyncio.Event()

        async def loop():
            shown.set()
            await asyncio.Event().wait()

        running = asyncio.create_task(Leader(lambda: True, {"loop": loop}, leading).run())
        assert leading.now is False
        await shown.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
    assert leading.now is True
