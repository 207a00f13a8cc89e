"""The leases of this worker: which devices it may work on, renewed by one heartbeat for all of them.

What matters is looked up in the store, in the same transaction as the change that needs it: a claim, and the journal's
*armed*. What is kept here is a hint that stops work early. Whoever waits for another worker's lease watches its
heartbeat on his own clock: no clock that is set, and no sleep of a computer, gives a device to two.
"""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.leases import Heartbeat
from fleetlane.core.ports.presses import PressLog
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.membership import Membership
from fleetlane.work.running.presses import NothingPressed, recall_all
from fleetlane.work.running.recovery import recover

log = structlog.get_logger(__name__)

_TTL_S = 30.0
_BEAT_EVERY_S = 5.0
_BEATS_OF_ONE = 1 << 32
"""More beats than there are before a worker begins once more: who watched it before must not take it for still."""


@dataclass(frozen=True, slots=True)
class _Beat:
    """What one heartbeat found.

    `held` are this worker's devices, of which `taken` are new; `left` it wants no more; `foreign` are others';
    `dismissed` are workers that are dead. `began`: it was the worker's first, or others had taken it for dead.
    """

    held: frozenset[str]
    taken: frozenset[str]
    left: frozenset[str]
    foreign: frozenset[str]
    heartbeats: dict[str, Heartbeat]
    dismissed: frozenset[str] = frozenset()
    began: bool = False


class DeviceLeases:
    """The leases of one worker.

    Args:
        store: where they are.
        clock: the time. Only its monotonic side is used, which goes on while the computer sleeps.
        wanted: the devices it could work on, beside those it works on.
        lanes: which devices are at work; told of those that were taken or lost.
        host_id: the place of work, in which one server lives at a time; its own for each unless given.
        host: what is noted in the store of the host; nothing unless given.
        ttl_s: how long a lease outlives its last heartbeat.
        repeats: for how long a post is not to be repeated.
        presses: what this host remembers having pressed: asked when it begins, and when the store was away.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        wanted: Callable[[], Collection[str]],
        lanes: Lanes,
        *,
        host_id: str = "",
        host: Membership | None = None,
        ttl_s: float = _TTL_S,
        repeats: RepeatWindow | None = None,
        presses: PressLog | None = None,
    ) -> None:
        self.owner = uuid.uuid4().hex
        self._host_id = host_id or self.owner
        self._host = host
        self.ttl_s = ttl_s
        self._store = store
        self._clock = clock
        self._wanted = wanted
        self._lanes = lanes
        self._repeats = repeats
        self._presses = presses or NothingPressed()
        self._asked = 0
        """How often it has asked to begin, or to go on."""
        self._was_away = False
        """Whether the store was away since the last heartbeat: it may have gone back."""
        self._held: frozenset[str] = frozenset()
        self._foreign: frozenset[str] = frozenset()
        self._forfeited: frozenset[str] = frozenset()
        """Devices whose attempts began before this worker was silent for too long: others may have settled those."""
        self._unsettled: frozenset[str] = frozenset()
        """Devices that were taken, and may have tasks that another worker left running."""
        self._someone_died = False
        """Whether a worker was dismissed whose tasks may still be marked as running, on devices of nobody here."""
        self._ttl_ms = round(ttl_s * 1000)
        self._renewed_s = clock.monotonic_s()
        self._watched: dict[str, tuple[Heartbeat, float]] = {}
        """The heartbeats of others, and since when each has stood still."""
        self._wake = asyncio.Event()
        lanes.listen(notified=self._wake.set, freed=self._freed)

    # -- asked by others -------------------------------------------------------------------------------

    def holds(self, serial: str) -> bool:
        """Return whether a device may be worked on, as far as is known here. From any thread."""
        is_held = serial in self._held and serial not in self._forfeited
        return is_held and self._clock.monotonic_s() - self._renewed_s < self.ttl_s

    def _freed(self, serial: str) -> None:
        """Note that an attempt has really ended: the next one on its device is as good as any."""
        self._forfeited -= {serial}

    @property
    def held(self) -> frozenset[str]:
        """Return the devices that this worker has, as far as is known here."""
        return self._held

    def is_foreign(self, serial: str) -> bool:
        """Return whether another worker has a device."""
        return serial in self._foreign

    def renew(self, repositories: Repositories, serial: str) -> bool:
        """Return whether a device is this worker's, inside a transaction; the lease then lasts from now on."""
        leases = repositories.leases
        return leases.holds(self.owner, serial) and leases.beat(self.owner, self._ttl_ms)

    # -- the heartbeat ---------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Begin, and end the leases that this host had. Only who knows that no other server lives here may do so.

        Raises:
            StoreError: the store failed, or the host may not work beside those that do.
        """
        self._asked += 1
        await self._store.write(self._begin)
        self._renewed_s = self._clock.monotonic_s()

    def _begin(self, repositories: Repositories) -> None:
        if self._host is not None:
            self._host.begin(repositories)
        recall_all(repositories, self._presses, self._clock.now_ms())
        repositories.leases.begin(self.owner, self._host_id, self._ttl_ms, self._asked * _BEATS_OF_ONE)

    async def beat(self) -> None:
        """Renew what is held, take what is free or has expired, and settle what those that are dead left running.

        Raises:
            StoreError: the store failed.
        """
        self._asked += 1
        began_s = self._clock.monotonic_s()
        wanted, expired = frozenset({*self._wanted(), *self._lanes.busy}), self._expired(began_s)
        try:
            found = await self._found(wanted, expired)
        except StoreError:
            self._watched = {}  # whoever stood still may only have been kept from the store, too: it counts anew
            raise
        self._was_away = False
        self._watch(found.heartbeats, self._clock.monotonic_s())  # not earlier: the store may have kept it waiting
        self._foreign = found.foreign
        if found.began or began_s - self._renewed_s >= self.ttl_s:
            self._forfeited = frozenset(self._lanes.busy)  # before it holds anything again
        if lost := self._held & found.foreign:
            log.warning("leases_lost", devices=sorted(lost))
        self._unsettled = (self._unsettled | found.taken) & found.held
        self._someone_died |= bool(found.dismissed)
        if self._unsettled or self._someone_died:
            await self.settle(self._unsettled)
            self._unsettled, self._someone_died = frozenset(), False
        before, self._held, self._renewed_s = self._held, found.held, began_s
        if before != self._held:
            self._lanes.notify()

    async def _found(self, wanted: frozenset[str], expired: Mapping[str, Heartbeat]) -> _Beat:
        """Let the heart beat, and do what is to be done; what that is is read beside the transaction that writes."""
        seen = await self._store.read(lambda repositories: self._seen(repositories, wanted))
        if expired or self._was_away or seen.taken or seen.left:
            return await self._store.write(lambda repositories: self._renew_all(repositories, wanted, expired))
        return await self._store.write(lambda repositories: self._renew(repositories, wanted, seen))

    async def settle(self, serials: Collection[str]) -> None:
        """Settle what is marked as running on devices of this worker, and runs nowhere; and what is nobody's.

        Raises:
            StoreError: the store failed.
        """
        await recover(self._store, self._clock, serials, self._repeats, owner=self.owner)
        for serial in serials:
            self._lanes.changed(serial)  # what waits there others have stored, and told nobody here

    def _renew(self, repositories: Repositories, wanted: frozenset[str], seen: _Beat) -> _Beat:
        """Let the heart beat where there is nothing else to do: it reads what no other heart writes."""
        if not repositories.leases.beat(self.owner, self._ttl_ms):  # others took it for dead
            return self._renew_all(repositories, wanted, {})
        if self._host is not None:
            self._host.lives(repositories)
        return seen

    def _renew_all(self, repositories: Repositories, wanted: frozenset[str], expired: Mapping[str, Heartbeat]) -> _Beat:
        leases = repositories.leases
        began = not leases.beat(self.owner, self._ttl_ms)
        if began:
            self._begin(repositories)
        elif self._host is not None:
            self._host.lives(repositories)
        if self._was_away:
            recall_all(repositories, self._presses, self._clock.now_ms())
        dismissed = frozenset(owner for owner, seen in expired.items() if leases.dismiss(owner, seen))
        found = self._seen(repositories, wanted)
        if found.taken:
            leases.take(self.owner, found.taken)
        leases.release(found.left)
        return replace(found, dismissed=dismissed, began=began)

    def _seen(self, repositories: Repositories, wanted: frozenset[str]) -> _Beat:
        """Return who has which device now, and what this worker is to take or to leave."""
        holders, heartbeats = repositories.leases.holders(), repositories.leases.heartbeats()
        mine = frozenset(serial for serial, owner in holders.items() if owner == self.owner)
        foreign = frozenset(serial for serial in wanted - mine if holders.get(serial) in heartbeats)
        take = wanted - mine - foreign
        others = {owner: heart for owner, heart in heartbeats.items() if owner != self.owner}
        return _Beat(mine & wanted | take, take, mine - wanted, foreign, others)

    def _watch(self, heartbeats: dict[str, Heartbeat], now_s: float) -> None:
        former = self._watched
        self._watched = {
            owner: former[owner] if owner in former and former[owner][0] == heart else (heart, now_s)
            for owner, heart in heartbeats.items()
        }

    def _expired(self, now_s: float) -> Mapping[str, Heartbeat]:
        watched = self._watched.items()
        return {owner: heart for owner, (heart, since_s) in watched if (now_s - since_s) * 1000 >= heart.ttl_ms}

    def seconds_to_beat(self) -> float:
        """Return when it is to beat again: soon, and as soon as a heart that stands still has stood so too long."""
        ends_s = (since_s + heart.ttl_ms / 1000 for heart, since_s in self._watched.values())
        return max(min(_BEAT_EVERY_S, min(ends_s, default=math.inf) - self._clock.monotonic_s()), 0.0)

    async def run(self) -> None:
        """Let the heart beat until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.beat()
            except StoreError as error:
                log.warning("heartbeat_failed", error=str(error))  # the leases end when it fails for too long
                self._was_away = True
            try:
                async with asyncio.timeout(self.seconds_to_beat()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def end(self) -> None:
        """Give all devices back."""
        try:
            await self._store.write(lambda repositories: repositories.leases.dismiss(self.owner))
        except StoreError as error:
            log.warning("leases_not_given_back", error=str(error))
