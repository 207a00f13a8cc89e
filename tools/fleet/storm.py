"""One scenario on a fleet of its own: something breaks while it posts, and the phones' ledgers say what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lane_watch import LaneWatch
from orders import Orders, Verdict
from server_process import ServerProcessError, stood_in_line_s, wait_for
from whole_fleet import Host, Plan, WholeFleet

_END_S = 240.0
_POINT_S = 120.0
_ONE_POST_S = 90.0
_LONGEST_PAUSE_S = 1.5


@dataclass(slots=True)
class Storm:
    """A fleet that posts, and its first host, to which things happen."""

    fleet: WholeFleet
    orders: Orders
    draw: random.Random
    watch: LaneWatch | None = None
    notes: list[str] = field(default_factory=list[str])
    free_s: float | None = None
    """How long it took, where that is not for the watch to say."""
    in_line_s: float = 0.0
    """How long of that the victim's new life only waited for a CPU that others had."""

    @property
    def victim(self) -> Host:
        """Return the host to which things happen."""
        return self.fleet.hosts[0]

    def look(self, *, at_all: bool = False) -> None:
        """Begin to watch the lanes of the victim, or all of them."""
        hosts = self.fleet.hosts if at_all else [self.victim]
        self.watch = LaneWatch(self.fleet, [serial for host in hosts for serial in host.serials])
        self.notes.append(f"{len(self.watch.attempts)} attempts ran")

    def wait_until_free(self, timeout_s: float) -> None:
        """Wait until the watched lanes are free, or the time is over."""
        assert self.watch is not None
        if not self.watch.wait(timeout_s):
            self.notes.append(f"a lane was not free after {timeout_s:.0f} s")

    def start_again(self) -> None:
        """Start the victim again, as an ordinary host."""
        self.fleet.start(self.victim, FLEET_PHASE="", FLEET_CLOCK_AHEAD_S="")

    def note_line(self) -> None:
        """Note how long the victim's new life has waited for a CPU: that is nothing that it does."""
        self.in_line_s = stood_in_line_s(self.victim.program.pid)
        self.notes.append(f"waited {self.in_line_s:.1f} s for a CPU")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a fleet.

    Args:
        name: it is chosen by.
        do: lets it happen, begins to watch the lanes, and repairs what nobody else would.
        bound_s: within which the lanes are to be free, from the fault on.
        phase: at which the victim stops itself before `do` is called, and whether `before` or `after` it is stored;
            without one it happens at a drawn instant while the victim posts.
        plan: what the fleet has that others have not.
        cuts: whether it needs network namespaces.
        may_fail: why posts may go out twice today; "" where they may not.
    """

    name: str
    do: Callable[[Storm], None]
    bound_s: float
    phase: tuple[str, str] | None = None
    plan: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cuts: bool = False
    may_fail: str = ""

    def plan_of(self, plan: Plan) -> Plan:
        """Return the plan of its fleet."""
        life = {"FLEET_PHASE": self.phase[0], "FLEET_WHEN": self.phase[1]} if self.phase else {}
        return replace(plan, **{"first_life": life, **self.plan})


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a scenario. `free_s` is None when a lane was not seen free."""

    name: str
    verdict: Verdict
    free_s: float | None
    in_line_s: float
    bound_s: float
    problems: Sequence[str]
    notes: Sequence[str]
    may_fail: str

    @property
    def is_late(self) -> bool:
        """Return whether a lane was not free within the bound."""
        return self.free_s is None or self.free_s - self.in_line_s > self.bound_s

    @property
    def is_well(self) -> bool:
        """Return whether all is as it must be."""
        return not self.problems and not self.is_late


def run(scenario: Scenario, storm: Storm, posts: int) -> Result:
    """Let a scenario happen while a fleet posts, let it finish, and judge."""
    problems: list[str] = []
    storm.orders.post_over_all(posts)
    try:
        _wait_for_point(scenario, storm)
        scenario.do(storm)
        storm.orders.wait_for_end(_END_S)
    except ServerProcessError as error:
        problems.append(str(error))
    verdict = storm.orders.judged()
    problems += [*verdict.wrong, *_every_lane_works(storm)]
    if storm.orders.refused:
        storm.notes.append(f"{storm.orders.refused} requests were to be asked again")
    free_s = storm.free_s
    if storm.watch is not None:
        storm.watch.close()
        free_s = storm.watch.free_s if free_s is None else free_s
    return Result(
        scenario.name, verdict, free_s, storm.in_line_s, scenario.bound_s, problems, storm.notes, scenario.may_fail
    )


def _wait_for_point(scenario: Scenario, storm: Storm) -> None:
    victim = storm.victim.program
    if scenario.phase is not None:
        wait_for(lambda: victim.is_stopped, _POINT_S, f"{storm.victim.name} to stop {' '.join(scenario.phase)}")
        return
    serials = list(storm.victim.serials)
    running = "SELECT 1 FROM tasks WHERE status = 1 AND serial = ANY(%s)"
    wait_for(lambda: len(storm.fleet.rows(running, serials)) == len(serials), _POINT_S, "all its lanes to work")
    time.sleep(storm.draw.uniform(0, _LONGEST_PAUSE_S))  # the instant is what is drawn


def _every_lane_works(storm: Storm) -> list[str]:
    """Post once more on each phone, let all be out once that were not, and check the store."""
    orders, fleet = storm.orders, storm.fleet
    try:
        fleet.wait_until_ready()
        for host in fleet.hosts:
            for serial in host.serials:
                orders.post(serial)
        orders.wait_for_end(_ONE_POST_S)
        return [*orders.settle_all(_ONE_POST_S), *orders.broken_rules()]
    except ServerProcessError as error:
        return [f"Afterwards: {error} {orders.open_tasks()}"]
