"""Tasks, their attempts and their steps in the store (`core.ports.store.Tasks`).

Every change of state is one conditional UPDATE, and moves the counters in the same transaction.
Nothing here commits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.tables import attempts, sequences, steps, task_counts, tasks
from fleetlane.core.journal import Phase, moves_forward
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import Outcome
from fleetlane.core.ports.store import Step, TaskFilter
from fleetlane.core.task import NewTask, Source, Status, Task, TaskCounts, username_key

_COUNTED = (tasks.c.serial, tasks.c.script_name, tasks.c.source)


class TaskRepository:
    """The tasks, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- adding and reading --------------------------------------------------------------------------

    def add(self, new: Sequence[NewTask]) -> range:
        """Store tasks and return their ids, in order."""
        if not new:
            return range(0)
        first = self._take_ids("task", len(new))
        rows = [_row(task, first + index) for index, task in enumerate(new)]
        self._connection.execute(insert(tasks), rows)
        self._count(Counter((t.serial or "", t.script_name, t.source.value, int(Status.PENDING)) for t in new))
        return range(first, first + len(new))

    def _take_ids(self, name: str, count: int) -> int:
        statement = (
            update(sequences)
            .where(sequences.c.name == name)
            .values(next_value=sequences.c.next_value + count)
            .returning(sequences.c.next_value)
        )
        return int(self._connection.execute(statement).scalar_one()) - count

    def get(self, task_id: int) -> Task | None:
        """Return a task."""
        row = self._connection.execute(select(tasks).where(tasks.c.id == task_id)).first()
        return _task(row) if row else None

    def find(self, wanted: TaskFilter, offset: int, limit: int) -> list[Task]:
        """Return tasks, newest id first."""
        statement: Select[Any] = (
            select(tasks).where(_where(wanted)).order_by(tasks.c.id.desc()).offset(offset).limit(limit)
        )
        return [_task(row) for row in self._connection.execute(statement)]

    def count(self, wanted: TaskFilter) -> int:
        """Return how many tasks there are, without counting rows."""
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
        statement = select(task_counts.c.status, func.sum(task_counts.c.n)).group_by(task_counts.c.status)
        found = {Status(status): int(n) for status, n in self._connection.execute(statement)}
        return TaskCounts(
            pending=found.get(Status.PENDING, 0),
            running=found.get(Status.RUNNING, 0),
            completed=found.get(Status.COMPLETED, 0),
            failed=found.get(Status.FAILED, 0),
        )

    def running(self) -> list[Task]:
        """Return every running task."""
        statement = select(tasks).where(tasks.c.status == int(Status.RUNNING)).order_by(tasks.c.id)
        return [_task(row) for row in self._connection.execute(statement)]

    def heads(self, serials: Collection[str] | None) -> dict[str, Head]:
        """Return the next pending task of each lane that has one; None for all lanes."""
        if serials is None:
            waiting = (
                select(task_counts.c.serial)
                .where(
                    task_counts.c.status == int(Status.PENDING),
                    task_counts.c.n > 0,
                    task_counts.c.serial != "",
                )
                .distinct()
            )
            serials = [row.serial for row in self._connection.execute(waiting)]
        found: dict[str, Head] = {}
        for serial in serials:
            statement = (
                select(tasks.c.due_ms, tasks.c.id)
                .where(tasks.c.serial == serial, tasks.c.status == int(Status.PENDING))
                .order_by(tasks.c.due_ms, tasks.c.id)
                .limit(1)
            )
            row = self._connection.execute(statement).first()
            if row:
                found[serial] = Head(row.due_ms, row.id)
        return found

    # -- changes of state ----------------------------------------------------------------------------

    def claim(self, task_id: int, now_ms: int) -> Task | None:
        """Make a pending task running, with a new attempt. None when it is not pending any more."""
        values = {
            "status": int(Status.RUNNING),
            "attempt": tasks.c.attempt + 1,
            "started_ms": now_ms,
            "ended_ms": None,
            "error_code": None,
            "outcome": None,
            "remark": "",
            "stop_requested": False,
        }
        row = self._change(task_id, Status.PENDING, Status.RUNNING, values, tasks.c.serial.is_not(None))
        if row is None:
            return None
        task = _task(row)
        attempt = {
            "task_id": task.id,
            "number": task.attempt,
            "serial": task.serial,
            "phase": Phase.NONE.value,
            "started_ms": now_ms,
            "changed_ms": now_ms,
        }
        self._connection.execute(insert(attempts).values(attempt))
        return task

    def finish(self, task_id: int, attempt: int, outcome: Outcome, now_ms: int) -> bool:
        """End a running attempt. False when the attempt is not the one running: its result is refused."""
        after = Status.COMPLETED if outcome.ok else Status.FAILED
        values = {
            "status": int(after),
            "ended_ms": now_ms,
            "error_code": outcome.error_code,
            "outcome": outcome.publish_state.value,
            "remark": outcome.remark,
            "result": json.dumps(dict(outcome.result), ensure_ascii=False),
        }
        if self._change(task_id, Status.RUNNING, after, values, tasks.c.attempt == attempt) is None:
            return False
        self._end_attempt(task_id, attempt, outcome.error_code, now_ms)
        return True

    def requeue(self, task_id: int, attempt: int, remark: str, now_ms: int) -> bool:
        """Put a running attempt's task back among the pending ones."""
        values = {"status": int(Status.PENDING), "started_ms": None, "remark": remark}
        if self._change(task_id, Status.RUNNING, Status.PENDING, values, tasks.c.attempt == attempt) is None:
            return False
        self._end_attempt(task_id, attempt, "server_interrupted", now_ms)
        return True

    def _end_attempt(self, task_id: int, attempt: int, error_code: str | None, now_ms: int) -> None:
        self._connection.execute(
            update(attempts)
            .where(attempts.c.task_id == task_id, attempts.c.number == attempt)
            .values(ended_ms=now_ms, changed_ms=now_ms, error_code=error_code)
        )

    def _change(
        self,
        task_id: int,
        before: Status,
        after: Status,
        values: Mapping[str, Any],
        *conditions: ColumnElement[bool],
    ) -> Row[Any] | None:
        """Change a task that is in state `before` and meets the conditions; None when there is none."""
        statement = (
            update(tasks)
            .where(tasks.c.id == task_id, tasks.c.status == int(before), *conditions)
            .values(values)
            .returning(*tasks.c)
        )
        row = self._connection.execute(statement).first()
        if row is not None:
            key = (row.serial or "", row.script_name, row.source)
            self._count(Counter({(*key, int(before)): -1, (*key, int(after)): 1}))
        return row

    def _count(self, changes: Mapping[tuple[str, str, str, int], int]) -> None:
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(task_counts)
        statement = statement.on_conflict_do_update(
            index_elements=list(task_counts.primary_key.columns),
            set_={"n": task_counts.c.n + statement.excluded.n},
        )
        rows = [
            {"serial": serial, "script_name": script, "source": source, "status": status, "n": n}
            for (serial, script, source, status), n in sorted(changes.items())
        ]
        self._connection.execute(statement, rows)

    # -- journal and steps -----------------------------------------------------------------------------

    def set_phase(self, task_id: int, attempt: int, phase: Phase, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Move an attempt's journal forward. False when the attempt is over, or it would move back."""
        condition = and_(attempts.c.task_id == task_id, attempts.c.number == attempt)
        row = self._connection.execute(
            select(attempts.c.phase, attempts.c.facts, attempts.c.ended_ms).where(condition)
        ).first()
        if row is None or row.ended_ms is not None or not moves_forward(Phase(row.phase), phase):
            return False
        merged = {**json.loads(row.facts), **facts}
        changed = self._connection.execute(
            update(attempts)
            .where(condition, attempts.c.phase == row.phase, attempts.c.ended_ms.is_(None))
            .values(phase=phase.value, facts=json.dumps(merged, ensure_ascii=False), changed_ms=now_ms)
        )
        return changed.rowcount == 1

    def phase(self, task_id: int, attempt: int) -> Phase:
        """Return how far an attempt's journal came."""
        statement = select(attempts.c.phase).where(attempts.c.task_id == task_id, attempts.c.number == attempt)
        value = self._connection.execute(statement).scalar_one_or_none()
        return Phase(value) if value else Phase.NONE

    def add_step(self, step: Step) -> None:
        """Store a step."""
        values = {name: getattr(step, name) for name in steps.c.keys()}  # noqa: SIM118 - columns, not a dict
        self._connection.execute(insert(steps).values(values))

    def steps(self, task_id: int) -> list[Step]:
        """Return the steps of a task, attempt by attempt."""
        statement = select(steps).where(steps.c.task_id == task_id).order_by(steps.c.attempt, steps.c.number)
        return [Step(**row) for row in self._connection.execute(statement).mappings()]


def _where(wanted: TaskFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        conditions.append(tasks.c.status == int(wanted.status))
    if wanted.serial is not None:
        conditions.append(tasks.c.serial == wanted.serial)
    if wanted.script_name is not None:
        conditions.append(tasks.c.script_name == wanted.script_name)
    if wanted.source is not None:
        conditions.append(tasks.c.source == wanted.source.value)
    return and_(true(), *conditions)


def _row(task: NewTask, task_id: int) -> dict[str, Any]:
    return {
        "id": task_id,
        "batch_id": task.batch_id,
        "position": task.position,
        "script_name": task.script_name,
        "script_config": task.script_config,
        "serial": task.serial,
        "username": task.username,
        "username_key": username_key(task.username) if task.username else None,
        "source": task.source.value,
        "seed": task.seed,
        "status": int(Status.PENDING),
        "created_ms": task.created_ms,
        "due_ms": task.due_ms,
        "scheduled_ms": task.scheduled_ms,
    }


def _task(row: Row[Any]) -> Task:
    return Task(
        id=row.id,
        batch_id=row.batch_id,
        position=row.position,
        script_name=row.script_name,
        script_config=json.loads(row.script_config),
        serial=row.serial,
        username=row.username,
        source=Source(row.source),
        seed=row.seed,
        status=Status(row.status),
        created_ms=row.created_ms,
        due_ms=row.due_ms,
        scheduled_ms=row.scheduled_ms,
        started_ms=row.started_ms,
        ended_ms=row.ended_ms,
        attempt=row.attempt,
        retry_count=row.retry_count,
        stop_requested=bool(row.stop_requested),
        remark=row.remark,
        error_code=row.error_code,
        outcome=row.outcome,
        result=json.loads(row.result),
    )
