"""Moves the store forward where this host remembers more of a press than the store does.

A copy of the store was put in its place, or its database failed over to a standby that lacked the last commits: then a
task whose Post was pressed seems to wait, and would be posted again. It is looked for instead.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from fleetlane.core.journal import Phase, moves_forward
from fleetlane.core.ports.presses import PressLog
from fleetlane.core.ports.store import Repositories
from fleetlane.core.presses import Press
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.task import Status, Task

log = structlog.get_logger(__name__)

MOST = 2_000
"""Of how many tasks, those that pressed last, it is asked whether the store knows of it."""


class NothingPressed:
    """A host that remembers nothing of itself (`core.ports.presses.PressLog`)."""

    def note(self, press: Press) -> None:
        """Remember nothing."""

    def of(self, task_id: int) -> Press | None:
        """Return nothing."""
        del task_id

    def latest(self, most: int) -> list[Press]:
        """Return nothing."""
        del most
        return []


def recall_all(repositories: Repositories, presses: PressLog, now_ms: int) -> list[Task]:
    """Recall what was pressed last, of every task. Returns the tasks that the store knew too little of."""
    latest = presses.latest(MOST)
    here = {task.id: task for task in repositories.tasks.some([press.task_id for press in latest])}
    return _recalled(repositories, ((here.get(press.task_id), press) for press in latest), now_ms)


def recall(repositories: Repositories, presses: PressLog, task_id: int, now_ms: int) -> list[Task]:
    """Recall what was pressed for one task. Returns it when the store knew too little of it."""
    press = presses.of(task_id)
    return _recalled(repositories, [(repositories.tasks.get(task_id), press)], now_ms) if press is not None else []


def _recalled(repositories: Repositories, found: Iterable[tuple[Task | None, Press]], now_ms: int) -> list[Task]:
    recalled = [task for task, press in found if task is not None and _recall(repositories, task, press, now_ms)]
    for task in recalled:
        log.error("press_recalled", task_id=task.id, device=task.serial, help="the store has gone back")
    return recalled


def _recall(repositories: Repositories, task: Task, press: Press, now_ms: int) -> bool:
    if press.batch_id != task.batch_id or press.phase.may_repeat or task.status not in (Status.PENDING, Status.RUNNING):
        return False
    known = repositories.attempts.get(task.id, press.attempt)
    if known is not None and not moves_forward(known.phase, _as_stored(press.phase)):
        return False
    remark = Remark.of(RemarkTemplate.SERVER_ENDED, RemarkTemplate.LOOKED_FOR)
    return repositories.tasks.recall(press, remark, now_ms)


def _as_stored(phase: Phase) -> Phase:
    """Return the phase from which a store knows enough: that the tap was sent adds nothing to *armed*."""
    return Phase.ARMED if phase is Phase.TAPPED else phase
