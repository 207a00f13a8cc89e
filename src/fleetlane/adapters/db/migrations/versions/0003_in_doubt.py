"""Tasks in doubt are found without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    in_doubt = sa.text("status < 2 AND outcome = 'unknown'")
    op.create_index("ix_tasks_in_doubt", "tasks", ["id"], sqlite_where=in_doubt, postgresql_where=in_doubt)
