"""The processes of `fleetlane demo`: simulated phones and a real server, started in order and ended in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console

from fleetlane.core.errors import FleetlaneError
from fleetlane.http.server import PortTakenError, listen
from fleetlane.simulator.fleets.fleet import free_port
from fleetlane.simulator.ledger import read_ledger

_START_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 30.0
_POLL_S = 0.3


class DemoError(FleetlaneError):
    """The demo did not do what it should."""


@dataclass(frozen=True, slots=True)
class Running:
    """What the demo talks to."""

    http: httpx2.Client
    server: subprocess.Popen[str]
    serials: Sequence[str]
    ledger: Path
    log: Path
    """What the server writes."""
    older_posts: int
    """How many posts the ledger held before, when the data directory was used already."""

    def pause(self) -> None:
        """Wait a moment before the server is asked again (see `wait_for_end`)."""
        self.wait_for_end(_POLL_S)

    def wait_for_end(self, within_s: float | None = None) -> None:
        """Wait until the server ends, or the time is over.

        Raises:
            DemoError: the server has ended.
        """
        if _ends(self.server, within_s):
            raise DemoError(f"The server ended by itself. Its log: {self.log}")

    def posts(self) -> list[dict[str, Any]]:
        """Return what was published since the start."""
        return read_ledger(self.ledger)[self.older_posts :]


def video() -> Path:
    """Return the video that the demo publishes."""
    return Path(str(resources.files("fleetlane.cli") / "demo_media" / "video1.mp4"))


def start(stack: ExitStack, console: Console, folder: Path, phones: int, port: int, language: str) -> Running:
    """Start the phones and the server; they end with the stack, the server first.

    Raises:
        FleetlaneError: something does not start; says why.
    """
    ledger, logs = folder / "ledger.jsonl", folder / "logs"
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"{folder} cannot be used: {error.strerror}. Choose another --data-dir.") from error
    older_posts = len(read_ledger(ledger))
    adb_port = free_port()
    server_port = _free_from(console, port)
    with console.status("Starting simulated phones ..."):
        simulate = [
            "simulate",
            "--phones",
            str(phones),
            "--ledger",
            str(ledger),
            "--adb-port",
            str(adb_port),
            "--language",
            language,
        ]
        phones_process = stack.enter_context(_process(simulate, logs / "simulator.log", capture=True))
        serials = _serials(phones_process, phones, logs / "simulator.log")
    console.print(f"Simulated phones, behind a real adb server on port {adb_port}", highlight=False)
    console.print("(ideal ones, that answer at once; `fleetlane simulate --like real` has others):", highlight=False)
    for serial in serials:
        console.print(f"  {serial}", highlight=False)
    with console.status("Starting the server ..."):
        serve = [
            "serve",
            "--port",
            str(server_port),
            "--data-dir",
            str(folder / "data"),
            "--adb-port",
            str(adb_port),
        ]
        log = logs / "server.log"
        server = stack.enter_context(_process(serve, log))
        http = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{server_port}", timeout=30))
        _wait_until_ready(http, server, phones, log)
    console.print(f"Server: http://localhost:{server_port}/api/v1", highlight=False)
    console.print(f"Documentation: http://localhost:{server_port}/docs", highlight=False)
    return Running(http, server, serials, ledger, log, older_posts)


def _free_from(console: Console, port: int) -> int:
    for candidate in range(port, min(port + 100, 65536)):
        try:
            for listening in listen("127.0.0.1", candidate):
                listening.close()
        except PortTakenError:
            continue
        if candidate != port:
            console.print(f"Port {port} is taken; the demo uses {candidate}.")
        return candidate
    raise DemoError(f"No port from {port} on is free.")


@contextmanager
def _process(arguments: Sequence[str], log: Path, *, capture: bool = False) -> Generator[subprocess.Popen[str]]:
    """Run a sub-command of ours as a process of its own, ended with the block."""
    environment = {
        **os.environ,
        "FLEETLANE_MATERIAL_ROOTS": json.dumps([str(video().parent)]),
        "FLEETLANE_EDITOR_DWELL_S": "0",  # the demo's phones take taps at once
    }
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "fleetlane", *arguments],
            stdout=subprocess.PIPE if capture else errors,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        try:
            yield process
        finally:
            process.terminate()
            if not _ends(process, _END_TIMEOUT_S):
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _serials(process: subprocess.Popen[str], count: int, log: Path) -> list[str]:
    assert process.stdout is not None
    serials: list[str] = []
    reader = threading.Thread(target=lambda: serials.extend(_lines(process, count)), daemon=True)
    reader.start()
    reader.join(_START_TIMEOUT_S)
    if len(serials) < count:
        raise DemoError(f"The simulated phones did not start:\n{_tail(log)}")
    return serials


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [line.strip() for _, line in zip(range(count), process.stdout, strict=False)]


def _wait_until_ready(http: httpx2.Client, server: subprocess.Popen[str], phones: int, log: Path) -> None:
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until and not _ends(server, _POLL_S):
        with suppress(httpx2.TransportError):  # it does not listen yet
            if http.get("/healthz").json()["devices"]["ready"] >= phones:
                return
    raise DemoError(f"The server did not become ready:\n{_tail(log)}")


def _ends(process: subprocess.Popen[str], within_s: float | None) -> bool:
    """Wait for a process to end, and return whether it did in time."""
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
