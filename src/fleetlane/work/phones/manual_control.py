"""Taking a phone over: a person uses it by hand, and no task starts on it until it is given back.

What runs when it is taken over goes on to its end, and nothing can be done by hand until then. A phone that
nobody touches for a while is given back automatically. Kept in memory: after a restart every lane is free again.
All of it runs on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from fleetlane.core.device import why_not_ready
from fleetlane.core.errors import ConflictError, DeviceError, TaskStoppedError
from fleetlane.core.event import Change, EventKind
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import Act, DeviceControl
from fleetlane.core.ports.phone import Devices
from fleetlane.scripts.looks import Screen, screen_of
from fleetlane.scripts.packs import load_packs
from fleetlane.work.phones.acts import ReadScreen, ShownTree
from fleetlane.work.phones.gestures import Gesture
from fleetlane.work.phones.shared_take_overs import SharedTakeOvers
from fleetlane.work.running.lanes import Lanes

log = structlog.get_logger(__name__)
T = TypeVar("T")

_SAY_AGAIN_S = 1.0
"""When what other hosts are to find is noted again that the store has refused."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A phone that a person has taken over. `left_s` is when it is given back automatically, None while a task runs."""

    by: str
    since_ms: int
    left_s: float | None


@dataclass(slots=True)
class _Session:
    by: str
    since_ms: int
    last_s: float
    lent: bool = False
    """Taken over for one thing only: it is given back after that, unless a person takes it over meanwhile."""
    acting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held for each act, and to give back: a lane is not given back in the middle of an act."""


class ManualControl:
    """Lets people use phones.

    Args:
        lanes: keep tasks away from what is taken over.
        devices: which of them can be used.
        control: the way to the phones.
        clock: the time.
        idle_s: how long a phone may go untouched before it is given back automatically.
        tell: told of every phone that is taken over or given back.
        shared: where other hosts find that, too; nobody else works on the store when not given.
    """

    def __init__(
        self,
        lanes: Lanes,
        devices: Devices,
        control: DeviceControl,
        clock: Clock,
        *,
        idle_s: float,
        tell: Callable[[Sequence[Change]], None],
        shared: SharedTakeOvers | None = None,
    ) -> None:
        self._lanes = lanes
        self._control = control
        self._devices = devices
        self._clock = clock
        self._idle_s = idle_s
        self._tell = tell
        self._shared = shared
        self._holds: dict[str, _Session] = {}
        self._changed = asyncio.Event()
        lanes.listen(freed=self._freed)

    def of(self, serial: str) -> TakeOver | None:
        """Return who has taken a phone over, None when nobody has."""
        hold = self._holds.get(serial)
        if hold is None:
            return None
        left_s = max(hold.last_s + self._idle_s - self._clock.monotonic_s(), 0.0)
        return TakeOver(hold.by, hold.since_ms, None if self._lanes.is_busy(serial) else left_s)

    def take_over(self, serial: str, by: str) -> None:
        """Take a phone over; nothing happens when somebody has already.

        Raises:
            ConflictError: it is not connected.
        """
        self._must_be_ready(serial)
        hold = self._holds.get(serial)
        if hold is None:
            self._take(serial, by)
        elif hold.lent:
            hold.lent, hold.by = False, by
            self._say(serial, taken_over=True)

    def _take(self, serial: str, by: str, *, lent: bool = False) -> _Session:
        hold = self._holds[serial] = _Session(by, self._clock.now_ms(), self._clock.monotonic_s(), lent)
        self._lanes.hold(serial)
        if self._shared is not None:
            self._shared.taken(serial, by, hold.since_ms)
        log.info("phone_taken_over", device=serial, by=by, busy=self._lanes.is_busy(serial))
        self._say(serial, taken_over=True)
        return hold

    async def lend(self, serial: str, by: str, act: Act[T]) -> T:
        """Take a phone over for one act, do it, and give it back. Who had taken it over keeps it.

        Raises:
            ConflictError: it cannot be used now; the sentence says why.
        """
        self.must_be_idle(serial)
        hold = self._holds.get(serial) or self._take(serial, by, lent=True)
        try:
            async with hold.acting:
                return await self._do(serial, hold, act)
        finally:
            if hold.lent:
                self._let_go(serial, hold, by)
            else:
                self._say(serial, taken_over=True)  # nothing changed hands, but something was done

    def must_be_idle(self, serial: str) -> None:
        """Raise when a phone cannot be used now.

        Raises:
            ConflictError: a task runs on it, or it is not connected.
        """
        if self._lanes.is_busy(serial):
            raise ConflictError(f"A task still runs on {serial}. Wait for its end, or stop it.")
        self._must_be_ready(serial)

    async def give_back(self, serial: str, by: str) -> None:
        """Give a phone back, once the present act has ended; nothing happens when nobody has it."""
        hold = self._holds.get(serial)
        if hold is None:
            return
        async with hold.acting:
            self._let_go(serial, hold, by)

    def _let_go(self, serial: str, hold: _Session, by: str) -> None:
        if self._holds.get(serial) is not hold:
            return
        del self._holds[serial]
        self._lanes.release(serial)
        if self._shared is not None:
            self._shared.given_back(serial)
        log.info("phone_given_back", device=serial, by=by)
        self._say(serial, taken_over=False)

    def _say(self, serial: str, *, taken_over: bool) -> None:
        self._changed.set()
        self._tell([Change(EventKind.DEVICE, serial=serial, facts={"taken_over": taken_over})])

    def _freed(self, serial: str) -> None:
        """Note that a task has ended: from now on the phone can be used, and the time counts."""
        hold = self._holds.get(serial)
        if hold is not None:
            hold.last_s = self._clock.monotonic_s()
            self._changed.set()

    async def act(self, serial: str, by: str, act: Gesture) -> None:
        """Do something by hand.

        Raises:
            ConflictError: the phone is not taken over, or cannot be used now; the sentence says why.
        """
        hold = self._holds.get(serial)
        if hold is None:
            raise ConflictError(f"Take {serial} over first.")
        async with hold.acting:
            if self._holds.get(serial) is not hold:
                raise ConflictError(f"{serial} was given back. Take it over again.")
            self.must_be_idle(serial)
            log.info("phone_touched", device=serial, by=by, act=act.kind, **act.facts)
            await self._do(serial, hold, act)

    async def _do(self, serial: str, hold: _Session, act: Act[T]) -> T:
        try:
            return await self._control.do(serial, act, preemptible=False)
        except TaskStoppedError as error:
            raise ConflictError("The server is stopping.") from error
        except DeviceError as error:
            raise ConflictError(f"This could not be done: {error}") from error
        finally:
            hold.last_s = self._clock.monotonic_s()

    async def read_screen(self, serial: str) -> Screen:
        """Return what the screen of a phone shows, read between tasks; it need not be taken over.

        Raises:
            ConflictError: it cannot be read now; the sentence says why.
        """
        self._must_be_ready(serial)
        if self._lanes.is_busy(serial):
            raise ConflictError("A task runs on this phone: its steps show what it sees.")
        try:
            shown = await self._control.do(serial, ReadScreen(), preemptible=True)
            return await asyncio.to_thread(_recognised, serial, shown)
        except TaskStoppedError as error:
            raise ConflictError("Something else came first on this phone. Look again.") from error
        except DeviceError as error:
            raise ConflictError(f"Its screen could not be read: {error}") from error

    def _must_be_ready(self, serial: str) -> None:
        if reason := why_not_ready(serial, self._devices.get(serial)):
            sentence = str(reason)
            raise ConflictError(f"{sentence[:1].upper()}{sentence[1:]}.")

    def expire(self) -> float | None:
        """Give back what was not touched for long. Returns the seconds until the next one may be; None for none."""
        now_s = self._clock.monotonic_s()
        for serial, hold in list(self._holds.items()):
            if self._lanes.is_busy(serial) or hold.acting.locked():
                hold.last_s = now_s  # the time counts from when it can be used
            elif now_s - hold.last_s >= self._idle_s:
                self._let_go(serial, hold, "nobody touched it")
        return min((hold.last_s + self._idle_s - now_s for hold in self._holds.values()), default=None)

    async def run(self) -> None:
        """Give back in time, until cancelled."""
        while True:
            self._changed.clear()
            wait_s = self.expire()
            if self._shared is not None and self._shared.say_again():
                wait_s = _SAY_AGAIN_S if wait_s is None else min(wait_s, _SAY_AGAIN_S)
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue


def _recognised(serial: str, shown: ShownTree) -> Screen:
    """Return what a tree shows, by the packs that are in force here. Blocking: a tree may be large."""
    return screen_of(shown.xml, shown.size, load_packs(), serial=serial)
