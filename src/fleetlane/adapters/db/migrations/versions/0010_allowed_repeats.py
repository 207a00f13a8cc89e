"""What may publish again what was published, or waits, is known for as long as it waits."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("repeat_allowed_ms", sa.BigInteger))
