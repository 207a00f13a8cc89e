"""Tasks, their attempts and their steps in the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from fleetlane.core.lanes import Head
from fleetlane.core.outcome import Outcome
from fleetlane.core.task import NeedsPerson, NewTask, Source, Status, Task, TaskCounts


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks to list. None means any. `text` is looked for in names and remarks.

    `due_from_ms` and `due_before_ms` bound when they are due, in milliseconds since the epoch.
    """

    status: Status | None = None
    serial: str | None = None
    script_name: str | None = None
    source: Source | None = None
    username: str | None = None
    batch_id: str | None = None
    text: str | None = None
    due_from_ms: int | None = None
    due_before_ms: int | None = None
    needs_person: bool | None = None


class TaskOrder(StrEnum):
    """Orders of a list; equal ones go by id, in the same direction."""

    NEWEST = "-id"
    OLDEST = "id"
    DUE_FIRST = "scheduled_at"
    DUE_LAST = "-scheduled_at"
    ENDED_FIRST = "end_time"
    ENDED_LAST = "-end_time"


@dataclass(frozen=True, slots=True)
class DueSpan:
    """What is due in a span of time: the first tasks, and how many there are, counted up to a bound."""

    count: int
    first: Sequence[Task]


@dataclass(frozen=True, slots=True)
class Pending:
    """A task that is or was pending; `serial` is None while it has no device."""

    task_id: int
    serial: str | None
    due_ms: int
    username: str | None = None


class Tasks(Protocol):
    """Tasks and their attempts. Every change of state is one conditional update."""

    def add(self, new: Sequence[NewTask]) -> range:
        """Store tasks and return their ids, in order."""
        ...

    def get(self, task_id: int) -> Task | None:
        """Return a task."""
        ...

    def find(self, wanted: TaskFilter, offset: int, limit: int, order: TaskOrder = TaskOrder.NEWEST) -> list[Task]:
        """Return tasks in an order."""
        ...

    def due(self, bounds_ms: Sequence[int], first: int, most: int) -> list[DueSpan]:
        """Return what is due between each bound and the next: the `first` tasks of each, counting up to `most`.

        The work does not grow with the number of tasks: a fixed number of rows is read for each span.
        """
        ...

    def count(self, wanted: TaskFilter) -> int:
        """Return how many tasks there are. Rows are counted only for an account, a batch, a text or a time."""
        ...

    def counts(self) -> TaskCounts:
        """Return how many tasks there are in each state, without counting rows."""
        ...

    def waiting(self) -> dict[str, int]:
        """Return how many tasks are pending on each device that has some, without counting rows."""
        ...

    def heads(self, serials: Collection[str] | None) -> dict[str, Head]:
        """Return the next pending task of each lane that has one; None for all lanes."""
        ...

    def claim(self, task_id: int, serial: str, now_ms: int) -> Task | None:
        """Make a pending task running, with a new attempt. None when it no longer waits, and is due, in this lane.

        The attempt of a task in doubt gets the journal of the former one.
        """
        ...

    def finish(self, task_id: int, attempt: int, outcome: Outcome, now_ms: int) -> bool:
        """End a running attempt. False when the attempt is not the one running: its result is refused."""
        ...

    def requeue(self, task_id: int, attempt: int, remark: str, now_ms: int) -> bool:
        """Put a running attempt's task back among the pending ones."""
        ...

    def look_later(self, task_id: int, attempt: int, outcome: Outcome, due_ms: int, now_ms: int) -> bool:
        """Put a running attempt's task back into its lane, in doubt: its next attempt looks for the post.

        `outcome` is how the attempt ended. What a former one knew of the post is kept when this one knows nothing.
        `due_ms` is when it is looked for, `FIRST_MS` for before everything else.
        """
        ...

    def looks_due(self, now_ms: int) -> list[str]:
        """Put the waiting tasks in doubt that are due first in their lanes. Returns the lanes in which that was one."""
        ...

    def in_doubt(self) -> list[Task]:
        """Return the tasks whose post is to be looked for, or is looked for now."""
        ...

    def give_up(self, task_id: int, outcome: Outcome, now_ms: int) -> Task | None:
        """End a pending task in doubt without looking for its post. None when it is no such task."""
        ...

    def stop_pending(self, task_id: int, now_ms: int) -> Task | None:
        """End a pending task without running it. None when it is not pending, or in doubt."""
        ...

    def request_stop(self, task_id: int) -> Task | None:
        """Note that a running task is to stop. None when it does not run."""
        ...

    def retry(self, task_id: int, due_ms: int, *, force: bool, remark: str = "") -> Pending | None:
        """Make a failed task pending again. None when it did not fail, or its outcome is unknown and not forced."""
        ...

    def put_back(self, before: Task, now: Status) -> Task | None:
        """Make a task again what it was before a stop or a retry. None when anything happened to it since.

        Args:
            before: the task as it was; where it waits, and for which account, stays as it is now.
            now: the state that the change gave it.
        """
        ...

    def resolve(self, task_id: int, outcome: Outcome, now_ms: int) -> bool:
        """Give a task whose outcome is unknown the one that a person saw. False when it is not unknown."""
        ...

    def doubt(self, outcome: Outcome, now_ms: int) -> int:
        """Give every task that could have run by now, and may run or be retried, an outcome. Returns how many."""
        ...

    def retry_failed(self, due_ms: int) -> list[Pending]:
        """Make every failed task whose outcome is not unknown pending again."""
        ...

    def failed_unknown(self) -> list[int]:
        """Return the ids of the failed tasks whose outcome is unknown."""
        ...

    def delete(self, task_ids: Collection[int]) -> list[Pending]:
        """Delete those of the tasks that do not run, with all they left. Returns what was deleted."""
        ...

    def bind(self, key: str, platform: str, serial: str | None) -> list[Pending]:
        """Give the pending tasks of an account another device. Returns those that changed, as they were before.

        Those in doubt stay: their post can only be seen where it was made.
        """
        ...

    def flag(self, task_ids: Collection[int], why: NeedsPerson, note: Mapping[str, Any]) -> list[int]:
        """Put pending tasks that need nobody yet on the list of those that need a person. Returns those it put there.

        `note` says more: `code` (an error code) and `message` (a sentence).
        """
        ...

    def unflag(self, task_ids: Collection[int], why: NeedsPerson | None = None) -> list[int]:
        """Take tasks off the list of those that need a person; None for whatever reason. A held one stays held."""
        ...

    def running(self) -> list[Task]:
        """Return every running task."""
        ...
