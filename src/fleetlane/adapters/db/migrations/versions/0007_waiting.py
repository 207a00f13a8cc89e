"""What is due next is read from the start of an index, however many tasks wait."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pending = sa.text("status = 0")
    op.drop_index("ix_tasks_lane", "tasks")
    for name, columns in (
        ("ix_tasks_lane", ["serial", "status", "due_ms", "id"]),
        ("ix_tasks_waiting", ["status", "due_ms", "id"]),
    ):
        op.create_index(name, "tasks", columns, sqlite_where=pending, postgresql_where=pending)
