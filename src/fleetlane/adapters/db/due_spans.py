"""What is due in each of some spans of time, in one statement whose work does not grow with the number of tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal, select, union_all

from fleetlane.adapters.db.tables import tasks
from fleetlane.adapters.db.task_rows import to_task
from fleetlane.core.ports.tasks import DueSpan
from fleetlane.core.task import Task

_NO_TASK = 0  # ids begin at 1


def due_spans(connection: Connection, bounds_ms: Sequence[int], first: int, most: int) -> list[DueSpan]:
    """Return what is due between each bound and the next; see `core.ports.tasks.Tasks.due`."""
    spans = list(enumerate(pairwise(bounds_ms)))
    picked = union_all(*(part for n, span in spans for part in (_first_of(n, span, first), _count_of(n, span, most))))
    found = picked.subquery()
    statement = select(found.c.span, found.c.counted, tasks).outerjoin_from(found, tasks, tasks.c.id == found.c.task_id)
    counts: dict[int, int] = {}
    rows: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(statement):
        if row.id is None:
            counts[row.span] = row.counted
        else:
            rows[row.span].append(row)
    return [DueSpan(counts[n], _in_order(rows[n])) for n, _ in spans]


def _in_order(rows: Sequence[Row[Any]]) -> list[Task]:
    return sorted((to_task(row) for row in rows), key=lambda task: (task.due_ms, task.id))


def _first_of(number: int, span: tuple[int, int], limit: int) -> Select[*tuple[Any, ...]]:
    ids = select(tasks.c.id).where(*_within(span)).order_by(tasks.c.due_ms, tasks.c.id).limit(limit).subquery()
    return select(literal(number).label("span"), ids.c.id.label("task_id"), literal(0).label("counted"))


def _count_of(number: int, span: tuple[int, int], most: int) -> Select[*tuple[Any, ...]]:
    some = select(tasks.c.due_ms).where(*_within(span)).limit(most).subquery()
    return select(literal(number), literal(_NO_TASK), func.count()).select_from(some)


def _within(span: tuple[int, int]) -> tuple[Any, Any]:
    return tasks.c.due_ms >= span[0], tasks.c.due_ms < span[1]
