"""PostgreSQL for tests: one server a test run, which the workers of the run share, and a database for each test.

A server that is there already is used when FLEETLANE_TEST_POSTGRES names it (postgresql://user@host/database): tests
make databases in it, and drop them again.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock

from fleetlane.adapters.db.postgres.migrate import migrate
from fleetlane.adapters.db.tables import ID_SEQUENCES, metadata

sys.path.append(str(Path(__file__).parents[2] / "tools"))
from postgres_cluster import Cluster, PostgresMissingError, programs

__all__ = ["Cluster", "bare_database", "must_be_installed", "new_database"]

_NAMED = "FLEETLANE_TEST_POSTGRES"
_NUMBERS = itertools.count(1)
_SPARE: list[str] = []
"""Databases of this process that no test uses."""


@contextmanager
def new_database() -> Iterator[str]:
    """Yield the address of an empty store in a database of its own; emptied afterwards, it serves the next test."""
    url = _SPARE.pop() if _SPARE else _made()
    yield url
    with psycopg.connect(url) as connection:
        for table in metadata.tables:  # far quicker than TRUNCATE, which makes new files
            connection.execute(f"DELETE FROM {table}")
        for sequence in ID_SEQUENCES:
            connection.execute(f"ALTER SEQUENCE {sequence} RESTART")
    _SPARE.append(url)


@contextmanager
def bare_database() -> Iterator[str]:
    """Yield the address of a database with nothing in it; it is dropped afterwards."""
    server, name = _server(), _new_name()
    _do(server, f"CREATE DATABASE {name}")
    try:
        yield _in(server, name)
    finally:
        _do(server, f"DROP DATABASE {name} WITH (FORCE)")


def _made() -> str:
    server, name = _server(), _new_name()
    _do(server, f"CREATE DATABASE {name}")
    migrate(_in(server, name))
    return _in(server, name)


def _new_name() -> str:
    return f"fleetlane_{os.getpid()}_{next(_NUMBERS)}"


def must_be_installed() -> None:
    """Skip the test, or fail it in CI, when there is no PostgreSQL."""
    try:
        programs()
    except PostgresMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@cache
def _server() -> str:
    """Return the address of the run's server: of the first worker that asks, started by it."""
    if named := os.environ.get(_NAMED):
        return named
    must_be_installed()
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"fleetlane-postgres-{run}"
    with FileLock(f"{folder}.lock"):
        users = folder / "users"
        if not users.exists():
            Cluster(folder).start()
            users.mkdir()
        (users / str(os.getpid())).touch()
    atexit.register(_leave, folder)
    return Cluster(folder).url


def _leave(folder: Path) -> None:
    """Stop the server when the last worker leaves."""
    with FileLock(f"{folder}.lock"):
        (folder / "users" / str(os.getpid())).unlink(missing_ok=True)
        if not list((folder / "users").iterdir()):
            Cluster(folder).remove()
    Path(f"{folder}.lock").unlink(missing_ok=True)


def _do(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def _in(server: str, database: str) -> str:
    return f"{server.rpartition('/')[0]}/{database}"
