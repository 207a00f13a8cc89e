"""Fakes of the ports, with a life of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fleetlane.core.device import Device, DeviceState
from fleetlane.core.task import Task


class FakeDevices:
    """Devices that tests switch on and off."""

    def __init__(self, *serials: str) -> None:
        self.table = {serial: Device(serial, DeviceState.ONLINE, 0) for serial in serials}
        self.problem = None
        self._changes = 0

    def all(self):
        return sorted(self.table.values(), key=lambda device: device.serial)

    def get(self, serial):
        return self.table.get(serial)

    def set(self, serial: str, state: DeviceState) -> None:
        self._changes += 1
        self.table[serial] = Device(serial, state, self._changes)


class FakeExecutor:
    """Takes attempts and keeps them until a test ends them; `on_stop` is how they obey a stop."""

    def __init__(self) -> None:
        self.running: dict[int, Task] = {}
        self.started: list[Task] = []
        self.on_stop: Callable[[Task], Awaitable[None]] | None = None
        self._obeying: set[asyncio.Task[None]] = set()

    def start(self, task: Task) -> None:
        assert task.id not in self.running
        assert task.serial not in {t.serial for t in self.running.values()}, "two attempts on one device"
        self.running[task.id] = task
        self.started.append(task)

    def stop(self, task: Task) -> None:
        running = self.running.get(task.id)
        if self.on_stop is None or running is None or running.attempt != task.attempt:
            return
        obeying = asyncio.ensure_future(self.on_stop(task))
        self._obeying.add(obeying)
        obeying.add_done_callback(self._obeying.discard)

    async def obeyed(self) -> None:
        """Wait until the attempts that were told to stop have done what they do then."""
        await asyncio.gather(*self._obeying)

    def end(self, task_id: int) -> Task:
        return self.running.pop(task_id)
