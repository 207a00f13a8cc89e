"""The threads of all phones of this process, each made when its phone is first used."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import structlog

from fleetlane.adapters.executors.phone_thread import PhoneCall, PhoneThread
from fleetlane.core.errors import TaskStoppedError
from fleetlane.core.ports.phone import Devices, Driver

log = structlog.get_logger(__name__)
_T = TypeVar("_T")


class PhoneThreads:
    """One thread a phone (`core.ports.execution.DeviceCalls`).

    Args:
        devices: gives the drivers.
    """

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._threads: dict[str, PhoneThread] = {}
        self._closed = False

    def give(self, serial: str, work: PhoneCall) -> None:
        """Queue something to do on a phone.

        Raises:
            DeviceError, RuntimeError: no driver, or no thread can be had.
        """
        thread = self._threads.get(serial)
        if thread is None:
            thread = self._threads[serial] = PhoneThread(serial, self._devices)
        thread.give(work)

    def abort(self, serial: str) -> None:
        """End the call in progress on a phone, and refuse more until the next work begins."""
        if serial in self._threads:
            self._threads[serial].abort()

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

        self.give(serial, PhoneCall(do, refuse, broke, preemptible))
        return await asyncio.wrap_future(answer)

    async def close(self, end_s: float) -> None:
        """Cut off what is done, refuse what waits and what comes, and wait for the threads' ends, so long at most."""
        self._closed = True
        for thread in self._threads.values():
            thread.close()
        until_s = time.monotonic() + end_s
        ended = await asyncio.gather(*(asyncio.to_thread(thread.join, until_s) for thread in self._threads.values()))
        if not all(ended):
            stuck = [serial for serial, has_ended in zip(self._threads, ended, strict=True) if not has_ended]
            log.warning("lanes_left_behind", devices=stuck)  # the next start settles their tasks
