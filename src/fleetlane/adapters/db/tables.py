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
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    text,
)
from sqlalchemy.sql.elements import ColumnElement

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = Integer().with_variant(BigInteger, "postgresql")  # SQLite's own row id is an INTEGER

# Ids are handed out in blocks from here, so that they are never used again and come in order.
sequences = Table(
    "sequences",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("next_value", BigInteger, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("batch_id", String(36), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("script_name", String(100), nullable=False, index=True),
    Column("script_config", Text, nullable=False),
    Column("serial", String(255), index=True),
    Column("username", String(255)),
    Column("username_key", String(255), index=True),
    Column("platform", String(16)),
    Column("source", String(8), nullable=False, index=True),
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
    Column("remark", Text, nullable=False, server_default=text("''")),
    Column("remark_parts", Text, nullable=False, server_default=text("'[]'")),  # for pages; `remark` is what it says
    Column("error_code", String(64)),
    Column("outcome", String(16)),
    Column("result", Text, nullable=False, server_default=text("'{}'")),
    Column("late_after_ms", BigInteger),
    Column("late_at_ms", BigInteger),
    Column("late_policy", String(8)),
    Column("late_ms", BigInteger),
    Column("held_ms", BigInteger),
    Column("needs_person", String(16)),
    Column("needs_note", Text, nullable=False, server_default=text("'{}'")),
    Column("content_key", String(64)),
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
    Column("serial", String(255), primary_key=True),
    Column("script_name", String(100), primary_key=True),
    Column("source", String(8), primary_key=True),
    Column("status", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("serial", String(255), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("facts", Text, nullable=False, server_default=text("'{}'")),
    Column("started_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("error_code", String(64)),
)
# When a lane worked: attempts that ended after an instant.
Index("ix_attempts_lane", attempts.c.serial, attempts.c.ended_ms)

steps = Table(
    "steps",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(100), nullable=False),
    Column("detail", Text, nullable=False),
    Column("screen", String(100), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("screenshot", String(255), nullable=False),
    Column("tree", String(255), nullable=False),
    Column("selectors", Text, nullable=False, server_default=text("''")),  # a line each
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("username", String(255), nullable=False),
    Column("username_key", String(255), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("serial", String(255), index=True),
    Column("enabled", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("username_key", "platform"),
)

devices = Table(
    "devices",
    metadata,
    Column("serial", String(255), primary_key=True),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("facts", Text, nullable=False, server_default=text("'{}'")),
    Column("id", String(36), nullable=False, server_default=text("''")),
    Column("serialno", String(255)),
    Column("product", Text),
    Column("android_id", String(64)),
    Column("name", String(255), nullable=False, server_default=text("''")),
    Column("name_key", String(255), unique=True),
    Column("tags", Text, nullable=False, server_default=text("'[]'")),
    Column("refused", Text, nullable=False, server_default=text("'[]'")),
)

# Every serial by which a phone is or was reached; `device` is the `serial` of its row, its lane. One that looks like an
# address is connected again while its phone is not there, unless it was let go.
device_serials = Table(
    "device_serials",
    metadata,
    Column("serial", String(255), primary_key=True),
    Column("device", String(255), nullable=False, index=True),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("let_go", Boolean, nullable=False, server_default=text("false")),
)

materials = Table(
    "materials",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("file", String(100), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("mime_type", String(32), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("duration_ms", BigInteger),
    Column("tags", Text, nullable=False),
    Column("caption", Text, nullable=False),
    Column("username", String(255)),
    Column("username_key", String(255), nullable=False, server_default=text("''")),
    Column("sort", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("task_id", BigInteger, index=True),
    Column("created_ms", BigInteger, nullable=False),
)
Index("ix_materials_order", materials.c.state, materials.c.kind, materials.c.sort, materials.c.id)

# Files of folders that were used on an account. `account` is "platform/name".
file_uses = Table(
    "file_uses",
    metadata,
    Column("account", String(300), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("task_id", BigInteger, nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False, index=True),
)

facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# Who may work on which device. A worker's heart beats for all its leases.
workers = Table(
    "workers",
    metadata,
    Column("owner", String(36), primary_key=True),
    Column("beats", BigInteger, nullable=False),
    Column("ttl_ms", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("serial", String(255), primary_key=True),
    Column("owner", String(36), nullable=False),
)
