"""Events in memory: followed, resumed, and lost only with a word."""

from __future__ import annotations

import asyncio

from fleetlane.core.event import Change, EventFilter, EventKind
from fleetlane.work.upkeep.event_broker import EventBroker
from support.clock import ManualClock

ALL = EventFilter()
LONG_S = 30.0


def task(number, **fields):
    return Change(EventKind.TASK, number, fields.get("batch", "b"), fields.get("serial", "s"))


def opened(keep=8):
    book = EventBroker(ManualClock(), keep)
    book.open()
    return book


async def told(book, *changes):
    book.tell(changes)
    await asyncio.sleep(0)


def ids(news):
    return [event.change.task_id for event in news.events]


async def after_the_first(book, wanted=ALL, after=None):
    follower = book.follow(after, wanted, LONG_S)
    return follower, await anext(follower)


def test_a_follower_hears_what_happens_from_now_on():
    async def run():
        book = opened()
        await told(book, task(1))
        follower, ready = await after_the_first(book)
        assert (ready.events, ready.missed) == ((), False)
        hearing = asyncio.create_task(anext(follower))
        await told(book, task(2), task(3))
        assert ids(await hearing) == [2, 3]

    asyncio.run(run())


def test_after_a_break_nothing_is_lost_and_nothing_comes_twice():
    async def run():
        book = opened()
        follower, _ = await after_the_first(book)
        await told(book, task(1), task(2))
        place = book.place_of((await anext(follower)).events[0])
        await told(book, task(3))
        again, ready = await after_the_first(book, after=place)
        assert not ready.missed
        assert ids(await anext(again)) == [2, 3]

    asyncio.run(run())


def test_a_place_of_another_start_or_one_that_is_no_place_means_reload():
    async def run():
        book = opened()
        for place in ("00000000-1", "nonsense", "", "-", f"{(await after_the_first(book))[1].place}999"):
            _, first = await after_the_first(book, after=place)
            assert first.missed, place

    asyncio.run(run())


def test_a_slow_reader_is_told_to_reload_and_then_goes_on():
    async def run():
        book = opened(keep=8)
        slow, _ = await after_the_first(book)
        for number in range(100):
            await told(book, task(number))
        assert len(book._ring) == 8, "memory does not grow with readers that do not read"
        late = await anext(slow)
        assert (late.missed, late.events) == (True, [])
        await told(book, task(100))
        assert ids(await anext(slow)) == [100]

    asyncio.run(run())


def test_filters_leave_out_what_does_not_fit():
    async def run():
        book = opened()
        wanted = {"task": EventFilter(task_id=2), "batch": EventFilter(batch_id="x"), "device": EventFilter(serial="p")}
        followers = {name: (await after_the_first(book, one))[0] for name, one in wanted.items()}
        changes = [task(1, batch="x"), task(2), task(3, serial="p"), Change(EventKind.DEVICE, serial="p")]
        await told(book, *changes)
        heard = {name: ids(await anext(follower)) for name, follower in followers.items()}
        assert heard == {"task": [2], "batch": [1], "device": [3, None]}

    asyncio.run(run())


def test_silence_is_broken_by_heartbeats_and_ends_when_the_server_does():
    async def run():
        book = opened()
        follower = book.follow(None, ALL, heartbeat_s=0.01)
        await anext(follower)
        beat = await anext(follower)
        assert (beat.events, beat.missed) == ((), False)
        book.close()
        assert [news async for news in book.follow(None, ALL, LONG_S)][1:] == []

    asyncio.run(run())


def test_changes_are_taken_from_any_thread_in_order():
    async def run():
        book = opened(keep=1000)
        follower, _ = await after_the_first(book)
        await asyncio.to_thread(lambda: [book.tell([task(n)]) for n in range(300)])
        heard = []
        while len(heard) < 300:
            heard += ids(await anext(follower))
        assert heard == list(range(300))

    asyncio.run(run())
