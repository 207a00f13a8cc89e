"""The executor of the simulation: attempts that are stepped, not run, so that a seed says what comes when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.task import Task
from simulation.phones import Attempt


class SteppedExecutor:
    """Keeps attempts until their end is told (`core.ports.execution.Executor`).

    Args:
        begin: makes an attempt of a task.
        ended: awaited with every end.
    """

    def __init__(self, begin: Callable[[Task], Attempt], ended: Callable[[Ended], Awaitable[None]]) -> None:
        self.attempts: dict[int, Attempt] = {}
        self._begin = begin
        self._ended = ended
        self._obeying: set[asyncio.Task[None]] = set()

    def start(self, task: Task) -> None:
        self.attempts[task.id] = self._begin(task)

    def stop(self, task: Task) -> None:
        attempt = self.attempts.get(task.id)
        if attempt is None or attempt.task.attempt != task.attempt or attempt.stopped:
            return
        attempt.stopped = True
        obeying = asyncio.ensure_future(self.stop_to_its_end(attempt))
        self._obeying.add(obeying)
        obeying.add_done_callback(self._obeying.discard)

    def close(self) -> None:
        """Let nobody obey any more: the process is gone."""
        for obeying in self._obeying:
            obeying.cancel()

    async def obeyed(self) -> None:
        """Wait until the attempts that were told to stop have ended."""
        await asyncio.gather(*self._obeying)

    async def stop_to_its_end(self, attempt: Attempt, *, interrupted: bool = False) -> None:
        """Let an attempt see that it is to stop, and tell of its end."""
        attempt.stopped, attempt.hangs = True, False
        while attempt.outcome is None:
            attempt.step()
        await self.tell(attempt, interrupted=interrupted)

    async def tell(self, attempt: Attempt, *, interrupted: bool = False) -> None:
        """Tell of the end of an attempt that has one. `interrupted`: the server stops."""
        assert attempt.outcome is not None
        if self.attempts.pop(attempt.task.id, None) is None:
            return  # it was told to stop when it had come to its end, and somebody else has told of that
        ending = Ending.of(attempt.outcome, stopping=interrupted, lost=attempt.is_lost)
        await self._ended(Ended(attempt.task, attempt.outcome, ending))
