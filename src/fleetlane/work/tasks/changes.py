"""Changing tasks: stop, retry, resolve, delete.

Each is one conditional change; when two callers come at once one wins, and the other gets a true answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TypeGuard

from fleetlane.core.errors import ConflictError, NotFoundError
from fleetlane.core.lanes import Head
from fleetlane.core.lateness import says_how_late
from fleetlane.core.outcome import Outcome, PublishState, failed, succeeded
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.ports.tasks import Pending
from fleetlane.core.remark import RemarkTemplate
from fleetlane.core.task import Status, Task
from fleetlane.work.preflight.repeats import RepeatWindow, refuse, repeats_of
from fleetlane.work.running.account_binding import Moved, as_it_would_wait, tell, to_their_devices
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.scheduler import Scheduler

_STOP_WAIT_S = 2.0
_DELETE_WAIT_S = 30.0
_AT_ONCE = 200  # the writer is not kept longer than for these


@dataclass(frozen=True, slots=True)
class Undoable:
    """A change that can be taken back: the task as it was, and the state that it has now."""

    before: Task
    now: Status


@dataclass(frozen=True, slots=True)
class Deleted:
    """What `delete_many` did."""

    task_ids: Sequence[int]
    not_found: Sequence[int]


class Changes:
    """Changes tasks.

    Args:
        store: where the tasks are.
        scheduler: stops what runs.
        lanes: told of every change to a lane.
        clock: the time.
        forget_files: removes the trace files of a deleted task.
        repeats: for how long a post is not to be repeated.
        zone: of the times that refusals tell.
    """

    def __init__(
        self,
        store: Store,
        scheduler: Scheduler,
        lanes: Lanes,
        clock: Clock,
        forget_files: Callable[[int], None],
        *,
        repeats: RepeatWindow | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._lanes = lanes
        self._clock = clock
        self._forget_files = forget_files
        self._repeats = repeats or RepeatWindow()
        self._zone = zone

    # -- stop ------------------------------------------------------------------------------------------

    async def stop(self, task_id: int) -> Undoable | None:
        """Stop a pending or running task; returns when it has ended, or does not end.

        Returns:
            What `undo` takes; None when it cannot be taken back: the task ran, or its post was to be looked for.

        Raises:
            NotFoundError: there is no such task.
            ConflictError: it has ended already.
        """
        now_ms = self._clock.now_ms()

        not_looked = failed("outcome_unknown", RemarkTemplate.STOPPED_UNSEEN)

        def change(repositories: Repositories) -> tuple[Task | None, Task | None, Task | None, Task | None]:
            tasks = repositories.tasks
            before, stopped = tasks.get(task_id), tasks.stop_pending(task_id, now_ms)
            outcome = says_how_late(not_looked, before.late_ms if before else None)
            given_up = None if stopped else tasks.give_up(task_id, outcome, now_ms, stopped=True)
            running = None if stopped or given_up else tasks.request_stop(task_id)
            return before, stopped, given_up, running

        before, stopped, given_up, running = await self._store.write(change)
        if stopped is not None:
            self._lane_changed(stopped.serial)
            assert before is not None
            return Undoable(before, Status.FAILED)
        if given_up is not None:
            self._lane_changed(given_up.serial)
            return None
        if running is None:
            task = await self._get(task_id)
            raise ConflictError(f"Task {task_id} is {task.status.text}; only a pending or running task can be stopped.")
        await self._scheduler.stop(running, _STOP_WAIT_S)
        return None

    # -- retry -----------------------------------------------------------------------------------------

    async def retry(self, task_id: int, *, force: bool, allow_repeat: bool = False) -> Undoable:
        """Make a failed task pending again: at its start time if that lies ahead, else now. Returns what `undo` takes.

        Raises:
            NotFoundError: there is no such task.
            ConflictError: it did not fail, or its outcome is unknown and `force` was not given; or it would repeat a
                post, and `allow_repeat` was not given.
        """
        now_ms = self._clock.now_ms()

        def change(repositories: Repositories) -> tuple[Task | None, list[Pending], list[Moved]]:
            before = repositories.tasks.get(task_id)
            pending = repositories.tasks.retry(task_id, now_ms, force=force)
            again = [pending] if pending else []
            if pending and allow_repeat:
                repositories.tasks.allow_repeat(task_id, now_ms)
            if pending and not allow_repeat:
                self._refuse_repeat(repositories, task_id, now_ms)
            moved = to_their_devices(repositories, [task.task_id for task in again], now_ms, self._repeats)
            if pending and force:
                repositories.materials.seal(task_id)  # nobody will ever be asked again about the former post
            return before, again, moved

        before, pending, moved = await self._store.write(change)
        if not pending:
            task = await self._get(task_id)
            if task.status is not Status.FAILED:
                raise ConflictError(f"Task {task_id} is {task.status.text}; only a failed task can be retried.")
            raise ConflictError(
                f"Nobody knows whether the post of task {task_id} went out. Look at the profile; to post it again "
                'all the same, send {"force": true}; to say what became of it, POST {"published": true} or '
                f'{{"published": false}} to /task/{task_id}/resolve.'
            )
        self._pending_again(pending, moved)
        assert before is not None
        return Undoable(before, Status.PENDING)

    def _pending_again(self, tasks: Sequence[Pending], moved: Sequence[Moved]) -> None:
        for task in tasks:
            if task.serial is not None:
                self._lanes.added(task.serial, Head(task.due_ms, task.task_id))
        tell(self._lanes, moved)

    # -- undo ------------------------------------------------------------------------------------------

    async def undo(self, done: Undoable) -> None:
        """Take a stop or a retry back: the task is what it was, unless anything happened to it since.

        Raises:
            ConflictError: something did, such as that it has begun; or it would repeat a post that was made since.
        """
        if await self.undo_all([done]):
            raise ConflictError(f"Task {done.before.id} has changed since; this can no longer be undone.")

    async def undo_all(self, done: Sequence[Undoable]) -> list[int]:
        """Take stops or retries back, in parts. Returns the ids of the tasks to which anything happened since."""
        left: list[int] = []
        for first in range(0, len(done), _AT_ONCE):
            left += await self._undo_some(done[first : first + _AT_ONCE])
        return left

    async def _undo_some(self, done: Sequence[Undoable]) -> list[int]:
        def change(repositories: Repositories) -> tuple[list[Task | None], list[Moved]]:
            tasks = [self._put_back(repositories, one) for one in done]
            again = [task.id for task in tasks if _waits(task)]
            return tasks, to_their_devices(repositories, again, self._clock.now_ms(), self._repeats)

        tasks, moved = await self._store.write(change)
        for task in tasks:
            if task is not None:
                self._lane_changed(task.serial)
            if _waits(task) and task.serial is not None:
                self._lanes.added(task.serial, Head(task.due_ms, task.id))
        tell(self._lanes, moved)
        return [one.before.id for one, task in zip(done, tasks, strict=True) if task is None]

    # -- resolve ---------------------------------------------------------------------------------------

    async def resolve(self, task_id: int, *, published: bool) -> None:
        """Take a person's word for whether a post went out that nobody else could tell of.

        Published: the task is completed. Not published: it stays failed, and may be retried; what it had
        taken from the library and the folders is free again.

        Raises:
            NotFoundError: there is no such task.
            ConflictError: its outcome is not unknown, or no longer.
        """
        outcome = _seen_by_a_person(published=published)
        now_ms = self._clock.now_ms()

        def change(repositories: Repositories) -> bool:
            before = repositories.tasks.get(task_id)
            said = says_how_late(outcome, before.late_ms if before else None)
            resolved = repositories.tasks.resolve(task_id, said, now_ms)
            if resolved and not published:
                repositories.materials.release(task_id)
            return resolved

        if not await self._store.write(change):
            task = await self._get(task_id)
            raise ConflictError(
                f"Task {task_id} is {task.status.text}{_known(task)}; only a failed task whose outcome is unknown can "
                "be resolved."
            )

    # -- delete ----------------------------------------------------------------------------------------

    async def delete(self, task_id: int) -> None:
        """Delete a task; a running one is stopped first.

        Raises:
            NotFoundError: there is no such task.
            ConflictError: it does not come to its end.
        """
        deleted = await self.delete_many([task_id])
        if not deleted.task_ids:
            raise NotFoundError("task", task_id)

    async def delete_many(self, task_ids: Sequence[int]) -> Deleted:
        """Delete tasks; running ones are stopped first. Unknown ones are told of.

        Raises:
            ConflictError: some do not come to their end; the others are deleted.
        """
        wanted = list(dict.fromkeys(task_ids))
        deleted = {task.task_id: task for task in await self._delete(wanted)}
        running = await self._stop_running([task_id for task_id in wanted if task_id not in deleted])
        if running:
            deleted |= {task.task_id: task for task in await self._delete([task.id for task in running])}
        for task in deleted.values():
            self._lane_changed(task.serial)
        await asyncio.to_thread(self._forget, list(deleted))
        stuck = [task.id for task in running if task.id not in deleted and await self._exists(task.id)]
        if stuck:
            raise ConflictError(f"Task {stuck[0]} is being stopped but has not ended yet. Delete it again in a while.")
        return Deleted([i for i in wanted if i in deleted], [i for i in wanted if i not in deleted])

    async def _delete(self, task_ids: Sequence[int]) -> list[Pending]:
        now_ms = self._clock.now_ms()

        def change(repositories: Repositories) -> list[Pending]:
            deleted = repositories.tasks.delete(task_ids)
            for task in deleted:
                repositories.materials.settle(task.task_id, PublishState.NOT_PUBLISHED, now_ms)
            return deleted

        return await self._store.write(change)

    async def _stop_running(self, task_ids: Sequence[int]) -> list[Task]:
        def request(repositories: Repositories) -> list[Task]:
            found = [repositories.tasks.request_stop(task_id) for task_id in task_ids]
            return [task for task in found if task is not None]

        running = await self._store.write(request) if task_ids else []
        await asyncio.gather(*(self._scheduler.stop(task, _DELETE_WAIT_S) for task in running))
        return running

    def _forget(self, task_ids: Sequence[int]) -> None:
        for task_id in task_ids:
            self._forget_files(task_id)

    async def _exists(self, task_id: int) -> bool:
        return await self._store.read(lambda repositories: repositories.tasks.get(task_id)) is not None

    def _refuse_repeat(self, repositories: Repositories, task_id: int, now_ms: int) -> None:
        """Refuse that a task waits again whose post waits, runs or was published with another one."""
        task = repositories.tasks.get(task_id)
        again = [as_it_would_wait(repositories, task)] if task else []
        refuse(repeats_of(repositories, again, now_ms, self._repeats), self._zone)

    def _put_back(self, repositories: Repositories, done: Undoable) -> Task | None:
        """Take one stop or retry back; None when anything happened since, also the same post with another task."""
        now = repositories.tasks.get(done.before.id)
        if now is None or _was_changed(repositories, done.before, now):
            return None
        if _waits(done.before):
            again = as_it_would_wait(repositories, done.before)
            repeats = repeats_of(repositories, [again], self._clock.now_ms(), self._repeats)
            if any(repeat.is_refused for repeat in repeats):
                return None
        return repositories.tasks.put_back(done.before, done.now)

    # -- shared ----------------------------------------------------------------------------------------

    async def _get(self, task_id: int) -> Task:
        task = await self._store.read(lambda repositories: repositories.tasks.get(task_id))
        if task is None:
            raise NotFoundError("task", task_id)
        return task

    def _lane_changed(self, serial: str | None) -> None:
        if serial is not None:
            self._lanes.changed(serial)


def _was_changed(repositories: Repositories, before: Task, now: Task) -> bool:
    """Return whether a person has changed a task, or let it begin, since: no stop or retry does that."""
    if not before.username and before.serial and now.serial != repositories.devices.lane(before.serial):
        return True
    return _asked_for(before) != _asked_for(now)


def _asked_for(task: Task) -> tuple[object, ...]:
    return task.script_config, task.username, task.scheduled_ms, task.late_after_ms, task.late_policy


def _waits(task: Task | None) -> TypeGuard[Task]:
    return task is not None and task.status is Status.PENDING


def _seen_by_a_person(*, published: bool) -> Outcome:
    if published:
        return succeeded(RemarkTemplate.PERSON_SAW_IT, PublishState.PUBLISHED, {})
    return failed("not_published", RemarkTemplate.PERSON_SAW_NOTHING)


def _known(task: Task) -> str:
    return f", {task.outcome.replace('_', ' ')}" if task.outcome else ""
