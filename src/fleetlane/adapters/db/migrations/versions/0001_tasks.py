"""Tasks, their attempts and steps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    sequences = op.create_table(
        "sequences",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("next_value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequences"),
    )
    op.bulk_insert(sequences, [{"name": "task", "next_value": 1}])
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("script_name", sa.String(100), nullable=False),
        sa.Column("script_config", sa.Text, nullable=False),
        sa.Column("serial", sa.String(255)),
        sa.Column("username", sa.String(255)),
        sa.Column("username_key", sa.String(255)),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("scheduled_ms", sa.BigInteger),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("retry_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("stop_requested", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("remark", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("error_code", sa.String(64)),
        sa.Column("outcome", sa.String(16)),
        sa.Column("result", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    for column in ("batch_id", "script_name", "serial", "username_key", "source", "status"):
        op.create_index(f"ix_tasks_{column}", "tasks", [column])
    pending = sa.text("status = 0")
    op.create_index(
        "ix_tasks_lane", "tasks", ["serial", "due_ms", "id"], sqlite_where=pending, postgresql_where=pending
    )
    op.create_table(
        "task_counts",
        sa.Column("serial", sa.String(255), nullable=False),
        sa.Column("script_name", sa.String(100), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("status", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("serial", "script_name", "source", "status", name="pk_task_counts"),
    )
    op.create_table(
        "attempts",
        sa.Column("task_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("serial", sa.String(255), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("facts", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("error_code", sa.String(64)),
        sa.PrimaryKeyConstraint("task_id", "number", name="pk_attempts"),
    )
    op.create_table(
        "steps",
        sa.Column("task_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("screen", sa.String(100), nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("screenshot", sa.String(255), nullable=False),
        sa.Column("tree", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "attempt", "number", name="pk_steps"),
    )
