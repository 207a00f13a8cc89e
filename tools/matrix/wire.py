"""Lanes on the wire: simulated phones behind the real adb, and a server that is a process of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cells import STUCK_AFTER_S, Ended, StuckError
from checkpoints import Journey
from server_process import ServerProcess, ServerProcessError, wait_for

from fleetlane.cli.demo_processes import video
from fleetlane.simulator.fleets.fleet import FleetSettings, FleetThread

UPLOAD_WAIT_S = 4
SETTINGS = {
    "FLEETLANE_UNKNOWN_SCREEN_PATIENCE_S": "2",
    "FLEETLANE_TASK_TIMEOUT_S": "90",
    "FLEETLANE_VERIFY_WAIT_S": "30",  # what stays in doubt ends before a cell is called stuck
}
PHONES = {"app_delay_factor": 0.25, "upload_s": 1.0, "first_port": 26000}
_POLL_S = 0.15
_COMPLETED, _FAILED = 2, 3


@dataclass(frozen=True, slots=True)
class Bench:
    """Phones, and the server that drives them."""

    phones: FleetThread
    server: ServerProcess

    def on(self, serial: str, act: Any) -> Any:
        """Do something with a phone on its own thread."""
        return self.phones.call(lambda: act(self.phones.fleet.server(serial)))

    def post(self, serial: str, journey: Journey, caption: str) -> int:
        """Create a post, and return the task's id."""
        config = {
            "captions": caption,
            "material_list": [str(video())],
            "platform": journey.app,
            "upload_wait_time": UPLOAD_WAIT_S,
            **journey.config,
        }
        body = {"serials": [serial], "script_name": "post", "script_config": config, "allow_repeat": True}
        return int(self.server.call("POST", "/task", body)["task_ids"][0])

    def ended(self, task_id: int) -> Ended:
        """Wait for a task's end, and return it.

        Raises:
            StuckError: it does not end.
        """
        last: dict[str, Any] = {}

        def is_over() -> bool:
            last.update(self.server.call("GET", f"/task/{task_id}"))
            return last["status"] in (_COMPLETED, _FAILED)

        try:
            wait_for(is_over, STUCK_AFTER_S, f"task {task_id} to end", _POLL_S)
        except ServerProcessError as error:
            raise StuckError(str(error)) from error
        return Ended(
            last["error_code"],
            last["remark"] or "",
            last["outcome"],
            seconds(last["start_time"]),
            seconds(last["end_time"]),
            self._phases(task_id) if last["error_code"] == "outcome_unknown" else {},
        )

    def _phases(self, task_id: int) -> dict[str, float]:
        attempt = self.server.call("GET", f"/task/{task_id}/trace")["attempts"][-1]
        return {phase["phase"]: seconds(phase["at"]) for phase in attempt["phases"]}

    def published(self, serial: str, caption: str) -> int:
        """Return how often a phone has really published a caption."""
        entries = self.phones.fleet.ledger.entries
        return sum(entry["serial"] == serial and entry["caption"] == caption for entry in entries)


@dataclass(frozen=True, slots=True)
class WireLane:
    """One phone of a bench (see `cells.Lane`)."""

    bench: Bench
    serial: str

    def now_s(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def on(self, act: Any) -> Any:
        """Do something with the phone on its own thread."""
        return self.bench.on(self.serial, act)

    def two_posts(self, journey: Journey, captions: tuple[str, str], mend: Callable[[], None]) -> tuple[Ended, Ended]:
        """Post twice, one task after the other has ended."""
        met = self.bench.ended(self.bench.post(self.serial, journey, captions[0]))
        mend()
        return met, self.bench.ended(self.bench.post(self.serial, journey, captions[1]))

    def published(self, caption: str) -> int:
        """Return how often the phone has really published a caption."""
        return self.bench.published(self.serial, caption)


def seconds(text: str) -> float:
    """Return the seconds since the epoch of a time as the API gives it."""
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def bench(phones: int) -> Iterator[Bench]:
    """Start phones and a server."""
    with (
        tempfile.TemporaryDirectory(prefix="fleetlane-matrix-") as folder,
        FleetThread(FleetSettings(phones=phones, **PHONES)) as fleet,
        ServerProcess(Path(folder), fleet.fleet.adb.port, SETTINGS) as server,
    ):
        server.start()
        if server.is_dead:
            raise ServerProcessError(f"The server did not start: {server.log.read_text(encoding='utf-8')[-2000:]}")
        wait_for(lambda: server.ready_phones() == phones, 60, "the phones to be ready")
        try:
            yield Bench(fleet, server)
        finally:
            server.end()
