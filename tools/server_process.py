"""A real server as a process of its own, for tools: it is started, asked, and killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx2

from fleetlane.cli.demo_processes import video
from fleetlane.simulator.fleets.fleet import free_port

_POLL_S = 0.05
_END_S = 60.0
_NO_IDLE = httpx2.Limits(max_keepalive_connections=0)  # one that is idle may end just when it is used again


class ServerProcessError(Exception):
    """The server did what it must not; says what."""


class ServerProcess:
    """A server of one data directory, one life after the other. Use it as a context manager.

    Args:
        folder: for its data directory and its log.
        adb_port: of the phones' adb server.
        settings: names and values of its environment.
        program: what to run instead of `python -m fleetlane`.
        address: to listen on.
        token: that requests must carry; needed where the address can be reached from other computers.
    """

    def __init__(
        self,
        folder: Path,
        adb_port: int,
        settings: Mapping[str, str] | None = None,
        program: Sequence[str] = ("-m", "fleetlane"),
        *,
        address: str = "127.0.0.1",
        token: str = "",
    ) -> None:
        self.data_dir = folder / "data"
        self.log = folder / "server.log"
        self._output = self.log.open("ab")
        self._settings = {
            "FLEETLANE_MATERIAL_ROOTS": json.dumps([str(video().parent)]),
            "FLEETLANE_EDITOR_DWELL_S": "0",
            "FLEETLANE_UPLOAD_PATIENCE_S": "1",
            "FLEETLANE_GRID_PATIENCE_S": "25",
            "FLEETLANE_VERIFY_WAIT_S": "90",
            **({"FLEETLANE_TOKEN": token} if token else {}),
            **(settings or {}),
        }
        self._program = program
        self.address, self.port, self._adb_port = address, free_port(), adb_port
        self._process: subprocess.Popen[bytes] | None = None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=self.url, timeout=20, limits=_NO_IDLE, headers=headers)

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://{self.address}:{self.port}"

    @property
    def pid(self) -> int:
        """Return its process, of this life."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self._http.close()
        self._output.close()

    def start(self, **settings: str) -> float:
        """Start it, with more settings for this life. Returns the seconds until it answered.

        By then everything that its last life left running is settled. Seconds in which it stood in line for a
        CPU that others had do not count (Linux tells them).
        """
        places = {"host": self.address, "port": self.port, "data-dir": self.data_dir, "adb-port": self._adb_port}
        arguments = [part for name, value in places.items() for part in (f"--{name}", str(value))]
        began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, *self._program, "serve", *arguments],
            stdout=self._output,
            stderr=self._output,
            env={**os.environ, **self._settings, **settings},
        )
        wait_for(lambda: self.is_dead or self._answers(), 60, "the server to answer")
        return time.monotonic() - began - stood_in_line_s(self._process.pid)

    def _answers(self) -> bool:
        try:
            return self._http.get("/healthz", timeout=1).status_code == 200
        except httpx2.TransportError:
            return False

    def ready_phones(self) -> int:
        """Return how many phones can take a task."""
        return int(self._http.get("/healthz").json()["devices"]["ready"])

    @property
    def is_dead(self) -> bool:
        """Return whether the process has ended."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Ask it to end, as a person would, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_END_S)

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> dict[str, Any]:
        """Call the API and return the whole answer. `key`: the Idempotency-Key.

        Raises:
            httpx2.TransportError: the server died.
        """
        headers = {"Idempotency-Key": key} if key else {}
        return self._http.request(method, f"/api/v1{path}", json=body, headers=headers).json()

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """Call the API and return its data (see `ask`).

        Raises:
            ServerProcessError: it is refused.
        """
        envelope = self.ask(method, path, body, key)
        if envelope["code"] != 0:
            raise ServerProcessError(f"{method} {path}: {envelope}")
        return envelope["data"]

    def tasks(self) -> list[dict[str, Any]]:
        """Return all tasks."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"/task?sort=id&page_size=100&page={len(found) // 100 + 1}")
            found += page["tasks"]
            if len(found) >= page["total"]:
                return found


def stood_in_line_s(pid: int) -> float:
    """Return how long the main thread of a process could have run but had no CPU.

    Source: https://docs.kernel.org/scheduler/sched-stats.html (the second number of schedstat, nanoseconds).
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0  # no Linux, or the process is gone


def wait_for(condition: Callable[[], Any], timeout_s: float, what: str, poll_s: float = _POLL_S) -> None:
    """Wait until a condition holds.

    Raises:
        ServerProcessError: it does not.
    """
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            raise ServerProcessError(f"Waited {timeout_s:.0f} s in vain for {what}.")
        time.sleep(poll_s)
