"""Retrying many failed tasks together: those that failed by themselves. The others are passed over, each with a reason.

In parts, so that nobody else waits long for the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.ports.tasks import Pending
from fleetlane.core.retrying import PassedOver, RetryWish, why_passed_over
from fleetlane.core.task import Status, Task
from fleetlane.work.preflight.repeats import RepeatWindow, is_twin_of, repeats_of
from fleetlane.work.running.account_binding import Moved, as_it_would_wait, tell, to_their_devices
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.tasks.changes import Undoable

_AT_ONCE = 200  # the writer is not kept longer than for these


@dataclass(frozen=True, slots=True)
class Skipped:
    """A task that was passed over; `task` is None when there is none."""

    task_id: int
    task: Task | None
    why: PassedOver


@dataclass(slots=True)
class RetriedAll:
    """What was retried, or would be: it can be undone. And what was passed over."""

    retried: list[Undoable] = field(default_factory=list[Undoable])
    skipped: list[Skipped] = field(default_factory=list[Skipped])

    @property
    def task_ids(self) -> list[int]:
        """Return which tasks wait again."""
        return [one.before.id for one in self.retried]


class RetryAll:
    """Retries failed tasks together.

    Args:
        store: where the tasks are.
        lanes: told of what waits again.
        clock: the time.
        most_retries: how often a task is retried before a person is to look at it alone; None for no limit.
        repeats: for how long a post is not to be repeated.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        most_retries: int | None = None,
        repeats: RepeatWindow | None = None,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._most_retries = most_retries
        self._repeats = repeats or RepeatWindow()

    async def __call__(self, wish: RetryWish | None = None, *, dry_run: bool = False) -> RetriedAll:
        """Make the failed tasks of a wish pending again that failed by themselves.

        What fails again meanwhile is not taken twice.

        Args:
            wish: which; all when not given.
            dry_run: change nothing, and say what would be done.
        """
        wish = wish or RetryWish()
        ids = await self._store.read(lambda repositories: _wished(repositories, wish))
        done = RetriedAll()
        for first in range(0, len(ids), _AT_ONCE):
            part = await self._retry(ids[first : first + _AT_ONCE], wish, dry_run=dry_run)
            done.retried += part.retried
            done.skipped += part.skipped
        return done

    async def _retry(self, ids: Sequence[int], wish: RetryWish, *, dry_run: bool) -> RetriedAll:
        now_ms = self._clock.now_ms()

        def change(repositories: Repositories) -> tuple[RetriedAll, list[Pending], list[Moved]]:
            done = self._sorted(repositories, ids, wish)
            pending = self._wait_again(repositories, done, now_ms, dry_run=dry_run)
            again = [task.task_id for task in pending]
            return done, pending, to_their_devices(repositories, again, now_ms, self._repeats)

        done, pending, moved = await (self._store.read(change) if dry_run else self._store.write(change))
        for task in pending:
            if task.serial is not None:
                self._lanes.added(task.serial, Head(task.due_ms, task.task_id))
        tell(self._lanes, moved)
        return done

    def _wait_again(self, repositories: Repositories, done: RetriedAll, now_ms: int, *, dry_run: bool) -> list[Pending]:
        """Make the tasks pending one by one, but for those whose post another one has published, or will.

        Of two that failed with the same post one waits again: it is the other's repeat from then on.
        """
        pending: list[Pending] = []
        again: list[Undoable] = []
        waiting: list[Task] = []
        for one in done.retried:
            waits = as_it_would_wait(repositories, one.before)
            if self._is_repeat(repositories, waits, now_ms) or (dry_run and is_twin_of(waits, waiting)):
                done.skipped.append(Skipped(one.before.id, one.before, PassedOver.REPEAT))
                continue
            again.append(one)
            waiting.append(waits)
            task = None if dry_run else repositories.tasks.retry(one.before.id, now_ms, force=False)
            if task is not None:
                pending.append(task)
        done.retried = again
        return pending

    def _is_repeat(self, repositories: Repositories, task: Task, now_ms: int) -> bool:
        return any(repeat.is_refused for repeat in repeats_of(repositories, [task], now_ms, self._repeats))

    def _sorted(self, repositories: Repositories, ids: Sequence[int], wish: RetryWish) -> RetriedAll:
        """Return which of the tasks are to be retried, and why the others are not."""
        found = RetriedAll()
        tasks = {task.id: task for task in repositories.tasks.some(ids)}
        for task_id in ids:
            task = tasks.get(task_id)
            if task is None:
                found.skipped.append(Skipped(task_id, None, PassedOver.NOT_FOUND))
                continue
            why = why_passed_over(task, include_stopped=wish.include_stopped, most_retries=self._most_retries)
            if why is None:
                found.retried.append(Undoable(task, Status.PENDING))
            else:
                found.skipped.append(Skipped(task_id, task, why))
        return found


def _wished(repositories: Repositories, wish: RetryWish) -> list[int]:
    """Return the tasks of a wish: those that failed, and those it names that have not, to be told of."""
    failed = repositories.tasks.failed_ids(wish)
    if wish.task_ids is None:
        return failed
    others = {task.id for task in repositories.tasks.some(wish.task_ids) if task.status is Status.FAILED} - {*failed}
    return [task_id for task_id in dict.fromkeys(wish.task_ids) if task_id not in others]
