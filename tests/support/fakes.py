"""Fakes of the ports, with a life of their own."""

from __future__ import annotations

from fleetlane.core.device import Device, DeviceState
from fleetlane.core.task import Task


class FakeDevices:
    """Devices that tests switch on and off."""

    def __init__(self, *serials: str) -> None:
        self.table = {serial: Device(serial, DeviceState.ONLINE, 0) for serial in serials}
        self.problem = None

    def all(self):
        return sorted(self.table.values(), key=lambda device: device.serial)

    def get(self, serial):
        return self.table.get(serial)

    def set(self, serial: str, state: DeviceState) -> None:
        self.table[serial] = Device(serial, state, 0)


class FakeExecutor:
    """Takes attempts and keeps them until a test ends them."""

    def __init__(self) -> None:
        self.running: dict[int, Task] = {}
        self.started: list[Task] = []
        self.stopped: list[int] = []

    def start(self, task: Task) -> None:
        assert task.id not in self.running
        assert task.serial not in {t.serial for t in self.running.values()}, "two attempts on one device"
        self.running[task.id] = task
        self.started.append(task)

    def stop(self, task_id: int) -> bool:
        self.stopped.append(task_id)
        return task_id in self.running

    def end(self, task_id: int) -> Task:
        return self.running.pop(task_id)
