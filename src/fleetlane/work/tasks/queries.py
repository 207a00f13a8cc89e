"""Reading tasks: one, a page, the counts; each with what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fleetlane.core.errors import NotFoundError
from fleetlane.core.message import Message
from fleetlane.core.ports.attempts import Attempt, Step
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.ports.tasks import DueSpan, TaskFilter, TaskOrder
from fleetlane.core.task import Task, TaskCounts
from fleetlane.work.tasks.fleet import FleetNow
from fleetlane.work.tasks.pending_reasons import PendingReasons


@dataclass(frozen=True, slots=True)
class Shown:
    """A task, and what it waits for when it is pending."""

    task: Task
    waiting_for: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Trace:
    """A task, its attempts with their journals, and their steps, each in order."""

    task: Task
    attempts: Sequence[Attempt]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and how many tasks the whole list has."""

    total: int
    tasks: Sequence[Shown]


class TaskQueries:
    """Answers questions about tasks."""

    def __init__(self, store: Store, waiting: PendingReasons) -> None:
        self._store = store
        self._waiting = waiting

    async def shown(self, task: Task) -> Shown:
        """Return a task that was read with what it waits for."""
        if not self._waiting.reads_rows:
            return Shown(task, self._waiting.reasons(task))
        now = await self._store.read(lambda repositories: self._waiting.read(repositories, [task]))
        return Shown(task, self._waiting.reasons(task, now))

    async def task(self, task_id: int) -> Shown:
        """Return a task.

        Raises:
            NotFoundError: there is none.
        """

        def read(repositories: Repositories) -> tuple[Task | None, FleetNow | None]:
            task = repositories.tasks.get(task_id)
            return task, self._waiting.read(repositories, [task] if task else [])

        task, now = await self._store.read(read)
        if task is None:
            raise NotFoundError("task", task_id)
        return Shown(task, self._waiting.reasons(task, now))

    async def page(self, asked: TaskFilter, number: int, size: int, order: TaskOrder = TaskOrder.NEWEST) -> Page:
        """Return page `number`, from 1, of the tasks that are wanted."""

        def read(repositories: Repositories) -> tuple[int, list[Task], FleetNow | None]:
            wanted = replace(asked, serial=repositories.devices.lane(asked.serial)) if asked.serial else asked
            total = repositories.tasks.count(wanted)
            offset = (number - 1) * size
            tasks = repositories.tasks.find(wanted, offset, size, order) if offset < total else []
            return total, tasks, self._waiting.read(repositories, tasks)

        total, tasks, now = await self._store.read(read)
        return Page(total, [Shown(task, self._waiting.reasons(task, now)) for task in tasks])

    async def trace(self, task_id: int) -> Trace:
        """Return what the task's attempts did, step by step, and how far each came with its post.

        Raises:
            NotFoundError: there is no such task.
        """

        def read(repositories: Repositories) -> Trace | None:
            task = repositories.tasks.get(task_id)
            if task is None:
                return None
            return Trace(task, repositories.attempts.attempts(task_id), repositories.attempts.steps(task_id))

        trace = await self._store.read(read)
        if trace is None:
            raise NotFoundError("task", task_id)
        return trace

    async def due(self, bounds_ms: Sequence[int], first: int, most: int) -> Sequence[DueSpan]:
        """Return what is due between each bound and the next: the `first` tasks of each, counting up to `most`."""
        return await self._store.read(lambda repositories: repositories.tasks.due(bounds_ms, first, most))

    async def counts(self) -> TaskCounts:
        """Return how many tasks there are in each state."""
        return await self._store.read(lambda repositories: repositories.tasks.counts())

    async def needing(self, most: int) -> int:
        """Return how many tasks need a person, counted up to `most`."""
        return await self._store.read(lambda repositories: repositories.tasks.needing(most))
