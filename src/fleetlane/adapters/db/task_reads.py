"""Reading tasks: the half of `core.ports.tasks.Tasks` that changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.bulk import chunks
from fleetlane.adapters.db.due_spans import due_spans
from fleetlane.adapters.db.tables import task_counts, tasks
from fleetlane.adapters.db.task_counters import TaskCounters
from fleetlane.adapters.db.task_rows import (
    IN_DOUBT,
    MAY_BE_LATE,
    failed_as_wished,
    matching,
    to_task,
)
from fleetlane.adapters.db.twins import find_twins
from fleetlane.core.lanes import Head
from fleetlane.core.ports.tasks import DueSpan, TaskFilter, TaskOrder, Twin
from fleetlane.core.retrying import RetryWish
from fleetlane.core.task import Status, Task, TaskCounts

_HAS_PENDING = and_(task_counts.c.status == int(Status.PENDING), task_counts.c.n > 0, task_counts.c.serial != "")
_ORDERS = {
    TaskOrder.NEWEST: (tasks.c.id.desc(),),
    TaskOrder.OLDEST: (tasks.c.id,),
    TaskOrder.DUE_FIRST: (tasks.c.due_ms, tasks.c.id),
    TaskOrder.DUE_LAST: (tasks.c.due_ms.desc(), tasks.c.id.desc()),
    TaskOrder.ENDED_FIRST: (tasks.c.ended_ms.nulls_first(), tasks.c.id),
    TaskOrder.ENDED_LAST: (tasks.c.ended_ms.desc().nulls_last(), tasks.c.id.desc()),
}


def _heads(lanes: ColumnElement[bool]) -> Select[Any, Any, Any]:
    """Return the statement for the heads of some lanes: a seek in the index of lanes for each that has any."""
    waiting = select(task_counts.c.serial).where(_HAS_PENDING, lanes).distinct().subquery()
    others = tasks.alias()
    first = (
        select(others.c.id)
        .where(others.c.serial == waiting.c.serial, others.c.status == int(Status.PENDING), others.c.held_ms.is_(None))
        .order_by(others.c.due_ms, others.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return select(tasks.c.serial, tasks.c.due_ms, tasks.c.id).join_from(waiting, tasks, tasks.c.id == first)


def _counts_rows(wanted: TaskFilter) -> bool:
    """Return whether a filter asks for what no counter is kept of."""
    times = (wanted.due_from_ms, wanted.due_before_ms)
    return {wanted.username, wanted.batch_id, wanted.text, wanted.needs_person, *times} != {None}


_ALL_HEADS = _heads(true())
_HEADS = _heads(task_counts.c.serial.in_(bindparam("serials", expanding=True)))


class TaskReads:
    """The tasks as they can be read, inside one transaction."""

    def __init__(self, connection: Connection, counters: TaskCounters) -> None:
        self._connection = connection
        self._counters = counters

    def get(self, task_id: int) -> Task | None:
        """Return a task."""
        row = self._connection.execute(select(tasks).where(tasks.c.id == task_id)).first()
        return to_task(row) if row else None

    def find(self, wanted: TaskFilter, offset: int, limit: int, order: TaskOrder = TaskOrder.NEWEST) -> list[Task]:
        """Return tasks in an order."""
        statement: Select[Any] = (
            select(tasks).where(matching(wanted)).order_by(*_ORDERS[order]).offset(offset).limit(limit)
        )
        return [to_task(row) for row in self._connection.execute(statement)]

    def due(self, bounds_ms: Sequence[int], first: int, most: int) -> list[DueSpan]:
        """Return what is due between each bound and the next: the `first` tasks of each, counting up to `most`."""
        return due_spans(self._connection, bounds_ms, first, most)

    def count(self, wanted: TaskFilter) -> int:
        """Return how many tasks there are. Rows are counted only for an account, a batch, a text or a time."""
        if wanted.needs_person is False:  # nearly all: those that do are few
            return self.count(replace(wanted, needs_person=None)) - self.count(replace(wanted, needs_person=True))
        if _counts_rows(wanted):
            rows = select(func.count()).select_from(tasks).where(matching(wanted))
            return int(self._connection.execute(rows).scalar_one())
        self._counters.write()
        conditions: list[ColumnElement[bool]] = []
        if wanted.status is not None:
            conditions.append(task_counts.c.status == int(wanted.status))
        if wanted.serial is not None:
            conditions.append(task_counts.c.serial == wanted.serial)
        if wanted.script_name is not None:
            conditions.append(task_counts.c.script_name == wanted.script_name)
        if wanted.source is not None:
            conditions.append(task_counts.c.source == wanted.source.value)
        statement = select(func.coalesce(func.sum(task_counts.c.n), 0)).where(and_(true(), *conditions))
        return int(self._connection.execute(statement).scalar_one())

    def counts(self) -> TaskCounts:
        """Return how many tasks there are in each state, without counting rows."""
        self._counters.write()
        statement = select(task_counts.c.status, func.sum(task_counts.c.n)).group_by(task_counts.c.status)
        found = {Status(status): int(n) for status, n in self._connection.execute(statement)}
        return TaskCounts(
            pending=found.get(Status.PENDING, 0),
            running=found.get(Status.RUNNING, 0),
            completed=found.get(Status.COMPLETED, 0),
            failed=found.get(Status.FAILED, 0),
        )

    def waiting(self) -> dict[str, int]:
        """Return how many tasks are pending on each device that has some, without counting rows."""
        self._counters.write()
        number = func.sum(task_counts.c.n)
        statement = select(task_counts.c.serial, number).where(_HAS_PENDING).group_by(task_counts.c.serial)
        return {serial: int(n) for serial, n in self._connection.execute(statement)}

    def running(self, serials: Collection[str] | None = None) -> list[Task]:
        """Return every running task on some devices, None for any, by id."""
        statement = select(tasks).where(tasks.c.status == int(Status.RUNNING)).order_by(tasks.c.id)
        wanted = [statement] if serials is None else [statement.where(tasks.c.serial.in_(p)) for p in chunks(serials)]
        found = [to_task(row) for one in wanted for row in self._connection.execute(one)]
        return sorted(found, key=lambda task: task.id)

    def heads(self, serials: Collection[str] | None) -> dict[str, Head]:
        """Return the next pending task of each lane that has one; None for all lanes."""
        self._counters.write()
        if serials is None:
            rows = self._connection.execute(_ALL_HEADS).all()
        else:
            rows = [row for part in chunks(serials) for row in self._connection.execute(_HEADS, {"serials": part})]
        return {row.serial: Head(row.due_ms, row.id) for row in rows}

    def in_doubt(self) -> list[Task]:
        """Return the tasks whose post is to be looked for, or is looked for now."""
        statement = select(tasks).where(IN_DOUBT).order_by(tasks.c.id)
        return [to_task(row) for row in self._connection.execute(statement)]

    def some(self, task_ids: Collection[int]) -> list[Task]:
        """Return those of the tasks that are there, by id."""
        found: list[Task] = []
        for part in chunks(sorted(set(task_ids))):
            rows = self._connection.execute(select(tasks).where(tasks.c.id.in_(part)).order_by(tasks.c.id))
            found.extend(to_task(row) for row in rows)
        return found

    def failed_ids(self, wish: RetryWish) -> list[int]:
        """Return the ids of the failed tasks that a wish names, whatever may be done with them, in order."""
        wanted = failed_as_wished(wish)
        named = [true()] if wish.task_ids is None else [tasks.c.id.in_(part) for part in chunks(wish.task_ids)]
        rows = [row for part in named for row in self._connection.execute(select(tasks.c.id).where(wanted, part))]
        return sorted(row.id for row in rows)

    def twins(
        self, keys: Collection[str], since_ms: int, accounts: Collection[str], serials: Collection[str]
    ) -> list[Twin]:
        """Return the tasks with one of these contents that wait, run, may have published it, or have since then."""
        return find_twins(self._connection, keys, since_ms, accounts, serials)

    def due_before(self, before_ms: int, after: Head | None, limit: int) -> list[Task]:
        """Return pending tasks due before an instant that are not held, in order of (due time, id), `after` a place."""
        beyond = true() if after is None else tuple_(tasks.c.due_ms, tasks.c.id) > (after.due_ms, after.task_id)
        here = and_(tasks.c.status == int(Status.PENDING), tasks.c.due_ms < before_ms, tasks.c.held_ms.is_(None))
        statement = select(tasks).where(here, beyond).order_by(tasks.c.due_ms, tasks.c.id).limit(limit)
        return [to_task(row) for row in self._connection.execute(statement)]

    def needing(self, most: int) -> int:
        """Return how many tasks need a person, counted up to `most`."""
        some = select(tasks.c.id).where(tasks.c.needs_person.is_not(None)).limit(most).subquery()
        return int(self._connection.execute(select(func.count()).select_from(some)).scalar_one())

    def late(self, now_ms: int, limit: int) -> list[Task]:
        """Return pending tasks that may be late by now, those first that may have been for longest."""
        statement = select(tasks).where(MAY_BE_LATE, tasks.c.late_at_ms < now_ms)
        return [to_task(row) for row in self._connection.execute(statement.order_by(tasks.c.late_at_ms).limit(limit))]

    def next_late_ms(self) -> int | None:
        """Return when the next task may be late."""
        return self._connection.execute(select(func.min(tasks.c.late_at_ms)).where(MAY_BE_LATE)).scalar()
