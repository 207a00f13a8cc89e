"""The executors, each on a bench where a test decides what its attempts do."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

from fleetlane.adapters.clock import SystemClock
from fleetlane.adapters.executors.local import LocalExecutor
from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.core.errors import DriverBrokenError, FleetlaneError, LeaseLostError
from fleetlane.core.outcome import Outcome, failed, from_error
from fleetlane.core.ports.execution import Ended
from fleetlane.core.task import Task
from fleetlane.scripts.control import AttemptControl
from simulation.executor import SteppedExecutor
from simulation.phones import Attempt, Handset
from support.fakes import FakeExecutor
from support.rig import Phases

Told = Callable[[Ended], Awaitable[None]]


class LocalBench:
    """The executor of a server: threads, over phones and a runner of its own."""

    def __init__(self, ended: Told) -> None:
        self.broken: set[str] = set()
        self.refusing: set[str] = set()
        self._lost: set[str] = set()
        self._changed = threading.Condition()
        self._results: dict[int, Outcome] = {}
        self.executor = LocalExecutor(PhoneThreads(self), self, ended)

    async def finish(self, task: Task, outcome: Outcome) -> None:
        """Let an attempt come to its end by its own work."""
        self._results[task.id] = outcome
        self.abort()

    async def lose(self, task: Task) -> None:
        """Let another worker have the phone of an attempt."""
        self._lost.add(str(task.serial))
        self.abort()

    async def shut_down(self) -> None:
        await self.executor.close()

    # -- its runner, and the drivers of its phones

    def control(self, task: Task) -> AttemptControl:
        serial = str(task.serial)
        return AttemptControl(SystemClock(), 10**9, lambda: LeaseLostError(serial) if serial in self._lost else None)

    def run(self, task: Task, _driver: object, control: AttemptControl) -> Outcome:
        if task.serial in self.broken:
            raise ZeroDivisionError("nobody has foreseen this")
        with self._changed:
            self._changed.wait_for(lambda: task.id in self._results or control.stopped or control.is_lost)
        try:
            control.check()
        except FleetlaneError as error:
            return from_error(error)
        return self._results.pop(task.id)

    def driver(self, serial: str) -> LocalBench:
        if serial in self.refusing:
            raise DriverBrokenError("no driver can be had", serial=serial)
        return self

    def abort(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def reset(self) -> None: ...

    def close(self) -> None: ...


class FakeBench:
    """The executor of the tests of the scheduler."""

    def __init__(self, ended: Told) -> None:
        self.executor = FakeExecutor(ended)
        self.executor.on_stop = lambda task: self.executor.finish(task.id, failed("stopped"))

    async def finish(self, task: Task, outcome: Outcome) -> None:
        await self.executor.finish(task.id, outcome)

    async def lose(self, task: Task) -> None:
        await self.executor.finish(task.id, failed("server_interrupted"), lost=True)

    async def shut_down(self) -> None:
        for task_id in [*self.executor.running]:
            await self.executor.finish(task_id, failed("stopped"), stopping=True)


class SteppedBench:
    """The executor of the simulation, over its phones."""

    def __init__(self, ended: Told) -> None:
        self._lost: set[str] = set()
        self.executor = SteppedExecutor(self._begin, ended)

    def _begin(self, task: Task) -> Attempt:
        leases = SimpleNamespace(holds=lambda serial: serial not in self._lost)
        attempt = Attempt(task, Phases(), Handset(str(task.serial)), leases, random.Random(0), reaches=lambda: True)
        attempt.fault = ""
        return attempt

    async def finish(self, task: Task, outcome: Outcome) -> None:
        await self._run(self.executor.attempts[task.id], outcome)

    async def lose(self, task: Task) -> None:
        self._lost.add(str(task.serial))
        await self._run(self.executor.attempts[task.id])

    async def _run(self, attempt: Attempt, outcome: Outcome | None = None) -> None:
        while attempt.outcome is None:
            attempt.step()
        attempt.outcome = outcome or attempt.outcome
        await self.executor.tell(attempt)

    async def shut_down(self) -> None:
        await asyncio.gather(
            *(self.executor.stop_to_its_end(one, interrupted=True) for one in self.executor.attempts.values())
        )


EXECUTORS = {"local": LocalBench, "fake": FakeBench, "simulation": SteppedBench}
"""What `test_executor` holds; a new executor is a line here, and a bench above."""
