"""Answers to Idempotency-Keys and traces are kept for their time, and then go in small batches."""

from __future__ import annotations

import asyncio

import pytest

from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.adapters.files import TraceFolder
from fleetlane.core.outcome import failed
from fleetlane.core.ports.attempts import Step
from fleetlane.core.ports.records import StoredResponse
from fleetlane.core.task import NewTask, Source
from fleetlane.work.upkeep.retention import IdempotencyKeyRetention, TraceRetention
from support.clock import ManualClock
from support.stores import new_store

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
    new_store(tmp_path / "s.db")
    store = SqliteStore(tmp_path / "s.db")
    store.start()
    yield store
    store.close()


def put(store, first, count, now_ms):
    def work(repositories):
        for number in range(first, first + count):
            repositories.answers.put(f"k{number}", StoredResponse("r", {"n": number}), now_ms)

    store.submit(work).result(10)


def kept(store, *numbers):
    return [asyncio.run(store.read(lambda r, n=n: r.answers.get(f"k{n}"))) is not None for n in numbers]


def test_an_answer_is_kept_for_its_whole_time_and_no_longer(store):
    clock = ManualClock()
    put(store, 1, 1, clock.now_ms())
    clock.advance(1)
    put(store, 2, 1, clock.now_ms())
    retention = IdempotencyKeyRetention(store, clock, KEEP_MS)
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
    assert asyncio.run(IdempotencyKeyRetention(counting, clock, KEEP_MS).sweep()) == 1200
    assert counting.batches == [500, 500, 200]
    assert kept(store, 0, 1199, 5000, 5002) == [False, False, True, True]


# -- traces --------------------------------------------------------------------------------------------

TRACE_DAY_MS = 24 * 3_600_000


@pytest.fixture
def files(tmp_path):
    return TraceFolder(tmp_path / "traces")


def traced(store, files, clock, *, ended=True, size=1000):
    """Return a task with a step and a picture of `size` bytes; a second passes."""
    now = clock.now_ms()

    def work(repositories):
        serial = "a" if ended else "b"
        [task_id] = repositories.tasks.add([NewTask("b", 0, "post", "{}", serial, None, Source.API, 1, now, now)])
        task = repositories.tasks.claim(task_id, serial, now)
        shot = files.write(task_id, 1, "01.jpg", b"x" * size)
        repositories.attempts.add_step(Step(task_id, 1, 1, "look", "", "tiktok home", now, 1, ok=True, screenshot=shot))
        if ended:
            assert repositories.tasks.finish(task_id, task.attempt, failed("app_crashed"), now)
        return task_id

    task_id = store.submit(work).result(10)
    clock.advance(1)
    return task_id


def traces(store, files, *task_ids):
    """Say of each task whether its steps and its files are there."""
    sizes = files.sizes()
    steps = [asyncio.run(store.read(lambda r, i=i: r.attempts.steps(i))) for i in task_ids]
    return [(bool(found), task_id in sizes) for found, task_id in zip(steps, task_ids, strict=True)]


def sweep(store, files, clock, most_bytes=10**9):
    return asyncio.run(TraceRetention(store, files, clock, TRACE_DAY_MS, most_bytes).sweep())


def test_traces_of_ended_tasks_go_when_they_are_too_old(store, files):
    clock = ManualClock()
    old, running = traced(store, files, clock), traced(store, files, clock, ended=False)
    clock.advance(TRACE_DAY_MS / 1000)
    new = traced(store, files, clock)
    assert sweep(store, files, clock) == 1
    assert traces(store, files, old, running, new) == [(False, False), (True, True), (True, True)]
    assert asyncio.run(store.read(lambda r: r.tasks.get(old))).error_code == "app_crashed"


def test_the_oldest_traces_go_while_all_take_too_much_room(store, files):
    clock = ManualClock()
    made = [traced(store, files, clock) for _ in range(5)]
    running = traced(store, files, clock, ended=False)
    assert sweep(store, files, clock, most_bytes=3500) == 3
    assert traces(store, files, *made, running) == [(False, False)] * 3 + [(True, True)] * 3
    assert sweep(store, files, clock, most_bytes=0) == 2
    assert traces(store, files, running) == [(True, True)]


def test_files_that_a_crash_left_without_steps_go(store, files):
    clock = ManualClock()
    there, cut_off = traced(store, files, clock), traced(store, files, clock)
    files.write(4711, 1, "01.jpg", b"x")
    store.submit(lambda r: r.attempts.forget_steps(clock.now_ms() - 1000, 1)).result(10)
    assert sweep(store, files, clock) == 0
    assert traces(store, files, there, cut_off, 4711) == [(False, False), (True, True), (False, False)]


def test_it_begins_with_the_server(tmp_path):
    from support.rig import wait_for
    from support.server import ServerThread

    path = tmp_path / "fleetlane.db"
    new_store(path)
    store = SqliteStore(path)
    store.start()
    put(store, 1, 1, 0)
    store.close()
    with ServerThread(tmp_path) as server:
        body = {"serials": ["x"], "script_name": "post", "script_config": {}}

        def forgotten():
            return server.call("POST", "/task", json=body, headers={"Idempotency-Key": "k1"})["code"] == 0

        wait_for(forgotten)
