"""PostgreSQL for tests: one server a test run, which the workers of the run share, and a database for each test.

A server that is there already is used when FLEETLANE_TEST_POSTGRES names it (postgresql://user@host/database): tests
make databases in it, and drop them again.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import socket
import subprocess
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

_NAMED = "FLEETLANE_TEST_POSTGRES"
_SYSTEM_USER = "postgres"  # PostgreSQL does not run as root; its package makes this user
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


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; skip the test, or fail it in CI, when there are none."""
    found = shutil.which("initdb")
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found is None and not newest:
        why = "PostgreSQL is not installed here; .ci/tools installs it on Debian and Ubuntu"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return Path(found).resolve().parent if found else newest[-1].parent


@cache
def _server() -> str:
    """Return the address of the run's server: of the first worker that asks, started by it."""
    if named := os.environ.get(_NAMED):
        return named
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


class Cluster:
    """A server of PostgreSQL in a folder, on a free port of this computer.

    Args:
        folder: where it lies.
        settings: more for its configuration.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._settings = settings

    @property
    def url(self) -> str:
        return f"postgresql://fleetlane@127.0.0.1:{(self.folder / 'port').read_text()}/postgres"

    def start(self) -> None:
        """Make the server's data unless it is there, start it, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, _SYSTEM_USER)
        if not self._data.exists():
            self.run(
                "initdb", "-D", str(self._data), "-U", "fleetlane", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"
            )
            (self.folder / "port").write_text(str(_free_port()))
        port = (self.folder / "port").read_text()
        settings = {"max_connections": "200", "unix_socket_directories": "", "port": port, **self._settings}
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in settings.items())
        self.run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, as a user that may."""
        user = {}
        if os.geteuid() == 0:
            import pwd  # Windows has none

            entry = pwd.getpwnam(_SYSTEM_USER)
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        with tempfile.TemporaryFile() as said:  # a pipe would be the server's as well, and never end
            command = [str(programs() / program), *arguments]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", **user)
            said.seek(0)
            assert done.returncode == 0, said.read().decode()


def _do(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def _in(server: str, database: str) -> str:
    return f"{server.rpartition('/')[0]}/{database}"


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
