"""What a person decides on tasks that wait: start one now, or take it off the list of what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.work.preflight.repeats import RepeatWindow, refuse, repeats_of, unallowed
from fleetlane.work.running.lanes import Lanes


class Decisions:
    """Takes what a person decides.

    Args:
        store: where the tasks are.
        lanes: told of every change to a lane.
        clock: the time.
        repeats: for how long a post is not to be repeated.
        zone: in which times are told.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        repeats: RepeatWindow | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._repeats = repeats or RepeatWindow()
        self._zone = zone

    async def start(self, task_id: int, *, allow_repeat: bool = False) -> None:
        """Let a pending task begin now, held or not: as soon as its lane is free. It is not late any more.

        Raises:
            NotFoundError: there is no such task.
            ConflictError: it is not pending, or its post is to be looked for first; or it would repeat a post, and
                `allow_repeat` was not given.
        """
        now_ms = self._clock.now_ms()

        def change(repositories: Repositories) -> Task | None:
            started = repositories.tasks.start(task_id, now_ms)
            if started is not None and allow_repeat:
                repositories.tasks.allow_repeat(task_id, now_ms)
            elif started is not None:
                refuse(repeats_of(repositories, [unallowed(started)], now_ms, self._repeats), self._zone)
            return started

        await self._decided(task_id, await self._store.write(change), "started")

    async def dismiss(self, task_id: int) -> None:
        """Take a task off the list of those that need a person, if it is on it; a held one stays held.

        Raises:
            NotFoundError: there is no such task.
        """
        if not await self.dismiss_many([task_id]):
            await self._get(task_id)

    async def dismiss_many(self, task_ids: Sequence[int]) -> int:
        """Take tasks off the list of those that need a person. Returns how many were on it."""
        return len(await self._store.write(lambda repositories: repositories.tasks.unflag(task_ids)))

    async def _decided(self, task_id: int, changed: Task | None, what: str) -> None:
        """Tell the scheduler what has become of a task, or its caller why nothing has."""
        if changed is None:
            raise _not_waiting(await self._get(task_id), what)
        if changed.serial is not None:
            self._lanes.changed(changed.serial)
            self._lanes.added(changed.serial, Head(changed.due_ms, changed.id))

    async def _get(self, task_id: int) -> Task:
        task = await self._store.read(lambda repositories: repositories.tasks.get(task_id))
        if task is None:
            raise NotFoundError("task", task_id)
        return task


def _not_waiting(task: Task, what: str) -> ConflictError:
    if task.in_doubt:
        return ConflictError(
            f"Task {task.id} cannot be {what}: its post may be out already, and is looked for first. "
            "Wait for what that shows, or stop the task and resolve it."
        )
    return ConflictError(f"Task {task.id} is {task.status.text}; only a task that waits can be {what}.")
