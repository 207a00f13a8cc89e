"""One cell of the matrix: a post meets a fault at a place; then the next task of the lane is due."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from places import Journey, Place, watch
from rows import POSTED, Row, before, mend
from server_process import ServerProcess, ServerProcessError, wait_for

from fleetlane.cli.demo_processes import video
from fleetlane.core.outcome import FAILURES
from fleetlane.simulator.fleet import FleetThread
from fleetlane.simulator.phone_server import PhoneServer

UPLOAD_WAIT_S = 4
STUCK_AFTER_S = 180.0
_POLL_S = 0.15
_UNDER_WAY_S = 0.05
"""What a request to stop may take to come to the attempt, on its thread."""
_COMPLETED, _FAILED = 2, 3


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one fault at one place. Seconds count from the strike."""

    row: Row
    journey: Journey
    place: Place
    end: str
    remark: str
    ended_s: float
    next_s: float
    problems: tuple[str, ...]


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

    def ended(self, task_id: int) -> dict[str, Any]:
        """Wait for a task's end, and return it.

        Raises:
            ServerProcessError: it does not end.
        """
        last: dict[str, Any] = {}

        def is_over() -> bool:
            last.update(self.server.call("GET", f"/task/{task_id}"))
            return last["status"] in (_COMPLETED, _FAILED)

        wait_for(is_over, STUCK_AFTER_S, f"task {task_id} to end", _POLL_S)
        return last

    def published(self, serial: str, caption: str) -> int:
        """Return how often a phone has really published a caption."""
        entries = self.phones.fleet.ledger.entries
        return sum(entry["serial"] == serial and entry["caption"] == caption for entry in entries)


def run_cell(bench: Bench, serial: str, journey: Journey, place: Place, row: Row) -> Cell:
    """Let a post meet a fault, and the next one not."""
    struck: list[float] = []
    left = bench.on(serial, lambda phone: before(phone, journey.app))
    bench.on(serial, lambda phone: _lay(phone, journey, place, row, struck))
    first, second = "meets the fault", "comes after it"
    try:
        task = bench.ended(bench.post(serial, journey, first))
        bench.on(serial, lambda phone: mend(phone, row, left))
        after = bench.ended(bench.post(serial, journey, second))
    except ServerProcessError as error:
        return Cell(row, journey, place, "stuck", str(error), STUCK_AFTER_S, STUCK_AFTER_S, (f"stuck: {error}",))
    end = task["error_code"] or POSTED
    problems = [
        *([] if struck else ["the fault never struck"]),
        *untrue("the post", task, bench.published(serial, first)),
        *untrue("the next post", after, bench.published(serial, second)),
        *unfit(bench, task, row.right(journey.app, place)),
    ]
    if after["error_code"]:
        problems.append(f"the next post ended with {after['error_code']}: {after['remark']}")
    at = struck[0] if struck else seconds(task["start_time"])
    ended_s, next_s = seconds(task["end_time"]) - at, seconds(after["start_time"]) - at
    return Cell(row, journey, place, end, task["remark"] or "", ended_s, next_s, tuple(problems))


def _lay(phone: PhoneServer, journey: Journey, place: Place, row: Row, struck: list[float]) -> None:
    fault = row.fault(journey.app, place.tap)

    def strike() -> None:
        struck.append(time.time())
        phone.strike(fault)

    watch(phone, place.moments, strike)


def untrue(what: str, task: Mapping[str, Any], posts: int) -> list[str]:
    """Return what the phone's ledger says against a task's end."""
    code, remark, outcome = task["error_code"], task["remark"] or "", task["outcome"]
    found = []
    if posts > 1:
        found.append(f"{what} went out {posts} times")
    if (code is None) != (outcome == "published") or (outcome == "published" and posts != 1):
        found.append(f"{what} is {outcome} with {code}, and went out {posts} times")
    if outcome == "not_published" and posts:
        found.append(f"{what} is called unpublished ({code}), and went out")
    if code is not None and not remark.startswith(FAILURES[code].sentence):
        found.append(f"the remark of {what} does not begin with what happened: {remark}")
    return found


def unfit(bench: Bench, task: Mapping[str, Any], right: set[str], asked_s: float = 0.0) -> list[str]:
    """Return what is wrong with how a task ended.

    An unknown outcome is right, too, where a tap next to Post was repeated on the way, as on a slow machine, and where
    Post was about to be pressed at `asked_s`, when the task was asked to stop.
    """
    end = task["error_code"] or POSTED
    if end == "outcome_unknown" and end not in right:
        attempt = bench.server.call("GET", f"/task/{task['id']}/trace")["attempts"][-1]
        reached = {phase["phase"]: seconds(phase["at"]) for phase in attempt["phases"]}
        late = "armed" in reached and reached["armed"] < asked_s + _UNDER_WAY_S
        right = right | ({end} if "at_risk" in reached or late else set())
    return [] if end in right else [f"it ended with {end}; right are {', '.join(sorted(right))}"]


def seconds(text: str) -> float:
    """Return the seconds since the epoch of a time as the API gives it."""
    return datetime.fromisoformat(text).timestamp()
