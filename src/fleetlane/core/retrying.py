"""Which failed tasks are retried together, and why others are passed over. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fleetlane.core.outcome import PublishState
from fleetlane.core.task import Status, Task


@dataclass(frozen=True, slots=True)
class RetryWish:
    """Which failed tasks to retry together; None narrows nothing. `ended_*` are milliseconds since the epoch.

    `include_stopped` takes those that a person stopped, too.
    """

    task_ids: Sequence[int] | None = None
    batch_id: str | None = None
    error_codes: Sequence[str] | None = None
    ended_since_ms: int | None = None
    ended_until_ms: int | None = None
    include_stopped: bool = False


class PassedOver(StrEnum):
    """Why a task is not retried together with others. Only what failed by itself is."""

    STOPPED = "stopped"
    OUTCOME_UNKNOWN = "outcome_unknown"
    RETRY_LIMIT = "retry_limit"
    REPEAT = "repeat"
    """Its post waits, runs or was published with another task."""
    NOT_FAILED = "not_failed"
    """It was named, and has not failed."""
    NOT_FOUND = "not_found"
    """It was named, and is not there."""


REASONS = {
    PassedOver.STOPPED: "A person stopped it; retry it alone, or send include_stopped.",
    PassedOver.OUTCOME_UNKNOWN: (
        "Nobody knows whether its post went out; look at the profile and resolve it, or retry it alone with force."
    ),
    PassedOver.RETRY_LIMIT: "It was retried as often as max_retry_count allows; fix its cause, then retry it alone.",
    PassedOver.REPEAT: "Another task has published the same, or will; retry it alone with allow_repeat.",
    PassedOver.NOT_FAILED: "It has not failed; only a failed task can be retried.",
    PassedOver.NOT_FOUND: "There is no such task.",
}


def was_stopped(task: Task) -> bool:
    """Return whether a person stopped a task that has ended."""
    return task.stop_requested or task.error_code == "stopped"


def why_passed_over(task: Task, *, include_stopped: bool, most_retries: int | None) -> PassedOver | None:
    """Return why a task is not retried together with others, None when it is.

    Args:
        task: the task.
        include_stopped: take what a person stopped, too.
        most_retries: how often a task is retried at most before a person looks at it alone; None for no limit.
    """
    if task.status is not Status.FAILED:
        return PassedOver.NOT_FAILED
    if task.outcome == PublishState.UNKNOWN:
        return PassedOver.OUTCOME_UNKNOWN
    if was_stopped(task) and not include_stopped:
        return PassedOver.STOPPED
    if task.error_code == "repeat":
        return PassedOver.REPEAT
    if most_retries is not None and task.retry_count >= most_retries:
        return PassedOver.RETRY_LIMIT
    return None
