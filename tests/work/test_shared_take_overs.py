"""Take-overs that the store refuses are noted later: else tasks would run beside a person, or never again."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

from fleetlane.core.errors import StoreBusyError
from fleetlane.work.phones.local_control import LocalControl
from fleetlane.work.phones.manual_control import ManualControl
from fleetlane.work.phones.shared_take_overs import SharedTakeOvers
from support.fakes import FakeDeviceCalls
from support.scheduler_harness import World


class Failing:
    """A store that refuses everything while it `fails`."""

    def __init__(self, store):
        self.fails, self._store = False, store

    def submit(self, work):
        if not self.fails:
            return self._store.submit(work)
        failed = Future()
        failed.set_exception(StoreBusyError("no"))
        return failed


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "s.db", leased=True) as world:
        world.failing = Failing(world.store)
        world.shared = SharedTakeOvers(world.failing, world.leases.owner)
        yield world


async def noted(world):
    await world.store.write(lambda _repositories: None)  # after all that was submitted before
    return [one.serial for one in await world.store.read(lambda r: r.take_overs.all())]


def test_what_the_store_refused_is_noted_again_and_only_the_last_word(world):
    async def scenario():
        await world.leases.beat()
        world.shared.taken("a", "ann", 1)
        world.failing.fails = True
        world.shared.given_back("a")
        world.shared.taken("b", "ann", 1)
        world.shared.given_back("b")
        world.shared.taken("b", "ann", 2)
        assert world.shared.say_again()
        assert await noted(world) == ["a"]
        world.failing.fails = False
        assert world.shared.say_again()
        assert await noted(world) == ["b"]
        assert not world.shared.say_again()

    asyncio.run(scenario())


def test_a_phone_is_given_back_when_the_store_can_again(world, monkeypatch):
    monkeypatch.setattr("fleetlane.work.phones.manual_control._SAY_AGAIN_S", 0.01)
    control = LocalControl(FakeDeviceCalls(lambda _serial: None), world.devices, lambda _driver: [])
    hands = ManualControl(
        world.lanes, world.devices, control, world.clock, idle_s=300, tell=lambda _changes: None, shared=world.shared
    )

    async def scenario():
        await world.leases.beat()
        running = asyncio.create_task(hands.run())
        hands.take_over("a", "ann")
        world.failing.fails = True
        await hands.give_back("a", "ann")
        await asyncio.sleep(0)
        assert await noted(world) == ["a"]
        world.failing.fails = False
        async with asyncio.timeout(10):
            while await noted(world):
                await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(scenario())
