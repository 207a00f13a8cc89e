"""What must hold of several workers' lanes, looked at inside the transactions that change them."""

from __future__ import annotations

from fleetlane.core.journal import Phase
from fleetlane.core.task import Status
from simulation.rules import Rules

_OWNER = "(SELECT owner FROM leases WHERE serial = new.serial)"
_TABLES = """
CREATE TABLE births (task_id INTEGER, phone TEXT);
CREATE TABLE deaths (task_id INTEGER);
CREATE TABLE claims (task_id INTEGER, owner TEXT, taken_over INTEGER, running INTEGER);
CREATE TABLE arms (task_id INTEGER, status INTEGER, stop_requested INTEGER, owner TEXT);
"""
_TRIGGERS = f"""
CREATE TRIGGER born AFTER INSERT ON tasks BEGIN
    INSERT INTO births SELECT new.id, (SELECT serialno FROM devices WHERE serial = new.serial);
END;
CREATE TRIGGER died AFTER DELETE ON tasks BEGIN INSERT INTO deaths VALUES (old.id); END;
CREATE TRIGGER claimed AFTER UPDATE OF status ON tasks WHEN new.status = {Status.RUNNING:d} BEGIN
    INSERT INTO claims SELECT new.id, {_OWNER},
        (SELECT count(*) FROM take_overs JOIN workers USING (owner)
            WHERE serial = new.serial AND owner IS NOT {_OWNER}),
        (SELECT count(*) FROM tasks WHERE serial = new.serial AND status = {Status.RUNNING:d});
END;
CREATE TRIGGER armed AFTER UPDATE OF phase ON attempts WHEN new.phase = 'armed' BEGIN
    INSERT INTO arms SELECT id, status, stop_requested, (SELECT owner FROM leases WHERE leases.serial = tasks.serial)
        FROM tasks WHERE id = new.task_id;
END;
"""


class FleetRules:
    """Looks at a store that several workers work on. `may_go` are the tasks that somebody wanted deleted."""

    def __init__(self, rules: Rules) -> None:
        self.may_go: set[int] = set()
        self._raw = rules.raw
        self._raw.executescript(_TABLES + _TRIGGERS)

    def born(self, meant: dict[int, str]) -> set[int]:
        """Note in `meant` for which phones new tasks are. Returns those tasks."""
        found: dict[int, str] = dict(self._raw.execute("SELECT task_id, phone FROM births").fetchall())
        self._raw.execute("DELETE FROM births")
        meant.update(found)
        return {*meant}

    def gone(self) -> set[int]:
        """Return the tasks that were deleted since this was asked last."""
        found = {task_id for (task_id,) in self._raw.execute("SELECT task_id FROM deaths")}
        self._raw.execute("DELETE FROM deaths")
        assert found <= self.may_go, "a task was deleted that nobody wanted deleted"
        return found

    def look(self) -> None:
        """Look at the claims, and at what was armed, since this was asked last."""
        for task_id, owner, taken_over, running in self._raw.execute("SELECT * FROM claims").fetchall():
            assert owner is not None, f"task {task_id} was claimed, and nobody has its phone"
            assert not taken_over, f"task {task_id} was claimed on a phone that a person has taken over"
            assert running == 1, f"task {task_id} was claimed beside another one"
        for task_id, status, stop_requested, owner in self._raw.execute("SELECT * FROM arms").fetchall():
            assert owner is not None, f"task {task_id} was armed, and nobody has its phone"
            assert (status, stop_requested) == (Status.RUNNING, 0), f"task {task_id} was armed, and does not run"
        self._raw.execute("DELETE FROM claims")
        self._raw.execute("DELETE FROM arms")

    def of_task(self, task_id: int) -> tuple[int, int, str | None]:
        """Return the status of a task, the number of its last attempt, and who has its phone."""
        found = "SELECT status, attempt, (SELECT owner FROM leases WHERE leases.serial = tasks.serial) FROM tasks"
        row: tuple[int, int, str | None] | None = self._raw.execute(f"{found} WHERE id = ?", (task_id,)).fetchone()
        return row or (-1, 0, None)

    def was_not_published(self, task_id: int, first: int, before: int) -> bool:
        """Return whether one of a task's attempts has found that its post is not out."""
        wanted = "SELECT count(*) FROM attempts WHERE task_id = ? AND number >= ? AND number < ? AND phase = ?"
        [found] = self._raw.execute(wanted, (task_id, first, before, Phase.NOT_PUBLISHED)).fetchone()
        return found > 0
