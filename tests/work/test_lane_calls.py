"""The thread of a phone: in order, one thing at a time, and what only looks gives way."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.executors.local import LocalExecutor
from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.core.errors import DeviceGoneError, TaskStoppedError
from fleetlane.core.outcome import PublishState, succeeded
from fleetlane.core.task import Source, Status, Task
from fleetlane.scripts.control import AttemptControl

DONE = succeeded("Published.", PublishState.PUBLISHED, {})


class HangingDriver:
    """Hangs in `look` until it is aborted, as a socket does."""

    def __init__(self):
        self.aborted, self.entered, self.threads = threading.Event(), threading.Event(), set()

    def look(self):
        self.threads.add(threading.get_ident())
        self.entered.set()
        if self.aborted.wait(10):
            raise TaskStoppedError("stopped")
        return "a picture"

    def abort(self):
        self.aborted.set()

    def reset(self):
        self.aborted.clear()

    def close(self):
        self.threads.add(threading.get_ident())


class Runner:
    """Runs an attempt: it must find a phone that takes calls."""

    is_lost = False

    def control(self, _task):
        clock = SystemClock()
        return AttemptControl(clock, clock.monotonic_s() + 60)

    def run(self, _task, driver, _control):
        driver.threads.add(threading.get_ident())
        assert not driver.aborted.is_set(), "cut off by what was meant for a look"
        return DONE


class Bench:
    """An executor over one hanging phone."""

    def __init__(self):
        self.hanging, self.ends = HangingDriver(), asyncio.Queue()
        self.threads = PhoneThreads(self)
        self.executor = LocalExecutor(self.threads, Runner(), self.ends.put)

    def driver(self, _serial):
        return self.hanging

    def start(self):
        self.executor.start(Task(1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.RUNNING, 0, 0, attempt=1))

    def look(self):
        return asyncio.create_task(self.threads.call("a", lambda driver: driver.look(), preemptible=True))

    async def hangs(self):
        assert await asyncio.to_thread(self.hanging.entered.wait, 5)
        self.hanging.entered.clear()


def test_a_look_that_hangs_is_cut_off_by_a_task_and_all_of_it_is_one_thread():
    async def scenario():
        bench = Bench()
        for _ in range(30):
            look = bench.look()
            await bench.hangs()
            second = bench.look()
            await asyncio.sleep(0)
            bench.start()
            with pytest.raises(TaskStoppedError):
                await look
            assert (await asyncio.wait_for(bench.ends.get(), 5)).outcome is DONE
            with pytest.raises(TaskStoppedError):
                await second
        await bench.executor.close()
        assert len(bench.hanging.threads) == 1

    asyncio.run(scenario())


def test_an_act_cuts_off_a_look_and_tells_its_own_end():
    async def scenario():
        bench = Bench()
        look = bench.look()
        await bench.hangs()
        assert await bench.threads.call("a", lambda _driver: "tapped", preemptible=False) == "tapped"
        with pytest.raises(TaskStoppedError):
            await look

        def fails(_driver):
            raise DeviceGoneError("gone")

        with pytest.raises(DeviceGoneError):
            await bench.threads.call("a", fails, preemptible=False)
        await bench.executor.close()

    asyncio.run(scenario())


def test_what_nobody_waits_for_any_more_is_not_done():
    async def scenario():
        bench, done = Bench(), []
        look = bench.look()
        await bench.hangs()
        unwanted = asyncio.create_task(bench.threads.call("a", done.append, preemptible=True))
        await asyncio.sleep(0)
        unwanted.cancel()
        look.cancel()
        assert await bench.threads.call("a", lambda _driver: 1, preemptible=False) == 1
        assert done == []
        await bench.executor.close()

    asyncio.run(scenario())


def test_closing_ends_every_call():
    async def scenario():
        bench = Bench()
        act = asyncio.create_task(bench.threads.call("a", lambda driver: driver.look(), preemptible=False))
        await bench.hangs()
        waiting = bench.look()
        await asyncio.sleep(0)
        await asyncio.wait_for(bench.executor.close(), 5)
        for call in (act, waiting):
            with pytest.raises(TaskStoppedError):
                await call
        with pytest.raises(TaskStoppedError):
            await bench.threads.call("a", lambda _driver: 1, preemptible=False)

    asyncio.run(scenario())
