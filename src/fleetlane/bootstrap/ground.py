"""What servers and hosts stand on alike: the clock, the store, the phones and the lanes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fleetlane.adapters.android.supervisor import DeviceSupervisor, adb_port
from fleetlane.adapters.clock import SharedClock, SystemClock
from fleetlane.adapters.db.sql_store import SqlStore
from fleetlane.adapters.press_log import PressFile
from fleetlane.bootstrap.from_settings import this_host
from fleetlane.bootstrap.stores import StorePlace, place_of
from fleetlane.core.device import Device
from fleetlane.core.event import Change, EventKind
from fleetlane.core.hosts import HostKind, NewHost
from fleetlane.core.phones import ALONE
from fleetlane.settings import Settings
from fleetlane.work.phones.directory import PhoneDirectory
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.other_workers import OtherWorkers
from fleetlane.work.upkeep.event_broker import EventBroker


class Hearing:
    """Takes what other processes have changed from the store's thread to the event loop.

    Args:
        events: told, too.
    """

    def __init__(self, events: EventBroker) -> None:
        self._events = events
        self._take: Callable[[Sequence[Change] | None], None] | None = None

    def open(self, others: OtherWorkers) -> None:
        """Let others' changes be taken, on the running loop. What was heard before needs nobody: all is read anew."""
        loop = asyncio.get_running_loop()
        self._take = lambda changes: soon(loop, lambda: others.heard(changes))

    def heard(self, changes: Sequence[Change] | None) -> None:
        """Take changes, from any thread; None: nobody knows which."""
        if changes is None:
            self._events.miss()
        else:
            self._events.tell(changes)
        if self._take is not None:
            self._take(changes)


@dataclass(frozen=True, slots=True)
class Ground:
    """What servers and hosts stand on alike. `host` is None where no other one works on the store."""

    host: NewHost | None
    place: StorePlace
    clock: SystemClock | SharedClock
    store: SqlStore
    hearing: Hearing
    events: EventBroker
    lanes: Lanes
    repeats: RepeatWindow
    supervisor: DeviceSupervisor
    devices: PhoneDirectory
    presses: PressFile


def lay_ground(settings: Settings, kind: HostKind) -> Ground:
    """Return what everything stands on; nothing is started yet."""
    place, lanes = place_of(settings), Lanes()
    clock = place.clock()
    events = EventBroker(clock)
    host, hearing = this_host(settings, kind), Hearing(events)
    store = place.store(events.tell, hearing.heard)
    repeats = RepeatWindow.of(settings.repeat_refuse_min, settings.repeat_warn_days)
    supervisor, presses = DeviceSupervisor(adb_port(settings.adb_port), clock), PressFile(settings.presses_path)

    def changed(device: Device) -> None:
        events.tell([Change(EventKind.DEVICE, serial=device.serial, facts={"state": device.state.value})])

    devices = PhoneDirectory(
        supervisor, store, clock, lanes, repeats=repeats, host_id=host.id if host else ALONE, changed=changed
    )
    return Ground(host, place, clock, store, hearing, events, lanes, repeats, supervisor, devices, presses)


def soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something on the event loop, unless that has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
