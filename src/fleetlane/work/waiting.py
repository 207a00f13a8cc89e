"""Why a pending task waits: the sentence behind `waiting_for`, made from what is known now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from fleetlane.core.device import WAITING_SENTENCES
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.phone import Devices
from fleetlane.core.schedule import rfc3339
from fleetlane.core.task import NewTask, Status, Task
from fleetlane.work.scheduler import Scheduler

_MOST_WARNINGS = 20


class Waiting:
    """Says what tasks wait for."""

    def __init__(self, devices: Devices, scheduler: Scheduler, clock: Clock, zone: tzinfo) -> None:
        self._devices = devices
        self._scheduler = scheduler
        self._clock = clock
        self._zone = zone

    def reason(self, task: Task) -> str | None:
        """Return what a pending task waits for, None for any other task."""
        if task.status is not Status.PENDING:
            return None
        if task.serial is None:
            return f"account {task.username} to be enabled and bound to a device"
        unavailable = self._unavailable(task.serial)
        if task.due_ms > self._clock.now_ms():
            due = f"its start at {rfc3339(task.due_ms, self._zone)}"
            return f"{due}, and {unavailable}" if unavailable else due
        if unavailable:
            return unavailable
        if self._scheduler.is_foreign(task.serial):
            return f"device {task.serial} to be given back by another server on the same store"
        if self._scheduler.is_busy(task.serial):
            return f"device {task.serial} to finish its present task"
        if self._scheduler.is_held(task.serial):
            return f"device {task.serial} to be given back: a person has taken it over"
        if self._scheduler.limit == 0:
            return "a licence that can be used"
        if self._scheduler.at_limit:
            return "another device to finish: the licence limits how many may work at the same time"
        return f"its turn on device {task.serial}"

    def _unavailable(self, serial: str) -> str | None:
        device = self._devices.get(serial)
        if device is not None and device.is_ready:
            return None
        return WAITING_SENTENCES[device.state if device else None].format(serial=serial)

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
        return self._unavailable(task.serial) or f"its turn on device {task.serial}"
