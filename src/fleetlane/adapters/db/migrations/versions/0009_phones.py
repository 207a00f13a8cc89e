"""Phones are known by what they are, and by every serial they were reached by."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty, nothing = sa.text("''"), sa.text("'[]'")
    for column in (
        sa.Column("id", sa.String(36), nullable=False, server_default=empty),
        sa.Column("serialno", sa.String(255)),
        sa.Column("product", sa.Text),
        sa.Column("android_id", sa.String(64)),
        sa.Column("name", sa.String(255), nullable=False, server_default=empty),
        sa.Column("name_key", sa.String(255)),
        sa.Column("tags", sa.Text, nullable=False, server_default=nothing),
        sa.Column("refused", sa.Text, nullable=False, server_default=nothing),
    ):
        op.add_column("devices", column)
    with op.batch_alter_table("devices") as devices:
        devices.create_unique_constraint("uq_devices_name_key", ["name_key"])
    op.create_table(
        "device_serials",
        sa.Column("serial", sa.String(255), nullable=False),
        sa.Column("device", sa.String(255), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("let_go", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("serial", name="pk_device_serials"),
    )
    op.create_index("ix_device_serials_device", "device_serials", ["device"])
    _let_each_known_phone_be_one_of_its_own()


def _let_each_known_phone_be_one_of_its_own() -> None:
    connection = op.get_bind()
    known = connection.execute(sa.text("SELECT serial, last_seen_ms FROM devices")).all()
    for serial, last_seen_ms in known:
        values = {"serial": serial, "seen": last_seen_ms, "id": uuid.uuid4().hex}
        connection.execute(sa.text("UPDATE devices SET id = :id WHERE serial = :serial"), values)
        connection.execute(
            sa.text("INSERT INTO device_serials (serial, device, last_seen_ms) VALUES (:serial, :serial, :seen)"),
            values,
        )
