from __future__ import annotations

import asyncio
import itertools
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy.dialects import sqlite
from structlog.testing import capture_logs

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.adapters.db.tasks import _ALL_HEADS
from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.journal import Phase
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import PublishState, failed, succeeded
from fleetlane.core.ports.attempts import Step
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import NewTask, Source, Status

DONE = succeeded("Published.", PublishState.PUBLISHED, {"app": "x"})


def new(serial="a", due=10, **fields):
    task = NewTask("batch", 0, "post", '{"captions": "看"}', serial, None, Source.API, 7, 5, due)
    return replace(task, **fields)


def run(store, work):
    return store.submit(work).result(10)


def test_ids_come_in_order_and_are_never_used_again(store):
    assert list(run(store, lambda r: r.tasks.add([new(), new()]))) == [1, 2]
    assert list(run(store, lambda r: r.tasks.add([new()] * 3))) == [3, 4, 5]
    assert list(run(store, lambda r: r.tasks.add([]))) == []


def test_a_task_comes_back_as_it_was_stored(store):
    run(store, lambda r: r.tasks.add([new(serial=None, username="@Shop", scheduled_ms=99)]))
    task = run(store, lambda r: r.tasks.get(1))
    assert (task.username, task.serial, task.scheduled_ms, task.seed) == ("@Shop", None, 99, 7)
    assert task.script_config == {"captions": "看"}
    assert (task.status, task.attempt, task.result) == (Status.PENDING, 0, {})
    assert run(store, lambda r: r.tasks.get(2)) is None


def test_many_tasks_at_once_are_stored_as_if_they_came_one_by_one(tmp_path, store):
    wanted = [
        new(f"s{n % 150}" if n % 7 else None, n, username=f"@Ünï{n}" if n % 3 else None, position=n, seed=n * 2**53)
        for n in range(500)
    ]
    other = SqliteStore(tmp_path / "other.db")
    migrate(other.path)
    other.start()
    for task in wanted:
        run(other, lambda r, task=task: r.tasks.add([task]))
    other.close()
    assert list(run(store, lambda r: r.tasks.add(wanted))) == list(range(1, 501))
    for table in ("tasks ORDER BY id", "task_counts ORDER BY serial, status", "sequences ORDER BY name"):
        rows = []
        for path in (store.path, other.path):
            with closing(sqlite3.connect(path)) as connection:
                rows.append(connection.execute(f"SELECT * FROM {table}").fetchall())
        assert len(rows[0]) > 1
        assert rows[0] == rows[1]


def test_the_head_of_a_lane_is_the_earliest_due_and_then_the_lowest_id(store):
    run(store, lambda r: r.tasks.add([new("a", 20), new("a", 10), new("b", 10), new("a", 10)]))
    assert run(store, lambda r: r.tasks.heads(None)) == {"a": Head(10, 2), "b": Head(10, 3)}
    run(store, lambda r: r.tasks.claim(2, "a", 100))
    assert run(store, lambda r: r.tasks.heads(["a", "c"])) == {"a": Head(10, 4)}


def test_a_task_is_claimed_once(store):
    run(store, lambda r: r.tasks.add([new()]))
    task = run(store, lambda r: r.tasks.claim(1, "a", 100))
    assert (task.status, task.attempt, task.started_ms) == (Status.RUNNING, 1, 100)
    assert run(store, lambda r: r.tasks.claim(1, "a", 100)) is None


def test_a_task_is_claimed_only_in_its_lane_and_when_it_is_due(store):
    run(store, lambda r: r.tasks.add([new(serial=None, username="x"), new("b"), new("a", due=200)]))
    assert run(store, lambda r: [r.tasks.claim(i, "a", 100) for i in (1, 2, 3)]) == [None, None, None]


def test_only_the_attempt_that_runs_may_end_the_task(store):
    run(store, lambda r: r.tasks.add([new()]))
    run(store, lambda r: r.tasks.claim(1, "a", 100))
    assert run(store, lambda r: r.tasks.requeue(1, 1, "again", 110))
    run(store, lambda r: r.tasks.claim(1, "a", 120))
    assert not run(store, lambda r: r.tasks.finish(1, 1, DONE, 130)), "the result of attempt 1 is refused"
    assert run(store, lambda r: r.tasks.finish(1, 2, DONE, 130))
    assert not run(store, lambda r: r.tasks.finish(1, 2, DONE, 140))
    task = run(store, lambda r: r.tasks.get(1))
    assert (task.status, task.ended_ms, task.outcome, task.result) == (Status.COMPLETED, 130, "published", {"app": "x"})


def test_the_journal_only_moves_forward_and_ends_with_its_attempt(store):
    run(store, lambda r: r.tasks.add([new()]))
    run(store, lambda r: r.tasks.claim(1, "a", 100))

    def move(phase, **facts):
        return run(store, lambda r: r.attempts.set_phase(1, 1, phase, facts, 101))

    assert move(Phase.PREPARED, caption="x")
    assert move(Phase.ARMED)
    assert not move(Phase.PREPARED)
    assert not move(Phase.ARMED)
    assert move(Phase.TAPPED)
    assert run(store, lambda r: r.attempts.get(1, 1)).phase is Phase.TAPPED
    run(store, lambda r: r.tasks.finish(1, 1, DONE, 130))
    assert not move(Phase.PUBLISHED)
    assert run(store, lambda r: r.attempts.get(9, 1)) is None


def test_counters_agree_with_the_rows_after_every_kind_of_change(store):
    tasks = [new(s, script_name=n, source=o) for s, n, o in itertools.product("ab", ("post", "other"), Source)]
    run(store, lambda r: r.tasks.add([*tasks, new(serial=None, username="x")]))
    run(store, lambda r: [r.tasks.claim(i, "a", 100) for i in (1, 2, 3)])
    run(store, lambda r: r.tasks.finish(1, 1, DONE, 2))
    run(store, lambda r: r.tasks.finish(2, 1, failed("app_crashed"), 2))
    run(store, lambda r: r.tasks.requeue(3, 1, "again", 2))
    counts = run(store, lambda r: r.tasks.counts())
    assert (counts.pending, counts.running, counts.completed, counts.failed, counts.total) == (7, 0, 1, 1, 9)
    assert run(store, lambda r: r.tasks.waiting()) == {"a": 2, "b": 4}
    for status, serial, name, source in itertools.product(
        (None, *Status), (None, "a", "zz"), (None, "post"), (None, *Source)
    ):
        wanted = TaskFilter(status, serial, name, source)
        counted = run(store, lambda r, w=wanted: r.tasks.count(w))
        assert counted == len(run(store, lambda r, w=wanted: r.tasks.find(w, 0, 100))), wanted


def test_lists_are_newest_first_and_paged(store):
    run(store, lambda r: r.tasks.add([new()] * 5))
    assert [t.id for t in run(store, lambda r: r.tasks.find(TaskFilter(), 1, 2))] == [4, 3]


def test_every_filter_and_the_head_of_a_lane_use_an_index(store):
    run(store, lambda r: r.tasks.add([new()] * 3))
    with sqlite3.connect(store.path) as connection:

        def plan(sql):
            return " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))

        for column, value in (("status", 0), ("serial", "'a'"), ("script_name", "'post'"), ("source", "'api'")):
            text = plan(f"SELECT * FROM tasks WHERE {column} = {value} ORDER BY id DESC LIMIT 20")
            assert "USING INDEX" in text, text
            assert "TEMP B-TREE" not in text, text
        text = plan("SELECT * FROM tasks WHERE status = 3 ORDER BY ended_ms DESC, id DESC LIMIT 8")
        assert "ix_tasks_state_ended" in text, text
        assert "TEMP B-TREE" not in text, text
        text = plan("SELECT * FROM tasks WHERE status = 0 ORDER BY due_ms, id LIMIT 8")
        assert "ix_tasks_waiting" in text, text
        assert "TEMP B-TREE" not in text, text
        text = plan(_ALL_HEADS.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
        assert "ix_tasks_lane" in text, text
        assert "TEMP B-TREE" not in text, text
    connection.close()


def test_steps_come_back_in_order(store):
    step = Step(
        1,
        1,
        1,
        "open the app",
        "",
        "tiktok home_feed",
        5,
        6,
        ok=True,
        screenshot="1/1/01.jpg",
        selectors=("a by id", "b\u2028c"),
    )
    run(store, lambda r: [r.attempts.add_step(replace(step, number=n)) for n in (2, 1)])
    assert [s.number for s in run(store, lambda r: r.attempts.steps(1))] == [1, 2]
    assert run(store, lambda r: r.attempts.steps(1))[0] == step


def test_an_error_in_one_unit_of_work_leaves_the_others_of_the_group_alone(store):
    def broken(repositories):
        repositories.tasks.add([new()])
        raise ZeroDivisionError("oops")

    futures = [store.submit(broken if n % 2 else lambda r: r.tasks.add([new()])) for n in range(20)]
    ids = [future.result(10)[0] for future in futures[::2]]
    assert ids == list(range(1, 11))
    for future in futures[1::2]:
        with pytest.raises(ZeroDivisionError):
            future.result(10)


def test_readers_cannot_write(store):
    with pytest.raises(StoreError, match="readonly"):
        asyncio.run(store.read(lambda r: r.tasks.add([new()])))


def test_a_store_held_by_another_process_is_busy_not_broken(tmp_path, store):
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store._writer.pool.connect().dbapi_connection.execute("PRAGMA busy_timeout=50")
    with pytest.raises(StoreBusyError):
        run(store, lambda r: r.tasks.add([new()]))
    assert "held by another process" in store.problem
    other.execute("ROLLBACK")
    other.close()
    assert list(run(store, lambda r: r.tasks.add([new()]))) == [1]
    assert store.problem is None


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(StoreError, match="closed"):
        run(store, lambda r: r.tasks.counts())


def test_work_that_waits_when_the_store_closes_is_still_done(tmp_path, store):
    futures = [store.submit(lambda r: r.tasks.add([new()])) for _ in range(50)]
    store.close()
    assert [future.result(0)[0] for future in futures] == list(range(1, 51))
    again = SqliteStore(store.path)
    again.start()
    assert again.submit(lambda r: r.tasks.counts()).result(10).pending == 50
    again.close()


def test_a_caller_that_went_away_does_not_take_the_writer_with_it(store):
    gate = threading.Event()

    async def scenario():
        waiting = asyncio.create_task(store.write(lambda _: gate.wait(10)))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()
        assert await store.write(lambda r: list(r.tasks.add([new()]))) == [1]

    asyncio.run(scenario())


def test_a_full_disk_refuses_what_does_not_fit_and_loses_nothing_that_was_promised(store):
    def cap(repositories):
        connection = repositories.tasks._connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}")

    run(store, cap)
    gate = threading.Event()
    first = store.submit(lambda _: gate.wait(10))  # the others are taken in one group after it
    small = store.submit(lambda r: list(r.tasks.add([new()])))
    large = store.submit(lambda r: list(r.tasks.add([new(script_config="x" * 100_000)] * 50)))
    last = store.submit(lambda r: list(r.tasks.add([new()])))
    gate.set()
    assert first.result(10)
    with pytest.raises(StoreFullError):
        large.result(10)
    assert (small.result(10), last.result(10)) == ([1], [2])
    assert store.problem is None, "the last write went well"
    assert run(store, lambda r: [t.id for t in r.tasks.find(TaskFilter(), 0, 9)]) == [2, 1]


def test_a_writer_that_died_tells_everybody(tmp_path):
    path = tmp_path / "dead.db"
    migrate(path)
    store = SqliteStore(path)
    store._commit = lambda _batch, _connection: {}["a fault of our own"]
    store.start()
    with capture_logs():
        for waiting in [store.submit(lambda _: 1) for _ in range(5)]:
            with pytest.raises(StoreError, match="Restart the server"):
                waiting.result(10)
    assert "a fault of our own" in store.problem
    store.close()
