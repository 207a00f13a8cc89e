"""Tasks, their attempts and their steps in the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from fleetlane.core.lanes import Head
from fleetlane.core.outcome import Outcome
from fleetlane.core.presses import Press
from fleetlane.core.remark import Remark
from fleetlane.core.retrying import RetryWish
from fleetlane.core.task import LatePolicy, NeedsPerson, NewTask, Source, Status, Task, TaskCounts


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


@dataclass(frozen=True, slots=True)
class Twin:
    """A task with a given content: one that waits, runs, may have published it, or has. `at_ms`: when, or when due.

    `made_ms` is when it was created, `repeat_allowed_ms` when it was let repeat what was made by then.
    """

    task_id: int
    content_key: str
    serial: str | None
    username_key: str | None
    is_open: bool
    is_unknown: bool
    at_ms: int
    made_ms: int
    repeat_allowed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a task that has not begun is to be from now on. What is not said here stays.

    `keeps_start`: its start is not changed, so how late it is, and whether it is held for it, stays; `keeps_flag`: so
    does why it needs a person.
    """

    script_config: str
    serial: str | None
    username: str | None
    platform: str | None
    due_ms: int
    scheduled_ms: int | None
    late_after_ms: int | None
    late_policy: LatePolicy | None
    content_key: str | None
    repeat_allowed_ms: int | None = None
    keeps_start: bool = False
    keeps_flag: bool = False


class Tasks(Protocol):
    """Tasks and their attempts. Every change of state is one conditional update."""

    def add(self, new: Sequence[NewTask]) -> Sequence[int]:
        """Store tasks and return their ids, in order: each is larger than any before, also of those deleted since."""
        ...

    def get(self, task_id: int) -> Task | None:
        """Return a task, None when there is none."""
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
        """Return the next pending task of each lane that has one; None for all lanes. What is held is not next."""
        ...

    def claim(self, task_id: int, serial: str, now_ms: int) -> Task | None:
        """Make a pending task running, with a new attempt. None when it does not wait, due, in this lane, or one runs.

        The attempt of a task in doubt gets the journal of the former one. One that may be late is not claimed before
        that was judged (`put_off`, `hold`, `miss`).
        """
        ...

    def finish(self, task_id: int, attempt: int, outcome: Outcome, now_ms: int) -> bool:
        """End a running attempt. False when the attempt is not the one running: its result is refused."""
        ...

    def requeue(self, task_id: int, attempt: int, remark: Remark, now_ms: int) -> bool:
        """Put a running attempt's task back among the pending ones, in its place. False as for `finish`."""
        ...

    def look_later(self, task_id: int, attempt: int, outcome: Outcome, due_ms: int, now_ms: int) -> bool:
        """Put a running attempt's task back into its lane, in doubt: its next attempt looks for the post.

        `outcome` is how the attempt ended. What a former one knew of the post is kept when this one knows nothing.
        `due_ms` is when it is looked for, `FIRST_MS` for before everything else.
        """
        ...

    def recall(self, press: Press, remark: Remark, now_ms: int) -> bool:
        """Put a pending task in doubt that was pressed for, of which the store does not know, on the phone of then.

        Its next attempt goes on with the journal that is remembered. Of a task whose attempt still runs only the
        journal is moved on, also when it is to stop. False for all others.
        """
        ...

    def looks_due(self, now_ms: int) -> list[str]:
        """Put the waiting tasks in doubt that are due first in their lanes. Returns the lanes in which that was one."""
        ...

    def in_doubt(self) -> list[Task]:
        """Return the tasks whose post is to be looked for, or is looked for now."""
        ...

    def give_up(self, task_id: int, outcome: Outcome, now_ms: int, *, stopped: bool = False) -> Task | None:
        """End a pending task in doubt without looking for its post. None when it is no such task.

        `stopped`: a person asked for it.
        """
        ...

    def stop_pending(self, task_id: int, now_ms: int) -> Task | None:
        """End a pending task without running it. None when it is not pending, or in doubt."""
        ...

    def request_stop(self, task_id: int) -> Task | None:
        """Note that a running task is to stop. None when it does not run."""
        ...

    def retry(self, task_id: int, now_ms: int, *, force: bool) -> Pending | None:
        """Make a failed task pending again. None when it did not fail, or its outcome is unknown and not forced.

        It keeps a start time that still lies ahead; else it is due now, and not late.
        """
        ...

    def try_again(self, task_id: int, due_ms: int, remark: Remark) -> Pending | None:
        """Make a task that has just failed by itself pending again, due later: from then on it can be late."""
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

    def some(self, task_ids: Collection[int]) -> list[Task]:
        """Return those of the tasks that are there, by id."""
        ...

    def failed_ids(self, wish: RetryWish) -> list[int]:
        """Return the ids of the failed tasks that a wish names, whatever may be done with them, in order."""
        ...

    def delete(self, task_ids: Collection[int]) -> list[Pending]:
        """Delete those of the tasks that do not run, with all they left. Returns what was deleted."""
        ...

    def bind(self, key: str, platform: str, serial: str | None) -> list[Pending]:
        """Give the pending tasks of an account another device. Returns those that changed, as they were before.

        Those in doubt stay: their post can only be seen where it was made.
        """
        ...

    def move(self, serial: str, to: str, *, in_doubt: bool = False) -> list[int]:
        """Give a lane's tasks that do not run to another lane of the same phone. Returns which.

        Args:
            serial: the lane.
            to: the other lane.
            in_doubt: those whose post is to be looked for, and no others; else all but those.
        """
        ...

    def flag(self, task_ids: Collection[int], why: NeedsPerson, note: Mapping[str, Any]) -> list[int]:
        """Put pending tasks that need nobody yet on the list of those that need a person. Returns those it put there.

        `note` says more (`core.task.note_of`).
        """
        ...

    def unflag(self, task_ids: Collection[int], why: NeedsPerson | None = None) -> list[int]:
        """Take tasks off the list of those that need a person; a held one stays held.

        None: a person has dismissed them, whatever the reason. What was said of their phone is not said of them again.
        """
        ...

    def twins(
        self, keys: Collection[str], since_ms: int, accounts: Collection[str], serials: Collection[str]
    ) -> list[Twin]:
        """Return the tasks with one of these contents that wait, run, may have published it, or have since an instant.

        Args:
            keys: the content keys.
            since_ms: those published before are left out.
            accounts: the accounts (`username_key`) that matter; with `serials` a hint: others may be returned, too.
            serials: the devices that matter.
        """
        ...

    def rewrite(self, task_id: int, after: Rewritten) -> Task | None:
        """Change a task that has not begun. None when it is not pending, or its post is to be looked for."""
        ...

    def due_before(self, before_ms: int, after: Head | None, limit: int) -> list[Task]:
        """Return pending tasks due before an instant that are not held, in order of (due time, id), `after` a place."""
        ...

    def needing(self, most: int) -> int:
        """Return how many tasks need a person, counted up to `most`."""
        ...

    def running(self, serials: Collection[str] | None = None) -> list[Task]:
        """Return every running task on some devices, None for any, by id."""
        ...

    # -- late tasks, and what a person says of them

    def late(self, now_ms: int, limit: int) -> list[Task]:
        """Return pending tasks that may be late by now, those first that may have been for longest."""
        ...

    def next_late_ms(self) -> int | None:
        """Return when the next task may be late."""
        ...

    def rekey(self, task_id: int, content_key: str) -> None:
        """Note what a task has really published, for those that would be its repeats."""
        ...

    def put_off(self, task_id: int, late_at_ms: int | None, late_ms: int | None = None) -> None:
        """Note up to when a pending task may begin, None for ever; with `late_ms` it may although it is that late."""
        ...

    def hold(self, task_id: int, now_ms: int, late_ms: int, note: Mapping[str, Any]) -> Task | None:
        """Let a pending task that is late wait for a person. None when it is not pending, held already, or in doubt."""
        ...

    def miss(self, task_id: int, now_ms: int, late_ms: int, outcome: Outcome) -> Task | None:
        """End a pending task that is late. None when it is not pending, or in doubt."""
        ...

    def allow_repeat(self, task_id: int, now_ms: int) -> None:
        """Note that a task may repeat what was made by now."""
        ...

    def drop(self, task_id: int, now_ms: int, outcome: Outcome) -> Task | None:
        """End a pending task that is not to begin. None when it is not pending, or in doubt."""
        ...

    def start(self, task_id: int, now_ms: int) -> Task | None:
        """Let a pending task be due now, held or not. None when it is not pending, or in doubt."""
        ...
