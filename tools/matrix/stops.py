"""Stops: a task is stopped at each place, with the phone healthy and while a fault lasts."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cells import unfit, untrue
from checkpoints import Journey, Place, watch
from rows import ROWS, Row, before, mend
from wire import Bench

_ARRIVE_S = 90.0
_LATEST_S = 0.4
_HEALTHY = Row("healthy", "")
_SHORTER = {"hang for 30 s": {"for_s": 5.0}, "slow": {"for_s": 5.0, "factor": 10.0}}
_STRUCK = (
    "unplug", "offline", "drop", "hang for 30 s", "slow", "kill_ui_server", "not_responding", "lock", "upload_stuck",
    "popup",
)  # fmt: skip
BLOCKING = ("hang", "slow", "unplug", "not_responding", "upload_stuck")
"""Kinds that keep a task waiting."""


def _shorter(row: Row) -> Row:
    options = _SHORTER.get(row.name, row.options)
    name = f"{row.kind} for {options['for_s']:.0f} s" if row.name in _SHORTER else row.name
    return replace(row, name=name, options=options)


STOP_ROWS = (_HEALTHY, *(_shorter(row) for row in ROWS if row.name in _STRUCK))


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop. `took_s` is from the request to the end of the task; None when it had ended by itself before."""

    row: Row
    journey: Journey
    place: Place
    took_s: float | None
    problems: tuple[str, ...]


def run_stops(bench: Bench, serial: str, journey: Journey, row: Row, draw: random.Random) -> Iterator[Stop]:
    """Stop a task of one phone at each place in turn; in the end one more is posted, by which the lane goes on."""
    for place in journey.places:
        yield _stop_at(bench, serial, journey, place, row, pause_s=draw.uniform(0.0, _LATEST_S))
    caption = "after all stops"
    task = bench.ended(bench.post(serial, journey, caption))
    problems = untrue("the last post", task, bench.published(serial, caption))
    if task.code:
        problems.append(f"the last post ended with {task.code}: {task.remark}")
    if problems:
        yield Stop(row, journey, journey.places[-1], None, tuple(problems))


def _stop_at(bench: Bench, serial: str, journey: Journey, place: Place, row: Row, *, pause_s: float) -> Stop:
    there = threading.Event()
    caption = f"stopped at {place.name}"
    left = bench.on(serial, lambda phone: before(phone, journey.app))

    def lay(phone) -> None:
        faults = row.faults(journey.app, place.tap)

        def act() -> None:
            there.set()
            for fault in faults:
                phone.inject(fault)

        watch(phone, place.moments, act)

    bench.on(serial, lay)
    task_id = bench.post(serial, journey, caption)
    if not there.wait(_ARRIVE_S):
        return Stop(row, journey, place, None, (f"it never came to {place.name}",))
    time.sleep(pause_s)  # the instant is what is drawn
    asked_s = time.time()
    answer = bench.server.ask("POST", f"/task/{task_id}/stop")
    task = bench.ended(task_id)
    bench.on(serial, lambda phone: mend(phone, row, left))
    problems = untrue("the post", task, bench.published(serial, caption))
    if answer["code"] != 0:  # it had ended by itself
        return Stop(row, journey, place, None, tuple(problems))
    # The instant that was drawn may lie after the press, wherever the wait for it began.
    right = row.right(journey.app, place) | {"stopped"} | ({"outcome_unknown"} if place.is_risky else set())
    problems += unfit(task, right, asked_s)
    return Stop(row, journey, place, max(0.0, task.ended_s - asked_s), tuple(problems))
