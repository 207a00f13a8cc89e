"""The devices as people see them: their state, what they say of themselves, and what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from fleetlane.core.device import Device, DeviceState
from fleetlane.core.errors import ConflictError, DeviceError, InvalidParametersError, NotFoundError
from fleetlane.core.lanes import Head
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Devices
from fleetlane.core.ports.records import DeviceRecord
from fleetlane.core.ports.store import Repositories, Store

log = structlog.get_logger(__name__)

_STALE_AFTER_MS = 60_000
_Read = tuple[list[DeviceRecord], dict[str, int], dict[str, int], dict[str, Head]]
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A device. `facts` is what it last said of itself, empty when it never did; `head` the next of its tasks."""

    device: Device
    last_seen_ms: int | None
    facts: Mapping[str, Any]
    current_task: int | None
    pending_tasks: int
    head: Head | None = None


class DeviceDesk:
    """Answers questions about devices, and asks the devices when what is known grows old.

    Args:
        devices: the devices.
        store: remembers them.
        clock: the time.
        packages: the apps whose versions matter.
    """

    def __init__(self, devices: Devices, store: Store, clock: Clock, packages: Collection[str]) -> None:
        self._devices = devices
        self._store = store
        self._clock = clock
        self._packages = tuple(packages)
        self._asked_ms: dict[str, int] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def all(self) -> Sequence[ShownDevice]:
        """Return every device ever seen, by serial; ready ones not asked for a minute are asked meanwhile."""
        now_ms = self._clock.now_ms()
        for device in self._devices.all():
            if device.is_ready and now_ms - self._asked_ms.get(device.serial, 0) > _STALE_AFTER_MS:
                self.ask(device.serial)

        def read(repositories: Repositories) -> _Read:
            running = {task.serial: task.id for task in repositories.tasks.running() if task.serial}
            records = repositories.devices.all()
            serials = {record.serial for record in records} | {device.serial for device in self._devices.all()}
            waiting = repositories.tasks.waiting()
            return records, running, waiting, repositories.tasks.heads(serials & waiting.keys())

        records, running, waiting, heads = await self._store.read(read)
        known = {record.serial: record for record in records}
        devices = {device.serial: device for device in self._devices.all()}
        return [
            ShownDevice(
                device=devices.get(serial) or Device(serial, DeviceState.ABSENT, known[serial].last_seen_ms),
                last_seen_ms=known[serial].last_seen_ms if serial in known else None,
                facts=known[serial].facts if serial in known else {},
                current_task=running.get(serial),
                pending_tasks=waiting.get(serial, 0),
                head=heads.get(serial),
            )
            for serial in sorted(known.keys() | devices.keys())
        ]

    async def get(self, serial: str) -> ShownDevice:
        """Return a device.

        Raises:
            NotFoundError: it was never seen.
        """
        for shown in await self.all():
            if shown.device.serial == serial:
                return shown
        raise NotFoundError("device", serial)

    def ask(self, serial: str) -> asyncio.Task[None]:
        """Ask a device what it is, and remember it. Asked once at a time."""
        asking = self._asking.get(serial)
        if asking is None:
            self._asked_ms[serial] = self._clock.now_ms()
            asking = self._asking[serial] = asyncio.create_task(self._ask(serial), name=f"ask {serial}")
            asking.add_done_callback(lambda _task: self._asking.pop(serial, None))
        return asking

    async def _ask(self, serial: str) -> None:
        facts: dict[str, Any] | None = None
        async with self._slots:
            try:
                facts = asdict(await asyncio.to_thread(self._devices.report, serial, self._packages))
            except DeviceError as error:
                log.info("device_not_asked", device=serial, error=str(error))
        now_ms = self._clock.now_ms()
        await self._store.write(lambda repositories: repositories.devices.seen(serial, now_ms, facts))

    async def connect(self, address: str) -> ShownDevice:
        """Connect a phone by TCP.

        Raises:
            InvalidParametersError: no address.
            ConflictError: nothing answers there, or it is no phone.
        """
        _check_address(address)
        try:
            serial = await asyncio.to_thread(self._devices.connect, address)
        except DeviceError as error:
            raise ConflictError(f"{address} could not be connected: {error}") from error
        await self.ask(serial)
        return await self.get(serial)

    async def disconnect(self, address: str) -> None:
        """Let go of a TCP phone.

        Raises:
            InvalidParametersError: no address.
            NotFoundError: it is not connected.
        """
        _check_address(address)
        if not await asyncio.to_thread(self._devices.disconnect, address):
            raise NotFoundError("device", address)

    async def close(self) -> None:
        """Ask no more."""
        for asking in list(self._asking.values()):
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)


def _check_address(address: str) -> None:
    host, colon, port = address.rpartition(":")
    sound = host.replace(".", "").replace("-", "").isalnum() and host.isascii() and not host.startswith("-")
    if not (colon and sound and port.isascii() and port.isdigit() and 0 < int(port) < 65536) or len(address) > 255:
        raise InvalidParametersError.one("address", 'must be "host:port", such as "192.168.1.20:5555"')
