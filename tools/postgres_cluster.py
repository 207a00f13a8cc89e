"""A server of PostgreSQL in a folder of its own, for tests and tools."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SYSTEM_USER = "postgres"  # PostgreSQL does not run as root; its package makes this user
_NOT_INSTALLED = "PostgreSQL is not installed here; .ci/tools installs it on Debian and Ubuntu"


class PostgresMissingError(Exception):
    """PostgreSQL is not installed; says what installs it."""


class PostgresError(Exception):
    """One of PostgreSQL's programs failed; says what it said."""


def programs() -> Path:
    """Return the folder of PostgreSQL's programs.

    Raises:
        PostgresMissingError: there are none.
    """
    found = shutil.which("initdb")
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found is None and not newest:
        raise PostgresMissingError(_NOT_INSTALLED)
    return Path(found).resolve().parent if found else newest[-1].parent


class Cluster:
    """A server of PostgreSQL in a folder, on a free port of this computer.

    Args:
        folder: where it lies.
        networks: those from which anybody may come in, beside this computer, such as 10.231.0.0/16.
        settings: more for its configuration.
    """

    def __init__(self, folder: Path, networks: Sequence[str] = (), **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._networks = networks
        self._settings = settings

    @property
    def port(self) -> int:
        """Return the port, which stays the same over all its lives."""
        return int((self.folder / "port").read_text(encoding="ascii"))

    @property
    def url(self) -> str:
        """Return the address of its first database."""
        return f"postgresql://fleetlane@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """Return the process that all others of it descend from, while it runs."""
        return int((self.data / "postmaster.pid").read_text(encoding="ascii").split()[0])

    def start(self) -> None:
        """Make the server's data unless it is there, start it, and wait until it answers.

        Raises:
            PostgresError: it does not.
        """
        self.make_folder()
        if not self.data.exists():
            self.run("initdb", "-D", str(self.data), "-U", "fleetlane", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
            self._let_in()
        port = str(self.port)
        settings = {"max_connections": "200", "unix_socket_directories": "", "port": port, **self._settings}
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in settings.items())
        self.run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def make_folder(self) -> None:
        """Make the folder, in which PostgreSQL may write, and choose the port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, _SYSTEM_USER)
        if not (self.folder / "port").exists():
            (self.folder / "port").write_text(str(_free_port()), encoding="ascii")

    def _let_in(self) -> None:
        with (self.data / "pg_hba.conf").open("a", encoding="ascii") as file:
            for network in self._networks:
                file.write(f"host all all {network} trust\n")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast`, or `immediate` as in a crash.

        Raises:
            PostgresError: it does not stop.
        """
        self.run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def remove(self) -> None:
        """Stop it if it runs, and remove its data."""
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, as a user that may.

        Raises:
            PostgresError: it failed.
        """
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            import pwd  # noqa: PLC0415 - Windows has none

            entry = pwd.getpwnam(_SYSTEM_USER)
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        with tempfile.TemporaryFile() as said:  # a pipe would be the server's as well, and never end
            command = [str(programs() / program), *arguments]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", check=False, **user
            )
            said.seek(0)
            if done.returncode != 0:
                raise PostgresError(f"{program} failed: {said.read().decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
