"""Tasks that a host remembers having pressed Post for, and the store does not."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select

from fleetlane.adapters.db.attempts import AttemptRepository
from fleetlane.adapters.db.counted_changes import CountedChanges
from fleetlane.adapters.db.tables import tasks
from fleetlane.adapters.db.task_counters import TaskCounters
from fleetlane.adapters.db.task_rows import NEEDS_NOBODY, saying, to_task
from fleetlane.core.event import Change
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.outcome import PublishState
from fleetlane.core.presses import Press
from fleetlane.core.remark import Remark
from fleetlane.core.task import Status


class RecalledTasks(CountedChanges):
    """Puts tasks in doubt by what hosts remember. `note` is told of each task that changes."""

    def __init__(
        self,
        connection: Connection,
        attempts: AttemptRepository,
        counters: TaskCounters,
        note: Callable[[Change], None],
    ) -> None:
        super().__init__(connection, counters, note)
        self._attempts = attempts

    def recall(self, press: Press, remark: Remark, now_ms: int) -> bool:
        """Put a pending task in doubt, on the phone of then, or move the journal of one that runs. False for others."""
        row = self._connection.execute(select(tasks).where(tasks.c.id == press.task_id)).first()
        if row is not None and row.status == int(Status.RUNNING) and row.attempt == press.attempt:
            self._attempts.recall(press.task_id, press.attempt, press, now_ms, runs=True)
            return True
        if row is None or row.status != int(Status.PENDING):
            return False
        number = max(to_task(row).attempt, press.attempt)
        values = {
            "attempt": number,
            "serial": press.serial,
            "outcome": PublishState.UNKNOWN.value,
            "due_ms": FIRST_MS,
            "late_at_ms": None,
            "held_ms": None,
            **saying(remark),
            **NEEDS_NOBODY,
        }
        if self._change(press.task_id, Status.PENDING, Status.PENDING, values) is None:
            return False
        if row.serial != press.serial:
            key = (row.script_name, row.source, int(Status.PENDING))
            self._counters.add({(row.serial or "", *key): -1, (press.serial, *key): 1})
        self._attempts.recall(press.task_id, number, press, now_ms, runs=False)
        return True
