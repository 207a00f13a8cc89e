"""The ends of attempts: each is stored, whatever the store does meanwhile, and its lane is free again.

It knows which attempts run, so that others can wait for an end. All of it runs on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from fleetlane.core.errors import StoreBusyError, StoreError, StoreFullError
from fleetlane.core.outcome import PublishState
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import Ended
from fleetlane.core.ports.phone import Devices
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.account_binding import Moved, tell, to_their_devices
from fleetlane.work.running.canary import Canary
from fleetlane.work.running.completion import RetryPolicy, complete_attempt, complete_barely
from fleetlane.work.running.lanes import Lanes

log = structlog.get_logger(__name__)

_STORE_RETRY_S = 1.0
_MOST_REFUSALS = 10  # by a store that is neither busy nor full: then it may be what the end holds


class AttemptEnds:
    """Takes the ends of attempts.

    Args:
        store: where the tasks are.
        devices: says whether a phone was away meanwhile.
        clock: the time.
        lanes: told of the lane that is free, and of tasks that move.
        retries: which failures are tried again automatically; none when not given.
        repeats: for how long a post is not to be repeated.
        canary: may stop to withhold tasks after an end.
        may_look_again: whether the post of a task in doubt may be looked for once more; always when not given.
    """

    def __init__(
        self,
        store: Store,
        devices: Devices,
        clock: Clock,
        lanes: Lanes,
        *,
        retries: RetryPolicy | None = None,
        repeats: RepeatWindow | None = None,
        canary: Canary | None = None,
        may_look_again: Callable[[Task], bool] = lambda _task: True,
    ) -> None:
        self._store = store
        self._devices = devices
        self._clock = clock
        self._lanes = lanes
        self._retries = retries or RetryPolicy()
        self._repeats = repeats or RepeatWindow()
        self._canary = canary
        self._may_look_again = may_look_again
        self._running: dict[int, Task | None] = {}
        """Tasks whose attempts run, as they were given to the executor; None while they are being claimed."""
        self._waited_for: dict[int, asyncio.Event] = {}
        self._ready_since: dict[int, int | None] = {}
        """Since when the device of each running task had been ready when the task was started."""
        self._closing = False

    # -- which attempts run ------------------------------------------------------------------------------

    def is_running(self, task_id: int) -> bool:
        """Return whether an attempt of a task runs, or is being claimed."""
        return task_id in self._running

    @property
    def started_tasks(self) -> Sequence[Task]:
        """Return the tasks whose attempts were given to the executor and have not ended."""
        return [task for task in self._running.values() if task is not None]

    def claiming(self, task_id: int) -> None:
        """Note that a task is being claimed."""
        self._running[task_id] = None

    def started(self, task: Task) -> None:
        """Note that an attempt is given to the executor."""
        self._running[task.id] = task
        self._ready_since[task.id] = self._since_ms(str(task.serial))

    def over(self, task_id: int) -> None:
        """Note that no attempt of a task runs any more, and let those go on who wait for that."""
        self._running.pop(task_id, None)
        if waiting := self._waited_for.pop(task_id, None):
            waiting.set()

    async def wait_for(self, task_id: int, timeout_s: float) -> bool:
        """Wait for the end of a running attempt. False when it has not ended within the time."""
        waiting = self._waited_for.setdefault(task_id, asyncio.Event())
        try:
            async with asyncio.timeout(timeout_s):
                await waiting.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Wait no more for a store that cannot: the next start settles by the journals."""
        self._closing = True

    def _since_ms(self, serial: str) -> int | None:
        """Return since when a device is ready, None when it is not."""
        device = self._devices.get(serial)
        return device.since_ms if device is not None and device.is_ready else None

    # -- an end ------------------------------------------------------------------------------------------

    async def ended(self, event: Ended) -> None:
        """Take the end of an attempt: store it, and free the lane."""
        task, outcome = event.task, event.outcome
        assert task.serial is not None
        event = self._with_another_look(event)
        self._ready_since.pop(task.id, None)
        accepted = await self._store_end(event)
        if self._canary is not None:
            self._canary.look_again()
        self._lanes.freed(task.serial)
        self._lanes.changed(task.serial)
        self.over(task.id)
        log.info(
            "task_ended",
            task_id=task.id,
            attempt=task.attempt,
            device=task.serial,
            error_code=outcome.error_code,
            remark=str(outcome.remark),
            accepted=accepted,
        )

    def _with_another_look(self, event: Ended) -> Ended:
        """Return an end that says whether its post is looked for again.

        One look follows in any case; more of them when the phone was away meanwhile, or the post may come late.
        """
        task, outcome = event.task, event.outcome
        if outcome.publish_state is not PublishState.UNKNOWN:
            return event
        since_ms = self._since_ms(str(task.serial))
        was_away = since_ms is None or since_ms != self._ready_since.get(task.id)
        again = (was_away or outcome.unseen) and self._may_look_again(task)
        return replace(event, outcome_unseen=not task.in_doubt or again)

    async def _store_end(self, event: Ended) -> bool:
        """Store an end; while the store cannot, wait: an outcome must not be lost."""
        task = event.task

        def finish(repositories: Repositories) -> tuple[bool, list[Moved]]:
            now_ms = self._clock.now_ms()
            accepted = complete_attempt(repositories, event, self._retries, now_ms)
            return accepted, to_their_devices(repositories, [task.id], now_ms, self._repeats)

        def barely(repositories: Repositories) -> tuple[bool, list[Moved]]:
            return complete_barely(repositories, event, self._clock.now_ms()), []

        work, refusals = finish, 0
        while True:
            try:
                accepted, moved = await self._store.write(work)
            except StoreError as error:
                log.warning("task_end_not_stored", task_id=task.id, error=str(error))
                if self._closing:
                    return False  # the server is going down: recovery will find the attempt's journal
                refusals += not isinstance(error, (StoreBusyError, StoreFullError))
                work = barely if refusals >= _MOST_REFUSALS else work
                await asyncio.sleep(_STORE_RETRY_S)
            except Exception:
                # What the end holds cannot be stored. The lane goes on, whatever comes of it.
                log.exception("task_end_not_storable", task_id=task.id)
                if work is barely:
                    return False  # the next start settles it by its journal
                work = barely
            else:
                tell(self._lanes, moved)
                return accepted
