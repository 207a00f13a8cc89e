"""A phone that takes another one's place brings along what it has published: that does not go out there again."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.core.outcome import failed
from fleetlane.core.phones import Identity
from fleetlane.core.task import Status
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.preflight.repeats import RepeatWindow
from support.fakes import FakeTransports
from support.making import Making
from support.scheduler_harness import DONE
from support.shelf import ADDRESS, CABLE, NAME, Shelf

HOUR_S = 3600


@pytest.fixture
def making(tmp_path):
    with Making(tmp_path / "s.db") as made:
        yield made


class Replaced:
    """A phone at an address, another one by its cable, and then the other one at the address."""

    def __init__(self, making: Making) -> None:
        self.transports = FakeTransports()
        self.phones = PhoneDirectory(self.transports, making.store, making.clock, making.lanes)
        self.phones.ask_phone = self._ask
        self._who: Identity | None = None

    async def _ask(self, _transport):
        assert self._who is not None
        return self._who

    async def come(self, serial: str, who: str, *, usb: bool = False):
        self._who = Identity(f"R58{who}", "pixel", who)
        there = self.transports.plug(serial, usb=usb)
        await self._settled()
        return there

    async def _settled(self) -> None:
        self.phones.update()
        await asyncio.gather(*self.phones._asking._tasks.values())
        await self.phones.settle()

    async def takes_its_place(self, going) -> None:
        self.transports.unplug(going)
        self.phones.update()
        await self.come(ADDRESS, "B")
        await self.phones.adopt(ADDRESS, keep_present=True)


async def end(making, task_id, lane, outcome=DONE) -> None:
    def work(repositories):
        task = repositories.tasks.claim(task_id, lane, making.clock.now_ms())
        assert task is not None
        repositories.tasks.finish(task_id, task.attempt, outcome, making.clock.now_ms())

    await making.store.write(work)


@pytest.mark.parametrize(
    ("published", "expected"),
    [("just now", "repeat"), ("unknown", "repeat"), ("long ago", None), ("in doubt", "repeat")],
)
def test_what_waited_for_the_former_phone_is_compared_with_what_the_present_one_published(making, published, expected):
    async def scenario():
        replaced = Replaced(making)
        await replaced.phones.load()
        former = await replaced.come(ADDRESS, "A")
        await replaced.come("R58B", "B", usb=True)
        [out] = (await making.ask("R58B")).task_ids
        [waits] = (await making.ask(ADDRESS)).task_ids
        [allowed] = (await making.ask(ADDRESS, allow_repeat=True)).task_ids
        [other] = (await making.ask(ADDRESS, config={"captions": "something else"})).task_ids
        if published == "in doubt":
            await making.store.write(lambda r: r.tasks.claim(out, "R58B", making.clock.now_ms()))
            later = (failed("outcome_unknown"), 0, making.clock.now_ms())
            assert await making.store.write(lambda r: r.tasks.look_later(out, 1, *later))
        else:
            await end(making, out, "R58B", failed("outcome_unknown") if published == "unknown" else DONE)
        making.clock.advance(2 * HOUR_S if published == "long ago" else HOUR_S / 2)
        await replaced.takes_its_place(former)
        after = [await making.task(task_id) for task_id in (waits, allowed, other)]
        assert {task.serial for task in after} == {ADDRESS}
        assert [task.error_code for task in after] == [expected, None, None]
        if expected:
            assert f"task {out}" in str(after[0].remark)

    asyncio.run(scenario())


@pytest.mark.parametrize("other", [ADDRESS, NAME])
def test_what_waits_for_a_phone_is_compared_with_what_went_out_by_its_other_name(making, other):
    async def scenario():
        shelf = Shelf(making)
        await shelf.phones.load()
        [out] = (await making.ask(other)).task_ids
        [waits] = (await making.ask(CABLE)).task_ids
        await shelf.comes_by(CABLE)
        await end(making, out, other)
        if other == NAME:
            [also] = (await making.ask(NAME, config={"captions": "else"})).task_ids  # a lane ends with what waits there
            await shelf.phones.describe(CABLE, NAME, None)
            assert (await making.task(also)).serial == CABLE
        else:
            await shelf.comes_by(ADDRESS)
        assert (await making.task(waits)).error_code == "repeat"

    asyncio.run(scenario())


def test_what_waited_there_is_compared_with_nothing_else(making):
    """Its window was another one when it was made."""

    async def scenario():
        shelf = Shelf(making)
        shelf.phones.window = RepeatWindow.of(600, 7)
        await shelf.phones.load()
        await shelf.comes_by(CABLE)
        [first] = (await making.ask(CABLE)).task_ids
        await end(making, first, CABLE)
        making.clock.advance(2 * HOUR_S)
        [again] = (await making.ask(CABLE)).task_ids
        await making.ask(ADDRESS, config={"captions": "else"})
        await shelf.comes_by(ADDRESS)
        assert (await making.task(again)).status is Status.PENDING

    asyncio.run(scenario())
