"""The tables. Times are milliseconds since the Unix epoch, UTC; JSON is kept as text.

Every change here comes with a migration (`migrations/versions`); a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    UniqueConstraint,
    and_,
    text,
)
from sqlalchemy.sql.elements import ColumnElement

from fleetlane.adapters.db.text import string, text_of_any_length

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = Integer().with_variant(BigInteger, "postgresql")  # SQLite's own row id is an INTEGER
_NUMBER = Integer().with_variant(BigInteger, "postgresql")  # SQLite keeps any whole number in an INTEGER

ID_SEQUENCES = ("task_ids", "account_ids", "material_ids")
"""PostgreSQL's own; on SQLite they are not made."""
for _name in ID_SEQUENCES:
    Sequence(_name, metadata=metadata)

# Ids are handed out in blocks from here, so that they are never used again and come in order. PostgreSQL has sequences
# of its own for that (`ids`).
sequences = Table(
    "sequences",
    metadata,
    Column("name", string(32), primary_key=True),
    Column("next_value", BigInteger, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("batch_id", string(36), nullable=False, index=True),
    Column("position", _NUMBER, nullable=False),
    Column("script_name", string(100), nullable=False, index=True),
    Column("script_config", text_of_any_length(), nullable=False),
    Column("serial", string(255), index=True),
    Column("username", string(255)),
    Column("username_key", string(255), index=True),
    Column("platform", string(16)),
    Column("source", string(8), nullable=False, index=True),
    Column("seed", BigInteger, nullable=False),
    Column("status", SmallInteger, nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False, index=True),
    Column("scheduled_ms", BigInteger),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger, index=True),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("retry_count", Integer, nullable=False, server_default=text("0")),
    Column("stop_requested", Boolean, nullable=False, server_default=text("false")),
    Column("remark", text_of_any_length(), nullable=False, server_default=text("''")),
    Column(
        "remark_parts", text_of_any_length(), nullable=False, server_default=text("'[]'")
    ),  # for pages; `remark` is what it says
    Column("error_code", string(64)),
    Column("outcome", string(16)),
    Column("result", text_of_any_length(), nullable=False, server_default=text("'{}'")),
    Column("late_after_ms", BigInteger),
    Column("late_at_ms", BigInteger),
    Column("late_policy", string(8)),
    Column("late_ms", BigInteger),
    Column("held_ms", BigInteger),
    Column("needs_person", string(16)),
    Column("needs_note", text_of_any_length(), nullable=False, server_default=text("'{}'")),
    Column("content_key", string(64)),
    Column("repeat_allowed_ms", BigInteger),
)


def _only(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Return what makes an index one of some rows only."""
    return {"sqlite_where": condition, "postgresql_where": condition}


# The head of a lane is one seek in this index, however long the backlog is. `status` is a column of it so that SQLite
# takes it before the one of all lanes, which would read the whole backlog. What a person must decide on is in no lane.
Index(
    "ix_tasks_lane",
    tasks.c.serial,
    tasks.c.status,
    tasks.c.due_ms,
    tasks.c.id,
    **_only(and_(tasks.c.status == 0, tasks.c.held_ms.is_(None))),
)

# A lane does one task at a time, whoever schedules it.
Index("uq_tasks_running", tasks.c.serial, unique=True, **_only(tasks.c.status == 1))

# What may have become late, earliest first.
Index(
    "ix_tasks_late",
    tasks.c.late_at_ms,
    **_only(and_(tasks.c.status == 0, tasks.c.held_ms.is_(None), tasks.c.late_at_ms.is_not(None))),
)

# What waits for a person.
Index("ix_tasks_needs_person", tasks.c.id, **_only(tasks.c.needs_person.is_not(None)))

# The same content for the same target.
Index("ix_tasks_content", tasks.c.content_key, **_only(tasks.c.content_key.is_not(None)))

# What is due next, on any phone.
Index("ix_tasks_waiting", tasks.c.status, tasks.c.due_ms, tasks.c.id, **_only(tasks.c.status == 0))

# Tasks that are in doubt are few: nothing reads the others to find them.
Index("ix_tasks_in_doubt", tasks.c.id, **_only(and_(tasks.c.status < 2, tasks.c.outcome == "unknown")))

# What failed last is read from the end of an index.
Index("ix_tasks_state_ended", tasks.c.status, tasks.c.ended_ms, tasks.c.id)

# How many tasks there are, so that nothing counts rows. `serial` is "" for tasks without a device.
task_counts = Table(
    "task_counts",
    metadata,
    Column("serial", string(255), primary_key=True),
    Column("script_name", string(100), primary_key=True),
    Column("source", string(8), primary_key=True),
    Column("status", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("serial", string(255), nullable=False),
    Column("phase", string(16), nullable=False),
    Column("facts", text_of_any_length(), nullable=False, server_default=text("'{}'")),
    Column("started_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("error_code", string(64)),
)
# When a lane worked: attempts that ended after an instant.
Index("ix_attempts_lane", attempts.c.serial, attempts.c.ended_ms)

steps = Table(
    "steps",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", string(100), nullable=False),
    Column("detail", text_of_any_length(), nullable=False),
    Column("screen", string(100), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("screenshot", string(255), nullable=False),
    Column("tree", string(255), nullable=False),
    Column("selectors", text_of_any_length(), nullable=False, server_default=text("''")),  # a line each
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("username", string(255), nullable=False),
    Column("username_key", string(255), nullable=False),
    Column("platform", string(16), nullable=False),
    Column("serial", string(255), index=True),
    Column("enabled", Boolean, nullable=False),
    Column("note", text_of_any_length(), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("username_key", "platform"),
)

devices = Table(
    "devices",
    metadata,
    Column("serial", string(255), primary_key=True),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("facts", text_of_any_length(), nullable=False, server_default=text("'{}'")),
    Column("id", string(36), nullable=False, server_default=text("''")),
    Column("serialno", string(255)),
    Column("product", text_of_any_length()),
    Column("android_id", string(64)),
    Column("name", string(255), nullable=False, server_default=text("''")),
    Column("name_key", string(255), unique=True),
    Column("tags", text_of_any_length(), nullable=False, server_default=text("'[]'")),
    Column("refused", text_of_any_length(), nullable=False, server_default=text("'[]'")),
    Column("host_id", string(36)),  # of the host that saw it last, and how; a server alone keeps that to itself
    Column("state", string(16), nullable=False, server_default=text("'absent'")),
    Column("state_facts", text_of_any_length(), nullable=False, server_default=text("'{}'")),
    Column("state_since_ms", BigInteger, nullable=False, server_default=text("0")),
)

# Every serial by which a phone is or was reached at a host; `device` is the `serial` of its row, its lane. One that
# looks like an address is connected again while its phone is not there, unless it was let go. Two hosts may reach two
# phones by one serial.
device_serials = Table(
    "device_serials",
    metadata,
    Column("serial", string(255), primary_key=True),
    Column("device", string(255), nullable=False, index=True),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("let_go", Boolean, nullable=False, server_default=text("false")),
    Column("host_id", string(36), primary_key=True, server_default=text("'embedded'")),
)

# The hosts that work, worked or may work on this store, by the names people gave them. `id` is of a data directory:
# None until one has begun by that name. `token` is the SHA-256 of the one that opens the servers to the host.
hosts = Table(
    "hosts",
    metadata,
    Column("name", string(64), primary_key=True),
    Column("id", string(36), unique=True),
    Column("kind", string(8), nullable=False, server_default=text("'host'")),
    Column("version", string(32), nullable=False, server_default=text("''")),
    Column("protocol", Integer, nullable=False, server_default=text("0")),
    Column("started_ms", BigInteger),
    Column("seen_ms", BigInteger),
    Column("drains", Boolean, nullable=False, server_default=text("false")),
    Column("token", string(64)),
)

# Phones that a person has taken over, for as long as the server lives where he did so (`owner`).
take_overs = Table(
    "take_overs",
    metadata,
    Column("serial", string(255), primary_key=True),
    Column("owner", string(36), nullable=False),
    Column("by", text_of_any_length(), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

materials = Table(
    "materials",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("sha256", string(64), nullable=False, unique=True),
    Column("name", string(255), nullable=False),
    Column("file", string(100), nullable=False),
    Column("kind", string(8), nullable=False),
    Column("mime_type", string(32), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("duration_ms", BigInteger),
    Column("tags", text_of_any_length(), nullable=False),
    Column("caption", text_of_any_length(), nullable=False),
    Column("username", string(255)),
    Column("username_key", string(255), nullable=False, server_default=text("''")),
    Column("sort", _NUMBER, nullable=False),
    Column("state", string(8), nullable=False),
    Column("task_id", BigInteger, index=True),
    Column("created_ms", BigInteger, nullable=False),
)
Index("ix_materials_order", materials.c.state, materials.c.kind, materials.c.sort, materials.c.id)

# Files of folders that were used on an account. `account` is "platform/name".
file_uses = Table(
    "file_uses",
    metadata,
    Column("account", string(300), primary_key=True),
    Column("sha256", string(64), primary_key=True),
    Column("task_id", BigInteger, nullable=False, index=True),
    Column("state", string(8), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("key", string(255), primary_key=True),
    Column("request", string(64), nullable=False),
    Column("data", text_of_any_length(), nullable=False),
    Column("created_ms", BigInteger, nullable=False, index=True),
)

facts = Table(
    "facts",
    metadata,
    Column("name", string(64), primary_key=True),
    Column("value", text_of_any_length(), nullable=False),
)

# Who may work on which device. A worker's heart beats for all its leases.
workers = Table(
    "workers",
    metadata,
    Column("owner", string(36), primary_key=True),
    Column("beats", BigInteger, nullable=False),
    Column("ttl_ms", BigInteger, nullable=False),
    Column("host_id", string(36), nullable=False, server_default=text("'embedded'")),
)

leases = Table(
    "leases",
    metadata,
    Column("serial", string(255), primary_key=True),
    Column("owner", string(36), nullable=False),
)
