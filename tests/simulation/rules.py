"""What must hold in a store after every event, whoever has worked on it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

from fleetlane.adapters.db.sqlite.integrity import check_store
from fleetlane.core.lanes import FIRST_MS
from fleetlane.core.task import NeedsPerson, Status, is_legal


class Rules:
    """Looks at a store by a connection of its own.

    `created` and `deleted` are the tasks that were; `may_be_out` is how many posts of each may be out.
    """

    def __init__(self, path: Path) -> None:
        self.created: set[int] = set()
        self.deleted: set[int] = set()
        self.may_be_out: Counter[int] = Counter()
        self._path = path
        self.raw = sqlite3.connect(path, isolation_level=None)
        self.raw.execute("CREATE TABLE moves (task_id INTEGER, before INTEGER, after INTEGER)")
        self.raw.execute(
            "CREATE TRIGGER moved AFTER UPDATE OF status ON tasks WHEN old.status <> new.status "
            "BEGIN INSERT INTO moves VALUES (new.id, old.status, new.status); END"
        )

    def close(self) -> None:
        """Close the connection."""
        self.raw.close()

    def look(self, out: Counter[int]) -> set[int]:
        """Look at every rule; `out` are the posts of each task. Returns the tasks that are marked as running."""
        statuses = dict(self.raw.execute("SELECT id, status FROM tasks"))
        assert statuses.keys() == self.created - self.deleted, "a task is lost"
        self._moves()
        self._rows()
        for task_id, posts in out.items():
            assert posts <= self.may_be_out[task_id], f"task {task_id} was posted {posts} times"
        return {task_id for task_id, status in statuses.items() if status == Status.RUNNING}

    def _moves(self) -> None:
        for task_id, before, after in self.raw.execute("SELECT * FROM moves").fetchall():
            assert is_legal(Status(before), Status(after)), (task_id, before, after)
        self.raw.execute("DELETE FROM moves")

    def _rows(self) -> None:
        first = "SELECT due_ms FROM tasks WHERE status = 0 AND outcome = 'unknown'"
        assert all(due_ms == FIRST_MS for (due_ms,) in self.raw.execute(first)), "something goes before a look"
        rows = self.raw.execute("SELECT id, status, held_ms, outcome, needs_person FROM tasks")
        for task_id, status, held_ms, outcome, needs in rows:
            assert held_ms is None or (status == Status.PENDING and outcome is None), (
                f"task {task_id} is held, and is not"
            )
            assert needs != NeedsPerson.HELD or held_ms is not None, f"task {task_id} is listed as held, and is not"
            assert status != Status.RUNNING or needs is None, f"task {task_id} runs, and needs a person"
        again = (
            "SELECT content_key, serial, count(*) FROM tasks WHERE content_key IS NOT NULL "
            "AND (status < 2 OR outcome = 'unknown') GROUP BY content_key, serial HAVING count(*) > 1"
        )
        assert self.raw.execute(again).fetchall() == [], "the same post waits, runs or may be out twice on one phone"

    def end(self) -> None:
        """Look at what the store itself promises. No rule is looked at any more after that."""
        own = self.raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in own:  # ours: a store that holds any is refused
            self.raw.execute(f"DROP TRIGGER {name}")
        assert check_store(self._path).problems == ()
