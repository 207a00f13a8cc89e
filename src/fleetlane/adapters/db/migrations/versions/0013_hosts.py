"""Several hosts: who they are, where each phone is and was reached, and which phones a person has taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no, here = sa.text("false"), sa.text("'embedded'")
    op.create_table(
        "hosts",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36)),
        sa.Column("kind", sa.String(8), nullable=False, server_default=sa.text("'host'")),
        sa.Column("version", sa.String(32), nullable=False, server_default=sa.text("''")),
        sa.Column("protocol", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("seen_ms", sa.BigInteger),
        sa.Column("drains", sa.Boolean, nullable=False, server_default=no),
        sa.Column("token", sa.String(64)),
        sa.PrimaryKeyConstraint("name", name="pk_hosts"),
        sa.UniqueConstraint("id", name="uq_hosts_id"),
    )
    op.create_table(
        "take_overs",
        sa.Column("serial", sa.String(255), nullable=False),
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_take_overs"),
    )
    for column in (
        sa.Column("host_id", sa.String(36)),
        sa.Column("state", sa.String(16), nullable=False, server_default=sa.text("'absent'")),
        sa.Column("state_facts", sa.Text, nullable=False, server_default=sa.text("'{}'")),
        sa.Column("state_since_ms", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    ):
        op.add_column("devices", column)
    with op.batch_alter_table("device_serials") as serials:
        serials.add_column(sa.Column("host_id", sa.String(36), nullable=False, server_default=here))
        serials.drop_constraint("pk_device_serials", type_="primary")
        serials.create_primary_key("pk_device_serials", ["serial", "host_id"])
