"""What `core.ports.execution.DeviceCalls` says, held by the executor and by the fake of the tests."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.core.errors import DeviceGoneError, TaskStoppedError
from support.fakes import FakeDeviceCalls


class Phone:
    """A driver that waits while its phone is held, until it is cut off."""

    def __init__(self):
        self.went, self.entered, self.cut = threading.Event(), threading.Event(), False
        self.went.set()

    def pass_through(self):
        self.entered.set()
        assert self.went.wait(10)
        if self.cut:
            raise TaskStoppedError("stopped")

    def abort(self):
        self.cut = True
        self.went.set()

    def reset(self):
        self.cut = False

    def close(self): ...


class Threads:
    """The calls of the executor, and phones that a test holds by a call that stays."""

    def __init__(self):
        self.phones = {serial: Phone() for serial in "ab"}
        self.calls = PhoneThreads(self)
        self._holding = []

    def driver(self, serial):
        return self.phones[serial]

    async def hold(self, serial):
        phone = self.phones[serial]
        phone.went.clear()
        phone.entered.clear()
        self._holding.append(
            asyncio.create_task(self.calls.call(serial, lambda driver: driver.pass_through(), preemptible=False))
        )
        assert await asyncio.to_thread(phone.entered.wait, 10)

    def let_go(self, serial):
        self.phones[serial].went.set()

    async def close(self):
        await self.calls.close(10)
        await asyncio.gather(*self._holding, return_exceptions=True)


class Fake:
    """The calls of the tests."""

    def __init__(self):
        self.phones = {serial: Phone() for serial in "ab"}
        self.calls = FakeDeviceCalls(self.phones.__getitem__)
        self.let_go = self.calls.let_go

    async def hold(self, serial):
        self.calls.hold(serial)

    async def close(self):
        self.calls.close()


@pytest.fixture(params=[Threads, Fake], ids=["local", "fake"])
def make(request):
    @asynccontextmanager
    async def made():
        bench = request.param()
        try:
            yield bench
        finally:
            await bench.close()

    return made


async def asked(bench, what, serial="a", *, preemptible=False):
    """Ask for something, and return when it is queued."""
    call = asyncio.create_task(bench.calls.call(serial, what, preemptible=preemptible))
    await asyncio.sleep(0)
    return call


async def end_of(call):
    return await asyncio.wait_for(call, 10)


def run(scenario):
    asyncio.run(scenario())


@pytest.mark.parametrize("preemptible", [True, False])
def test_a_call_returns_what_it_returns_and_raises_what_it_raises(make, preemptible):
    async def scenario():
        async with make() as bench:
            assert await bench.calls.call("a", lambda driver: driver, preemptible=preemptible) is bench.phones["a"]
            for error in (DeviceGoneError("gone"), ValueError("no device error")):

                def fail(_driver, error=error):
                    raise error

                with pytest.raises(type(error)) as caught:
                    await bench.calls.call("a", fail, preemptible=preemptible)
                assert caught.value is error

    run(scenario)


def test_calls_are_done_in_order_and_once(make):
    async def scenario():
        async with make() as bench:
            done = []
            await bench.hold("a")
            calls = [await asked(bench, lambda _driver, n=n: done.append(n)) for n in range(20)]
            assert done == []
            bench.let_go("a")
            await asyncio.wait_for(asyncio.gather(*calls), 10)
            assert done == [*range(20)]

    run(scenario)


def test_phones_do_not_wait_for_one_another(make):
    async def scenario():
        async with make() as bench:
            await bench.hold("a")
            waiting = await asked(bench, lambda _driver: "a")
            assert await end_of(await asked(bench, lambda _driver: "b", "b")) == "b"
            assert not waiting.done()
            bench.let_go("a")
            assert await end_of(waiting) == "a"

    run(scenario)


def test_what_gives_way_is_not_begun_when_something_comes_that_does_not(make):
    async def scenario():
        async with make() as bench:
            done = []
            await bench.hold("a")
            looks = [await asked(bench, done.append, preemptible=True) for _ in range(3)]
            act = await asked(bench, lambda _driver: "tapped")
            bench.let_go("a")
            for look in looks:
                with pytest.raises(TaskStoppedError):
                    await end_of(look)
            assert (await end_of(act), done) == ("tapped", [])
            assert await end_of(await asked(bench, lambda _driver: "seen", preemptible=True)) == "seen"

    run(scenario)


def test_what_gives_way_waits_for_what_came_before_it(make):
    async def scenario():
        async with make() as bench:
            done = []
            await bench.hold("a")
            act = await asked(bench, lambda _driver: done.append("act"))
            look = await asked(bench, lambda _driver: done.append("look"), preemptible=True)
            bench.let_go("a")
            await end_of(act)
            await end_of(look)
            assert done == ["act", "look"]

    run(scenario)


def test_what_nobody_waits_for_any_more_is_not_begun(make):
    async def scenario():
        async with make() as bench:
            done = []
            await bench.hold("a")
            unwanted = await asked(bench, done.append)
            after = await asked(bench, lambda _driver: "after")
            unwanted.cancel()
            await asyncio.sleep(0)
            bench.let_go("a")
            assert (await end_of(after), done) == ("after", [])

    run(scenario)


def test_a_server_that_stops_refuses_what_waits_and_what_comes(make):
    async def scenario():
        async with make() as bench:
            done = []
            await bench.hold("a")
            calls = [await asked(bench, done.append, preemptible=preemptible) for preemptible in (False, True)]
            await bench.close()
            calls.append(await asked(bench, done.append, "b"))
            for call in calls:
                with pytest.raises(TaskStoppedError):
                    await end_of(call)
            assert done == []

    run(scenario)
