"""How an attempt's end is settled: the task, what it reserved, and whether it is tried again by itself.

One unit of work, so that a crash leaves all of it done or nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from fleetlane.core.outcome import FailureClass, Outcome, PublishState, failed
from fleetlane.core.ports.execution import Ended
from fleetlane.core.ports.store import Repositories
from fleetlane.core.task import Task


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which failures are tried again by themselves. Delays are in seconds; one is drawn for each retry."""

    enabled: bool = False
    most_retries: int = 3
    least_delay_s: float = 5.0
    most_delay_s: float = 60.0

    def applies(self, task: Task, outcome: Outcome) -> bool:
        """Return whether a task that ended like this is tried again: only what may pass by itself."""
        return (
            self.enabled
            and outcome.failure_class is FailureClass.TRANSIENT
            and outcome.publish_state is not PublishState.UNKNOWN
            and task.retry_count < self.most_retries
        )

    def delay_ms(self) -> int:
        """Return how long to wait before the next try."""
        return round(random.uniform(self.least_delay_s, self.most_delay_s) * 1000)


def settle_end(repositories: Repositories, event: Ended, policy: RetryPolicy, now_ms: int) -> bool:
    """Store the end of an attempt. False when it is refused: the attempt is not the one that runs."""
    task, outcome = event.task, event.outcome
    now = repositories.tasks.get(task.id)
    stopped = now is not None and now.stop_requested
    if event.requeue and not stopped:
        accepted = repositories.tasks.requeue(task.id, task.attempt, outcome.remark, now_ms)
        if accepted:
            repositories.materials.settle(task.id, PublishState.NOT_PUBLISHED, now_ms)
        return accepted
    if event.requeue:
        outcome = failed("stopped")
    if not repositories.tasks.finish(task.id, task.attempt, outcome, now_ms):
        return False
    repositories.materials.settle(task.id, outcome.publish_state, now_ms)
    if not stopped and policy.applies(task, outcome):
        remark = f"It is tried again, {task.retry_count + 1} of {policy.most_retries}. Before: {outcome.remark}"
        repositories.tasks.retry(task.id, now_ms + policy.delay_ms(), force=False, remark=remark)
    return True
