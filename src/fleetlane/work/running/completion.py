"""How an attempt's end is settled: the task, what it reserved, and whether it is retried automatically.

One unit of work, so that a crash leaves all of it done or nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import cast

from fleetlane.core.errors import ScriptUnknownError
from fleetlane.core.journal import never_denied
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.lateness import says_how_late
from fleetlane.core.message import Message
from fleetlane.core.outcome import FAILURES, FailureClass, Outcome, PublishState, failed, failure_of
from fleetlane.core.ports.attempts import Attempt
from fleetlane.core.ports.execution import Ended, Ending
from fleetlane.core.ports.store import Repositories
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.task import NeedsPerson, Task, note_of
from fleetlane.scripts.registry import script
from fleetlane.scripts.script import Verifier
from fleetlane.work.preflight.app_versions import note_published
from fleetlane.work.preflight.subjects import key_as_published

_FIRST_PAUSE_S, _LAST_PAUSE_S = 60.0, 900.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which failures are tried again by themselves. Delays are in seconds; one is drawn for each retry."""

    enabled: bool = False
    most_retries: int = 3
    least_delay_s: float = 5.0
    most_delay_s: float = 60.0

    def applies(self, task: Task, outcome: Outcome) -> bool:
        """Return whether a task that ended like this is tried again: only what may be temporary."""
        return (
            self.enabled
            and outcome.failure_class is FailureClass.TRANSIENT
            and outcome.publish_state is not PublishState.UNKNOWN
            and task.retry_count < self.most_retries
        )

    def delay_ms(self) -> int:
        """Return how long to wait before the next try."""
        return round(random.uniform(self.least_delay_s, self.most_delay_s) * 1000)


def complete_attempt(repositories: Repositories, event: Ended, policy: RetryPolicy, now_ms: int) -> bool:
    """Store the end of an attempt. False when it is refused: the attempt is not the one that runs."""
    task, outcome = event.task, event.outcome
    now, attempt = repositories.tasks.get(task.id), repositories.attempts.get(task.id, task.attempt)
    if now is None or attempt is None:
        return False  # it was deleted
    stopped = now.stop_requested
    if not stopped and _is_looked_for(event, attempt):
        return _look_later(repositories, event, attempt, now_ms)
    if event.interrupted:
        if not stopped and attempt.phase.may_repeat and outcome.publish_state is not PublishState.UNKNOWN:
            return _again(repositories, task, outcome, now_ms)
        outcome = failed("stopped", result=outcome.result) if stopped else outcome
    if event.ending is not Ending.FINISHED:
        outcome = never_denied(outcome, attempt.phase)
    outcome = says_how_late(outcome, now.late_ms)
    if not repositories.tasks.finish(task.id, task.attempt, outcome, now_ms):
        return False
    if outcome.unseen:
        repositories.attempts.give_up(task.id, task.attempt, now_ms)
    if outcome.publish_state is PublishState.PUBLISHED and task.serial and "app" in attempt.facts:
        note_published(repositories, task.serial, str(attempt.facts["app"]))
    if outcome.publish_state is PublishState.NOT_PUBLISHED:
        _free(repositories, task, now_ms)
    else:
        _used(repositories, task, attempt, outcome.publish_state, now_ms)
    if not stopped and policy.applies(task, outcome):
        again = RemarkTemplate.RETRIED.filled(number=str(task.retry_count + 1), most=str(policy.most_retries))
        remark = Remark.of(again, outcome.remark)
        repositories.tasks.try_again(task.id, now_ms + policy.delay_ms(), remark)
    return True


def complete_barely(repositories: Repositories, event: Ended, now_ms: int) -> bool:
    """Store an end that cannot be settled as it is: what became of the post, and that the rest could not be kept.

    False when it is refused, as `complete_attempt` says.
    """
    task, attempt = event.task, repositories.attempts.get(event.task.id, event.task.attempt)
    code = event.outcome.error_code
    why = Remark.of(Message(failure_of(code).sentence)) if code else Remark()
    outcome = Outcome(code, Remark.of(why, RemarkTemplate.END_LOST), event.outcome.publish_state)
    if attempt is not None:
        outcome = never_denied(outcome, attempt.phase)
    if not repositories.tasks.finish(task.id, task.attempt, outcome, now_ms):
        return False
    repositories.materials.settle(task.id, outcome.publish_state, now_ms)
    return True


def _is_looked_for(event: Ended, attempt: Attempt) -> bool:
    """Return whether the post may be out, and the next attempt can find out."""
    if not attempt.phase.in_doubt:
        return False
    return event.interrupted or (event.outcome_unseen and _can_be_found(event.task, attempt))


def _can_be_found(task: Task, attempt: Attempt) -> bool:
    """Return whether the journal has what its script needs to find the post."""
    try:
        chosen = script(task.script_name)
    except ScriptUnknownError:
        return False
    return isinstance(chosen, Verifier) and all(attempt.facts.get(name) for name in chosen.findable_by)


def _used(repositories: Repositories, task: Task, attempt: Attempt, state: PublishState, now_ms: int) -> None:
    """Note what went out, or may have: its files are used, and the same content is a repeat of it."""
    hashes = _files(attempt)
    repositories.materials.settle(task.id, state, now_ms, hashes)
    key = key_as_published(task, hashes)
    if key is not None and key != task.content_key:
        repositories.tasks.rekey(task.id, key)


def _files(attempt: Attempt) -> list[str]:
    """Return the sha256 of the files that an attempt's journal names."""
    named = attempt.facts.get("media_sha256")
    return (
        [digest for digest in cast("list[object]", named) if isinstance(digest, str)] if isinstance(named, list) else []
    )


def _again(repositories: Repositories, task: Task, outcome: Outcome, now_ms: int) -> bool:
    """Let a task that pressed nothing run again, from its place in the lane."""
    if not repositories.tasks.requeue(task.id, task.attempt, Remark.of(outcome.remark), now_ms):
        return False
    _free(repositories, task, now_ms)
    return True


def _look_later(repositories: Repositories, event: Ended, attempt: Attempt, now_ms: int) -> bool:
    """Let the next attempt look for the post. What it took counts as used until it is known that it is not out."""
    task = event.task
    if event.interrupted:
        code, remark = "server_interrupted", Remark.of(RemarkTemplate.SERVER_ENDED, RemarkTemplate.LOOKED_FOR)
    else:
        why = Remark.of(event.outcome.remark).without(FAILURES["outcome_unknown"].sentence)
        when = RemarkTemplate.LOOKED_FOR_AGAIN if event.outcome.unseen else RemarkTemplate.LOOKED_FOR
        code, remark = "outcome_unknown", Remark.of(RemarkTemplate.UNSEEN, when, why)
    outcome = Outcome(code, remark, PublishState.UNKNOWN, event.outcome.result)
    due_ms = now_ms + _pause_ms(task, attempt) if event.outcome.unseen and not event.interrupted else FIRST_MS
    if not repositories.tasks.look_later(task.id, task.attempt, outcome, due_ms, now_ms):
        return False
    _used(repositories, task, attempt, PublishState.UNKNOWN, now_ms)
    if event.outcome.asks and not event.interrupted:
        note = note_of(Remark.of(Message(failure_of(event.outcome.asks).sentence)), event.outcome.asks)
        repositories.tasks.flag([task.id], NeedsPerson.OUTCOME_UNKNOWN, note)
    return True


def _pause_ms(task: Task, attempt: Attempt) -> int:
    """Return how long other tasks have their turn before the next look: longer after each one."""
    looks = task.attempt - int(attempt.facts.get("verifies", task.attempt))
    return round(min(_FIRST_PAUSE_S * 2**looks, _LAST_PAUSE_S) * 1000)


def _free(repositories: Repositories, task: Task, now_ms: int) -> None:
    """Free what an attempt took that published nothing, and what counted as used while that was in doubt."""
    if task.in_doubt:
        repositories.materials.release(task.id)
    repositories.materials.settle(task.id, PublishState.NOT_PUBLISHED, now_ms)
