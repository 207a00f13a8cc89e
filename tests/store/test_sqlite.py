"""What is SQLite's own about the store: what all stores promise is in tests/contracts."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy.dialects import sqlite
from structlog.testing import capture_logs

from fleetlane.adapters.db.sqlite.migrate import migrate
from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.adapters.db.task_reads import _ALL_HEADS
from fleetlane.core.device import Device, DeviceState, why_not_ready
from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.remark import Remark
from fleetlane.core.task import NeedsPerson, NewTask, Source, note_of


def new(serial="a", due=10, **fields):
    task = NewTask("batch", 0, "post", '{"captions": "看"}', serial, None, Source.API, 7, 5, due)
    return replace(task, **fields)


def run(store, work):
    return store.submit(work).result(10)


@pytest.mark.parametrize(
    "parts", ["[]", "[7]", '["Other."]', '[{"template": "%(text)9999999999s", "facts": {"text": "Old."}}]']
)
def test_a_remark_of_an_older_version_or_changed_by_hand_is_its_text(store, parts):
    run(store, lambda r: r.tasks.add([new()]))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE tasks SET remark = 'Old.', remark_parts = ?", [parts])
    assert run(store, lambda r: r.tasks.get(1)).remark == Remark.of("Old.")


def test_what_an_older_version_was_told_to_leave_off_the_list_stays_off_it(store):
    run(store, lambda r: r.tasks.add([new()]))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE tasks SET needs_note = ?", ['{"message": "device a is not connected"}'])
    reason = Remark.of(why_not_ready("a", Device("a", DeviceState.ABSENT, 0)))
    assert run(store, lambda r: r.tasks.flag([1], NeedsPerson.OTHER_PHONE, note_of(reason))) == []


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
    store._commit = lambda _batch: {}["a fault of our own"]
    store.start()
    with capture_logs():
        for waiting in [store.submit(lambda _: 1) for _ in range(5)]:
            with pytest.raises(StoreError, match="Restart the server"):
                waiting.result(10)
    assert "a fault of our own" in store.problem
    store.close()
