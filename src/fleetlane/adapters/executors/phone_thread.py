"""The thread of one phone, and what it is given to do, one thing after another.

A thread keeps its phone's driver, since uiautomator2 is not thread-safe. No thread can be killed: what is to
end early loses its sockets. Whoever gives work here is on another thread, so the switches lie behind one lock.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from fleetlane.core.errors import TaskStoppedError
from fleetlane.core.ports.phone import Devices, Driver
from fleetlane.core.storable import said_by

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """Something to do on a phone.

    `do` is called with the driver, on the phone's thread, or `refuse` with the reason why it is not done.
    Neither should raise; when one does, `broke` is called with what it raised, and the thread goes on.
    `preemptible` as for `core.ports.execution.DeviceCalls`.
    """

    do: Callable[[Driver], None]
    refuse: Callable[[TaskStoppedError], None]
    broke: Callable[[BaseException], None]
    preemptible: bool = False


class PhoneThread:
    """The thread of one phone."""

    def __init__(self, serial: str, devices: Devices) -> None:
        self._driver = devices.driver(serial)
        self._queue: queue.SimpleQueue[PhoneCall | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._firm = 0
        """How many works are queued that do not give way."""
        self._present: PhoneCall | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"lane {serial}", daemon=True)
        self._thread.start()

    def give(self, work: PhoneCall) -> None:
        """Queue some work. What gives way is cut off for what does not."""
        with self._lock:
            self._queue.put(work)
            if work.preemptible:
                return
            self._firm += 1
            if self._present is not None and self._present.preemptible:
                self._driver.abort()

    def abort(self) -> None:
        """End the call in progress, and refuse more until the next work begins."""
        self._driver.abort()

    def close(self) -> None:
        """Cut off what is done, refuse what waits, and let the thread end."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
            if self._present is not None:
                self._driver.abort()

    def join(self, until_s: float) -> bool:
        """Wait for the thread's end until a monotonic time. False when it goes on."""
        self._thread.join(max(0.0, until_s - time.monotonic()))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                self._do(work)
            except BaseException as error:  # noqa: BLE001 - the thread's edge: the next work is done, whatever this did
                self._tell(work, error)
            with self._lock:
                self._present = None
        self._driver.close()

    def _do(self, work: PhoneCall) -> None:
        refusal = self._begin(work)
        if refusal is None:
            work.do(self._driver)
        else:
            work.refuse(refusal)

    def _tell(self, work: PhoneCall, error: BaseException) -> None:
        try:
            log.error("lane_work_broke", lane=self._thread.name, exc_info=error)
            work.broke(error)
        except BaseException as other:  # noqa: BLE001 - the last edge: nobody is left to be told
            log.critical("lane_could_not_tell", lane=self._thread.name, error=said_by(other))

    def _begin(self, work: PhoneCall) -> TaskStoppedError | None:
        with self._lock:
            self._firm -= not work.preemptible
            if self._closed:
                return TaskStoppedError("stopped")
            if work.preemptible and self._firm:
                return TaskStoppedError("something else comes first on this phone")
            self._present = work
            self._driver.reset()
            return None
