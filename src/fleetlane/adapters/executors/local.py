"""Runs attempts in this process, on the threads of their phones.

A stop sets the attempt's flag and shuts its sockets down, and the lane is freed by the real end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fleetlane.adapters.executors.phone_thread import PhoneCall
from fleetlane.adapters.executors.phone_threads import PhoneThreads
from fleetlane.core.errors import DeviceError
from fleetlane.core.outcome import Outcome, from_error
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.returned import raised
from fleetlane.core.task import Task
from fleetlane.scripts.control import AttemptControl
from fleetlane.work.running.runner import Runner

_END_S = 15.0


@dataclass(slots=True)
class _Run:
    """An attempt that was given to a lane."""

    task: Task
    control: AttemptControl
    has_ended: bool = False
    interrupted: bool = False
    """Asked to end because the server stops, not because somebody stopped the task."""


class LocalExecutor:
    """Runs attempts on the phones' threads (`core.ports.execution.Executor`).

    Args:
        threads: the threads of the phones.
        runner: runs one attempt.
        ended: awaited on the event loop with every end.
        end_s: how long `close` waits.
    """

    def __init__(
        self,
        threads: PhoneThreads,
        runner: Runner,
        ended: Callable[[Ended], Coroutine[Any, Any, None]],
        *,
        end_s: float = _END_S,
    ) -> None:
        self._threads = threads
        self._runner = runner
        self._ended = ended
        self._end_s = end_s
        self._runs: dict[int, _Run] = {}
        self._reports: set[asyncio.Task[None]] = set()

    def start(self, task: Task) -> None:
        """Run the task's present attempt on its device."""
        assert task.serial is not None
        loop = asyncio.get_running_loop()
        run = self._runs[task.id] = _Run(task, self._runner.control(task))

        def report(outcome: Outcome, *, broke: bool = False) -> None:
            loop.call_soon_threadsafe(lambda: self._report(run, outcome, broke=broke))

        work = PhoneCall(
            do=lambda driver: report(self._runner.run(task, driver, run.control)),
            refuse=lambda reason: report(from_error(reason)),
            broke=lambda error: report(raised(error), broke=True),
        )
        try:
            self._threads.give(task.serial, work)
        except (DeviceError, RuntimeError) as error:  # no driver, or no thread can be had
            report(raised(error), broke=True)

    def stop(self, task: Task) -> None:
        """Ask an attempt to stop; nothing happens when it has ended."""
        run = self._runs.get(task.id)
        if run is None or run.task.attempt != task.attempt:
            return
        run.control.stop()
        assert task.serial is not None
        self._threads.abort(task.serial)

    def _report(self, run: _Run, outcome: Outcome, *, broke: bool) -> None:
        if run.has_ended:
            return  # it broke after it had reported its end
        run.has_ended = True
        self._runs.pop(run.task.id, None)
        ending = Ending.of(outcome, stopping=run.interrupted, lost=run.control.is_lost, broke=broke)
        event = Ended(run.task, outcome, ending)
        report = asyncio.get_running_loop().create_task(self._ended(event), name=f"end of task {run.task.id}")
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)

    async def close(self) -> None:
        """Interrupt what runs, wait for its end, and end the threads; not for longer than `end_s`.

        What becomes of their tasks is for their journals to say (`work.running.completion`).
        """
        for run in list(self._runs.values()):
            run.interrupted = True
            self.stop(run.task)
        await self._threads.close(self._end_s)
        await asyncio.sleep(0)
        while self._reports:
            await asyncio.gather(*self._reports)
