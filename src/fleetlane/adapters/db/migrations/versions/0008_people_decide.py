"""What is late, what is held, what needs a person, and what would be the same post twice."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LATE_AFTER_MS = 120 * 60 * 1000
_NEED_A_PERSON = (
    "storage_full",
    "screen_locked",
    "app_not_installed",
    "permission_missing",
    "not_logged_in",
    "wrong_account",
    "security_check",
    "account_blocked",
    "needs_consent",
    "screen_unrecognised",
    "step_unavailable",
    "script_error",
)


def upgrade() -> None:
    with op.batch_alter_table("tasks") as table:
        table.add_column(sa.Column("late_after_ms", sa.BigInteger))
        table.add_column(sa.Column("late_at_ms", sa.BigInteger))
        table.add_column(sa.Column("late_policy", sa.String(8)))
        table.add_column(sa.Column("late_ms", sa.BigInteger))
        table.add_column(sa.Column("held_ms", sa.BigInteger))
        table.add_column(sa.Column("needs_person", sa.String(16)))
        table.add_column(sa.Column("needs_note", sa.Text, nullable=False, server_default=sa.text("'{}'")))
        table.add_column(sa.Column("content_key", sa.String(64)))
    _what_was_there()
    _indexes()


def _what_was_there() -> None:
    """Hold what is late from before, and list what needs a person."""
    names = ("status", "outcome", "error_code", "scheduled_ms", "needs_person", "late_after_ms", "late_at_ms")
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in (*names, "late_policy")]
    tasks = sa.table("tasks", *columns)
    given = sa.and_(tasks.c.status == 0, tasks.c.scheduled_ms.is_not(None))
    late = {"late_after_ms": _LATE_AFTER_MS, "late_policy": "hold"}
    op.execute(tasks.update().where(given).values(late_at_ms=tasks.c.scheduled_ms + _LATE_AFTER_MS, **late))
    failed = tasks.c.status == 3
    person = sa.and_(failed, tasks.c.error_code.in_(_NEED_A_PERSON))
    op.execute(tasks.update().where(person).values(needs_person="failed"))
    unknown = sa.and_(failed, tasks.c.outcome == "unknown")
    op.execute(tasks.update().where(unknown).values(needs_person="outcome_unknown"))


def _indexes() -> None:
    op.drop_index("ix_tasks_lane", "tasks")
    _index("ix_tasks_lane", "tasks", ["serial", "status", "due_ms", "id"], "status = 0 AND held_ms IS NULL")
    _index("ix_tasks_late", "tasks", ["late_at_ms"], "status = 0 AND held_ms IS NULL AND late_at_ms IS NOT NULL")
    _index("ix_tasks_needs_person", "tasks", ["id"], "needs_person IS NOT NULL")
    _index("ix_tasks_content", "tasks", ["content_key"], "content_key IS NOT NULL")
    op.create_index("ix_attempts_lane", "attempts", ["serial", "ended_ms"])


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
