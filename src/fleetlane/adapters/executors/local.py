"""Runs attempts in this process: one thread a phone, made when the phone is first used.

A stop sets the attempt's flag and shuts its sockets down, and the lane is freed by the real end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from fleetlane.adapters.executors.phone_thread import PhoneCall, PhoneThread
from fleetlane.core.errors import DeviceError, TaskStoppedError
from fleetlane.core.outcome import Outcome, from_error
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.ports.phone import Devices, Driver
from fleetlane.core.returned import raised
from fleetlane.core.task import Task
from fleetlane.scripts.control import AttemptControl
from fleetlane.work.running.runner import Runner

log = structlog.get_logger(__name__)
_T = TypeVar("_T")

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
    """Runs attempts and calls on threads (`core.ports.execution.Executor` and `DeviceCalls`).

    Args:
        devices: gives the drivers.
        runner: runs one attempt.
        ended: awaited on the event loop with every end.
        end_s: how long `close` waits.
    """

    def __init__(
        self,
        devices: Devices,
        runner: Runner,
        ended: Callable[[Ended], Coroutine[Any, Any, None]],
        *,
        end_s: float = _END_S,
    ) -> None:
        self._devices = devices
        self._runner = runner
        self._ended = ended
        self._end_s = end_s
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[str, PhoneThread] = {}
        self._runs: dict[int, _Run] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self, task: Task) -> None:
        """Run the task's present attempt on its device."""
        assert task.serial is not None
        run = self._runs[task.id] = _Run(task, self._runner.control(task))
        work = PhoneCall(
            do=lambda driver: self._report_from_thread(run, self._runner.run(task, driver, run.control)),
            refuse=lambda reason: self._report_from_thread(run, from_error(reason)),
            broke=lambda error: self._report_from_thread(run, raised(error), broke=True),
        )
        try:
            self._lane(task.serial).give(work)
        except (DeviceError, RuntimeError) as error:  # no driver, or no thread can be had
            self._report(run, raised(error), broke=True)

    async def call(self, serial: str, what: Callable[[Driver], _T], *, preemptible: bool) -> _T:
        """Do something on a phone between attempts (see the port)."""
        if self._closed:
            raise TaskStoppedError("the server stops")
        answer: Future[_T] = Future()

        def do(driver: Driver) -> None:
            if not answer.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            try:
                answer.set_result(what(driver))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                answer.set_exception(error)

        def refuse(reason: TaskStoppedError) -> None:
            if answer.set_running_or_notify_cancel():
                answer.set_exception(reason)

        def broke(error: BaseException) -> None:
            if not answer.done():
                answer.set_exception(error)

        self._lane(serial).give(PhoneCall(do, refuse, broke, preemptible))
        return await asyncio.wrap_future(answer)

    def _lane(self, serial: str) -> PhoneThread:
        lane = self._lanes.get(serial)
        if lane is None:
            lane = self._lanes[serial] = PhoneThread(serial, self._devices)
        return lane

    def stop(self, task: Task) -> None:
        """Ask an attempt to stop; nothing happens when it has ended."""
        run = self._runs.get(task.id)
        if run is None or run.task.attempt != task.attempt:
            return
        run.control.stop()
        assert task.serial is not None
        self._lanes[task.serial].abort()

    def _report_from_thread(self, run: _Run, outcome: Outcome, *, broke: bool = False) -> None:
        self._loop.call_soon_threadsafe(lambda: self._report(run, outcome, broke=broke))

    def _report(self, run: _Run, outcome: Outcome, *, broke: bool) -> None:
        if run.has_ended:
            return  # it broke after it had reported its end
        run.has_ended = True
        self._runs.pop(run.task.id, None)
        ending = Ending.of(outcome, stopping=run.interrupted, lost=run.control.is_lost, broke=broke)
        event = Ended(run.task, outcome, ending)
        report = self._loop.create_task(self._ended(event), name=f"end of task {run.task.id}")
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)

    async def close(self) -> None:
        """Interrupt what runs, wait for its end, and end the threads; not for longer than `end_s`.

        What becomes of their tasks is for their journals to say (`work.running.completion`).
        """
        self._closed = True
        for run in list(self._runs.values()):
            run.interrupted = True
            self.stop(run.task)
        for lane in self._lanes.values():
            lane.close()
        until_s = time.monotonic() + self._end_s
        ended = await asyncio.gather(*(asyncio.to_thread(lane.join, until_s) for lane in self._lanes.values()))
        if not all(ended):
            stuck = [serial for serial, has_ended in zip(self._lanes, ended, strict=True) if not has_ended]
            log.warning("lanes_left_behind", devices=stuck)  # the next start settles their tasks
        await asyncio.sleep(0)
        while self._reports:
            await asyncio.gather(*self._reports)
