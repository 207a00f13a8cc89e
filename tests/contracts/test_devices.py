"""What `core.ports.phone.Devices` says, held by the directory over adb and over a fake, and by the fake of tests."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest

from contracts.stores import STORES
from fleetlane.adapters.clock import SystemClock
from fleetlane.core.device import DeviceState
from fleetlane.core.errors import DeviceGoneError
from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.running.lanes import Lanes
from support.fakes import FakeDevices, FakeTransports
from support.rig import Rig

_WITHIN_S = 20.0


class Directory:
    """The directory of a server over transports whose phones can be let go and connected."""

    def __init__(self, transports, store):
        self.transports = transports
        self.devices = PhoneDirectory(transports, store, SystemClock(), Lanes())
        self.serials = sorted(t.serial for t in transports.all())

    async def until(self, condition):
        async with asyncio.timeout(_WITHIN_S):
            while not condition():
                self.devices.update()
                await asyncio.sleep(0.005)

    async def take_away(self, serial):
        self.transports.disconnect(serial)
        await self.until(lambda: self.devices.get(serial).state is DeviceState.ABSENT)  # adb may call it offline first

    async def bring_back(self, serial):
        self.transports.connect(serial)
        await self.until(lambda: self.devices.get(serial).is_ready)


class Fake:
    """The fake of the tests of the scheduler."""

    def __init__(self):
        self.devices = FakeDevices("b", "a")
        self.serials = ["a", "b"]

    async def take_away(self, serial):
        self.devices.set(serial, DeviceState.ABSENT)

    async def bring_back(self, serial):
        self.devices.set(serial, DeviceState.ONLINE)


@contextmanager
def over_adb(folder):
    with Rig(FleetSettings(phones=2, first_port=22690)) as rig, STORES["sqlite"](folder) as opens, opens() as store:
        yield lambda: Directory(rig.devices, store)


@contextmanager
def over_a_fake(folder):
    transports = FakeTransports()
    for serial in ("127.0.0.1:5556", "127.0.0.1:5555"):
        transports.plug(serial)
    with STORES["sqlite"](folder) as opens, opens() as store:
        yield lambda: Directory(transports, store)


@contextmanager
def fake(_folder):
    yield Fake


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(over_adb, marks=pytest.mark.phone, id="adb"),
        pytest.param(over_a_fake, id="directory"),
        pytest.param(fake, id="fake"),
    ],
)
def of_module(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("devices")) as make:
        yield make


@pytest.fixture
def make(of_module):
    """Makes a bench with two phones that are known and ready."""

    @asynccontextmanager
    async def made():
        bench = of_module()
        if isinstance(bench, Fake):
            yield bench
            return
        await bench.devices.load()
        running = asyncio.create_task(bench.devices.run())
        for serial in bench.serials:
            bench.transports.connect(serial)
        await bench.until(lambda: sum(device.is_ready for device in bench.devices.all()) == 2)
        try:
            yield bench
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    return made


def test_every_device_is_listed_by_serial_and_got_by_it(make):
    async def scenario():
        async with make() as bench:
            devices = bench.devices.all()
            assert [device.serial for device in devices] == bench.serials
            assert all(device.is_ready for device in devices)
            assert [bench.devices.get(serial) for serial in bench.serials] == list(devices)
            assert bench.devices.get("never seen") is None

    asyncio.run(scenario())


def test_a_device_that_went_stays_listed_and_is_the_same_when_it_is_back(make):
    async def scenario():
        async with make() as bench:
            serial, other = bench.serials
            before, untouched = bench.devices.get(serial), bench.devices.get(other)
            await bench.take_away(serial)
            away = bench.devices.get(serial)
            assert (away.state, away.is_ready) == (DeviceState.ABSENT, False)
            assert away.since_ms >= before.since_ms
            assert [device.serial for device in bench.devices.all()] == bench.serials
            assert away in bench.devices.all()
            await bench.bring_back(serial)
            assert bench.devices.get(serial).since_ms >= away.since_ms
            assert [device.serial for device in bench.devices.all()] == bench.serials
            assert bench.devices.get(other) == untouched

    asyncio.run(scenario())


def test_each_driver_is_a_new_one_and_drives_its_device(make):
    async def scenario():
        async with make() as bench:
            drivers = [bench.devices.driver(serial) for serial in (*bench.serials, bench.serials[0])]
            assert len({id(driver) for driver in drivers}) == 3
            for driver, serial in zip(drivers, (*bench.serials, bench.serials[0]), strict=True):
                assert driver.serial == serial
                assert await asyncio.to_thread(driver.shell, "echo", "hello") == "hello\n"
            drivers[0].close()
            assert await asyncio.to_thread(drivers[2].shell, "echo", "hello") == "hello\n"
            for driver in drivers[1:]:
                driver.close()

    asyncio.run(scenario())


def test_a_driver_finds_its_device_again_when_it_is_back(make):
    async def scenario():
        async with make() as bench:
            serial = bench.serials[0]
            driver = bench.devices.driver(serial)
            assert await asyncio.to_thread(driver.shell, "echo", "hello") == "hello\n"
            await bench.take_away(serial)
            with pytest.raises(DeviceGoneError):
                await asyncio.to_thread(driver.shell, "echo", "hello")
            await bench.bring_back(serial)
            assert await asyncio.to_thread(driver.shell, "echo", "hello") == "hello\n"
            driver.close()

    asyncio.run(scenario())


def test_a_device_that_was_never_seen_has_a_driver_that_says_so(make):
    async def scenario():
        async with make() as bench:
            driver = bench.devices.driver("never seen")
            with pytest.raises(DeviceGoneError):
                await asyncio.to_thread(driver.shell, "echo", "hello")
            driver.close()

    asyncio.run(scenario())


def test_a_report_is_of_a_device_that_is_there(make):
    async def scenario():
        async with make() as bench:
            serial = bench.serials[0]
            report = await asyncio.to_thread(bench.devices.report, serial, ["com.zhiliaoapp.musically"])
            assert report.model
            assert set(report.apps) <= {"com.zhiliaoapp.musically"}
            await bench.take_away(serial)
            for lane in (serial, "never seen"):
                with pytest.raises(DeviceGoneError):
                    await asyncio.to_thread(bench.devices.report, lane, [])
            await bench.bring_back(serial)

    asyncio.run(scenario())
