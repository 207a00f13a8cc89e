"""The rules that every store of ours keeps, in SQL that SQLite and PostgreSQL read alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Each finds what breaks a rule; the sentence is shown with how many there are.
_RULES: Mapping[str, str] = {
    "counters that are not the number of their tasks": """
        SELECT 1 FROM (
            SELECT serial, script_name, source, status, n FROM task_counts
            UNION ALL
            SELECT COALESCE(serial, ''), script_name, source, status, -COUNT(*) FROM tasks
            GROUP BY COALESCE(serial, ''), script_name, source, status
        ) AS both_ways GROUP BY serial, script_name, source, status HAVING SUM(n) <> 0""",
    "tasks in no known state": "SELECT 1 FROM tasks WHERE status NOT IN (0, 1, 2, 3)",
    "devices with several running tasks": """
        SELECT 1 FROM tasks WHERE status = 1 GROUP BY serial HAVING COUNT(*) > 1""",
    "running tasks without a running attempt": """
        SELECT 1 FROM tasks WHERE status = 1 AND NOT EXISTS (
            SELECT 1 FROM attempts WHERE task_id = tasks.id AND number = tasks.attempt AND ended_ms IS NULL)""",
    "attempts that run without their task": """
        SELECT 1 FROM attempts WHERE ended_ms IS NULL AND NOT EXISTS (
            SELECT 1 FROM tasks WHERE id = attempts.task_id AND attempt = attempts.number AND status = 1)""",
    "ended tasks without an end": """
        SELECT 1 FROM tasks WHERE status IN (2, 3) AND (ended_ms IS NULL OR outcome IS NULL)""",
    "completed tasks with an error": "SELECT 1 FROM tasks WHERE status = 2 AND error_code IS NOT NULL",
    "failed tasks without an error": "SELECT 1 FROM tasks WHERE status = 3 AND error_code IS NULL",
    "materials held by tasks that do not run": """
        SELECT 1 FROM materials WHERE state = 'reserved' AND NOT EXISTS (
            SELECT 1 FROM tasks WHERE id = materials.task_id AND status = 1)""",
}


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What is in a store, and what is wrong with it, in sentences. `materials` is sha256 by file name."""

    revision: str
    tasks: int
    materials: Mapping[str, str]
    problems: tuple[str, ...]


def broken_rules(rows_of: Callable[[str], int]) -> list[str]:
    """Return a sentence for each rule that is broken; `rows_of` says how many rows a statement finds."""
    counts = {rule: rows_of(finds) for rule, finds in _RULES.items()}
    return [f"There are {rule}: {count}." for rule, count in counts.items() if count]
