"""What a fleet is asked to post, and what became of it: by what it says itself, and by the phones' ledgers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from judging import wrong
from server_process import ServerProcessError, wait_for
from whole_fleet import WholeFleet

from fleetlane.bootstrap.stores import database
from fleetlane.cli.demo_processes import video

_QUIET_S = 3.0
_TRIES = 5
_FAILED = 3
_BUSY = 50301
_POST_S, _POST_AGAIN_S = 90.0, 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all that was asked for. `wrong` are sentences; `unknown` counts outcomes that nobody can say."""

    posts: int
    twice: int
    lost: int
    unknown: int
    failed: int
    wrong: Sequence[str]


@dataclass(slots=True)
class Orders:
    """Posts that a fleet is asked for, each with a caption of its own. `name` is what the captions begin with."""

    fleet: WholeFleet
    name: str
    asked: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    """Caption and serial of each task."""
    refused: int = 0
    """How often a request was answered with "try again"."""
    _taken: int = 0

    def post(self, serial: str) -> int:
        """Ask for one post on a phone. Returns the task."""
        caption = f"{self.name} number {len(self.asked) + 1}"
        config = {"captions": caption, "material_list": [str(video())], "platform": "tiktok", "upload_wait_time": 20}
        body = {"serials": [serial], "script_name": "post", "script_config": config}
        wait_for(lambda: self._is_taken(body, caption), _POST_S, "the server to take a task", _POST_AGAIN_S)
        self.asked[self._taken] = caption, serial
        return self._taken

    def _is_taken(self, body: dict[str, Any], caption: str) -> bool:
        """Ask once; the same question again is the same task. False when the store was busy or away."""
        answer = self.fleet.server.ask("POST", "/task", body, key=caption)
        if answer["code"] == _BUSY:
            self.refused += 1
            return False
        if answer["code"] != 0:
            raise ServerProcessError(f"POST /task: {answer}")
        [self._taken] = answer["data"]["task_ids"]
        return True

    def post_over_all(self, count: int) -> None:
        """Ask for posts on all phones in turn: a phone of each host, then the next of each."""
        turns = [serial for turn in zip(*(host.serials for host in self.fleet.hosts), strict=True) for serial in turn]
        for number in range(count):
            self.post(turns[number % len(turns)])

    # -- the end -----------------------------------------------------------------------------------------

    def wait_for_end(self, timeout_s: float, *, settle: bool = True) -> None:
        """Wait until all tasks have ended and, to `settle`, the phones publish nothing more.

        Raises:
            ServerProcessError: they have not within the time.
        """

        def ended() -> bool:
            stats = self.fleet.server.call("GET", "/task/stats")
            return stats["pending"] == stats["running"] == 0

        wait_for(ended, timeout_s, "the tasks to end", 0.25)
        if settle:
            self._wait_for_uploads()

    def _wait_for_uploads(self) -> None:
        seen, since_s = -1, time.monotonic()
        while time.monotonic() - since_s < _QUIET_S:
            if (now := len(self._published())) != seen:
                seen, since_s = now, time.monotonic()
            time.sleep(0.1)

    def _published(self) -> list[dict[str, Any]]:
        return [post for host in self.fleet.hosts for post in host.posts()]

    def _times(self) -> Counter[str]:
        return Counter(post["caption"] for post in self._published())

    def judged(self) -> Verdict:
        """Compare what the fleet says of each task, and what it was asked for, with the ledgers."""
        tasks = {task["id"]: task for task in self.fleet.server.tasks()}
        times, said = self._times(), []
        twice = [caption for caption, count in times.items() if count > 1]
        lost = [task_id for task_id in self.asked if task_id not in tasks or tasks[task_id]["status"] not in (2, 3)]
        said += [f"Posted {times[caption]} times: {caption}." for caption in twice]
        said += [f"Task {task_id} is lost." for task_id in lost]
        for task_id, (caption, _) in self.asked.items():
            if task_id in tasks and (problem := wrong(tasks[task_id], times[caption])):
                said.append(f"Task {task_id} {problem}: {tasks[task_id]['error_code']}, {tasks[task_id]['remark']}")
        mine = [tasks[task_id] for task_id in self.asked if task_id in tasks]
        unknown = sum(task["outcome"] == "unknown" for task in mine)
        failed = sum(task["status"] == _FAILED for task in mine) - unknown
        return Verdict(len(self.asked), len(twice), len(lost), unknown, failed, [*said, *self._strays()])

    def _strays(self) -> list[str]:
        """Return what was published otherwise than it was asked for."""
        digest = sha256(video().read_bytes()).hexdigest()
        serial_of = dict(self.asked.values())
        return [
            f"{post['serial']} published {post['caption']!r} with {post['media_sha256']}, which nobody asked it for."
            for post in self._published()
            if serial_of.get(post["caption"]) != post["serial"] or post["media_sha256"] != [digest]
        ]

    def remarks(self) -> str:
        """Return why tasks failed, the most frequent reasons first."""
        failed = [task for task in self.fleet.server.tasks() if task["id"] in self.asked and task["status"] == _FAILED]
        return "; ".join(f"{count} x {why}" for why, count in Counter(t["remark"] for t in failed).most_common(3))

    def open_tasks(self) -> str:
        """Return which tasks have not ended, and what they wait for."""
        waiting = [task for task in self.fleet.server.tasks() if task["status"] not in (2, 3)]
        return "; ".join(f"{t['id']} on {t['serial']} {t['status_text']}: {t['waiting_for']}" for t in waiting)

    def settle_all(self, timeout_s: float) -> Sequence[str]:
        """Say of each unknown post what the ledgers say, retry what is not out. Returns what is not out once then."""
        server = self.fleet.server
        for _ in range(_TRIES):
            failed = [task for task in server.tasks() if task["status"] == _FAILED]
            if not failed:
                break
            times = self._times()
            for task in failed:
                if task["outcome"] == "unknown":
                    said = {"published": times[task["script_config"]["captions"]] > 0}
                    server.call("POST", f"/task/{task['id']}/resolve", said)
            server.call("POST", "/task/retry-all")
            self.wait_for_end(timeout_s)
        times = self._times()
        return [
            f"Task {task_id} ({caption}) is out {times[caption]} times, at the end of all."
            for task_id, (caption, _) in self.asked.items()
            if times[caption] != 1
        ]

    def broken_rules(self) -> Sequence[str]:
        """Return what `fleetlane store check` finds wrong: counters, lanes, journals."""
        return database(self.fleet.cluster.url).check().problems
