"""Kills a real server again and again while it posts on simulated phones, and judges by the phones' ledger."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from judging import wrong
from server import ChaosError, Victim, wait_for

from fleetlane.adapters.db.sqlite.backup import DataFolder, verify_data
from fleetlane.cli.demo_processes import video
from fleetlane.simulator.fleets.fleet import FleetThread

POINTS = [("at_risk", "after"), *itertools.product(("prepared", "armed", "tapped", "published"), ("before", "after"))]
"""Where in the journal the server kills itself."""
MOST_RECOVERY_S = 10.0
_END_S, _END_OF_ONE_S = 300.0, 10.0
_LONGEST_LIFE_S = 8.0
_STRIKE_S = 240.0
_QUIET_S = 3.0
_PENDING, _RUNNING, _COMPLETED, _FAILED = range(4)


@dataclass(slots=True)
class Storm:
    """One run. `posts` is how many are asked for at least; every caption is its own."""

    phones: FleetThread
    victim: Victim
    draw: random.Random
    posts: int
    captions: dict[int, str] = field(default_factory=dict[int, str])
    recoveries_s: list[float] = field(default_factory=list[float])
    kills: Counter[str] = field(default_factory=Counter[str])
    deaths: Counter[str] = field(default_factory=Counter[str])
    ends: Counter[str] = field(default_factory=Counter[str])
    looks: Counter[str] = field(default_factory=Counter[str])

    def run(self, kills: int, points: int) -> None:
        """Kill the server at random instants and at points of the journal, then let it finish, and judge.

        Raises:
            ChaosError: a post went out twice, a task is lost or in a wrong state, or a recovery took too long.
        """
        for place in _places(self.draw, kills, points):
            self._life(place)
        self._start()
        self._finish()
        self.looks = self.victim.looks()
        self._judge(self.victim.tasks())
        self._settle_all()
        self._check_store()

    # -- killing ---------------------------------------------------------------------------------------

    def _life(self, place: tuple[str, str] | None) -> None:
        if place is not None and place[0] == "at_risk":
            self._let_editors_ignore_a_tap()
        self._start(*(place or ("", "")))
        try:
            self._feed()
            if place is None:
                time.sleep(self.draw.uniform(0.0, _LONGEST_LIFE_S))  # the instant is what is drawn
            else:
                wait_for(lambda: self.victim.is_dead, _STRIKE_S, f"the server to die {' '.join(place[::-1])}")
        except httpx2.TransportError:
            pass  # it died while it was asked: that is what it is for
        self.victim.kill()
        self.kills[" ".join(place[::-1]) if place else "at a random instant"] += 1
        self.deaths += self.victim.phases_at_death()

    def _let_editors_ignore_a_tap(self) -> None:
        def change() -> None:
            for serial in self.phones.fleet.serials:
                for app in self.phones.fleet.server(serial).phone.apps.values():
                    app.faults.ignored_taps["editor_next_box"] = 1

        self.phones.call(change)

    def _start(self, phase: str = "", when: str = "") -> None:
        took_s = self.victim.start_to_die(phase, when)
        self.recoveries_s.append(took_s)

    def _feed(self) -> None:
        """See to it that there is something to post, and that all that was asked for is asked for."""
        serials = self.phones.fleet.serials
        while True:
            stats = self.victim.call("GET", "/task/stats")
            if stats["pending"] > len(serials) and len(self.captions) >= self.posts:
                return
            for _ in serials:
                self._ask(serials[len(self.captions) % len(serials)])

    def _ask(self, serial: str) -> None:
        caption = f"chaos number {len(self.captions) + 1}"
        config = {"captions": caption, "material_list": [str(video())], "platform": "tiktok", "upload_wait_time": 20}
        body = {"serials": [serial], "script_name": "post", "script_config": config}
        # The answer may get lost with the server: asked again with the same key, it is the same task.
        [task_id] = self.victim.call("POST", "/task", body, key=caption)["task_ids"]
        self.captions[task_id] = caption

    # -- the end ---------------------------------------------------------------------------------------

    def _finish(self) -> None:
        def ended() -> bool:
            stats = self.victim.call("GET", "/task/stats")
            return stats["pending"] == stats["running"] == 0

        wait_for(ended, max(_END_S, _END_OF_ONE_S * len(self.captions)), "the tasks to end")
        self._wait_for_uploads()

    def _wait_for_uploads(self) -> None:
        """Wait until the phones have published what they will: nothing new for a while."""
        seen, since_s = -1, time.monotonic()
        while time.monotonic() - since_s < _QUIET_S:
            if len(self.phones.fleet.ledger.entries) != seen:
                seen, since_s = len(self.phones.fleet.ledger.entries), time.monotonic()
            time.sleep(0.1)

    def _published(self) -> Counter[str]:
        return Counter(entry["caption"] for entry in self.phones.fleet.ledger.entries)

    def _judge(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        published = self._published()
        found = [f"Posted {n} times: {caption}." for caption, n in published.items() if n > 1]
        asked = {task["id"]: task["script_config"]["captions"] for task in tasks}
        found += [f"Task {task_id} is lost." for task_id in self.captions if task_id not in asked]
        found += [f"Nobody asked for it: {caption}." for caption in published if caption not in asked.values()]
        for task in tasks:
            problem = wrong(task, published[task["script_config"]["captions"]])
            if problem:
                found.append(f"Task {task['id']} {problem}: {task['error_code']}, {task['remark']}")
            self.ends[task["error_code"] or "completed"] += 1
        if (slowest_s := max(self.recoveries_s)) > MOST_RECOVERY_S:
            found.append(f"The server needed {slowest_s:.1f} s to come back.")
        if found:
            raise ChaosError("\n".join(found))

    def _settle_all(self) -> None:
        """Say of each unknown post what the ledger says, retry what did not go out: then all are out, once."""
        for _ in range(5):
            published = self._published()
            failed = [task for task in self.victim.tasks() if task["status"] == _FAILED]
            if not failed:
                break
            for task in failed:
                if task["outcome"] == "unknown":
                    said = {"published": published[task["script_config"]["captions"]] == 1}
                    self.victim.call("POST", f"/task/{task['id']}/resolve", said)
            self.victim.call("POST", "/task/retry-all")
            self._finish()
        published = self._published()
        amiss = [f"Task {i} is out {published[c]} times." for i, c in self.captions.items() if published[c] != 1]
        if amiss:
            raise ChaosError("\n".join(amiss))

    def _check_store(self) -> None:
        self.victim.kill()
        data = self.victim.data_dir
        found = verify_data(DataFolder(data / "fleetlane.db", data / "materials", data / "license.jwt", data))
        if found.problems:
            raise ChaosError("\n".join(found.problems))


def _places(draw: random.Random, kills: int, points: int) -> Sequence[tuple[str, str] | None]:
    """Return where to kill, in a drawn order: every point of the journal in turn, and None for random instants."""
    order = draw.sample(POINTS, len(POINTS))
    places = [*itertools.islice(itertools.cycle(order), points), *[None] * kills]
    draw.shuffle(places)
    return places
