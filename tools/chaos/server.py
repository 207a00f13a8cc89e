"""The server under test: a process that is started, asked, and killed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import httpx2

from fleetlane.cli.demo_processes import video
from fleetlane.simulator.fleet import free_port

_VICTIM = Path(__file__).with_name("victim.py")
_POLL_S = 0.05


class ChaosError(Exception):
    """The server did what it must not; says what."""


class Victim:
    """A server of one data directory, one life after the other. Use it as a context manager."""

    def __init__(self, folder: Path, adb_port: int) -> None:
        self.data_dir = folder / "data"
        self._log = (folder / "server.log").open("ab")
        self._port, self._adb_port = free_port(), adb_port
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self._http.close()
        self._log.close()

    def start(self, phase: str = "", when: str = "") -> float:
        """Start it, to die at a point of the journal or not. Returns the seconds until it answered.

        By then everything that its last life left running is settled. Seconds in which it stood in line for a
        CPU that others had do not count (Linux tells them).
        """
        settings = {
            "CHAOS_PHASE": phase,
            "CHAOS_WHEN": when,
            "FLEETLANE_AUTO_RETRY": "true",
            "FLEETLANE_RETRY_DELAY_MIN_S": "0",
            "FLEETLANE_RETRY_DELAY_MAX_S": "0.5",
            "FLEETLANE_MATERIAL_ROOTS": json.dumps([str(video().parent)]),
        }
        places = {"port": self._port, "data-dir": self.data_dir, "adb-port": self._adb_port}
        arguments = [part for name, value in places.items() for part in (f"--{name}", str(value))]
        began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, str(_VICTIM), "serve", *arguments],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, **settings},
        )
        wait_for(lambda: self.is_dead or self._answers(), 60, "the server to answer")
        return time.monotonic() - began - _stood_in_line_s(self._process.pid)

    def _answers(self) -> bool:
        try:
            return self._http.get("/healthz", timeout=1).status_code == 200
        except httpx2.TransportError:
            return False

    @property
    def is_dead(self) -> bool:
        """Return whether the process has ended."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """Call the API and return its data. `key`: the Idempotency-Key.

        Raises:
            ChaosError: it is refused.
            httpx2.TransportError: the server died.
        """
        headers = {"Idempotency-Key": key} if key else {}
        envelope = self._http.request(method, f"/api/v1{path}", json=body, headers=headers).json()
        if envelope["code"] != 0:
            raise ChaosError(f"{method} {path}: {envelope}")
        return envelope["data"]

    def tasks(self) -> list[dict[str, Any]]:
        """Return all tasks."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"/task?sort=id&page_size=100&page={len(found) // 100 + 1}")
            found += page["tasks"]
            if len(found) >= page["total"]:
                return found

    def phases_at_death(self) -> Counter[str]:
        """Return how far the attempts were that the last life left behind."""
        store = f"file:{self.data_dir / 'fleetlane.db'}?mode=ro"
        with closing(sqlite3.connect(store, uri=True)) as connection:
            rows = connection.execute("SELECT phase FROM attempts WHERE ended_ms IS NULL")
            return Counter(phase for (phase,) in rows)


def _stood_in_line_s(pid: int) -> float:
    """Return how long the main thread of a process could have run but had no CPU.

    Source: https://docs.kernel.org/scheduler/sched-stats.html (the second number of schedstat, nanoseconds).
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0  # no Linux, or the process is gone


def wait_for(condition: Callable[[], Any], timeout_s: float, what: str) -> None:
    """Wait until a condition holds.

    Raises:
        ChaosError: it does not.
    """
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            raise ChaosError(f"Waited {timeout_s:.0f} s in vain for {what}.")
        time.sleep(_POLL_S)
