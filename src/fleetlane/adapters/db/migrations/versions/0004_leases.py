"""Leases of devices, and the workers that hold them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.Column("ttl_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_workers"),
    )
    op.create_table(
        "leases",
        sa.Column("serial", sa.String(255), nullable=False),
        sa.Column("owner", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_leases"),
    )
