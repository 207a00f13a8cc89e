"""After a start: what a crash left running is requeued or ended, never lost and never posted twice."""

from __future__ import annotations

import structlog

from fleetlane.core.outcome import Outcome, failed
from fleetlane.core.ports.clock import Clock
from fleetlane.core.ports.execution import Ended
from fleetlane.core.ports.store import Repositories, Store
from fleetlane.core.task import Task
from fleetlane.work.ending import RetryPolicy, settle_end
from fleetlane.work.runner import interrupted

log = structlog.get_logger(__name__)


async def recover(store: Store, clock: Clock) -> int:
    """Settle every task that is still marked as running. Returns how many there were.

    An attempt that had not come to Post runs again; one that had is ended with an unknown outcome.
    """

    def settle(repositories: Repositories) -> list[tuple[Task, Outcome | None]]:
        settled: list[tuple[Task, Outcome | None]] = []
        for task in repositories.tasks.running():
            outcome = interrupted(task, repositories.attempts.phase(task.id, task.attempt))
            ended = Ended(task, outcome or failed("server_interrupted"), requeue=outcome is None)
            settle_end(repositories, ended, RetryPolicy(), clock.now_ms())
            settled.append((task, outcome))
        return settled

    settled = await store.write(settle)
    for task, outcome in settled:
        log.info(
            "task_recovered",
            task_id=task.id,
            error_code=outcome.error_code if outcome else None,
            requeued=outcome is None,
        )
    return len(settled)
