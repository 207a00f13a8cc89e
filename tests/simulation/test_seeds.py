"""Hundreds of drawn histories of a server; `make simulate-seeds N=10000` for more, FIRST=17 N=1 to see one again."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from simulation.phones import FAULTS_OF_A_POST
from simulation.world import EVENTS, World
from support.budget import cases
from support.stores import new_store

SEEDS = int(os.environ.get("SIMULATE_SEEDS") or cases(150, 500))
FIRST = int(os.environ.get("SIMULATE_FIRST") or 0)
LENGTH = 60
PARTS = min(10, SEEDS)
happened: Counter[str] = Counter()


@pytest.fixture(scope="module")
def folder():
    """Where the stores are: in memory where there is such a folder, as no history here needs a real disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
    counts = ", ".join(f"{kind} {n}" for kind, n in sorted(happened.items()))
    sys.stdout.write(f"\nseeds from {FIRST}; what happened: {counts}\n")


@pytest.mark.timeout(24 * 3600 if SEEDS > 500 else 180)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_drawn_history_loses_a_task_posts_twice_or_stands_still(folder, part):
    for seed in range(FIRST + part, FIRST + SEEDS, PARTS):
        world = World(new_store(folder / f"{seed}.db"), seed)
        try:
            asyncio.run(world.run(LENGTH))
        except BaseException as error:
            error.add_note(f"seed {seed}: make simulate-seeds FIRST={seed} N=1")
            raise
        finally:
            world.close()
            for file in folder.glob(f"{seed}.db*"):
                file.unlink()
        happened.update({**world.happened, "histories": 1})


def test_every_kind_of_event_and_fault_has_happened():
    if happened["histories"] < 100:
        pytest.skip("too few histories")
    looked_for = {f"looked_for_{state}" for state in ("published", "not_published", "unknown")}
    punctual = {"held", "missed", "late_run", "began_in_time", "kept_its_start", "due_now"}
    named = {"by_address", "by_serial", "repeat_refused", "another_phone"}
    kinds = {*EVENTS, *FAULTS_OF_A_POST, *looked_for, *punctual, *named, "given_up", "killed_between_claim_and_start"}
    assert {kind for kind in kinds if not happened[kind]} == set()
