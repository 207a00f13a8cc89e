"""The executor's end: a phone whose call never returns does not keep the server from ending."""

from __future__ import annotations

import asyncio
import threading
import time

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.executors.local import LocalExecutor
from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.core.outcome import failed
from fleetlane.core.task import Source, Status, Task
from fleetlane.scripts.control import AttemptControl


class Stuck:
    """A runner, and the driver of a phone whose call cannot be aborted."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.returns = threading.Event()

    def control(self, _task):
        return AttemptControl(SystemClock(), 10**9)

    def run(self, _task, _driver, _control):
        self.called.set()
        self.returns.wait()
        return failed("stopped")

    def driver(self, _serial):
        return self

    def reset(self): ...

    def abort(self): ...

    def close(self): ...


def test_a_call_that_never_returns_does_not_keep_the_server_from_ending():
    task = Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.RUNNING, 0, 0, attempt=1)
    stuck = Stuck()

    async def scenario():
        ends = []

        async def ended(event):
            ends.append(event)

        executor = LocalExecutor(PhoneThreads(stuck), stuck, ended, end_s=0.2)
        executor.start(task)
        await asyncio.to_thread(stuck.called.wait)
        began = time.monotonic()
        await executor.close()
        assert 0.2 <= time.monotonic() - began < 10
        assert ends == [], "nobody has said how it ended: the next start finds its journal"
        stuck.returns.set()

    asyncio.run(scenario())
