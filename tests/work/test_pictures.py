"""Live pictures: only of what is watched, one for all watchers, never beside a task."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing, asynccontextmanager

import pytest

from fleetlane.adapters.clock import SystemClock
from fleetlane.core.device import DeviceState
from fleetlane.core.errors import DeviceTimeoutError, TaskStoppedError
from fleetlane.work.phones.live_pictures import LARGE, SMALL, LivePictures, until_turn
from fleetlane.work.phones.local_control import LocalControl
from support.fakes import FakeDeviceCalls, FakeDevices


class Book:
    """What a scheduler knows."""

    def __init__(self):
        self.busy, self.held = set(), set()

    def is_busy(self, serial):
        return serial in self.busy

    def is_held(self, serial):
        return serial in self.held


class Camera:
    """Takes pictures of any phone; `taken` has (serial, width) of each."""

    def __init__(self):
        self.taken, self.text, self.serial = [], "", ""

    def of(self, serial):
        self.serial = serial
        return self

    def screenshot(self, width):
        self.taken.append((self.serial, width))
        return f"{self.serial} {self.text or len(self.taken)}".encode()


class Room:
    """Pictures over a camera; `interval_s` is short."""

    def __init__(self, interval_s=0.02):
        self.book, self.camera, self.devices = Book(), Camera(), FakeDevices("a", "b")
        self.calls = FakeDeviceCalls(self.camera.of)
        control = LocalControl(self.calls, self.devices, lambda _driver: [])
        self.pictures = LivePictures(self.book, self.devices, control, SystemClock(), interval_s)
        self.pictures.open()

    @asynccontextmanager
    async def watching(self, *serials, large=False):
        async with aclosing(self.pictures.watch(serials, 5, large=large)) as pictures:
            yield pictures

    async def until(self, condition):
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.002)


async def read(pictures, condition):
    """Read until a picture fits."""
    async with asyncio.timeout(5):
        async for news in pictures:
            for picture in news:
                if condition(picture):
                    return picture
    raise AssertionError("the watching ended")


def test_only_what_is_watched_is_taken_and_one_picture_serves_all():
    async def scenario():
        room = Room(interval_s=0.2)
        await asyncio.sleep(0.05)
        assert room.camera.taken == []
        async with room.watching("a") as one, room.watching("a") as two:
            first = await read(one, lambda s: s.jpeg)
            assert await read(two, lambda s: s.jpeg) == first
            assert room.camera.taken == [("a", SMALL)]
            assert set(room.calls.asked) == {("a", True)}, "a picture gives way"
            second = await read(one, lambda s: s.tag != first.tag)
            assert await read(two, lambda s: s.tag != first.tag) == second
        taken = len(room.camera.taken)
        await asyncio.sleep(0.3)
        assert len(room.camera.taken) == taken, "nobody watches any more"
        assert room.pictures.of("a").jpeg
        assert room.pictures.taken == taken

    asyncio.run(scenario())


def test_an_unchanged_screen_is_no_news():
    async def scenario():
        room = Room()
        room.camera.text = "same"
        async with room.watching("a") as pictures:
            first = await read(pictures, lambda s: s.jpeg)
            await room.until(lambda: len(room.camera.taken) > 4)
            assert room.pictures.of("a") == first
            room.camera.text = "other"
            assert (await read(pictures, lambda s: s.tag != first.tag)).jpeg == b"a other"

    asyncio.run(scenario())


def test_while_a_task_runs_only_its_own_pictures_are_shown():
    async def scenario():
        room = Room()
        room.book.busy.add("a")
        async with room.watching("a") as pictures:
            news = asyncio.create_task(read(pictures, lambda s: s.jpeg))
            await asyncio.sleep(0.1)
            assert room.camera.taken == []
            await asyncio.to_thread(room.pictures.keep, "a", b"a step")
            assert (await news).jpeg == b"a step"
            room.book.busy.discard("a")
            await room.until(lambda: room.camera.taken)

    asyncio.run(scenario())


def test_a_phone_that_hangs_or_fails_holds_up_no_other_and_says_why():
    async def scenario():
        room = Room()
        room.calls.hold("a")
        room.devices.set("gone", DeviceState.ABSENT)
        async with room.watching("a", "b", "gone") as pictures:
            assert (await read(pictures, lambda s: s.serial == "b")).jpeg
            await room.until(lambda: room.pictures.of("gone"))
            assert str(room.pictures.of("gone").problem) == "device gone is not connected"
            assert room.pictures.of("a") is None
            room.calls.errors["b"] = DeviceTimeoutError("b did not answer in time.")
            failed = await read(pictures, lambda s: s.serial == "b" and s.problem)
            assert (str(failed.problem), bool(failed.jpeg)) == ("b did not answer in time.", True)
            room.calls.errors["b"] = TaskStoppedError("gave way")
            before = room.pictures.of("b")
            await asyncio.sleep(0.06)
            assert room.pictures.of("b") == before, "to give way is no failure"
            del room.calls.errors["b"]
            assert (await read(pictures, lambda s: s.serial == "b" and not s.problem)).jpeg

    asyncio.run(scenario())


def test_what_was_asked_for_comes_at_once_and_an_opened_phone_is_taken_large():
    async def scenario():
        room = Room(interval_s=60)
        async with room.watching("a") as small:
            first = await read(small, lambda s: s.jpeg)
            room.pictures.soon("a")
            second = await read(small, lambda s: s.tag != first.tag)
            async with room.watching("a", large=True) as large:
                await read(large, lambda s: s.number > second.number)
            room.pictures.soon("a")
            room.pictures.soon("unwatched")
            await room.until(lambda: len(room.camera.taken) == 4)
            assert [width for _, width in room.camera.taken] == [SMALL, SMALL, LARGE, SMALL]

    asyncio.run(scenario())


def test_turns_of_many_phones_are_spread_and_each_keeps_its_own():
    serials = [f"phone-{n}" for n in range(100)]
    turns = sorted(until_turn(serial, 2.0, 1000.3) for serial in serials)
    assert 1.0 < turns[0] < turns[-1] <= 3.0
    assert max(later - turn for turn, later in itertools.pairwise(turns)) < 0.3
    for serial in serials:
        first = 1000.3 + until_turn(serial, 2.0, 1000.3)
        assert until_turn(serial, 2.0, first + 0.1) == pytest.approx(1.9)


def test_a_phone_that_answers_nonsense_goes_on_when_it_has_come_to_its_senses():
    async def scenario():
        room = Room()
        room.calls.errors["a"] = ValueError("nonsense")
        async with room.watching("a") as pictures:
            assert "log" in str((await read(pictures, lambda s: s.problem)).problem)
            del room.calls.errors["a"]
            assert (await read(pictures, lambda s: not s.problem)).jpeg

    asyncio.run(scenario())


def test_closing_ends_every_watcher():
    async def scenario():
        room = Room()
        async with room.watching("a") as pictures:
            await read(pictures, lambda s: s.jpeg)
            room.pictures.close()
            async with asyncio.timeout(5):
                assert [news async for news in pictures] == []

    asyncio.run(scenario())
