"""What a remark says is kept as templates and facts, too, for pages in other languages.

Older remarks stay the English text they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("remark_parts", sa.Text, nullable=False, server_default=sa.text("'[]'")))
