"""One running task a lane is a rule of the store, and a worker says where it works."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    running = sa.text("status = 1")
    op.create_index(
        "uq_tasks_running", "tasks", ["serial"], unique=True, sqlite_where=running, postgresql_where=running
    )
    op.add_column("workers", sa.Column("host_id", sa.String(36), nullable=False, server_default=sa.text("'embedded'")))
