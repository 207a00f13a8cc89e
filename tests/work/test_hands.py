"""Taking a phone over: no task beside a person, no person beside a task, and every phone is given back."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.device import DeviceState
from fleetlane.core.errors import ConflictError, DeviceGoneError, DriverBrokenError, InvalidParametersError
from fleetlane.work.phones import gestures
from fleetlane.work.phones.gestures import PicturePoint
from fleetlane.work.phones.local_control import LocalControl
from fleetlane.work.phones.manual_control import ManualControl
from support.fakes import FakeDeviceCalls
from support.scheduler_harness import World

IDLE_S = 300


class Hand:
    """A driver that notes what was done; it refuses the ways of typing a test names."""

    serial = "a"

    def __init__(self, *refused, size=(1080, 2400)):
        self.done, self.refused, self.size = [], refused, size

    def facts(self):
        return self

    def type_text(self, text, way):
        if way in self.refused:
            raise DriverBrokenError("no")
        self.done.append(("type", text, way))

    def __getattr__(self, name):
        return lambda *args: self.done.append((name, *args))


class Handled(World):
    """A world in which phones can be taken over."""

    def __init__(self, path):
        super().__init__(path)
        self.hand, self.told = Hand(), []
        self.calls = FakeDeviceCalls(lambda _serial: self.hand)
        self.control = LocalControl(self.calls, self.devices, self.check)
        self.hands = ManualControl(
            self.lanes, self.devices, self.control, self.clock, idle_s=IDLE_S, tell=self.told.extend
        )

    def check(self, _driver):
        return []

    async def tap(self, serial="a"):
        await self.hands.act(serial, "me", gestures.Tap(PicturePoint(0.5, 0.5)))


@pytest.fixture
def world(tmp_path):
    with Handled(tmp_path / "s.db") as world:
        yield world


def test_no_task_starts_until_the_phone_is_given_back(world):
    async def scenario():
        world.hands.take_over("a", "me")
        await world.add("a")
        other = await world.add("b")
        assert await world.scheduler.tick() == 1
        assert [t.id for t in world.executor.started] == [other]
        await world.tap()
        assert world.hand.done == [("tap_once", 540, 1200)]
        assert world.calls.asked == [("a", False)], "no picture cuts off a tap"
        await world.hands.give_back("a", "me")
        assert await world.scheduler.tick() == 1
        with pytest.raises(ConflictError, match="Take a over first"):
            await world.tap()
        assert [change.facts for change in world.told] == [{"taken_over": True}, {"taken_over": False}]

    asyncio.run(scenario())


@pytest.mark.parametrize("first", ["claim", "person"])
def test_of_a_claim_and_a_take_over_at_once_exactly_one_has_the_phone(world, first):
    async def scenario():
        assert await world.scheduler.tick() == 0
        task_id = await world.add("a")
        if first == "person":
            world.hands.take_over("a", "me")
        claiming = asyncio.create_task(world.scheduler.tick())
        await asyncio.sleep(0)  # it now waits for the store
        world.hands.take_over("a", "me")
        if first == "claim":
            with pytest.raises(ConflictError, match="still runs"):
                await world.tap()
            assert await claiming == 1
            with pytest.raises(ConflictError, match="still runs"):
                await world.tap()
            await world.end(task_id)
        else:
            assert await claiming == 0
        await world.tap()
        assert len(world.executor.started) == (first == "claim")

    asyncio.run(scenario())


def test_the_next_task_waits_for_the_person_who_asked_while_one_ran(world):
    async def scenario():
        running = await world.running()
        await world.add("a")
        world.hands.take_over("a", "me")
        assert world.hands.of("a").left_s is None
        world.clock.advance(IDLE_S * 3)
        world.hands.expire()
        world.clock.advance(IDLE_S - 1)
        await world.end(running)
        assert await world.scheduler.tick() == 0
        world.clock.advance(2)
        world.hands.expire()
        assert world.hands.of("a").left_s == IDLE_S - 2, "the time counts from the task's end"

    asyncio.run(scenario())


def test_what_nobody_touches_is_given_back_by_itself(world):
    async def scenario():
        await world.add("a")
        world.hands.take_over("a", "me")
        world.clock.advance(IDLE_S - 1)
        await world.tap()
        world.clock.advance(IDLE_S - 1)
        assert world.hands.expire() == 1
        world.clock.advance(1)
        assert world.hands.expire() is None
        assert world.hands.of("a") is None
        assert await world.scheduler.tick() == 1

    asyncio.run(scenario())


def test_it_is_not_given_back_in_the_middle_of_an_act(world):
    async def scenario():
        await world.add("a")
        world.hands.take_over("a", "me")
        world.calls.hold("a")
        acting = asyncio.create_task(world.tap())
        await asyncio.sleep(0)
        world.clock.advance(IDLE_S * 2)
        world.hands.expire()
        giving = asyncio.create_task(world.hands.give_back("a", "me"))
        late = asyncio.create_task(world.tap())
        await asyncio.sleep(0)
        assert await world.scheduler.tick() == 0
        world.calls.let_go("a")
        await acting
        await giving
        with pytest.raises(ConflictError, match="was given back"):
            await late
        assert await world.scheduler.tick() == 1
        assert len(world.hand.done) == 1

    asyncio.run(scenario())


def test_the_loop_gives_back_without_being_asked(world):
    async def scenario():
        from fleetlane.adapters.clock import SystemClock

        hands = ManualControl(
            world.lanes, world.devices, world.control, SystemClock(), idle_s=0.05, tell=world.told.extend
        )
        running = asyncio.create_task(hands.run())
        await asyncio.sleep(0)
        hands.take_over("a", "me")
        async with asyncio.timeout(5):
            while hands.of("a"):
                await asyncio.sleep(0.005)
        running.cancel()

    asyncio.run(scenario())


def test_a_phone_that_is_away_says_so(world):
    async def scenario():
        with pytest.raises(ConflictError, match=r"Device x has never been seen"):
            world.hands.take_over("x", "me")
        world.hands.take_over("a", "me")
        world.calls.errors["a"] = DeviceGoneError("a: closed.")
        with pytest.raises(ConflictError, match="could not be done: a: closed"):
            await world.tap()
        world.devices.set("a", DeviceState.ABSENT)
        with pytest.raises(ConflictError, match=r"Device a is not connected\."):
            await world.tap()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("act", "done"),
    [
        (gestures.Tap(PicturePoint(1, 1)), ("tap_once", 1079, 2399)),
        (gestures.Tap(PicturePoint(0.25, 0.5, wide=True)), ("tap_once", 600, 540)),
        (gestures.LongTap(PicturePoint(0, 0)), ("long_tap", 0, 0)),
        (gestures.Swipe(PicturePoint(0.5, 0.75), PicturePoint(0.5, 0.25)), ("swipe", (540, 1800), (540, 600))),
        (gestures.Press("recent"), ("press", "recent")),
        (gestures.TypeText("héllo 你好"), ("type", "héllo 你好", "paste")),
    ],
)
def test_acts_land_where_the_person_sees_them(act, done):
    hand = Hand()
    act.do(hand)
    assert hand.done == [done]
    assert "你好" not in str(act.facts)


def test_text_is_typed_in_the_way_the_phone_takes():
    hand = Hand("paste", "set")
    gestures.TypeText("x").do(hand)
    assert hand.done == [("type", "x", "keyboard")]
    with pytest.raises(DriverBrokenError, match="Tap a field first"):
        gestures.TypeText("x").do(Hand("paste", "set", "keyboard"))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: gestures.Tap(PicturePoint(1.01, 0)),
        lambda: gestures.Swipe(PicturePoint(0, 0), PicturePoint(0, float("nan"))),
        lambda: gestures.Press("power"),
        lambda: gestures.TypeText(""),
        lambda: gestures.TypeText("x" * (gestures.MOST_TEXT + 1)),
    ],
)
def test_what_is_no_act_is_refused(wrong):
    with pytest.raises(InvalidParametersError):
        wrong()
