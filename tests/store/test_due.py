"""What is due in spans of time is found through an index: as cheap with many tasks as with few."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, event, text

from fleetlane.adapters.db.due_spans import due_spans
from fleetlane.core.task import NewTask, Source

BOUNDS = [100, 200, 300, 1000]


@pytest.fixture
def run(store):
    return lambda work: store.submit(work).result(10)


def new(due_ms):
    return NewTask("batch", 0, "post", "{}", "a", None, Source.API, 1, 1, due_ms)


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
