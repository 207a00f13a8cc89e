"""Fakes of the ports, with a life of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from fleetlane.core.device import Device, DeviceState, Transport
from fleetlane.core.errors import DeviceGoneError, TaskStoppedError
from fleetlane.core.outcome import Outcome
from fleetlane.core.phones import Identity
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.ports.phone import PhoneReport, Where
from fleetlane.core.task import Task


class FakeDriver:
    """A driver that can only echo. `check` is called before each call, and raises when the phone is away."""

    def __init__(self, serial: str, check: Callable[[], object]) -> None:
        self.serial = serial
        self._check = check

    def shell(self, *args: str) -> str:
        self._check()
        assert args[0] == "echo"
        return " ".join(args[1:]) + "\n"

    def close(self) -> None: ...


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

    def driver(self, serial: str) -> FakeDriver:
        return FakeDriver(serial, lambda: self._must_be_ready(serial))

    def report(self, serial: str, packages: Collection[str]) -> PhoneReport:
        del packages
        self._must_be_ready(serial)
        return PhoneReport("Pixel", "google", "13", (1080, 2400), 50, 1, {})

    def _must_be_ready(self, serial: str) -> None:
        device = self.get(serial)
        if device is None or not device.is_ready:
            raise DeviceGoneError(f"{serial} is not there.", serial=serial)

    def set(self, serial: str, state: DeviceState) -> None:
        self._changes += 1
        self.table[serial] = Device(serial, state, self._changes)


class FakeTransports:
    """What adb would list; tests plug phones in and pull them out."""

    problem = None

    def __init__(self) -> None:
        self.table: list[Transport] = []
        self.kept: list[str] = []
        self.says: dict[int, Identity] = {}
        """What the phone of a connection says it is; else it says its serial."""
        self._connections = 0
        self._reachable: dict[str, bool] = {}
        """Serials at which a phone answers, and whether it is a cable."""

    def plug(self, serial: str, state=DeviceState.ONLINE, *, usb: bool = False, numbered: bool = True) -> Transport:
        self._connections += 1
        number = self._connections
        transport = Transport(serial, state, 0, number if numbered else None, state.value, usb, number)
        self.table.append(transport)
        self._reachable[serial] = usb
        return transport

    def unplug(self, transport: Transport) -> None:
        self._drop(transport)
        self._reachable.pop(transport.serial, None)

    def _drop(self, transport: Transport) -> None:
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

    def ask(self, transport: Transport) -> Identity:
        if not self.is_current(transport):
            raise DeviceGoneError(f"{transport.serial} is not there.", serial=transport.serial)
        return self.says.get(transport.connection, Identity(transport.serial, "pixel", "1"))

    def driver_at(self, serial: str, where: Where) -> FakeDriver:
        return FakeDriver(serial, lambda: where(lambda: None))

    def report_at(self, serial: str, where: Where, packages: Collection[str]) -> PhoneReport:
        del serial, packages
        where(lambda: None)
        return PhoneReport("Pixel", "google", "13", (1080, 2400), 50, 1, {})

    def connect(self, address: str) -> str:
        if address not in self._reachable:
            raise DeviceGoneError("Nothing answers there.", serial=address)
        if not any(t.serial == address and t.is_ready for t in self.table):
            self.plug(address, usb=self._reachable[address])
        return address

    def disconnect(self, address: str) -> bool:
        there = [t for t in self.table if t.serial == address and t.is_ready]
        for transport in there:
            self._drop(transport)
        return bool(there)


class FakeExecutor:
    """Takes attempts and keeps them until a test ends them; `on_stop` is how they obey a stop, None for not at all.

    `ended` is awaited with the end of what a test lets `finish`.
    """

    def __init__(self, ended: Callable[[Ended], Awaitable[None]] | None = None) -> None:
        self.ended = ended
        self.running: dict[int, Task] = {}
        self.started: list[Task] = []
        self.on_stop: Callable[[Task], Awaitable[None]] | None = None
        self._asked: set[tuple[int, int]] = set()
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
        if (task.id, task.attempt) in self._asked:
            return
        self._asked.add((task.id, task.attempt))
        obeying = asyncio.ensure_future(self.on_stop(task))
        self._obeying.add(obeying)
        obeying.add_done_callback(self._obeying.discard)

    async def obeyed(self) -> None:
        """Wait until the attempts that were told to stop have done what they do then."""
        await asyncio.gather(*self._obeying)

    def end(self, task_id: int) -> Task:
        """Let an attempt be over, and tell nobody."""
        return self.running.pop(task_id)

    async def finish(
        self, task_id: int, outcome: Outcome, *, stopping: bool = False, lost: bool = False, broke: bool = False
    ) -> None:
        """Let an attempt end with an outcome, and tell of it."""
        assert self.ended is not None
        ending = Ending.of(outcome, stopping=stopping, lost=lost, broke=broke)
        await self.ended(Ended(self.end(task_id), outcome, ending))


class FakeDeviceCalls:
    """Does what it is given with the drivers of a test, on each phone one thing after another, at once or when told.

    `errors` are what phones do instead of what they are asked; `asked` says of each call where, and if it gives way.
    """

    def __init__(self, driver_of: Callable[[str], Any]) -> None:
        self.errors: dict[str, Exception] = {}
        self.asked: list[tuple[str, bool]] = []
        self._driver_of = driver_of
        self._held: set[str] = set()
        self._waiting: list[tuple[str, bool, asyncio.Future[None]]] = []
        self._closed = False

    def hold(self, serial: str) -> None:
        """Begin nothing on a phone."""
        self._held.add(serial)

    def let_go(self, serial: str) -> None:
        """Begin what waits for a phone."""
        self._held.discard(serial)
        self._begin()

    def close(self) -> None:
        """Refuse what waits, and what comes."""
        self._closed = True
        for _, _, turn in self._waiting:
            if not turn.done():
                turn.set_exception(TaskStoppedError("the server stops"))

    async def call(self, serial: str, what: Callable[[Any], Any], *, preemptible: bool) -> Any:
        if self._closed:
            raise TaskStoppedError("the server stops")
        self.asked.append((serial, preemptible))
        if not preemptible:
            self._cut_off(serial)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = (serial, preemptible, turn)
        self._waiting.append(waiting)
        self._begin()
        try:
            await turn
        finally:
            self._waiting.remove(waiting)
        if serial in self.errors:
            raise self.errors[serial]
        return what(self._driver_of(serial))

    def _cut_off(self, serial: str) -> None:
        for other, gives_way, turn in self._waiting:
            if other == serial and gives_way and not turn.done():
                turn.set_exception(TaskStoppedError("something else comes first on this phone"))

    def _begin(self) -> None:
        for serial, _, turn in self._waiting:  # futures wake those who wait in this order
            if serial not in self._held and not turn.done():
                turn.set_result(None)
