"""When a task is too late to begin automatically, and how its lateness is said.

Pure. Instants are milliseconds since the Unix epoch, by the wall clock: a computer that slept, or a clock that was set,
changes nothing about what time it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from fleetlane.core.message import Message
from fleetlane.core.outcome import Outcome
from fleetlane.core.remark import Remark, RemarkTemplate
from fleetlane.core.task import Task

_MINUTE_MS = 60_000
_MINUTES_OF_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """A time from `start_ms` to `end_ms`."""

    start_ms: int
    end_ms: int


class Unit(StrEnum):
    """The largest unit that a lateness is said in."""

    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"


LATE_REMARKS: Mapping[Unit, RemarkTemplate] = {
    Unit.DAYS: RemarkTemplate.LATE_BY_DAYS,
    Unit.HOURS: RemarkTemplate.LATE_BY_HOURS,
    Unit.MINUTES: RemarkTemplate.LATE_BY_MINUTES,
}


def worked_ms(work: Iterable[Span], since_ms: int, until_ms: int) -> int:
    """Return how much of the time between two instants is covered by spans, which may overlap."""
    total, reached = 0, since_ms
    for span in sorted(work, key=lambda one: one.start_ms):
        begin, end = max(span.start_ms, reached), min(span.end_ms, until_ms)
        if end > begin:
            total += end - begin
            reached = end
    return total


def may_begin_until(task: Task, work: Iterable[Span], now_ms: int) -> int | None:
    """Return up to when a pending task may begin automatically; None: it is never late.

    Start times are told in minutes, and to begin takes a moment: one minute is always in time.

    Args:
        task: the task. What counts is when it is due: that is its start time, or later when it is retried.
        work: when its lane was at work, up to now: that time does not count.
        now_ms: the present instant.
    """
    if task.late_at_ms is None or task.late_after_ms is None or task.in_doubt:
        return None
    return task.due_ms + max(task.late_after_ms, _MINUTE_MS) + worked_ms(work, task.due_ms, now_ms)


def late_by_ms(task: Task, now_ms: int) -> int:
    """Return how late a task is, or was when it was held: at least a minute, whatever the clock says by now."""
    start_ms = task.due_ms if task.scheduled_ms is None else task.scheduled_ms
    return max(now_ms - start_ms, (task.held_ms or 0) - start_ms, _MINUTE_MS)


def how_late(templates: Mapping[Unit, str], late_ms: int) -> Message:
    """Return a sentence that says how late, from those for each unit."""
    minutes = max(round(late_ms / _MINUTE_MS), 1)
    days, rest = divmod(minutes, _MINUTES_OF_A_DAY)
    hours, left = divmod(rest, 60)
    if days:
        return Message(templates[Unit.DAYS], {"days": str(days), "hours": str(hours)})
    if hours:
        return Message(templates[Unit.HOURS], {"hours": str(hours), "minutes": str(left)})
    return Message(templates[Unit.MINUTES], {"minutes": str(left)})


def says_how_late(outcome: Outcome, late_ms: int | None) -> Outcome:
    """Return an outcome whose remark says how late its task began; None: it was not late."""
    if late_ms is None:
        return outcome
    return replace(outcome, remark=Remark.of(outcome.remark, how_late(LATE_REMARKS, late_ms)))
