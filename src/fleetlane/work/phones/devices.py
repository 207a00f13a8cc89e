"""The devices as people see them: their state, what they say of themselves, and what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from fleetlane.core.address import canonical_address
from fleetlane.core.device import Device, DeviceState
from fleetlane.core.errors import (
    ConflictError,
    DeviceError,
    DeviceGoneError,
    InvalidParametersError,
    NotFoundError,
    TaskStoppedError,
)
from fleetlane.core.lanes import Head
from fleetlane.core.names import NAME_RULE, is_name
from fleetlane.core.phones import Phone, Question
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import DeviceControl
from fleetlane.core.ports.records import DeviceRecord, SerialRecord
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.ports.tasks import TaskFilter, TaskOrder
from fleetlane.core.task import Status
from fleetlane.work.phones.acts import Report
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.preflight.app_versions import Met, met_here, unmet_apps

log = structlog.get_logger(__name__)

_STALE_AFTER_MS = 60_000
_AT_ONCE = 4
_FRESH_S = 600.0
_MOST_TAGS = 50
_CHECK_IT = (
    "Check that its address and port are right, that it is in the same network, that debugging by network is on, and "
    "that no other program uses it. The log says more."
)


@dataclass(frozen=True, slots=True)
class _Read:
    """What the store knows of devices, by their lanes."""

    records: Mapping[str, DeviceRecord]
    serials: Mapping[str, list[str]]
    running: Mapping[str, int]
    waiting: Mapping[str, int]
    heads: Mapping[str, Head]
    met: Met


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A device.

    `facts` is what it last said of itself, empty when it never did; `head` the next of its tasks; `phone` None until it
    is on record; `question` what a person must say, when another phone answers in its place; `unmet`
    the packages of apps that it has in a version no pack is made from, and that has not published here; `host` the name
    of the host that it is at, None when it is at none, and where the store is not shared.
    """

    device: Device
    last_seen_ms: int | None
    facts: Mapping[str, Any]
    current_task: int | None
    pending_tasks: int
    head: Head | None = None
    phone: Phone | None = None
    serials: Sequence[str] = ()
    question: Question | None = None
    unmet: frozenset[str] = frozenset()
    host: str | None = None

    @property
    def name(self) -> str:
        """Return what people call it: its name, else its serial."""
        return (self.phone and self.phone.name) or self.device.serial


class DeviceService:
    """Answers questions about devices, and asks the devices when what is known grows old.

    Args:
        devices: the devices.
        control: the way to them.
        store: remembers them.
        clock: the time.
        packages: returns the apps whose versions matter; asked each time.
        this_host: the name of this host; None where the store is not shared.
    """

    def __init__(
        self,
        devices: PhoneDirectory,
        control: DeviceControl,
        store: Store,
        clock: Clock,
        packages: Callable[[], Collection[str]],
        *,
        this_host: str | None = None,
    ) -> None:
        self._devices = devices
        self._control = control
        self._store = store
        self._clock = clock
        self._packages = packages
        self._this_host = this_host
        self._asked_ms: dict[str, int] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def all(self) -> Sequence[ShownDevice]:
        """Return every device ever seen, by serial; ready ones not asked for a minute are asked meanwhile."""
        for device in self._devices.all():
            self._ask_if_stale(device)
        found = await self._store.read(self._read_all)
        present = {device.serial for device in self._devices.all()}
        return [self._shown(serial, found) for serial in sorted(found.records.keys() | present)]

    async def keep_fresh(self) -> None:
        """Ask the ready devices of this host every ten minutes what they are, until cancelled: apps update themselves.

        Those of other hosts are asked there.
        """
        while True:
            for device in self._devices.all():
                if self._devices.host_of(device.serial) is None:
                    self._ask_if_stale(device)
            await asyncio.sleep(_FRESH_S)

    def _read_all(self, repositories: Repositories) -> _Read:
        records = repositories.devices.all()
        lanes = {record.serial for record in records} | {device.serial for device in self._devices.all()}
        waiting = repositories.tasks.waiting()
        return _Read(
            records={record.serial: record for record in records},
            serials=_by_device(repositories.devices.serials()),
            running={task.serial: task.id for task in repositories.tasks.running() if task.serial},
            waiting=waiting,
            heads=repositories.tasks.heads(lanes & waiting.keys()),
            met=met_here(repositories),
        )

    def _shown(self, serial: str, found: _Read) -> ShownDevice:
        """Return a device that is on record, is there now, or both."""
        record = found.records.get(serial)
        device = self._devices.get(serial)
        if device is None:
            device = Device(serial, DeviceState.ABSENT, record.last_seen_ms if record else 0)
        return ShownDevice(
            device=device,
            last_seen_ms=record.last_seen_ms if record else None,
            facts=record.facts if record else {},
            current_task=found.running.get(serial),
            pending_tasks=found.waiting.get(serial, 0),
            head=found.heads.get(serial),
            phone=record.phone if record else None,
            serials=found.serials.get(serial, [serial]),
            question=self._devices.question(serial),
            unmet=unmet_apps(record.facts, found.met) if record else frozenset(),
            host=self._host_of(device),
        )

    def _host_of(self, device: Device) -> str | None:
        if elsewhere := self._devices.host_of(device.serial):
            return elsewhere
        return None if device.state is DeviceState.ABSENT else self._this_host

    def lane(self, text: str) -> str:
        """Return the lane that a serial, an alias or a name means; the text itself when it is none on record."""
        return self._devices.lane(text)

    async def get(self, serial: str) -> ShownDevice:
        """Return a device by its serial, an alias or its name; it is asked meanwhile as by `all`.

        Raises:
            NotFoundError: it was never seen.
        """
        lane = self._devices.lane(serial)
        device = self._devices.get(lane)
        if device is not None:
            self._ask_if_stale(device)
        found = await self._store.read(lambda repositories: _read_one(repositories, lane))
        if lane not in found.records and self._devices.get(lane) is None:
            raise NotFoundError("device", serial)
        return self._shown(lane, found)

    async def describe(self, serial: str, name: str | None, tags: Sequence[str] | None) -> ShownDevice:
        """Give a device a name and tags; None leaves what is there.

        Raises:
            InvalidParametersError: the name or a tag is none.
            NotFoundError: the device is not on record.
            ConflictError: another device is meant by that name.
        """
        if name is not None and name.strip() and not is_name(name):
            raise InvalidParametersError.one("name", NAME_RULE)
        bare = None if tags is None else list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
        for number, tag in enumerate(bare or ()):
            if not is_name(tag):
                raise InvalidParametersError.one(f"tags.{number}", NAME_RULE)
        if len(bare or ()) > _MOST_TAGS:
            raise InvalidParametersError.one("tags", f"at most {_MOST_TAGS} tags")
        lane = self._devices.lane(serial)
        await self._devices.describe(lane, name, bare)
        return await self.get(lane)

    async def adopt(self, serial: str, *, keep_present: bool) -> ShownDevice:
        """Say which phone is meant where another one answers (see `PhoneDirectory.adopt`)."""
        lane = self._devices.lane(serial)
        await self._devices.adopt(lane, keep_present=keep_present)
        return await self.get(lane)

    def _ask_if_stale(self, device: Device) -> None:
        since_ms = self._clock.now_ms() - self._asked_ms.get(device.serial, 0)
        if device.is_ready and since_ms > _STALE_AFTER_MS:
            self.ask(device.serial)

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
                facts = asdict(await self._control.do(serial, Report(tuple(self._packages())), preemptible=True))
            except (DeviceError, TaskStoppedError) as error:
                log.info("device_not_asked", device=serial, error=str(error))
        now_ms = self._clock.now_ms()
        await self._store.write(lambda repositories: repositories.devices.seen(serial, now_ms, facts))

    async def connect(self, address: str) -> ShownDevice:
        """Connect a phone by TCP.

        Raises:
            InvalidParametersError: no address.
            ConflictError: nothing answers there, or it is no phone.
        """
        canonical = _canonical(address)
        try:
            lane = await self._devices.connect(canonical)
        except DeviceGoneError as error:
            # What it was told is not for the caller: he would learn what is behind this server, port by port.
            log.warning("connect_failed", address=canonical, error=str(error))
            raise ConflictError(f"No phone could be connected at {address}. {_CHECK_IT}") from error
        except DeviceError as error:
            raise ConflictError(f"{address} could not be connected: {error}") from error
        device = self._devices.get(lane)
        if device is not None and device.is_ready:
            await self.ask(lane)
        return await self.get(lane)

    async def disconnect(self, address: str) -> None:
        """Let go of a TCP phone.

        Raises:
            InvalidParametersError: no address.
            NotFoundError: it is not connected.
        """
        if not await self._devices.disconnect(_canonical(address)):
            raise NotFoundError("device", address)

    async def close(self) -> None:
        """Ask no more."""
        for asking in list(self._asking.values()):
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)


def _read_one(repositories: Repositories, lane: str) -> _Read:
    """Return what the store knows of one device."""
    record = repositories.devices.get(lane)
    running = repositories.tasks.find(TaskFilter(Status.RUNNING, serial=lane), 0, 1, TaskOrder.OLDEST)
    return _Read(
        records={lane: record} if record else {},
        serials=_by_device(repositories.devices.serials(lane)),
        running={lane: running[0].id} if running else {},
        waiting={lane: repositories.tasks.count(TaskFilter(Status.PENDING, serial=lane))},
        heads=repositories.tasks.heads({lane}),
        met=met_here(repositories),
    )


def _by_device(records: Iterable[SerialRecord]) -> dict[str, list[str]]:
    serials: dict[str, list[str]] = {}
    for one in records:
        serials.setdefault(one.device, []).append(one.serial)
    return serials


def _canonical(address: str) -> str:
    canonical = canonical_address(address)
    if canonical is None:
        raise InvalidParametersError.one("address", 'must be "host:port", such as "192.168.1.20:5555"')
    return canonical
