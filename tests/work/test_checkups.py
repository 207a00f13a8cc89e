"""Checkups on lanes: none beside a task, no task beside one, and the phone is given back after it."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.checkup import Grade, Row, plain, said
from fleetlane.core.device import DeviceState
from fleetlane.core.errors import ConflictError, TaskStoppedError
from fleetlane.work.phones.checkups import Checkups
from work.test_hands import Handled

ROWS = [Row("users", Grade.OK, plain(0), said("There is one user."))]


class Checked(Handled):
    """A world in which phones can be checked."""

    def __init__(self, path):
        super().__init__(path)
        self.checked = []
        self.checkups = Checkups(self.hands, self.devices, self.clock)

    def check(self, driver):
        self.checked.append(driver)
        return ROWS

    def facts_told(self):
        return [change.facts for change in self.told]


@pytest.fixture
def world(tmp_path):
    with Checked(tmp_path / "s.db") as world:
        yield world


async def settled(world, serial="a"):
    while world.checkups.of(serial).is_running:
        await asyncio.sleep(0)


def test_a_checkup_keeps_tasks_away_until_it_has_ended(world):
    async def scenario():
        world.calls.hold("a")
        making = asyncio.create_task(world.checkups.make("a", "me"))
        await asyncio.sleep(0.01)
        await world.add("a")
        assert await world.scheduler.tick() == 0
        assert world.checkups.of("a").is_running
        world.calls.let_go("a")
        found = await making
        assert [row.name for row in found.rows] == ["connection", "users"]
        assert not found.has_fault
        assert await world.scheduler.tick() == 1
        assert world.facts_told() == [{"taken_over": True}, {"taken_over": False}]
        assert world.checkups.of("a").last == found

    asyncio.run(scenario())


def test_there_is_none_beside_a_task(world):
    async def scenario():
        await world.add("a")
        assert await world.scheduler.tick() == 1
        with pytest.raises(ConflictError, match="still runs"):
            world.checkups.start("a", "me")
        with pytest.raises(ConflictError, match="still runs"):
            await world.checkups.make("a", "me")
        assert world.checked == []
        assert world.told == []

    asyncio.run(scenario())


def test_two_who_ask_get_the_same_checkup(world):
    async def scenario():
        world.calls.hold("a")
        world.checkups.start("a", "me")
        world.checkups.start("a", "you")
        making = asyncio.create_task(world.checkups.make("a", "you"))
        await asyncio.sleep(0.01)
        world.calls.let_go("a")
        assert await making == world.checkups.of("a").last
        assert len(world.checked) == 1

    asyncio.run(scenario())


def test_one_who_goes_away_ends_no_checkup(world):
    async def scenario():
        world.calls.hold("a")
        making = asyncio.create_task(world.checkups.make("a", "me"))
        await asyncio.sleep(0.01)
        making.cancel()
        await asyncio.sleep(0.01)
        world.calls.let_go("a")
        await settled(world)
        assert world.checkups.of("a").last is not None

    asyncio.run(scenario())


def test_a_person_who_has_the_phone_keeps_it(world):
    async def scenario():
        world.hands.take_over("a", "me")
        await world.checkups.make("a", "me")
        assert world.hands.of("a").by == "me"
        await world.tap()
        assert world.facts_told() == [{"taken_over": True}, {"taken_over": True}]  # pages read again what was found

    asyncio.run(scenario())


def test_a_person_who_takes_it_over_meanwhile_keeps_it(world):
    async def scenario():
        world.calls.hold("a")
        world.checkups.start("a", "me")
        await asyncio.sleep(0.01)
        world.hands.take_over("a", "you")
        world.calls.let_go("a")
        await settled(world)
        assert world.hands.of("a").by == "you"

    asyncio.run(scenario())


def test_a_phone_that_is_not_there_is_a_finding(world):
    async def scenario():
        world.devices.set("a", DeviceState.UNAUTHORIZED)
        found = await world.checkups.make("a", "me")
        assert found.has_fault
        assert [row.name for row in found.rows] == ["connection"]
        assert "accept the dialog" in str(found.rows[0].sentence)
        with pytest.raises(ConflictError, match="accept the dialog"):
            world.checkups.start("a", "me")

    asyncio.run(scenario())


def test_why_one_could_not_be_made_is_kept_until_the_next(world):
    async def scenario():
        world.calls.errors["a"] = TaskStoppedError("stopped")
        world.checkups.start("a", "me")
        await settled(world)
        assert world.checkups.of("a").problem == "The server is stopping."
        assert world.hands.of("a") is None
        world.calls.errors["a"] = ValueError("nonsense")
        world.checkups.start("a", "me")
        await settled(world)
        assert "log says why" in world.checkups.of("a").problem
        world.calls.errors.clear()
        world.checkups.start("a", "me")
        await settled(world)
        assert world.checkups.of("a").problem == ""

    asyncio.run(scenario())
