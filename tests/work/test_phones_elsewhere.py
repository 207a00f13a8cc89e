"""Phones at another host: used by hand, seen, checked and asked as those that are here."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.checkup import Grade, Row, plain, said
from fleetlane.core.errors import ConflictError
from fleetlane.work.phones.checkups import Checkups
from fleetlane.work.phones.devices import DeviceService
from fleetlane.work.phones.live_pictures import LivePictures
from fleetlane.work.phones.manual_control import ManualControl
from fleetlane.work.phones.remote_control import ActServer, RoutedControl
from support.host_links import FakeHostLinks
from work.test_hands import IDLE_S, Handled

TREE = (
    '<hierarchy rotation="0"><node text="Hello" resource-id="" class="android.widget.TextView" package="com.nobody" '
    'content-desc="" clickable="true" enabled="true" checked="false" selected="false" focused="false" '
    'bounds="[0,0][1080,2400]" /></hierarchy>'
)
ROWS = [Row("users", Grade.OK, plain(0), said("There is one user."))]


class Elsewhere(Handled):
    """A world in which phone a is at host rack2."""

    def __init__(self, path):
        super().__init__(path)
        self.links = FakeHostLinks()
        self.links.connect("rack2", ActServer(self.control, lambda: self.devices.table))
        self.control = RoutedControl(self.control, {"a": "rack2"}.get, self.links)
        self.hands = ManualControl(
            self.lanes, self.devices, self.control, self.clock, idle_s=IDLE_S, tell=self.told.extend
        )
        self.checkups = Checkups(self.hands, self.devices, self.clock)
        self.tree = TREE
        self.hand.tree = lambda: self.tree
        self.hand.screenshot = lambda width: b"picture of %d" % width

    def check(self, _driver):
        return ROWS


@pytest.fixture
def world(tmp_path):
    with Elsewhere(tmp_path / "s.db") as world:
        yield world


def test_it_is_touched_by_hand_and_a_host_that_is_away_is_named(world):
    async def scenario():
        world.hands.take_over("a", "me")
        await world.tap()
        assert world.hand.done == [("tap_once", 540, 1200)]
        assert world.calls.asked == [("a", False)]
        world.links.lose("rack2")
        with pytest.raises(ConflictError, match=r"could not be done: Host rack2 is not connected\."):
            await world.tap()

    asyncio.run(scenario())


def test_what_its_screen_shows_is_told_by_the_packs_that_are_here(world):
    async def scenario():
        screen = await world.hands.read_screen("a")
        assert [node.text for node in screen.view.tree.nodes if node.text] == ["Hello"]
        assert (screen.app, screen.xml) == ("com.nobody", TREE)
        assert world.calls.asked == [("a", True)]
        world.tree = "<no tree"
        with pytest.raises(ConflictError, match="Its screen could not be read"):
            await world.hands.read_screen("a")

    asyncio.run(scenario())


def test_it_is_checked_there_and_the_way_to_it_is_judged_here(world):
    async def scenario():
        found = await world.checkups.make("a", "me")
        assert [row.name for row in found.rows] == ["connection", "users"]
        assert found.rows[1:] == ROWS

    asyncio.run(scenario())


def test_it_is_seen_and_a_host_that_is_away_is_the_reason_for_no_picture(world):
    async def scenario():
        pictures = LivePictures(world.lanes, world.devices, world.control, SystemClock(), interval_s=0.02)
        async with asyncio.timeout(5):
            async for news in pictures.watch(["a"], 5):
                if news and news[0].problem:
                    assert "Host rack2 is not connected" in str(news[0].problem)
                    break
                if news:
                    assert news[0].jpeg == b"picture of 360"
                    world.links.lose("rack2")
        pictures.close()

    asyncio.run(scenario())


def test_what_it_says_of_itself_is_remembered(world):
    async def scenario():
        service = DeviceService(world.devices, world.control, world.store, world.clock, lambda: ["com.x"])
        await service.ask("a")
        [record] = [one for one in await world.store.read(lambda r: r.devices.all()) if one.serial == "a"]
        assert record.facts["model"] == "Pixel"
        assert world.links.asked[0][2]["act"] == {"kind": "report", "packages": ["com.x"]}
        world.links.lose("rack2")
        await service.ask("a")  # a host that is away ends nothing

    asyncio.run(scenario())
