"""Accounts, materials, devices, repeated answers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Integer().with_variant(sa.BigInteger, "postgresql")


def upgrade() -> None:
    op.add_column("tasks", sa.Column("platform", sa.String(16)))
    op.create_index("ix_tasks_due_ms", "tasks", ["due_ms"])
    op.create_index("ix_tasks_ended_ms", "tasks", ["ended_ms"])
    sequences = sa.table("sequences", sa.column("name", sa.String), sa.column("next_value", sa.BigInteger))
    op.bulk_insert(sequences, [{"name": "account", "next_value": 1}, {"name": "material", "next_value": 1}])
    op.create_table(
        "accounts",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("username", sa.String(255), nullable=False),
        sa.Column("username_key", sa.String(255), nullable=False),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("serial", sa.String(255)),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("username_key", "platform", name="uq_accounts_username_key_platform"),
    )
    op.create_index("ix_accounts_serial", "accounts", ["serial"])
    op.create_table(
        "devices",
        sa.Column("serial", sa.String(255), nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("facts", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.PrimaryKeyConstraint("serial", name="pk_devices"),
    )
    op.create_table(
        "materials",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("file", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("mime_type", sa.String(32), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("caption", sa.Text, nullable=False),
        sa.Column("username", sa.String(255)),
        sa.Column("username_key", sa.String(255), nullable=False, server_default=sa.text("''")),
        sa.Column("sort", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("task_id", sa.BigInteger),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_materials"),
        sa.UniqueConstraint("sha256", name="uq_materials_sha256"),
    )
    op.create_index("ix_materials_task_id", "materials", ["task_id"])
    op.create_index("ix_materials_order", "materials", ["state", "kind", "sort", "id"])
    op.create_table(
        "file_uses",
        sa.Column("account", sa.String(300), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("task_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account", "sha256", name="pk_file_uses"),
    )
    op.create_index("ix_file_uses_task_id", "file_uses", ["task_id"])
    op.create_table(
        "answers",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_answers"),
    )
    op.create_index("ix_answers_created_ms", "answers", ["created_ms"])
    op.create_table(
        "facts",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
