"""Other workers on the same store: what they may have changed is asked there, each second and whenever they tell of it.

They stop what runs here, take phones over for people, drain this host, and end what this one was too long silent about.
Nobody has to tell: the rows alone are the truth. All of it runs on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from fleetlane.core.errors import StoreError
from fleetlane.core.event import Change, EventKind
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Status, Task
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.leases import DeviceLeases

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
_WAIT_S = 0.25
"""How often the end of an attempt elsewhere is looked for, whatever is told."""


DEVICE_LIMIT = "device_limit"
"""The fact that says how many phones of all hosts may work at the same time; "" for any number."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What others have changed: what runs on this worker's lanes, how the hosts are, and the limit."""

    running: Sequence[Task]
    draining: frozenset[str]
    silent: Sequence[str]
    device_limit: int | None


class OtherWorkers:
    """What this worker must ask, since others write the store, too.

    Args:
        store: the store.
        lanes: told of those whose tasks may have changed.
        clock: the time.
        leases: which lanes are this worker's.
        host_name: of this host.
        heard: called on the event loop when others have changed something about a device.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        leases: DeviceLeases,
        *,
        host_name: str,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._leases = leases
        self._host_name = host_name
        self._tell_heard = heard
        self._look_s = clock.monotonic_s()
        """When it is asked next."""
        self._news = asyncio.Event()
        self._refused: dict[str, float] = {}
        """Lanes that may not start a task now, and when that is asked again."""
        self.draining: frozenset[str] = frozenset()
        """The names of the hosts that take no new tasks."""
        self.silent: Sequence[str] = ()
        """The names of the hosts that have begun once, do not drain, and do not live; in order."""
        self.device_limit: int | None = None
        """How many phones of all hosts may work at the same time, as the servers' licence says; None for any number."""

    # -- what others tell --------------------------------------------------------------------------------

    def heard(self, changes: Sequence[Change] | None) -> None:
        """Take what others have changed; None: nobody knows what.

        Everybody hears everything, each step of each attempt: only what may concern this worker is asked about.
        """
        self._news.set()
        self._news = asyncio.Event()
        held = self._leases.held
        mine = {str(change.serial) for change in changes or () if change.kind is EventKind.TASK} & held
        for serial in mine:  # others are read when their lease is taken
            self._refused.pop(serial, None)
            self._lanes.changed(serial)
        if changes is None or mine:
            self._look_s = self._clock.monotonic_s()
        if changes is None or any(change.kind is EventKind.DEVICE for change in changes):
            self._tell_heard()
            self._look_s = self._clock.monotonic_s()
            self._lanes.notify()

    # -- what is asked -----------------------------------------------------------------------------------

    def seconds_to_look(self) -> float:
        """Return when it is to be asked again."""
        return max(self._look_s - self._clock.monotonic_s(), 0.0)

    async def look(self, here: Sequence[Task], stop: Callable[[Task], None]) -> None:
        """Ask, if it is time: stop what is to stop here, settle what does not run, and read the lanes again.

        What is marked as running on a lane that is not at work was claimed, and the answer was lost. Nothing may be
        claimed meanwhile.

        Args:
            here: the attempts that run here.
            stop: asks one to stop.

        Raises:
            StoreError: the store failed; it is asked again.
        """
        if self.seconds_to_look() > 0:
            return
        held = self._leases.held
        now_s = self._clock.monotonic_s()
        self._look_s = now_s + LOOK_EVERY_S  # before it is read: what is heard meanwhile is asked for again
        try:
            found = await self._store.read(lambda repositories: self._read(repositories, held))
        except StoreError:
            self._look_s = now_s
            raise
        self.draining, self.silent, self.device_limit = found.draining, found.silent, found.device_limit
        runs = {(task.id, task.attempt): task for task in found.running}
        for task in here:
            now = runs.get((task.id, task.attempt))
            if now is None or now.stop_requested:
                stop(task)
        free = held.difference(self._lanes.busy)
        for serial in free:
            self._lanes.changed(serial)
        if left := free.intersection(task.serial for task in found.running if task.serial):
            await self._leases.settle(left)

    def _read(self, repositories: Repositories, held: frozenset[str]) -> _Found:
        hosts, living = repositories.hosts.all(), repositories.leases.living_hosts()
        limit = repositories.facts.get(DEVICE_LIMIT)
        return _Found(
            running=repositories.tasks.running(held),
            draining=frozenset(host.name for host in hosts if host.drains),
            silent=[host.name for host in hosts if host.id and host.id not in living and not host.drains],
            device_limit=int(limit) if limit else None,
        )

    @property
    def drains(self) -> bool:
        """Return whether this host takes no new tasks."""
        return self._host_name in self.draining

    # -- a claim -----------------------------------------------------------------------------------------

    def may_ask_for(self, serial: str) -> bool:
        """Return whether a lane may start a task, as far as is known: it was not just refused."""
        return not self.drains and self._refused.get(serial, 0.0) <= self._clock.monotonic_s()

    def refused(self, serial: str) -> None:
        """Note that a lane could not start a task: nothing tells when it can, so it is asked again after a while."""
        self._refused[serial] = self._clock.monotonic_s() + LOOK_EVERY_S

    def gate(self, repositories: Repositories, limit: int | None) -> Callable[[str], bool]:
        """Return what says whether a lane may start a task, inside the claim's transaction; asked once for each.

        Args:
            repositories: the unit of work.
            limit: how many phones of all hosts may work at the same time; None for any number.
        """
        taken = {one.serial for one in repositories.take_overs.all() if one.owner != self._leases.owner}
        left = None if limit is None else limit - len(repositories.tasks.running())

        def may_start(serial: str) -> bool:
            nonlocal left
            if serial in taken or (left is not None and left <= 0):
                return False
            left = None if left is None else left - 1
            return True

        return may_start

    # -- the end of what runs elsewhere ------------------------------------------------------------------

    async def wait_for(self, task: Task, timeout_s: float) -> bool:
        """Wait for the end of an attempt that runs elsewhere. False when it has not ended within the time."""
        until_s = self._clock.monotonic_s() + timeout_s
        while True:
            news = self._news
            try:
                now = await self._store.read(lambda repositories: repositories.tasks.get(task.id))
            except StoreError as error:
                log.warning("end_not_asked", task_id=task.id, error=str(error))
                now = task
            if now is None or now.status is not Status.RUNNING or now.attempt != task.attempt:
                return True
            left_s = until_s - self._clock.monotonic_s()
            if left_s <= 0:
                return False
            try:
                async with asyncio.timeout(min(left_s, _WAIT_S)):
                    await news.wait()
            except TimeoutError:
                continue
