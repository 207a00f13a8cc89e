"""What `core.ports.store.Store` says of units of work, held by every store."""

from __future__ import annotations

import asyncio
import threading

import pytest

from contracts.stores import new
from fleetlane.core.errors import StoreError
from fleetlane.core.ports.tasks import TaskFilter


def add(repositories):
    return list(repositories.tasks.add([new()]))


def test_what_a_unit_of_work_returns_is_returned_by_each_way(store):
    async def scenario():
        assert await store.write(add) == [1]
        assert await store.read(lambda r: r.tasks.get(1).id) == 1
        assert store.submit(add).result(10) == [2]

    asyncio.run(scenario())


def test_what_is_written_is_read_at_once_and_after_a_restart(open_store):
    with open_store() as store:
        assert store.submit(add).result(10) == [1]
        assert asyncio.run(store.read(lambda r: r.tasks.counts())).pending == 1
    with open_store() as again:
        assert asyncio.run(again.read(lambda r: r.tasks.counts())).pending == 1
        assert again.submit(add).result(10) == [2]


def test_a_unit_of_work_sees_what_it_has_done_itself(run):
    assert run(lambda r: (add(r), r.tasks.get(1).id, r.tasks.counts().pending)) == ([1], 1, 1)


def test_an_error_in_one_unit_of_work_undoes_it_and_leaves_the_others_alone(store):
    def broken(repositories):
        add(repositories)
        raise ZeroDivisionError("oops")

    futures = [store.submit(broken if n % 2 else add) for n in range(20)]
    added = [future.result(10)[0] for future in futures[::2]]
    assert added == sorted({*added}), "none twice, though there may be gaps"
    for future in futures[1::2]:
        with pytest.raises(ZeroDivisionError, match="oops"):
            future.result(10)
    assert len(store.submit(lambda r: r.tasks.find(TaskFilter(), 0, 99)).result(10)) == 10


def test_units_of_work_of_many_threads_are_done_one_after_another(store):
    def count(repositories):
        seen = int(repositories.facts.get("count") or 0)
        repositories.facts.set("count", str(seen + 1))
        return seen

    futures, lock = [], threading.Lock()

    def ask():
        for _ in range(25):
            future = store.submit(count)
            with lock:
                futures.append(future)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(future.result(30) for future in futures) == list(range(200))


def test_what_reads_cannot_write(store):
    with pytest.raises(StoreError):
        asyncio.run(store.read(add))
    assert store.submit(lambda r: r.tasks.counts()).result(10).total == 0


def test_what_reads_sees_one_state_while_others_write(store):
    def twice(repositories):
        before = repositories.tasks.counts().pending
        store.submit(add).result(10)
        return before, repositories.tasks.counts().pending

    assert asyncio.run(store.read(twice)) == (0, 0)
    assert asyncio.run(store.read(lambda r: r.tasks.counts().pending)) == 1


def test_a_caller_that_went_away_keeps_nobody_else_from_writing(store):
    gate = threading.Event()

    async def scenario():
        began = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait(_repositories):
            loop.call_soon_threadsafe(began.set)
            assert gate.wait(10)

        waiting = asyncio.create_task(store.write(wait))
        await asyncio.wait_for(began.wait(), 10)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()
        assert await store.write(add) == [1]

    asyncio.run(scenario())


def test_a_store_that_was_closed_says_so(open_store):
    with open_store() as store:
        pass
    with pytest.raises(StoreError):
        store.submit(lambda r: r.tasks.counts()).result(10)
