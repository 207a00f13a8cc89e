"""Drawn histories of a fleet; `make simulate-seeds N=1000` for more, FIRST=17 N=1 to see one again."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from fleetlane.work.running.leases import DeviceLeases
from simulation.fleet import EVENTS, Fleet
from simulation.phones import FAULTS_OF_A_POST
from simulation.virtual_time import VirtualLoop
from support.budget import cases
from support.stores import new_store

SEEDS = int(os.environ.get("SIMULATE_SEEDS") or cases(8, 100))
FIRST = int(os.environ.get("SIMULATE_FIRST") or 0)
LENGTH = 120
PARTS = min(4, SEEDS)
MOST_TO_FIND = 8
"""Within so many histories a broken product is found; that was so in the first."""
happened: Counter[str] = Counter()


class NeverLost(DeviceLeases):
    """Believes for ever that a phone is its own, and arms whoever has it."""

    def holds(self, serial: str) -> bool:
        return serial in self._held

    def renew(self, repositories, serial: str) -> bool:
        del repositories, serial
        return True


@pytest.fixture(scope="module")
def folder():
    """Where the stores are: in memory where there is such a folder, as no history here needs a real disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
    counts = ", ".join(f"{kind} {n}" for kind, n in sorted(happened.items()))
    sys.stdout.write(f"\nfleets from {FIRST}; what happened: {counts}\n")


def run(path: Path, seed: int, leases_of: type[DeviceLeases] = DeviceLeases) -> Counter[str]:
    """Run a history in a store of its own, which is removed. Returns what happened."""
    fleet = Fleet(new_store(path), seed, leases_of)
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(fleet.run(LENGTH))
    except BaseException as error:
        error.add_note(f"seed {seed}: make simulate-seeds FIRST={seed} N=1")
        raise
    finally:
        fleet.close()
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
    return fleet.happened


@pytest.mark.timeout(24 * 3600 if SEEDS > 100 else 180)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_drawn_fleet_loses_a_task_posts_twice_or_uses_a_phone_twice_at_a_time(folder, part):
    for seed in range(FIRST + part, FIRST + SEEDS, PARTS):
        happened.update({**run(folder / f"{seed}.db", seed), "histories": 1})


def run_some(folder: Path, leases_of: type[DeviceLeases]) -> None:
    """Run so many histories that a broken product is found."""
    for seed in range(MOST_TO_FIND):
        run(folder / f"broken {seed}.db", seed, leases_of)


def test_a_fleet_whose_workers_never_believe_that_they_lost_a_phone_is_found_out(folder):
    with pytest.raises(AssertionError, match=r"is used by|presses Post"):
        run_some(folder, NeverLost)


def test_every_kind_of_event_and_fault_has_happened():
    if happened["histories"] < (50 if FIRST else 8):
        pytest.skip("too few histories were asked for: in the first eight all of it happens")
    seldom = {"steps_after_its_end", "steps_without_lease", "steps_on_anothers_phone", "presses"}
    assert {kind for kind in {*EVENTS, *FAULTS_OF_A_POST, *seldom} if not happened[kind]} == set()
