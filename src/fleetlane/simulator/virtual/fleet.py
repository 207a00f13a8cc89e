"""Simulated phones in virtual time, behind an adb server that is an object in memory.

The client speaks adb's host protocol to the caller and hands each service to the phone's own code
(`simulator.link.phone_link`), so the real driver, adbutils and uiautomator2 run on it unmodified: only sockets and
waiting are gone. Every call moves the clock by what it costs on the phone. One thread drives it; another may only read
a stream that is open for long, as uiautomator2 does with the output of its server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import adbutils

from fleetlane.simulator.fleets.fleet_settings import FleetSettings
from fleetlane.simulator.fleets.phone_builder import PhoneBuilder
from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.link.phone_link import PhoneLink
from fleetlane.simulator.models.loader import system_model
from fleetlane.simulator.phone import SimPhone
from fleetlane.simulator.virtual.adb_socket import HostTimeoutError, Line, VirtualConnection, VirtualSocket
from fleetlane.simulator.virtual.clock import VirtualClock

_HANG_STEP_S = 0.25
CALL_TIMEOUT_S = 20.0


class VirtualLink(PhoneLink):
    """A phone's services in virtual time."""

    def __init__(self, phone: SimPhone, clock: VirtualClock, number: int = 1, *, latency_s: float = 0.0) -> None:
        super().__init__(phone, number, latency_s=latency_s)
        self.clock = clock
        self.open_sockets: set[VirtualSocket] = set()
        self.absent = ""
        """What adb says when it does not reach the phone; "" when it does."""
        self.waits_s = CALL_TIMEOUT_S
        """How long the caller of the present call waits for its answer."""
        self._hangs = False

    @property
    def serial(self) -> str:
        """Return the phone's serial."""
        return self.phone.facts.serial

    def settle(self) -> None:
        """Let what is due happen."""
        self.phone.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        self.clock.advance(seconds)
        self.settle()

    def stamped(self, second: int) -> int:
        """Return the host's time as this clock has it: the host's libraries ask the computer's."""
        del second
        return int(self.clock.wall_s())

    async def pass_time(self, seconds: float) -> None:
        """Let time pass inside a call."""
        self.wait(seconds)

    async def sleep(self, seconds: float, silent_s: float) -> None:
        """Let a command line sleep; a caller that waits less long is told so, and hangs up on it."""
        if silent_s + seconds > self.waits_s:
            self.wait(max(self.waits_s - silent_s, 0.0))
            raise HostTimeoutError
        self.wait(seconds)

    async def answers(self) -> None:
        """Return when calls are answered; a caller that waits too long is told so."""
        waited_s = 0.0
        while self._hangs:
            if waited_s >= self.waits_s:
                raise HostTimeoutError
            self.wait(_HANG_STEP_S)
            waited_s += _HANG_STEP_S

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something after some seconds."""
        self.phone.delay(seconds, call, counts=False)

    def unplug(self, seconds: float | None) -> None:
        """Pull the cable, for a while."""
        self._away(f"device '{self.phone.facts.serial}' not found")
        if seconds is not None:
            self.later(seconds, self._back)

    def fall_silent(self, *, silent: bool) -> None:
        """Be offline, or not."""
        self._away("device offline") if silent else self._back()

    def trust(self, *, trusted: bool = True) -> None:
        """Trust the computer, or not."""
        self._back() if trusted else self._away("device unauthorized.")

    def _away(self, why: str) -> None:
        self.kill_ui_server()
        self.absent = why
        self.drop_streams()

    def _back(self) -> None:
        self.absent = ""

    def hang(self, *, hanging: bool) -> None:
        """Leave calls without an answer; or answer again."""
        self._hangs = hanging

    def drop_streams(self) -> None:
        """Cut every open stream."""
        for opened in list(self.open_sockets):
            opened.cut()


class VirtualAdb(adbutils.AdbClient):
    """A client of an adb server in memory. It offers what the product's own client does (`adapters.android`)."""

    def __init__(self, links: Collection[Line], call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        super().__init__("127.0.0.1", 1)
        self._links = {link.serial: link for link in links}
        self.call_timeout_s = call_timeout_s
        self.started_s: float | None = None
        self.is_fresh = False

    def link(self, serial: str) -> Line | None:
        """Return what leads to a phone, None when there is no such phone."""
        return self._links.get(serial)

    def make_connection(self, timeout: float | None = None) -> VirtualConnection:
        """Connect; `timeout` is in seconds for each read."""
        connection = VirtualConnection(self.link)
        connection.conn.settimeout(self.within(timeout))
        return connection

    def within(self, timeout: float | None) -> float:
        """Return a timeout that is not longer than calls may take."""
        return min(timeout or self.call_timeout_s, self.call_timeout_s)


class VirtualFleet:
    """The phones that `FleetSettings` describe, in virtual time on one clock."""

    def __init__(self, settings: FleetSettings, clock: VirtualClock | None = None) -> None:
        self.settings = settings
        self.clock = clock or VirtualClock()
        self.ledger = Ledger(settings.ledger)
        builder = PhoneBuilder(settings, system_model(), self.clock, self.ledger)
        self.links = [self._link(builder, number) for number in range(1, settings.phones + 1)]
        self.adb = VirtualAdb(self.links)

    def _link(self, builder: PhoneBuilder, number: int) -> VirtualLink:
        serial = f"127.0.0.1:{self.settings.first_port + number - 1}"
        phone = builder.build(number, serial)
        link = VirtualLink(phone, self.clock, number, latency_s=self.settings.latency_s)
        link.faults = [replace(fault) for fault in self.settings.faults if fault.concerns(serial, number)]
        link.on_kill_adb_server = link.drop_streams
        link.arm()
        return link

    @property
    def serials(self) -> list[str]:
        """Return the serials, in order of the phones' numbers."""
        return [link.phone.facts.serial for link in self.links]

    def link(self, serial: str) -> VirtualLink:
        """Return a phone's services by its serial."""
        return next(link for link in self.links if link.phone.facts.serial == serial)
