"""Why a pending task waits: the sentences behind `waiting_for`, made from what is known now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from fleetlane.core.device import why_not_ready
from fleetlane.core.lateness import Unit, how_late, late_by_ms
from fleetlane.core.message import Message
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Devices
from fleetlane.core.ports.store import Repositories
from fleetlane.core.task import NewTask, Status, Task
from fleetlane.work.running.canary import WAITS as CANARY
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.scheduler import Scheduler
from fleetlane.work.tasks.fleet import Fleet, FleetNow

_MOST_WARNINGS = 20

_BINDING = "account %(account)s to be enabled and bound to a device"
_START = "its start at %(at)s"
_ELSEWHERE = "device %(serial)s to be given back by another server on the same store"
_PRESENT_TASK = "device %(serial)s to finish its present task"
_PERSON = "device %(serial)s to be given back: a person has taken it over"
_DRAINS = "host %(host)s to take tasks again: it was told to take no new ones"
_LICENCE = "a licence that can be used"
_LIMIT = "another device to finish: the licence limits how many may work at the same time"
_TURN = "its turn on device %(serial)s"
_HELD = {
    Unit.DAYS: "a person to decide: it is %(days)s d %(hours)s h late; post it now, move it, or drop it",
    Unit.HOURS: "a person to decide: it is %(hours)s h %(minutes)s min late; post it now, move it, or drop it",
    Unit.MINUTES: "a person to decide: it is %(minutes)s min late; post it now, move it, or drop it",
}
REASONS = (
    _BINDING,
    _START,
    _ELSEWHERE,
    _PRESENT_TASK,
    _PERSON,
    _DRAINS,
    _LICENCE,
    _LIMIT,
    _TURN,
    CANARY,
    *_HELD.values(),
)
"""What a task may wait for, beside a device that is not ready (`core.device.NOT_READY`)."""


class PendingReasons:
    """Says what tasks wait for.

    Args:
        devices: how the phones are.
        lanes: what is at work here.
        scheduler: what else it waits for.
        clock: the time.
        zone: of times that people read.
        fleet: the hosts that share the store; None where the store is not shared.
    """

    def __init__(
        self,
        devices: Devices,
        lanes: Lanes,
        scheduler: Scheduler,
        clock: Clock,
        zone: tzinfo,
        *,
        fleet: Fleet | None = None,
    ) -> None:
        self._devices = devices
        self._lanes = lanes
        self._scheduler = scheduler
        self._clock = clock
        self._zone = zone
        self._fleet = fleet

    @property
    def reads_rows(self) -> bool:
        """Return whether rows matter, too: then `reasons` wants what `read` returns."""
        return self._fleet is not None

    def read(self, repositories: Repositories, tasks: Sequence[Task]) -> FleetNow | None:
        """Return what `reasons` must know of the rows, inside a unit of work; None when it is nothing."""
        if self._fleet is None:
            return None
        waiting = {task.serial for task in tasks if task.serial and task.status is Status.PENDING}
        return self._fleet.read(repositories, waiting) if waiting else None

    def reasons(self, task: Task, now: FleetNow | None = None) -> Sequence[Message]:
        """Return what a pending task waits for; nothing for any other task.

        Args:
            task: the task.
            now: what was read for it.
        """
        if task.status is not Status.PENDING:
            return ()
        if task.is_held:
            return (how_late(_HELD, late_by_ms(task, self._clock.now_ms())),)
        if task.serial is None:
            return (Message(_BINDING, {"account": str(task.username)}),)
        unavailable = self._unavailable(task.serial)
        if task.due_ms > self._clock.now_ms():
            start = Message(_START, {"at": datetime.fromtimestamp(task.due_ms / 1000, self._zone)})
            return (start, unavailable) if unavailable else (start,)
        return (unavailable or self._among_others(task.serial, now),)

    def _among_others(self, serial: str, now: FleetNow | None) -> Message:
        """Return what a task that is due waits for on a device that is ready."""
        own = {"serial": serial}
        if self._lanes.is_busy(serial) or (now and serial in now.busy):
            return Message(_PRESENT_TASK, own)
        if self._lanes.is_held(serial) or (now and serial in now.taken_over):
            return Message(_PERSON, own)
        if self._scheduler.is_foreign(serial):
            return Message(_ELSEWHERE, own)
        if now and self._fleet and (host := self._fleet.host(serial)) in now.draining:
            return Message(_DRAINS, {"host": host})
        return self._limited(now) or self._scheduler.withheld(serial) or Message(_TURN, own)

    def _limited(self, now: FleetNow | None) -> Message | None:
        """Return how the licence keeps a task waiting, None when it does not."""
        limit = self._scheduler.limit
        if limit == 0:
            return Message(_LICENCE)
        reached = self._scheduler.at_limit or (now is not None and limit is not None and now.running >= limit)
        return Message(_LIMIT) if reached else None

    def _unavailable(self, serial: str) -> Message | None:
        return why_not_ready(serial, self._devices.get(serial))

    def warnings(self, tasks: Sequence[NewTask]) -> list[str]:
        """Return what the creator of tasks should know about their targets."""
        ready = {device.serial for device in self._devices.all() if device.is_ready}
        waiting = [task for task in tasks if task.serial not in ready]
        found = [f"the task waits: {self._missing(task)}" for task in waiting[:_MOST_WARNINGS]]
        if len(waiting) > _MOST_WARNINGS:
            found.append(f"and {len(waiting) - _MOST_WARNINGS} more tasks wait for their device")
        return found

    def _missing(self, task: NewTask) -> str:
        if task.serial is None:
            return f"account {task.username} is not bound to a device yet"
        return str(self._unavailable(task.serial) or Message(_TURN, {"serial": task.serial}))
