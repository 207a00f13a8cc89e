"""Steps know by what the nodes that they tapped were found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("steps", sa.Column("selectors", sa.Text, nullable=False, server_default=sa.text("''")))
