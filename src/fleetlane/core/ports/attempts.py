"""What the store keeps of a task's runs: the journal of each, and its steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fleetlane.core.journal import Phase
from fleetlane.core.lateness import Span


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a script did. Times are milliseconds since the epoch; files are relative to the traces folder.

    `selectors` are by what the nodes that were tapped were found, in order.
    """

    task_id: int
    attempt: int
    number: int
    name: str
    detail: str
    screen: str
    started_ms: int
    duration_ms: int
    ok: bool
    screenshot: str = ""
    tree: str = ""
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a task, and its journal. `reached` says when each phase was, in milliseconds since the epoch."""

    task_id: int
    number: int
    serial: str
    phase: Phase
    reached: Mapping[Phase, int]
    facts: Mapping[str, Any]
    started_ms: int
    ended_ms: int | None
    error_code: str | None


class Attempts(Protocol):
    """Attempts and their steps. An attempt begins and ends with its task's state: see `Tasks`."""

    def set_phase(self, task_id: int, attempt: int, phase: Phase, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Move an attempt's journal forward, and add to what it knows.

        False when the attempt is over, or the journal would not go forward; that of a task that is to stop is not
        armed. Then nothing of it is kept.
        """
        ...

    def give_up(self, task_id: int, attempt: int, now_ms: int) -> None:
        """Note in the journal of an attempt in doubt, also when it is over, that nobody can say any more.

        Nothing happens when there is no such attempt, or it is in no doubt.
        """
        ...

    def note(self, task_id: int, attempt: int, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Add to what an attempt's journal knows; a name that is there gets the new value. False when it is over."""
        ...

    def get(self, task_id: int, number: int) -> Attempt | None:
        """Return an attempt with its journal, None when there is none."""
        ...

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return the attempts of a task with their journals, oldest first."""
        ...

    def work(self, serial: str, since_ms: int, now_ms: int, longest_ms: int) -> list[Span]:
        """Return when a device was at work since an instant, in no order.

        An attempt counts for at most `longest_ms`: one that lasted longer stood still, as with a computer that slept.
        """
        ...

    def last_sign_ms(self, task_id: int, number: int) -> int | None:
        """Return when an attempt last noted anything in its journal, or ended a step; None when there is none."""
        ...

    def ended_at(self, task_id: int, number: int, at_ms: int) -> None:
        """Correct when an attempt ended, which was found out later."""
        ...

    def forget_steps(self, before_ms: int, limit: int) -> list[int]:
        """Delete the steps of the tasks that ended longest ago, before an instant. Returns the tasks' ids.

        `limit` bounds how many tasks; those without steps do not count.
        """
        ...

    def without_steps(self, task_ids: Collection[int]) -> set[int]:
        """Return those of the ids of which nothing is traced, and nothing will be unless they are retried."""
        ...

    def add_step(self, step: Step) -> None:
        """Store a step."""
        ...

    def steps(self, task_id: int) -> list[Step]:
        """Return the steps of a task, attempt by attempt, each in the order of its numbers."""
        ...
