"""A phone that has moved to another host, while others answer at the host where it was."""

from __future__ import annotations

import asyncio

import pytest

from contracts.stores import new
from fleetlane.adapters.db.sqlite.store import SqliteStore
from fleetlane.core.device import DeviceState
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.phones import Identity
from fleetlane.core.task import NeedsPerson
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.running.lanes import Lanes
from support.clock import ManualClock
from support.fakes import FakeTransports
from support.stores import new_store

ADDRESS = "10.0.0.1:5555"


class Host:
    """The phones of a host; `says` is who answers at a serial."""

    def __init__(self, store, name):
        self.says, self.transports = {}, FakeTransports()
        self.clock = ManualClock()
        self.host = NewHost(name, f"id of {name}", HostKind.HOST, "1")
        self.phones = PhoneDirectory(self.transports, store, self.clock, Lanes(), host_id=self.host.id)
        self.phones.ask_phone = self.ask

    async def ask(self, transport):
        return Identity(self.says[transport.serial], "pixel", f"id of {self.says[transport.serial]}")

    async def plug(self, phone, serial, *, usb=False):
        """Reach a phone by a serial, and wait until it has said who it is."""
        self.says[serial] = phone
        transport = self.transports.plug(serial, usb=usb)
        self.phones.update()
        async with asyncio.timeout(10):
            while transport.connection not in self.phones._book._asked:
                await asyncio.sleep(0)
        await self.look()
        return transport

    async def unplug(self, transport):
        self.transports.unplug(transport)
        self.phones.update()
        await self.look()

    async def look(self):
        self.clock.advance(10)
        await self.phones.settle()

    def state(self, lane):
        return self.phones.get(lane).state


class Meanwhile:
    """A store before whose next unit of work something else happens."""

    def __init__(self, store, write):
        self.read, self.write = store.read, write


@pytest.fixture
def hosts(tmp_path):
    store = SqliteStore(new_store(tmp_path / "s.db"))
    store.start()
    hosts = [Host(store, name) for name in ("rack1", "rack2", "desk")]
    for host in hosts:
        store.submit(
            lambda r, host=host: (r.hosts.begin(host.host, 1), r.leases.begin(host.host.name, host.host.id, 1))
        )
    yield hosts
    store.close()


@pytest.mark.parametrize("others", [1, 2])
def test_a_phone_is_where_it_answers_not_where_others_answer_in_its_place(hosts, others):
    rack1, rack2, desk = hosts

    async def scenario():
        for host in hosts:
            await host.phones.load()
        for number in range(others):
            transport = await rack2.plug("p", f"10.0.0.{number}:5555")
            await rack2.unplug(transport)
        await rack1.plug("p", "p", usb=True)
        lane = rack1.phones._book.lane_at("p")
        for number in range(others):
            await rack2.plug(f"q{number}", f"10.0.0.{number}:5555")
        for host in hosts:
            await host.look()
        assert [host.state(lane) for host in hosts] == [DeviceState.ONLINE] * 3
        assert [lane in host.phones.here() for host in hosts] == [True, False, False]
        assert (rack2.phones.host_of(lane), desk.phones.host_of(lane)) == ("rack1", "rack1")

    asyncio.run(scenario())


def test_others_in_the_place_of_a_phone_are_told_of_when_nobody_has_it(hosts):
    _, rack2, desk = hosts

    async def scenario():
        for host in hosts:
            await host.phones.load()
        await rack2.unplug(await rack2.plug("p", ADDRESS))
        await rack2.plug("q", ADDRESS)
        lane = rack2.phones.lane(ADDRESS)
        for host in hosts:
            await host.look()
        assert [host.state(lane) for host in (rack2, desk)] == [DeviceState.OTHER_PHONE] * 2
        assert lane not in rack2.phones.here()
        assert rack2.phones.question(lane) is not None

    asyncio.run(scenario())


def test_what_one_host_asks_a_person_no_other_host_takes_back(hosts):
    rack1, rack2, desk = hosts

    async def scenario():
        for host in hosts:
            await host.phones.load()
        store = rack2.phones._store
        await rack2.unplug(await rack2.plug("p", ADDRESS))
        lane = rack2.phones.lane(ADDRESS)
        [task_id] = await store.write(lambda r: r.tasks.add([new(lane)]))
        other = await rack2.plug("q", ADDRESS)

        async def asked():
            return (await store.read(lambda r: r.tasks.get(task_id))).needs_person

        for host in (rack1, desk, rack2, desk, rack1):
            await host.look()
            assert await asked() is NeedsPerson.OTHER_PHONE
        await rack2.unplug(other)
        await rack2.look()
        assert await asked() is None

    asyncio.run(scenario())


def test_a_phone_that_two_hosts_meet_at_the_same_time_has_one_lane(hosts, monkeypatch):
    monkeypatch.setattr("fleetlane.work.phones.asking._FIRST_PAUSE_S", 0.01)
    rack1, rack2, _ = hosts

    async def scenario():
        for host in hosts:
            await host.phones.load()
        write = rack2.phones._store.write

        async def later(work):
            rack2.phones._store = rack1.phones._store
            await rack1.plug("p", "p", usb=True)
            return await write(work)

        rack2.phones._store = Meanwhile(rack1.phones._store, later)
        await rack2.plug("p", ADDRESS)
        for host in hosts:
            await host.look()
        assert [device.serial for device in rack1.phones.all()] == ["p"]
        assert [device.serial for device in rack2.phones.all()] == ["p"]
        assert rack2.phones.lane(ADDRESS) == "p"

    asyncio.run(scenario())
