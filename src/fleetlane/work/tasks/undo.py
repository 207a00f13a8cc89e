"""What was done a while ago and can still be taken back, each under a key that nobody guesses.

Kept in memory, the latest only: after a restart nothing can be undone, and nothing is lost by that.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from fleetlane.core.errors import ConflictError
from fleetlane.work.tasks.changes import Changes, Undoable

_KEPT = 100
_MOST_TASKS = 10_000  # in all of them, as far as there are several


@dataclass(frozen=True, slots=True)
class Undone:
    """How many tasks are again what they were, and a sentence for each that is not."""

    count: int
    problems: Sequence[str]


class UndoLog:
    """Keeps changes that can be taken back, and takes them back."""

    def __init__(self, changes: Changes, keep: int = _KEPT) -> None:
        self._changes = changes
        self._keep = keep
        self._kept: OrderedDict[str, Sequence[Undoable]] = OrderedDict()

    def keep(self, done: Sequence[Undoable]) -> str:
        """Keep changes that were made together, and return the key to undo them by; "" for none."""
        if not done:
            return ""
        key = secrets.token_urlsafe(16)
        self._kept[key] = tuple(done)
        while len(self._kept) > self._keep or (len(self._kept) > 1 and self._tasks() > _MOST_TASKS):
            self._kept.popitem(last=False)
        return key

    def _tasks(self) -> int:
        return sum(map(len, self._kept.values()))

    async def undo(self, key: str) -> Undone:
        """Take changes back, once.

        Raises:
            ConflictError: they were taken back already, or are too long ago.
        """
        done = self._kept.pop(key, None)
        if done is None:
            raise ConflictError("This can no longer be undone: it was undone already, or is too long ago.")
        left = await self._changes.undo_all(done)
        problems = [f"Task {task_id} has changed since; this can no longer be undone." for task_id in left]
        return Undone(len(done) - len(problems), problems)
