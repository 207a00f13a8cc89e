"""What can break in a fleet: hosts, their network and clocks, servers, the database, and its word."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable

import psycopg
from server_process import wait_for
from standby import Standby
from storm import Scenario, Storm

_FREE_S = 36.0
"""The time to live of leases, a heartbeat until it is seen to stand still (decision 0009), and a second."""
_OWN_S = 15.0
"""What the rest of an attempt takes that simply goes on."""
_BACK_S = 10.0
_SLEEP_S = 40.0
_PRESSES = "presses.jsonl"
"""What a host remembers of its presses, in its data directory."""
_PATIENCE_S = 90.0
_LEADER = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock'"
_POINTS = list(itertools.product(("prepared", "armed", "tapped", "published"), ("before", "after")))
_CUT_POINTS = [("armed", "before"), ("armed", "after"), ("tapped", "after")]


# -- the host -----------------------------------------------------------------------------------------------


def _kill_and_stay_away(storm: Storm) -> None:
    storm.look()
    storm.victim.program.kill()
    storm.wait_until_free(_PATIENCE_S)
    storm.start_again()


def _kill_and_come_back(storm: Storm) -> None:
    storm.look()
    storm.victim.program.kill()
    storm.start_again()
    storm.wait_until_free(_PATIENCE_S)
    storm.note_line()


def _sleep(storm: Storm) -> None:
    storm.look()
    storm.victim.program.stop()
    time.sleep(_SLEEP_S)  # as long as it sleeps
    storm.victim.program.go_on()
    storm.wait_until_free(_PATIENCE_S)


def _clock(storm: Storm) -> None:
    storm.look()
    storm.wait_until_free(_PATIENCE_S)


# -- the network --------------------------------------------------------------------------------------------


def _cut(seconds: float) -> Callable[[Storm], None]:
    def do(storm: Storm) -> None:
        storm.look()
        storm.fleet.network.cut(storm.victim.name)
        storm.victim.program.go_on()
        time.sleep(seconds)  # as long as it is cut off
        storm.fleet.network.mend(storm.victim.name)
        storm.wait_until_free(_PATIENCE_S)

    return do


def _bad_wire(storm: Storm) -> None:
    wire = storm.fleet.wire
    assert wire is not None
    storm.look()
    os.kill(wire.pid, signal.SIGUSR1)
    storm.wait_until_free(_PATIENCE_S)
    time.sleep(_SLEEP_S)  # as long as it is bad, at least
    os.kill(wire.pid, signal.SIGUSR2)


# -- servers and word ---------------------------------------------------------------------------------------


def _kill_leader(storm: Storm) -> None:
    fleet = storm.fleet
    assert fleet.server_door is not None
    former, began_s = fleet.rows(_LEADER), time.monotonic()
    fleet.servers[0].kill()
    fleet.server_door.lead_to((fleet.network.address, fleet.servers[1].port))
    wait_for(lambda: fleet.rows(_LEADER) not in ([], former), _PATIENCE_S, "another leader")
    storm.free_s = time.monotonic() - began_s
    storm.notes.append("seconds until another leads")


def _no_word(storm: Storm) -> None:
    with psycopg.connect(storm.fleet.cluster.url, autocommit=True) as ears:
        ears.execute("LISTEN fleetlane")
        storm.orders.wait_for_end(_PATIENCE_S * 2)
        heard = list(ears.notifies(timeout=1.0))
    assert not heard, "NOTIFY tells, although it must not"
    delays: list[float] = []
    for serial in storm.victim.serials:
        task_id = storm.orders.post(serial)
        query = "SELECT a.started_ms - t.created_ms FROM tasks t JOIN attempts a ON a.task_id = t.id WHERE t.id = %s"
        wait_for(lambda task_id=task_id, query=query: storm.fleet.rows(query, task_id), _PATIENCE_S, "a start")
        delays += [delay for (delay,) in storm.fleet.rows(query, task_id)]
    storm.free_s = max(delays) / 1000
    storm.notes.append("seconds from a task to its start, the longest")


# -- the database -------------------------------------------------------------------------------------------


def _database_away(mode: str, seconds: float) -> Callable[[Storm], None]:
    def do(storm: Storm) -> None:
        storm.look(at_all=True)
        storm.fleet.cluster.stop(mode)
        if storm.victim.program.is_stopped:
            storm.victim.program.go_on()
        time.sleep(seconds)  # as long as it is away
        storm.fleet.cluster.start()
        storm.wait_until_free(_PATIENCE_S)

    return do


def _fail_over(*, sync: bool, kill: bool = False, forget: bool = False) -> Callable[[Storm], None]:
    def do(storm: Storm) -> None:
        fleet, primary = storm.fleet, storm.fleet.cluster
        assert fleet.database_door is not None
        standby = fleet.enter(Standby(fleet.folder / "standby", primary, fleet.listens, sync=sync))
        storm.look(at_all=True)
        if not sync:
            standby.fall_behind()
        storm.victim.program.go_on()
        wait_for(storm.victim.posts, _PATIENCE_S, "a post of the victim")
        if kill:
            storm.victim.program.kill()
        fleet.database_door.lead_to(None)
        standby.take_over()
        fleet.cluster = standby.cluster
        storm.notes.append(f"the standby knew: {_phases(storm)}")
        fleet.database_door.lead_to((fleet.network.address, standby.cluster.port))
        if forget:
            (fleet.folder / storm.victim.name / "data" / _PRESSES).unlink()
        if kill:
            storm.start_again()
        storm.wait_until_free(_PATIENCE_S)

    return do


def _phases(storm: Storm) -> str:
    """Return how far the victim's attempts were, as the database has it."""
    query = (
        "SELECT a.phase FROM attempts a JOIN tasks t ON t.id = a.task_id AND t.attempt = a.number "
        "WHERE t.serial = ANY(%s) AND t.status = 1 ORDER BY t.id"
    )
    return ", ".join(phase for (phase,) in storm.fleet.rows(query, list(storm.victim.serials))) or "nothing that ran"


_BOTH_GONE = "neither the database nor the host remembers the press any more"


def all_scenarios() -> list[Scenario]:
    """Return every scenario, in the order in which they run."""
    found: list[Scenario] = []
    for phase, when in _POINTS:
        found += [
            Scenario(f"kill-{phase}-{when}-back", _kill_and_come_back, _BACK_S, (phase, when)),
            Scenario(f"kill-{phase}-{when}-away", _kill_and_stay_away, _FREE_S, (phase, when)),
        ]
    found += [Scenario(f"sleep-{phase}-{when}", _sleep, _FREE_S, (phase, when)) for phase, when in _CUT_POINTS]
    for seconds, (phase, when) in itertools.product((5, 30, 60), _CUT_POINTS):
        bound_s = min(seconds + 5 + _OWN_S, _FREE_S)
        found.append(Scenario(f"cut-{seconds}-{phase}-{when}", _cut(seconds), bound_s, (phase, when), cuts=True))
    found += [
        Scenario("loss-30", _bad_wire, _FREE_S, plan={"wire": ("--loss", "0.3")}, cuts=True),
        Scenario("delay-500", _bad_wire, _FREE_S, plan={"wire": ("--delay-s", "0.5")}, cuts=True),
        Scenario("database-restart", _database_away("fast", 0), 3 + _OWN_S),
        Scenario("database-crash", _database_away("immediate", 3), 6 + _OWN_S),
        Scenario("database-crash-armed", _database_away("immediate", 3), 6 + _OWN_S, ("armed", "before")),
        Scenario("database-away-60", _database_away("immediate", 60), 60 + _FREE_S),
        Scenario("leader-kill", _kill_leader, 3.0, plan={"servers": 2, "forwarded": True}),
        Scenario("no-word", _no_word, 2.0, plan={"quiet": True}),
        *[
            Scenario(f"clock-{name}", _clock, _OWN_S, plan={"first_life": {"FLEET_CLOCK_AHEAD_S": ahead}})
            for name, ahead in (("ahead", "3600"), ("behind", "-3600"))
        ],
        Scenario("failover-sync", _fail_over(sync=True), _FREE_S, ("armed", "before"), {"forwarded": True}),
        Scenario(
            "failover-sync-kill", _fail_over(sync=True, kill=True), _FREE_S, ("armed", "before"), {"forwarded": True}
        ),
        Scenario("failover-async", _fail_over(sync=False), _FREE_S, ("armed", "before"), {"forwarded": True}),
        Scenario(
            "failover-async-kill", _fail_over(sync=False, kill=True), _FREE_S, ("armed", "before"), {"forwarded": True}
        ),
        Scenario(
            "failover-async-kill-forget",
            _fail_over(sync=False, kill=True, forget=True),
            _FREE_S,
            ("armed", "before"),
            {"forwarded": True},
            may_fail=_BOTH_GONE,
        ),
    ]
    return found
