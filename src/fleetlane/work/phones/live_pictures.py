"""Live pictures of the phones that somebody watches, and of no others.

One picture of a phone serves all who watch it. It is taken on the phone's own thread between tasks, gives way to
whatever else comes there, and never fills more than half of the phone's time. While a task runs the pictures of
its steps are shown, which are taken anyway. All of it runs on the event loop, `keep` excepted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from zlib import crc32

import structlog

from fleetlane.core.device import why_not_ready
from fleetlane.core.errors import DeviceError, TaskStoppedError
from fleetlane.core.message import Message, verbatim
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import DeviceControl
from fleetlane.core.ports.phone import Devices
from fleetlane.work.phones.acts import TakePicture
from fleetlane.work.running.lanes import Lanes

log = structlog.get_logger(__name__)

SMALL, LARGE = 360, 720
"""Widths in pixels: of the pictures in a list (and of steps), and of a phone that was opened."""
_HELD_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True)
class LivePicture:
    """What is seen of a phone: its last picture, a JPEG, and why there is no newer one, if so.

    `tag` names the picture: two with the same tag are the same. `number` grows with each change of any picture.
    """

    serial: str
    number: int = 0
    jpeg: bytes = b""
    tag: str = ""
    at_ms: int = 0
    problem: Message | None = None


class LivePictures:
    """Takes pictures for those who watch.

    Args:
        lanes: where a task runs, and which phones are taken over.
        devices: which of them can be looked at.
        control: the way to the phones.
        clock: the time.
        interval_s: how often a phone is looked at.
    """

    def __init__(self, lanes: Lanes, devices: Devices, control: DeviceControl, clock: Clock, interval_s: float) -> None:
        self._lanes = lanes
        self._control = control
        self._devices = devices
        self._clock = clock
        self._interval_s = interval_s
        self.taken = 0
        """How many pictures were taken since the start."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pictures: dict[str, LivePicture] = {}
        self._last = 0
        self._more = asyncio.Event()
        self._watchers: Counter[str] = Counter()
        self._large: Counter[str] = Counter()
        self._takers: dict[str, asyncio.Task[None]] = {}
        self._soon: dict[str, asyncio.Event] = {}
        self._closed = False

    def open(self) -> None:
        """Take pictures of other threads from now on, on the running loop."""
        self._loop = asyncio.get_running_loop()

    def of(self, serial: str) -> LivePicture | None:
        """Return what was last seen of a phone, None when nothing was."""
        return self._pictures.get(serial)

    def jpeg_of(self, serial: str) -> bytes | None:
        """Return the last picture of a phone, None when there is none."""
        known = self._pictures.get(serial)
        return known.jpeg if known is not None and known.jpeg else None

    def keep(self, serial: str, jpeg: bytes) -> None:
        """Take a picture that was taken for another purpose. From any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._seen, serial, jpeg)

    def soon(self, serial: str) -> None:
        """Take the next picture of a phone at once, if somebody watches it."""
        if serial in self._soon:
            self._soon[serial].set()

    # -- watching ------------------------------------------------------------------------------------

    async def watch(
        self, serials: Collection[str], heartbeat_s: float, *, large: bool = False
    ) -> AsyncGenerator[Sequence[LivePicture]]:
        """Yield what is seen of some phones: first what is known, then each change; nothing each heartbeat.

        Args:
            serials: of the phones; they are watched until the generator is closed.
            heartbeat_s: the longest silence.
            large: whether large pictures are wanted.
        """
        wanted = frozenset(serials)
        self._enter(wanted, large=large)
        try:
            place = 0
            while not self._closed:
                more = self._more
                known = (self._pictures.get(serial) for serial in wanted)
                news = [picture for picture in known if picture is not None and picture.number > place]
                place = self._last
                if news:
                    yield news
                    continue  # more may have come while the reader was busy
                try:
                    async with asyncio.timeout(heartbeat_s):
                        await more.wait()
                except TimeoutError:
                    yield []
        finally:
            self._leave(wanted, large=large)

    def _enter(self, serials: Collection[str], *, large: bool) -> None:
        self._watchers.update(serials)
        self._large.update(serials if large else ())
        for serial in serials:
            if serial not in self._takers and not self._closed:
                self._soon[serial] = asyncio.Event()
                self._takers[serial] = asyncio.create_task(self._take(serial), name=f"pictures of {serial}")
            elif large:
                self.soon(serial)

    def _leave(self, serials: Collection[str], *, large: bool) -> None:
        self._watchers.subtract(serials)
        self._large.subtract(serials if large else ())
        for serial in serials:
            if not self._watchers[serial]:
                del self._watchers[serial]
                self._soon.pop(serial, None)
                taker = self._takers.pop(serial, None)
                if taker is not None:
                    taker.cancel()

    def close(self) -> None:
        """Let every watcher end, and take no more pictures."""
        self._closed = True
        for taker in self._takers.values():
            taker.cancel()
        self._wake()

    # -- taking --------------------------------------------------------------------------------------

    async def _take(self, serial: str) -> None:
        soon = self._soon[serial]
        while True:
            soon.clear()
            start_s = self._clock.monotonic_s()
            await self._take_one(serial)
            now_s = self._clock.monotonic_s()
            pause_s = max(now_s - start_s, self._until_next_s(serial, now_s))
            try:
                async with asyncio.timeout(pause_s):
                    await soon.wait()
            except TimeoutError:
                continue

    def _until_next_s(self, serial: str, now_s: float) -> float:
        if self._lanes.is_held(serial):
            return _HELD_INTERVAL_S
        return until_turn(serial, self._interval_s, now_s)

    async def _take_one(self, serial: str) -> None:
        if reason := why_not_ready(serial, self._devices.get(serial)):
            self._failed(serial, reason)
            return
        if self._lanes.is_busy(serial):
            return
        width = LARGE if self._large[serial] else SMALL
        try:
            jpeg = await self._control.do(serial, TakePicture(width), preemptible=True)
            self.taken += 1
            self._seen(serial, jpeg)
        except TaskStoppedError:
            return  # it gave way
        except DeviceError as error:
            self._failed(serial, verbatim(str(error)))
        except Exception:
            # The loop's edge: a phone that answers nonsense must not end its pictures.
            log.exception("picture_failed", device=serial)
            self._failed(serial, verbatim("No picture could be taken; the server's log says why."))

    def _seen(self, serial: str, jpeg: bytes) -> None:
        known = self._pictures.get(serial, LivePicture(serial))
        tag = sha256(jpeg).hexdigest()[:16]
        if known.problem is None and known.tag == tag:
            return
        self._show(LivePicture(serial, 0, jpeg, tag, self._clock.now_ms()))

    def _failed(self, serial: str, problem: Message) -> None:
        known = self._pictures.get(serial, LivePicture(serial))
        if known.problem != problem:
            self._show(replace(known, problem=problem))

    def _show(self, picture: LivePicture) -> None:
        self._last += 1
        self._pictures[picture.serial] = replace(picture, number=self._last)
        self._wake()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()


def until_turn(serial: str, interval_s: float, now_s: float) -> float:
    """Return the seconds to a phone's next turn, half an interval at least.

    Turns are spread by the serial, so that many phones do not come at once.
    """
    turn_s = crc32(serial.encode()) / 2**32 * interval_s
    left_s = interval_s - (now_s - turn_s) % interval_s
    return left_s if left_s > interval_s / 2 else left_s + interval_s
