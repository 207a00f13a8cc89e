"""The store: repositories inside units of work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fleetlane.core.journal import Phase
from fleetlane.core.lanes import Head
from fleetlane.core.outcome import Outcome
from fleetlane.core.task import NewTask, Source, Status, Task, TaskCounts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks to list. None means any."""

    status: Status | None = None
    serial: str | None = None
    script_name: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a script did. Times are milliseconds since the epoch; files are relative to the traces folder."""

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


class Tasks(Protocol):
    """Tasks and their attempts. Every change of state is one conditional update."""

    def add(self, new: Sequence[NewTask]) -> range:
        """Store tasks and return their ids, in order."""
        ...

    def get(self, task_id: int) -> Task | None:
        """Return a task."""
        ...

    def find(self, wanted: TaskFilter, offset: int, limit: int) -> list[Task]:
        """Return tasks, newest id first."""
        ...

    def count(self, wanted: TaskFilter) -> int:
        """Return how many tasks there are, without counting rows."""
        ...

    def counts(self) -> TaskCounts:
        """Return how many tasks there are in each state, without counting rows."""
        ...

    def heads(self, serials: Collection[str] | None) -> dict[str, Head]:
        """Return the next pending task of each lane that has one; None for all lanes."""
        ...

    def claim(self, task_id: int, now_ms: int) -> Task | None:
        """Make a pending task running, with a new attempt. None when it is not pending any more."""
        ...

    def finish(self, task_id: int, attempt: int, outcome: Outcome, now_ms: int) -> bool:
        """End a running attempt. False when the attempt is not the one running: its result is refused."""
        ...

    def requeue(self, task_id: int, attempt: int, remark: str, now_ms: int) -> bool:
        """Put a running attempt's task back among the pending ones."""
        ...

    def set_phase(self, task_id: int, attempt: int, phase: Phase, facts: Mapping[str, Any], now_ms: int) -> bool:
        """Move an attempt's journal forward. False when the attempt is over, or it would move back."""
        ...

    def phase(self, task_id: int, attempt: int) -> Phase:
        """Return how far an attempt's journal came."""
        ...

    def running(self) -> list[Task]:
        """Return every running task."""
        ...

    def add_step(self, step: Step) -> None:
        """Store a step."""
        ...

    def steps(self, task_id: int) -> list[Step]:
        """Return the steps of a task, attempt by attempt."""
        ...


class Repositories(Protocol):
    """All repositories, inside one transaction."""

    @property
    def tasks(self) -> Tasks:
        """Return the tasks."""
        ...


class Store(Protocol):
    """The store. A unit of work is a plain function over the repositories.

    Raises (both methods): `StoreError` or a subclass; then nothing of the work was done.
    """

    async def write(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` in a transaction that can write; it is durable when this returns."""
        ...

    async def read(self, work: Callable[[Repositories], T]) -> T:
        """Run `work` on a snapshot that cannot be written."""
        ...

    def submit(self, work: Callable[[Repositories], T]) -> Future[T]:
        """Like `write`, from any thread: the future is done when the work is durable."""
        ...
