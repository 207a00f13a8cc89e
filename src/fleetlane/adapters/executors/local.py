"""Runs attempts in this process: one thread a phone, made when the phone gets its first task.

A thread keeps its phone's driver, since uiautomator2 is not thread-safe. No thread can be killed: a
stop sets the attempt's flag and shuts its sockets down, and the lane is freed by the real end.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from fleetlane.core.errors import DeviceError
from fleetlane.core.outcome import Outcome, from_error
from fleetlane.core.ports.execution import Ended
from fleetlane.core.ports.phone import Devices, Driver
from fleetlane.core.task import Task
from fleetlane.scripts.phone import Control
from fleetlane.work.runner import Runner

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Run:
    """An attempt that was given to a lane."""

    task: Task
    control: Control
    interrupted: bool = False
    """Asked to end because the server stops, not because somebody stopped the task."""


class LocalExecutor:
    """Runs attempts on threads (`core.ports.execution.Executor`).

    Args:
        devices: gives the drivers.
        runner: runs one attempt.
        ended: awaited on the event loop with every end.
    """

    def __init__(self, devices: Devices, runner: Runner, ended: Callable[[Ended], Awaitable[None]]) -> None:
        self._devices = devices
        self._runner = runner
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[str, _Lane] = {}
        self._runs: dict[int, _Run] = {}
        self._reports: set[asyncio.Task[None]] = set()

    def start(self, task: Task) -> None:
        """Run the task's present attempt on its device."""
        assert task.serial is not None
        lane = self._lanes.get(task.serial)
        if lane is None:
            lane = self._lanes[task.serial] = _Lane(task.serial, self._devices, self._runner, self._report_from_thread)
        run = self._runs[task.id] = _Run(task, self._runner.control(task))
        lane.give(run)

    def stop(self, task: Task) -> None:
        """Ask an attempt to stop; nothing happens when it has ended."""
        run = self._runs.get(task.id)
        if run is None or run.task.attempt != task.attempt:
            return
        run.control.stop()
        assert task.serial is not None
        self._lanes[task.serial].abort()

    def _report_from_thread(self, run: _Run, outcome: Outcome) -> None:
        self._loop.call_soon_threadsafe(self._report, run, outcome)

    def _report(self, run: _Run, outcome: Outcome) -> None:
        self._runs.pop(run.task.id, None)
        requeue = run.interrupted and outcome.error_code == "stopped"
        report = self._loop.create_task(
            self._tell(Ended(run.task, outcome, requeue)), name=f"end of task {run.task.id}"
        )
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)

    async def _tell(self, event: Ended) -> None:
        await self._ended(event)

    async def close(self) -> None:
        """Interrupt what runs, wait for its end, and end the threads.

        An attempt that has not come to Post is requeued; one that has, ends with what is known.
        """
        for run in list(self._runs.values()):
            run.interrupted = True
            self.stop(run.task)
        for lane in self._lanes.values():
            lane.close()
        await asyncio.gather(*(asyncio.to_thread(lane.join) for lane in self._lanes.values()))
        await asyncio.sleep(0)
        while self._reports:
            await asyncio.gather(*self._reports)


class _Lane:
    """The thread of one phone."""

    def __init__(self, serial: str, devices: Devices, runner: Runner, report: Callable[[_Run, Outcome], None]) -> None:
        self._serial = serial
        self._devices = devices
        self._runner = runner
        self._report = report
        self._queue: queue.SimpleQueue[_Run | None] = queue.SimpleQueue()
        self._driver: Driver | None = None
        self._thread = threading.Thread(target=self._work, name=f"lane {serial}", daemon=True)
        self._thread.start()

    def give(self, run: _Run) -> None:
        self._queue.put(run)

    def abort(self) -> None:
        driver = self._driver
        if driver is not None:
            driver.abort()

    def close(self) -> None:
        self._queue.put(None)

    def join(self) -> None:
        self._thread.join()

    def _work(self) -> None:
        while (run := self._queue.get()) is not None:
            self._report(run, self._attempt(run))
        if self._driver is not None:
            self._driver.close()

    def _attempt(self, run: _Run) -> Outcome:
        try:
            if self._driver is None:
                self._driver = self._devices.driver(self._serial)
            self._driver.reset()
            outcome = self._runner.run(run.task, self._driver, run.control)
        except DeviceError as error:
            outcome = from_error(error)
        return outcome
