"""Fakes of the ports, with a life of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fleetlane.core.device import Device, DeviceState, Transport
from fleetlane.core.errors import DeviceGoneError
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


class FakeTransports:
    """What adb would list; tests plug phones in and pull them out."""

    problem = None

    def __init__(self) -> None:
        self.table: list[Transport] = []
        self.kept: list[str] = []
        self._connections = 0

    def plug(self, serial: str, state=DeviceState.ONLINE, *, usb: bool = False, numbered: bool = True) -> Transport:
        self._connections += 1
        number = self._connections
        transport = Transport(serial, state, 0, number if numbered else None, state.value, usb, number)
        self.table.append(transport)
        return transport

    def unplug(self, transport: Transport) -> None:
        self.table.remove(transport)
        if all(other.serial != transport.serial for other in self.table):
            self._connections += 1
            self.table.append(Transport(transport.serial, DeviceState.ABSENT, 0, connection=self._connections))

    def all(self):
        present = {t.serial for t in self.table if t.state is not DeviceState.ABSENT}
        return tuple(t for t in self.table if t.state is not DeviceState.ABSENT or t.serial not in present)

    def is_current(self, transport: Transport) -> bool:
        return transport in self.table and transport.is_ready

    def keep(self, addresses) -> None:
        self.kept = sorted(addresses)

    def connect(self, address: str) -> str:
        if all(t.serial != address or not t.is_ready for t in self.table):
            raise DeviceGoneError("Nothing answers there.")
        return address

    def disconnect(self, address: str) -> bool:
        there = [t for t in self.table if t.serial == address and t.is_ready]
        for transport in there:
            self.unplug(transport)
        return bool(there)


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
