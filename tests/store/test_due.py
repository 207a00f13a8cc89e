"""What is due in spans of time: right, and as cheap with many tasks as with few."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, event, text

from fleetlane.adapters.db.due_spans import due_spans
from fleetlane.core.ports.tasks import TaskFilter
from fleetlane.core.task import NewTask, Source

BOUNDS = [100, 200, 300, 1000]


@pytest.fixture
def run(store):
    return lambda work: store.submit(work).result(10)


def new(due_ms):
    return NewTask("batch", 0, "post", "{}", "a", None, Source.API, 1, 1, due_ms)


def test_each_span_has_its_first_tasks_in_order_and_how_many_there_are(run):
    run(lambda r: r.tasks.add([new(due) for due in (99, 100, 250, 150, 199, 200, 150, 1000)]))
    one, two, none = run(lambda r: r.tasks.due(BOUNDS, 3, 50))
    assert ([task.due_ms for task in one.first], one.count) == ([100, 150, 150], 4)
    assert [task.id for task in one.first][1:] == [4, 7]
    assert ([task.due_ms for task in two.first], two.count) == ([200, 250], 2)
    assert (list(none.first), none.count) == ([], 0)


def test_the_count_goes_up_to_its_bound_only(run):
    run(lambda r: r.tasks.add([new(150)] * 30))
    assert [span.count for span in run(lambda r: r.tasks.due(BOUNDS, 2, 10))] == [10, 0, 0]


def test_one_statement_reads_a_fixed_number_of_rows_through_the_index(run, store):
    run(lambda r: r.tasks.add([new(n) for n in range(2000)]))
    engine, seen = create_engine(f"sqlite:///{store.path}"), []
    with engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: seen.append(call[2:4]))
        due_spans(connection, BOUNDS, 4, 50)
        [(statement, parameters)] = seen
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        steps = [step for step in plan if " tasks" in step]
        assert connection.execute(text("SELECT count(*) FROM tasks")).scalar() == 2000
    engine.dispose()
    assert len(steps) == 7
    assert all("SEARCH tasks USING" in step and ("due_ms>" in step or "rowid=?" in step) for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in plan), plan


def test_a_list_can_be_of_a_span_of_time(run):
    run(lambda r: r.tasks.add([new(due) for due in (99, 100, 199, 200)]))
    wanted = TaskFilter(due_from_ms=100, due_before_ms=200)
    assert [task.due_ms for task in run(lambda r: r.tasks.find(wanted, 0, 10))] == [199, 100]
    assert run(lambda r: r.tasks.count(wanted)) == 2
