"""Answers to Idempotency-Keys are kept for their time, and then go in small batches."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.adapters.db.migrate import migrate
from fleetlane.adapters.db.sqlite import SqliteStore
from fleetlane.core.ports.records import StoredAnswer
from fleetlane.work.retention import Retention
from support.clock import ManualClock

KEEP_MS = 3_600_000


class CountingStore:
    """A store that counts how many answers each unit of work took away."""

    def __init__(self, store):
        self._store = store
        self.batches = []

    async def write(self, work):
        batch = await self._store.write(work)
        self.batches.append(batch)
        return batch


@pytest.fixture
def store(tmp_path):
    migrate(tmp_path / "s.db")
    store = SqliteStore(tmp_path / "s.db")
    store.start()
    yield store
    store.close()


def put(store, first, count, now_ms):
    def work(repositories):
        for number in range(first, first + count):
            repositories.answers.put(f"k{number}", StoredAnswer("r", {"n": number}), now_ms)

    store.submit(work).result(10)


def kept(store, *numbers):
    return [asyncio.run(store.read(lambda r, n=n: r.answers.get(f"k{n}"))) is not None for n in numbers]


def test_an_answer_is_kept_for_its_whole_time_and_no_longer(store):
    clock = ManualClock()
    put(store, 1, 1, clock.now_ms())
    clock.advance(1)
    put(store, 2, 1, clock.now_ms())
    retention = Retention(store, clock, KEEP_MS)
    clock.advance(KEEP_MS / 1000 - 1)
    assert asyncio.run(retention.sweep()) == 0
    clock.advance(0.001)
    assert asyncio.run(retention.sweep()) == 1
    assert kept(store, 1, 2) == [False, True]


def test_many_old_answers_go_in_small_batches_so_that_others_can_write_between(store):
    clock = ManualClock()
    put(store, 0, 1200, clock.now_ms())
    clock.advance(KEEP_MS / 1000 + 1)
    put(store, 5000, 3, clock.now_ms())
    counting = CountingStore(store)
    assert asyncio.run(Retention(counting, clock, KEEP_MS).sweep()) == 1200
    assert counting.batches == [500, 500, 200]
    assert kept(store, 0, 1199, 5000, 5002) == [False, False, True, True]


def test_it_begins_with_the_server(tmp_path):
    from support.rig import wait_for
    from support.server import ServerThread

    path = tmp_path / "fleetlane.db"
    migrate(path)
    store = SqliteStore(path)
    store.start()
    put(store, 1, 1, 0)
    store.close()
    with ServerThread(tmp_path) as server:
        body = {"serials": ["x"], "script_name": "post", "script_config": {}}

        def forgotten():
            return server.call("POST", "/task", json=body, headers={"Idempotency-Key": "k1"})["code"] == 0

        wait_for(forgotten)
