"""The life of a server or host: it opens the store, settles what was left running, and keeps its loops going."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from fleetlane.adapters.clock import SharedClock
from fleetlane.bootstrap.execution import Execution
from fleetlane.bootstrap.ground import Ground, soon
from fleetlane.work.running.leader import Loops
from fleetlane.work.running.recovery import recover


@asynccontextmanager
async def opened(ground: Ground, execution: Execution, load: Callable[[], Awaitable[object]]) -> AsyncGenerator[None]:
    """Open the store and begin among those that work on it; settle what the former life left running.

    Args:
        ground: what everything stands on.
        execution: what runs attempts.
        load: reads what else is needed before anything begins.
    """
    if isinstance(ground.clock, SharedClock):
        await asyncio.to_thread(ground.clock.set)
    ground.store.start()
    ground.events.open()
    execution.pictures.open()
    try:
        ground.presses.open()
        await load()
        await execution.leases.begin()  # the lock of the directory says that no other server lives here
        await recover(ground.store, ground.clock, repeats=ground.repeats)
        await ground.devices.load()
        if execution.others is not None:
            ground.hearing.open(execution.others)
        yield
    finally:
        await execution.leases.end()
        ground.store.close()
        ground.presses.close()


@asynccontextmanager
async def working(ground: Ground, execution: Execution, loops: Loops) -> AsyncGenerator[None]:
    """Follow the devices, run tasks on them, and keep the loops going."""
    loop = asyncio.get_running_loop()
    always = {
        "scheduler": execution.scheduler.run,
        "manual control": execution.manual_control.run,
        "leases": execution.leases.run,
        "phones": ground.devices.run,
        **({"clock": ground.clock.run} if isinstance(ground.clock, SharedClock) else {}),
    }
    ground.supervisor.start(lambda: soon(loop, ground.devices.update))
    try:
        async with asyncio.TaskGroup() as group:  # when one of them fails, all of it ends
            running = [group.create_task(loop_of(), name=name) for name, loop_of in {**always, **loops}.items()]
            yield
            execution.scheduler.stop_starting()
            for task in running:
                task.cancel()
    finally:
        execution.scheduler.stop_starting()
        await execution.executor.close()
        ground.supervisor.stop()
