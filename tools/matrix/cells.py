"""One cell of the matrix: a post meets a fault at a place; then the next task of the lane is due.

It does not know how a lane is driven: by a server on the wire (`wire`), or in virtual time (`virtual_lane`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from checkpoints import Journey, Place, watch
from rows import POSTED, Row, before, mend

from fleetlane.core.outcome import FAILURES
from fleetlane.simulator.faults import Fault
from fleetlane.simulator.link.phone_link import PhoneLink

STUCK_AFTER_S = 180.0
_UNDER_WAY_S = 0.05
"""What a request to stop may take to come to the attempt, on its thread."""


class StuckError(Exception):
    """A task does not end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended, as its server or lane says. Seconds are since the epoch, of the clock that the phone has too.

    Attributes:
        code: its error code, None when it went well.
        remark: its remark.
        outcome: what is known of the post: "published", "not_published" or "unknown".
        began_s: when its last attempt began.
        ended_s: when it ended.
        phases: when its journal came to each phase; it need not be known of tasks whose outcome is.
    """

    code: str | None
    remark: str
    outcome: str
    began_s: float
    ended_s: float
    phases: Mapping[str, float]


class Lane(Protocol):
    """One phone and who gives it its tasks, in turn."""

    def now_s(self) -> float:
        """Return the seconds since the epoch."""
        ...

    def on(self, act: Callable[[PhoneLink], object]) -> object:
        """Do something with the phone where nothing else happens to it meanwhile."""
        ...

    def two_posts(self, journey: Journey, captions: tuple[str, str], mend: Callable[[], None]) -> tuple[Ended, Ended]:
        """Post twice; `mend` is called when the first one's attempt has ended, before the next one begins.

        Raises:
            StuckError: one does not end.
        """
        ...

    def published(self, caption: str) -> int:
        """Return how often the phone has really published a caption."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one fault at one place. Seconds count from the strike; `posts` is how often the post went out."""

    row: Row
    journey: Journey
    place: Place
    end: str
    remark: str
    ended_s: float
    next_s: float
    posts: int
    problems: tuple[str, ...]


def run_cell(lane: Lane, journey: Journey, place: Place, row: Row) -> Cell:
    """Let a post meet a fault, and the next one not."""
    struck: list[float] = []
    left = lane.on(lambda phone: before(phone, journey.app))
    faults = row.faults(journey.app, place.tap)
    lane.on(lambda phone: watch(phone, place.moments, lambda: _strike(lane, phone, faults, struck)))
    captions = "meets the fault", "comes after it"
    try:
        met, after = lane.two_posts(journey, captions, lambda: lane.on(lambda phone: mend(phone, row, left)))
    except StuckError as error:
        posts, problems = lane.published(captions[0]), (f"stuck: {error}",)
        return Cell(row, journey, place, "stuck", str(error), STUCK_AFTER_S, STUCK_AFTER_S, posts, problems)
    posts = lane.published(captions[0])
    problems = [
        *([] if struck else ["the fault never struck"]),
        *untrue("the post", met, posts),
        *untrue("the next post", after, lane.published(captions[1])),
        *unfit(met, row.right(journey.app, place)),
    ]
    if after.code:
        problems.append(f"the next post ended with {after.code}: {after.remark}")
    at = struck[0] if struck else met.began_s
    end = met.code or POSTED
    return Cell(row, journey, place, end, met.remark, met.ended_s - at, after.began_s - at, posts, tuple(problems))


def _strike(lane: Lane, phone: PhoneLink, faults: Sequence[Fault], struck: list[float]) -> None:
    struck.append(lane.now_s())
    for fault in faults:
        phone.inject(fault)


def untrue(what: str, task: Ended, posts: int) -> list[str]:
    """Return what the phone's ledger says against a task's end."""
    code, remark, outcome = task.code, task.remark, task.outcome
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


def unfit(task: Ended, right: set[str], asked_s: float = 0.0) -> list[str]:
    """Return what is wrong with how a task ended.

    An unknown outcome is right, too, where a tap next to Post was repeated on the way, as on a slow machine, and where
    Post was about to be pressed at `asked_s`, when the task was asked to stop.
    """
    end = task.code or POSTED
    if end == "outcome_unknown":
        late = task.phases.get("armed", asked_s + _UNDER_WAY_S) < asked_s + _UNDER_WAY_S
        right = right | ({end} if "at_risk" in task.phases or late else set())
    return [] if end in right else [f"it ended with {end}; right are {', '.join(sorted(right))}"]
