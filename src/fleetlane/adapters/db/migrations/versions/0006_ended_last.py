"""What failed last is read from the end of an index, however many tasks there are."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_state_ended", "tasks", ["status", "ended_ms", "id"])
