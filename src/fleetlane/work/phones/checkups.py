"""Checkups of phones: made on the phone's own lane while no task runs there, one at a time for each phone.

While one is made the phone is taken over (`manual_control`), so no task starts on it. What was found last is kept in
memory. All of it runs on the event loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from fleetlane.core.checkup import Checkup, Grade, connection
from fleetlane.core.errors import ConflictError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Devices
from fleetlane.work.phones.acts import CheckUp
from fleetlane.work.phones.manual_control import ManualControl

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownCheckup:
    """What is known of checkups of a phone.

    `last` is what the last one found, None for none since the start; `problem` why one asked for later could not be
    made, "" when it could.
    """

    is_running: bool = False
    last: Checkup | None = None
    problem: str = ""


class Checkups:
    """Makes checkups.

    Args:
        hands: takes phones over for them.
        devices: which of them can be reached.
        clock: the time.
    """

    def __init__(self, hands: ManualControl, devices: Devices, clock: Clock) -> None:
        self._hands = hands
        self._devices = devices
        self._clock = clock
        self._last: dict[str, Checkup] = {}
        self._problems: dict[str, str] = {}
        self._running: dict[str, asyncio.Task[Checkup]] = {}

    def of(self, serial: str) -> KnownCheckup:
        """Return what is known of checkups of a phone."""
        return KnownCheckup(serial in self._running, self._last.get(serial), self._problems.get(serial, ""))

    def start(self, serial: str, by: str) -> None:
        """Begin a checkup; nothing happens when one is made.

        Raises:
            ConflictError: a task runs on the phone, or it is not connected.
        """
        if serial not in self._running:
            self._hands.must_be_idle(serial)
            self._begin(serial, by)

    async def make(self, serial: str, by: str) -> Checkup:
        """Return what a checkup finds, of the one that is being made if there is one.

        A phone that cannot be reached is a finding.

        Raises:
            ConflictError: a task runs on the phone, or the server stops.
        """
        running = self._running.get(serial)
        if running is None:
            way = connection(serial, self._devices.get(serial))
            if way.grade is Grade.FAULT:
                return Checkup(serial, self._clock.now_ms(), 0.0, [way])
            running = self._begin(serial, by)
        return await asyncio.shield(running)  # a caller who goes away ends nothing

    def _begin(self, serial: str, by: str) -> asyncio.Task[Checkup]:
        running = self._running[serial] = asyncio.create_task(self._make(serial, by), name=f"checkup of {serial}")
        running.add_done_callback(lambda task: self._ended(serial, task))
        return running

    async def _make(self, serial: str, by: str) -> Checkup:
        at_ms, start_s = self._clock.now_ms(), self._clock.monotonic_s()
        way = connection(serial, self._devices.get(serial))
        rows = [way, *await self._hands.lend(serial, by, CheckUp())]
        found = Checkup(serial, at_ms, self._clock.monotonic_s() - start_s, rows)
        log.info("phone_checked", device=serial, by=by, faults=[row.name for row in rows if row.grade == "fault"])
        return found

    def _ended(self, serial: str, task: asyncio.Task[Checkup]) -> None:
        del self._running[serial]
        self._problems.pop(serial, None)
        if task.cancelled():
            return
        match task.exception():
            case None:
                self._last[serial] = task.result()
            case ConflictError() as error:
                self._problems[serial] = str(error)
            case error:
                # The loop's edge: what a phone answers must not end the server.
                log.error("checkup_broke", device=serial, exc_info=error)
                self._problems[serial] = "It could not be made; the server's log says why."
