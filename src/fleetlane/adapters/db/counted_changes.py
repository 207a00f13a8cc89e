"""Changes of tasks that move the counters, and are told of, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.bulk import changed_rows, chunks
from fleetlane.adapters.db.tables import tasks
from fleetlane.adapters.db.task_counters import TaskCounters
from fleetlane.adapters.db.task_reads import TaskReads
from fleetlane.adapters.db.task_rows import (
    told_of,
)
from fleetlane.core.event import Change
from fleetlane.core.task import Status


class CountedChanges(TaskReads):
    """What every change of tasks goes through. `note` is told of each task that changes."""

    def __init__(self, connection: Connection, counters: TaskCounters, note: Callable[[Change], None]) -> None:
        super().__init__(connection, counters)
        self._note = note

    def _set(self, task_ids: Collection[int], values: Mapping[str, Any], condition: ColumnElement[bool]) -> list[int]:
        """Set what is no state on those of the tasks that meet the condition. Returns their ids."""
        changed: list[int] = []
        for part in chunks(sorted(set(task_ids))):
            statement = update(tasks).where(tasks.c.id.in_(part), condition).values(values).returning(*tasks.c)
            for row in changed_rows(self._connection, statement):
                self._note(told_of(row))
                changed.append(row.id)
        return changed

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
            if before is not after:
                self._counters.add({(*key, int(before)): -1, (*key, int(after)): 1})
            self._note(told_of(row))
        return row
