"""The leases of this worker: which devices it may work on, renewed by one heartbeat for all of them.

What matters is looked up in the store, in the same transaction as the change that needs it: a claim, and the journal's
*armed*. What is kept here is a hint that stops work early. Whoever waits for another worker's lease watches its
heartbeat on his own clock: no clock that is set, and no sleep of a computer, gives a device to two.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.leases import Heartbeat
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.work.preflight.repeats import RepeatWindow
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.recovery import recover

log = structlog.get_logger(__name__)

_TTL_S = 30.0
_BEAT_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Beat:
    """What one heartbeat found. `taken` are new; `foreign` are others'; `dismissed` are workers that are dead."""

    held: frozenset[str]
    taken: frozenset[str]
    foreign: frozenset[str]
    heartbeats: dict[str, Heartbeat]
    dismissed: frozenset[str]


class DeviceLeases:
    """The leases of one worker.

    Args:
        store: where they are.
        clock: the time. Only its monotonic side is used, which goes on while the computer sleeps.
        wanted: the devices it could work on, beside those it works on.
        lanes: which devices are at work; told of those that were taken or lost.
        host_id: the place of work, in which one server lives at a time; its own for each unless given.
        ttl_s: how long a lease outlives its last heartbeat.
        repeats: for how long a post is not to be repeated.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        wanted: Callable[[], Collection[str]],
        lanes: Lanes,
        *,
        host_id: str = "",
        ttl_s: float = _TTL_S,
        repeats: RepeatWindow | None = None,
    ) -> None:
        self.owner = uuid.uuid4().hex
        self._host_id = host_id or self.owner
        self.ttl_s = ttl_s
        self._store = store
        self._clock = clock
        self._wanted = wanted
        self._lanes = lanes
        self._repeats = repeats
        self._held: frozenset[str] = frozenset()
        self._foreign: frozenset[str] = frozenset()
        self._unsettled: frozenset[str] = frozenset()
        """Devices that were taken, and may have tasks that another worker left running."""
        self._someone_died = False
        """Whether a worker was dismissed whose tasks may still be marked as running, on devices of nobody here."""
        self._ttl_ms = round(ttl_s * 1000)
        self._renewed_s = clock.monotonic_s()
        self._watched: dict[str, tuple[Heartbeat, float]] = {}
        """The heartbeats of others, and since when each has stood still."""
        self._wake = asyncio.Event()
        lanes.listen(notified=self._wake.set)

    # -- asked by others -------------------------------------------------------------------------------

    def holds(self, serial: str) -> bool:
        """Return whether a device may be worked on, as far as is known here. From any thread."""
        return serial in self._held and self._clock.monotonic_s() - self._renewed_s < self.ttl_s

    def is_foreign(self, serial: str) -> bool:
        """Return whether another worker has a device."""
        return serial in self._foreign

    def renew(self, repositories: Repositories, serial: str) -> bool:
        """Return whether a device is this worker's, inside a transaction; the lease then lasts from now on."""
        leases = repositories.leases
        return leases.holds(self.owner, serial) and leases.beat(self.owner, self._ttl_ms)

    # -- the heartbeat ---------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Begin, and end the leases that this host had. Only who knows that no other server lives here may do so."""
        await self._store.write(self._begin)
        self._renewed_s = self._clock.monotonic_s()

    def _begin(self, repositories: Repositories) -> None:
        repositories.leases.begin(self.owner, self._host_id, self._ttl_ms)

    async def beat(self) -> None:
        """Renew what is held, take what is free or has expired, and settle what those that are dead left running.

        Raises:
            StoreError: the store failed.
        """
        began_s = self._clock.monotonic_s()
        wanted, expired = frozenset({*self._wanted(), *self._lanes.busy}), self._expired(began_s)
        found = await self._store.write(lambda repositories: self._renew_all(repositories, wanted, expired))
        self._watch(found.heartbeats, began_s)
        self._foreign = found.foreign
        if lost := self._held & found.foreign:
            log.warning("leases_lost", devices=sorted(lost))
        self._unsettled = (self._unsettled | found.taken) & found.held
        self._someone_died |= bool(found.dismissed)
        if self._unsettled or self._someone_died:
            await recover(self._store, self._clock, self._unsettled, self._repeats)
            for serial in self._unsettled:
                self._lanes.changed(serial)  # what waits there others have stored, and told nobody here
            self._unsettled, self._someone_died = frozenset(), False
        before, self._held, self._renewed_s = self._held, found.held, began_s
        if before != self._held:
            self._lanes.notify()

    def _renew_all(self, repositories: Repositories, wanted: frozenset[str], expired: Mapping[str, Heartbeat]) -> _Beat:
        leases = repositories.leases
        if not leases.beat(self.owner, self._ttl_ms):  # its first, or others took it for dead
            self._begin(repositories)
        dismissed = frozenset(owner for owner, seen in expired.items() if leases.dismiss(owner, seen))
        holders, heartbeats = leases.holders(), leases.heartbeats()
        mine = frozenset(serial for serial, owner in holders.items() if owner == self.owner)
        foreign = frozenset(serial for serial in wanted - mine if holders.get(serial) in heartbeats)
        take = wanted - mine - foreign
        if take:
            leases.take(self.owner, take)
        leases.release(mine - wanted)
        others = {owner: heart for owner, heart in heartbeats.items() if owner != self.owner}
        return _Beat(mine & wanted | take, take, foreign, others, dismissed)

    def _watch(self, heartbeats: dict[str, Heartbeat], now_s: float) -> None:
        former = self._watched
        self._watched = {
            owner: former[owner] if owner in former and former[owner][0] == heart else (heart, now_s)
            for owner, heart in heartbeats.items()
        }

    def _expired(self, now_s: float) -> Mapping[str, Heartbeat]:
        watched = self._watched.items()
        return {owner: heart for owner, (heart, since_s) in watched if (now_s - since_s) * 1000 >= heart.ttl_ms}

    async def run(self) -> None:
        """Let the heart beat until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.beat()
            except StoreError as error:
                log.warning("heartbeat_failed", error=str(error))  # the leases end when it fails for too long
            try:
                async with asyncio.timeout(_BEAT_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def end(self) -> None:
        """Give all devices back."""
        try:
            await self._store.write(lambda repositories: repositories.leases.dismiss(self.owner))
        except StoreError as error:
            log.warning("leases_not_given_back", error=str(error))
