"""Which phones a server asks by itself what they are: those of its own host, for the others are asked there."""

from __future__ import annotations

import asyncio

from fleetlane.core.device import Device, DeviceState
from fleetlane.core.errors import DeviceError
from fleetlane.work.phones.devices import DeviceService
from support.clock import ManualClock
from support.scheduler_harness import World


class Directory:
    """Two phones that are ready, one here and one at another host; and one here that is not."""

    def all(self):
        ready = [Device(serial, DeviceState.ONLINE, 0) for serial in ("here", "there")]
        return [*ready, Device("off", DeviceState.OFFLINE, 0)]

    def host_of(self, serial):
        return "rack2" if serial == "there" else None


class Control:
    def __init__(self):
        self.asked = []

    async def do(self, serial, act, *, preemptible):
        self.asked.append((serial, act.packages, preemptible))
        raise DeviceError("it does not say")


def test_only_phones_of_this_host_are_asked_by_themselves(tmp_path):
    async def scenario(store):
        control = Control()
        service = DeviceService(Directory(), control, store, ManualClock(1000.0), lambda: ("com.app",))
        asking = asyncio.create_task(service.keep_fresh())
        while not control.asked or service._asking:
            await asyncio.sleep(0)
        asking.cancel()
        assert control.asked == [("here", ("com.app",), True)]

    with World(tmp_path / "s.db") as world:
        asyncio.run(asyncio.wait_for(scenario(world.store), 10))
