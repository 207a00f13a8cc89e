"""The phones: one device for each, by whatever ways adb reaches it.

It stands between adb's transports and all that uses `Devices`. Each phone is asked who it is, once a connection, on a
thread; what its answer means is stored before anything can run there. The event loop owns the book; other threads read
a table that is replaced as a whole.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog

from fleetlane.core.address import is_address
from fleetlane.core.device import OTHERS_IN_ITS_PLACE, Device, DeviceState, Transport, why_not_ready
from fleetlane.core.errors import DeviceGoneError, StoreError
from fleetlane.core.phone_book import PhoneBook
from fleetlane.core.phones import ALONE, Identity, Question, View
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Driver, PhoneReport, Transports
from fleetlane.core.ports.store import Store
from fleetlane.work.phones.asking import Asking
from fleetlane.work.phones.decisions import PhoneDecisions
from fleetlane.work.phones.lane_merges import Moves, OnRecord, absorb, flag, on_record, strays, tidy, unflag
from fleetlane.work.phones.sightings import Sightings
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.lanes import Lanes

log = structlog.get_logger(__name__)

_ASKED_AT_ONCE = 32
_STORE_RETRY_S = 1.0
_TIDY_EVERY_S = 30.0
_LOOK_EVERY_S = 5.0
"""What nobody told of other hosts' phones is known here after this."""
_PATIENCE_S = 3.0
_LOOK_S = 0.1
_ANSWER_WAIT_S = 12.0
_QUESTIONS = (DeviceState.OTHER_PHONE, DeviceState.RESET)


class PhoneDirectory:
    """The devices (`core.ports.phone.Devices`), one for each phone.

    Args:
        transports: the ways to phones that adb has.
        store: remembers them.
        clock: the time.
        lanes: told of lanes whose tasks have come or gone, and when a device has changed; says which are in use.
        repeats: for how long a post is not to be repeated.
        host_id: this host; without it no other one works on the store.
        changed: called on the event loop with each device that has changed its state.
        draw_id: gives a new phone its id.
    """

    def __init__(
        self,
        transports: Transports,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        *,
        repeats: RepeatWindow | None = None,
        host_id: str = ALONE,
        changed: Callable[[Device], None] = lambda _device: None,
        draw_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self.ask_phone: Callable[[Transport], Awaitable[Identity]] = self._ask_on_a_thread
        """Asks the phone behind a transport who it is."""
        self._lanes = lanes
        self._window = repeats or RepeatWindow()
        self._tell_change = changed
        self._transports = transports
        self._store = store
        self._clock = clock
        self._host_id = host_id
        self._book = PhoneBook(draw_id, host_id)
        self._sightings = Sightings(host_id)
        self._decisions = PhoneDecisions(self._book, store, clock, lanes, self._window)
        self._let_go: dict[str, int] = {}
        """Addresses that are not to be connected again, and the last connection that was let go of."""
        self._last_seen: dict[str, int] = {}
        self._views: Mapping[str, View] = {}
        self._devices: Sequence[Device] = ()
        self._pool = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="ask phone")
        self._asking = Asking(self._book.is_current, self._ask)
        self._writing = asyncio.Lock()
        """Held from a decision to the moment when the book knows that it is stored."""
        self._flagged: set[str] = set()
        self._read_again_s = 0.0
        self._heard = False
        self._changed = asyncio.Event()
        self._shown = asyncio.Event()
        self._news = threading.Condition()
        lanes.listen(added=self.added)

    # -- Devices: asked from any thread ----------------------------------------------------------------

    def all(self) -> Sequence[Device]:
        """Return every device seen since the start, here or at another host, by serial."""
        return self._devices

    def get(self, serial: str) -> Device | None:
        """Return a device by its lane, None when it is not on record."""
        view = self._views.get(serial)
        if not self._sightings.counts(view) and (other := self._sightings.device(serial)):
            return other
        return view.device if view else self._book.device(serial, self._last_seen.get(serial, 0))

    def here(self) -> Collection[str]:
        """Return the lanes of the phones that this host can work on: of a server alone, all of them."""
        if not self._sightings.shared:
            return [device.serial for device in self._devices]
        seen = [view.device for view in self._views.values() if view.is_there]
        return [device.serial for device in seen if device.state not in OTHERS_IN_ITS_PLACE]

    def host_of(self, serial: str) -> str | None:
        """Return the name of the other host that a phone is at; None when it is here, or nowhere."""
        return None if self._sightings.counts(self._views.get(serial)) else self._sightings.host(serial)

    def driver(self, serial: str) -> Driver:
        """Return a new driver for a device. The caller closes it."""
        return self._transports.driver_at(serial, lambda check: self._where(serial, check))

    def report(self, serial: str, packages: Collection[str]) -> PhoneReport:
        """Ask a device what it is (see the port)."""
        return self._transports.report_at(serial, lambda check: self._where(serial, check), packages)

    def _where(self, lane: str, check: Callable[[], None]) -> Transport:
        """Return the transport of a device that has said who it is since it was connected.

        Raises:
            DeviceGoneError: there is none.
        """
        until_s = self._clock.monotonic_s() + _PATIENCE_S
        while True:
            view = self._views.get(lane)
            if view and view.transport and self._transports.is_current(view.transport):
                return view.transport
            asking = view is not None and view.device.state in (DeviceState.ASKING, DeviceState.ONLINE)
            if not asking or self._clock.monotonic_s() > until_s:
                sentence = str(why_not_ready(lane, view.device if view else self.get(lane)) or "it is not connected")
                raise DeviceGoneError(f"{sentence[:1].upper()}{sentence[1:]}.", serial=lane)
            with self._news:
                self._news.wait(_LOOK_S)
            check()

    # -- asked on the event loop -----------------------------------------------------------------------

    def lane(self, text: str) -> str:
        """Return the lane that a serial, an alias or a name means; the text itself when it is none on record."""
        return self._book.lane(text)

    def serials(self, lane: str) -> list[str]:
        """Return all serials by which a phone is or was reached."""
        return self._book.serials(lane)

    def question(self, lane: str) -> Question | None:
        """Return what a person must say about a device, None when there is nothing, or nothing that can be said."""
        found = self._book.questions(lane)
        return found[0] if len(found) == 1 else None

    def added(self, lane: str) -> None:
        """Note a task that has become pending in a lane: it may need a person, too."""
        if lane in self._flagged:
            self._flagged = self._flagged - {lane}
            self._changed.set()

    # -- life ------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what is on record, before anything is followed."""
        await self._store.write(lambda r: r.devices.inherit(self._host_id, all_others=not self._sightings.shared))
        for record in (await self._read()).devices:
            self._last_seen[record.serial] = record.last_seen_ms
            if record.host_id == self._host_id:
                self._sightings.note(Device(record.serial, DeviceState.ABSENT, record.last_seen_ms))
        self._keep_connected()

    async def _read(self) -> OnRecord:
        """Take what is on record, in the place of what was known of it."""
        found = await self._store.read(on_record)
        self._book.load(
            [record.phone for record in found.devices], [(one.serial, one.host_id, one.device) for one in found.serials]
        )
        mine = [one for one in found.serials if one.host_id == self._host_id]
        self._let_go = {one.serial: self._let_go.get(one.serial, 0) for one in mine if one.let_go}
        elsewhere = {one.serial for one in found.devices if one.host_id not in (None, self._host_id)}
        self._flagged = found.flagged - elsewhere  # what another host asks is not taken back here
        self._sightings.read(found)
        return found

    def heard(self) -> None:
        """Note that another host may have met a phone, or seen one differently."""
        self._heard = True
        self._changed.set()

    async def refresh(self) -> None:
        """Read again what is on record: other hosts write it, too."""
        async with self._writing:
            self._heard = False
            await self._read()
            self._show()

    def update(self) -> None:
        """Take in what adb lists now. On the event loop."""
        self._book.listed(self._transports.all())
        self._show()
        self._asking.begin(self._book.unasked())
        self._changed.set()

    async def run(self) -> None:
        """Store strangers, and let no task wait in a lane that has ended, until cancelled."""
        try:
            while True:
                self._changed.clear()
                pause_s = _LOOK_EVERY_S if self._sightings.shared else _TIDY_EVERY_S
                try:
                    await self.settle()
                except StoreError as error:
                    log.warning("phones_not_stored", error=str(error))
                    pause_s = _STORE_RETRY_S
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._changed.wait()
        finally:
            self._asking.close()
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def settle(self) -> None:
        """Do what is left to do: one step of `run`.

        Raises:
            StoreError: the store failed; it can be done again.
        """
        if self._heard or (self._sightings.shared and self._clock.monotonic_s() >= self._read_again_s):
            self._read_again_s = self._clock.monotonic_s() + _LOOK_EVERY_S
            await self.refresh()
        await self._meet_strangers()
        await self._say()
        await self._flag_questions()
        await self._tidy()

    async def _say(self) -> None:
        """Store how the phones of this host are seen."""
        devices = [device for device in self._sightings.unsaid() if device.serial in self._book.phones]
        if devices:
            await self._store.write(lambda r: [r.devices.sighted(device, self._host_id) for device in devices])
            self._sightings.said(devices)

    async def _meet_strangers(self) -> None:
        async with self._writing:
            strangers = self._book.strangers()
            if strangers:
                await self._store.write(lambda r: r.devices.meet(strangers, self._clock.now_ms(), self._host_id))
                for phone in strangers:
                    self._book.met(phone)
                self._show()

    async def _flag_questions(self) -> None:
        """Put what waits for a phone about which there is a question on the list of what needs a person."""
        seen = [view.device for view in self._views.values() if self._sightings.counts(view)]
        asked = {device.serial for device in seen if device.state in _QUESTIONS}
        for lane in asked - self._flagged:
            if why := why_not_ready(lane, self.get(lane)):
                await self._store.write(lambda r, lane=lane, why=why: flag(r, lane, why))
        for lane in self._flagged - asked:
            await self._store.write(lambda r, lane=lane: unflag(r, lane))
        self._flagged = asked

    async def _tidy(self) -> None:
        """Give tasks and accounts of what is no lane to the phone that is meant."""
        if await self._store.read(strays):
            self._tell(await self._store.write(lambda r: tidy(r, self._clock.now_ms(), self._window)))

    # -- asking ----------------------------------------------------------------------------------------

    async def _ask(self, transport: Transport) -> None:
        await self._take(transport, await self.ask_phone(transport))

    async def _ask_on_a_thread(self, transport: Transport) -> Identity:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._transports.ask, transport)

    async def _take(self, transport: Transport, identity: Identity) -> None:
        """Store what an answer means, and let the phone be used."""
        if self._sightings.shared:
            await self.refresh()  # another host may have met this phone
        async with self._writing:
            was_let_go = transport.connection <= self._let_go.get(transport.serial, -1)
            if was_let_go or not self._book.is_current(transport):
                return
            finding = self._book.judge(transport, identity)
            now_ms = self._clock.now_ms()
            moves = await self._store.write(lambda r: absorb(r, finding, now_ms, self._window, self._host_id))
            self._book.accept(finding, transport)
        self._let_go.pop(transport.serial, None)
        log.info("phone_known", device=finding.phone.serial, at=transport.serial, absorbed=finding.absorbed)
        self._show()
        self._tell(moves)
        self._changed.set()

    def _show(self) -> None:
        """Replace the table that others read, and tell of what has changed."""
        before = self._views
        self._views = self._book.views(before, self._clock.now_ms())
        here = {lane: view.device for lane, view in self._views.items() if self._sightings.counts(view)}
        known = {lane: view.device for lane, view in self._views.items()} | {**self._sightings.all()} | here
        self._devices = sorted(known.values(), key=lambda device: device.serial)
        with self._news:
            self._news.notify_all()
        self._shown.set()
        self._shown = asyncio.Event()
        for lane, view in self._views.items():
            former = before.get(lane)
            if former is None or former.device != view.device:
                if former and former.device.is_ready:
                    self._last_seen[lane] = self._clock.now_ms()
                log.info("device_changed", device=lane, state=view.device.state.value)
                self._sightings.note(view.device)
                self._lanes.notify()
                self._tell_change(view.device)
        self._keep_connected()

    def _tell(self, moves: Moves) -> None:
        for lane in moves:
            self._lanes.changed(lane)

    # -- the network -----------------------------------------------------------------------------------

    def _keep_connected(self) -> None:
        """Let the addresses of phones that are not there be connected again, unless they were let go."""
        here = {device.serial for device in self._devices if device.is_ready}
        owners = self._book.led.here
        self._transports.keep(
            [s for s, lane in owners.items() if lane not in here and s not in self._let_go and is_address(s)]
        )

    async def connect(self, address: str) -> str:
        """Connect a phone by TCP, keep it connected, and return its lane once it has said who it is.

        Raises:
            DeviceError: it does not answer.
        """
        serial = await asyncio.to_thread(self._transports.connect, address)
        for one in (serial, address):
            self._let_go.pop(one, None)
        await self._store.write(lambda r: r.devices.let_go(serial, gone=False, host_id=self._host_id))
        self.update()
        try:
            async with asyncio.timeout(_ANSWER_WAIT_S):
                while not self._book.is_settled(serial):
                    await self._shown.wait()
        except TimeoutError:
            log.info("phone_not_known_yet", device=serial)
        return self._book.lane_at(serial)

    async def disconnect(self, address: str) -> bool:
        """Let go of a TCP phone: it is not connected again, also after a restart. False when there is none."""
        self._let_go[address] = max((t.connection for t in self._transports.all() if t.serial == address), default=0)
        self._keep_connected()
        await self._store.write(lambda r: r.devices.let_go(address, gone=True, host_id=self._host_id))
        return await asyncio.to_thread(self._transports.disconnect, address)

    # -- what people say -------------------------------------------------------------------------------

    async def describe(self, lane: str, name: str | None, tags: Sequence[str] | None) -> None:
        """Give a phone a name, unique without case, and tags; None leaves what is there.

        Raises:
            NotFoundError: it is not on record.
            ConflictError: another phone is meant by that name.
        """
        async with self._writing:
            moves = await self._decisions.describe(lane, name, tags)
        self._tell(moves)
        self._changed.set()

    async def adopt(self, lane: str, *, keep_present: bool) -> None:
        """Say which phone is meant where another one answers.

        Args:
            lane: the phone that was known there.
            keep_present: the phone that answers takes its place; else its tasks go on waiting for it.

        Raises:
            NotFoundError: it is not on record.
            ConflictError: no other phone answers there, or a task runs on one of the two.
        """
        async with self._writing:
            moves = await self._decisions.adopt(lane, keep_present=keep_present)
        self._tell(moves)
        self._show()
        self._changed.set()
