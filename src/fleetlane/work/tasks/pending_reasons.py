"""Why a pending task waits: the sentences behind `waiting_for`, made from what is known now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from fleetlane.core.device import why_not_ready
from fleetlane.core.lateness import Unit, how_late, late_by_ms
from fleetlane.core.message import Message
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Devices
from fleetlane.core.task import NewTask, Status, Task
from fleetlane.work.running.canary import WAITS as CANARY
from fleetlane.work.running.lanes import Lanes
from fleetlane.work.running.scheduler import Scheduler

_MOST_WARNINGS = 20

_BINDING = "account %(account)s to be enabled and bound to a device"
_START = "its start at %(at)s"
_ELSEWHERE = "device %(serial)s to be given back by another server on the same store"
_PRESENT_TASK = "device %(serial)s to finish its present task"
_PERSON = "device %(serial)s to be given back: a person has taken it over"
_LICENCE = "a licence that can be used"
_LIMIT = "another device to finish: the licence limits how many may work at the same time"
_TURN = "its turn on device %(serial)s"
_HELD = {
    Unit.DAYS: "a person to decide: it is %(days)s d %(hours)s h late; post it now, move it, or drop it",
    Unit.HOURS: "a person to decide: it is %(hours)s h %(minutes)s min late; post it now, move it, or drop it",
    Unit.MINUTES: "a person to decide: it is %(minutes)s min late; post it now, move it, or drop it",
}
REASONS = (_BINDING, _START, _ELSEWHERE, _PRESENT_TASK, _PERSON, _LICENCE, _LIMIT, _TURN, CANARY, *_HELD.values())
"""What a task may wait for, beside a device that is not ready (`core.device.NOT_READY`)."""


class PendingReasons:
    """Says what tasks wait for."""

    def __init__(self, devices: Devices, lanes: Lanes, scheduler: Scheduler, clock: Clock, zone: tzinfo) -> None:
        self._devices = devices
        self._lanes = lanes
        self._scheduler = scheduler
        self._clock = clock
        self._zone = zone

    def reasons(self, task: Task) -> Sequence[Message]:
        """Return what a pending task waits for; nothing for any other task."""
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
        return (unavailable or self._among_others(task.serial),)

    def _among_others(self, serial: str) -> Message:
        """Return what a task that is due waits for on a device that is ready."""
        own = {"serial": serial}
        if self._scheduler.is_foreign(serial):
            return Message(_ELSEWHERE, own)
        if self._lanes.is_busy(serial):
            return Message(_PRESENT_TASK, own)
        if self._lanes.is_held(serial):
            return Message(_PERSON, own)
        if self._scheduler.limit == 0:
            return Message(_LICENCE)
        if self._scheduler.at_limit:
            return Message(_LIMIT)
        return self._scheduler.withheld(serial) or Message(_TURN, own)

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
