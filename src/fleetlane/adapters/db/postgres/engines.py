"""The engines of the store on PostgreSQL: sync psycopg on threads.

Every transaction that writes is SERIALIZABLE: the repositories read, then decide, then write, and nothing weaker keeps
two of them that run side by side from deciding on what is not so any more (decision 0023). Those that only read see one
state and are not part of that.
"""

from __future__ import annotations

import sys
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from fleetlane.adapters.db.sql_store import READERS
from fleetlane.core.errors import StoreError

LEVEL = "SERIALIZABLE"
"""Of what writes. Tests show what goes wrong at a weaker one."""
_SESSION = {
    "synchronous_commit": "on",  # every commit is on the disk: the publish journal relies on it
    "idle_in_transaction_session_timeout": "10s",  # what a host holds that is cut off in the middle of a transaction
    "statement_timeout": "15s",
    "lock_timeout": "5s",
}
_CONNECTION: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "fleetlane",
}
_USER_TIMEOUT: dict[str, Any] = {"tcp_user_timeout": 10_000} if sys.platform == "linux" else {}


def normal_url(url: str) -> str:
    """Return the address of a database for SQLAlchemy and psycopg, whichever of the usual ways it is written in.

    Raises:
        StoreError: it is none of PostgreSQL; says what one looks like, without the password of this one.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _wrong() from error
    if parsed.get_backend_name() not in ("postgresql", "postgres") or not parsed.database:
        raise _wrong()
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def shown_url(url: str) -> str:
    """Return the address of a database without its password."""
    return make_url(normal_url(url)).set(drivername="postgresql").render_as_string(hide_password=True)


def _wrong() -> StoreError:
    return StoreError("This is no address of a database: write postgresql://user@host/database.")


def writer_engine(url: str) -> Engine:
    """Return an engine of one connection whose transactions are as if each were alone."""
    return _engine(url, 1)


def reader_engine(url: str) -> Engine:
    """Return an engine whose transactions see one state and cannot write."""
    return _engine(url, READERS).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def connect(url: str) -> psycopg.Connection[Any]:
    """Return a connection that is in no transaction: for locks, and for word between processes."""
    plain = make_url(normal_url(url)).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, **_CONNECTION, **_USER_TIMEOUT)


def _engine(url: str, size: int) -> Engine:
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    return create_engine(
        normal_url(url),
        isolation_level=LEVEL,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={**_CONNECTION, **_USER_TIMEOUT, "options": options},
    )
