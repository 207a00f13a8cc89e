"""What becomes of a task that could not begin in time: it is held for a person, runs all the same, or fails.

Asked when a task is claimed, in the same transaction, so that no late one ever slips through; and by `LateTasks` for
those that cannot be claimed at all.
"""

from __future__ import annotations

from fleetlane.core.lateness import LATE_REMARKS, how_late, late_by_ms, may_begin_until
from fleetlane.core.outcome import failed
from fleetlane.core.ports.store import Repositories
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.task import LatePolicy, Task, note_of

_LEAST_DELAY_MS = 1000  # of the next look at a task whose lane has just begun to work


def claim_in_time(
    repositories: Repositories, task_id: int, serial: str, now_ms: int, longest_ms: int
) -> tuple[Task | None, Task | None]:
    """Claim a task unless it is late. Returns it, and what it became when it was late and does not begin.

    Args:
        repositories: the unit of work.
        task_id: the head of the lane.
        serial: the lane.
        now_ms: the present instant.
        longest_ms: how long one attempt can work.
    """
    claimed = repositories.tasks.claim(task_id, serial, now_ms)
    if claimed is not None:
        return claimed, None
    task = repositories.tasks.get(task_id)
    if task is None or task.is_held or task.late_at_ms is None or task.late_at_ms >= now_ms:
        return None, None
    settled = settle_late(repositories, task, now_ms, longest_ms)
    return repositories.tasks.claim(task_id, serial, now_ms), settled


def settle_late(repositories: Repositories, task: Task, now_ms: int, longest_ms: int) -> Task | None:
    """Do with a pending task that may be late what is to be done. Returns what it became, None when it goes on waiting.

    Time in which its lane was at work does not count: the task is then looked at later.
    """
    work = repositories.attempts.work(task.serial, task.due_ms, now_ms, longest_ms) if task.serial else []
    until_ms = may_begin_until(task, work, now_ms)
    if until_ms is None:
        repositories.tasks.put_off(task.id, None)
        return None
    if now_ms <= until_ms:
        repositories.tasks.put_off(task.id, max(until_ms, now_ms + _LEAST_DELAY_MS))
        return None
    late_ms = late_by_ms(task, now_ms)
    sentence = how_late(LATE_REMARKS, late_ms)
    match task.late_policy:
        case LatePolicy.RUN:
            repositories.tasks.put_off(task.id, None, late_ms)
            return None
        case LatePolicy.FAIL:
            return repositories.tasks.miss(task.id, now_ms, late_ms, failed("missed_start", sentence))
        case LatePolicy.HOLD | None:
            note = note_of(Remark.of(sentence, RemarkTemplate.HELD), "missed_start")
            return repositories.tasks.hold(task.id, now_ms, late_ms, note)
