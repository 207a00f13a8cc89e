"""A slice of the fault matrix: each fault once, each screen once, a stop at each. `make matrix` is all of it.

The faults strike on the wire, and on phones as the evidence says in virtual time.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLOWEST_STOP_S = 5.0


def _slice(*options):
    command = [sys.executable, str(ROOT / "tools" / "matrix"), "--slice", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, "\n".join(re.findall(r".*\n   WRONG.*", done.stdout)) + done.stderr
    return done.stdout


@pytest.mark.phone
@pytest.mark.timeout(320)
def test_each_fault_and_each_screen_has_a_defined_end_and_the_lane_goes_on(record_property):
    said = _slice("--only", "faults", "--wire")
    record_property("cells", said)
    assert len(_rows(said)) == 24, _rows(said)
    assert int(re.search(r"^(\d+) cells and stops, 0 wrong", said, flags=re.MULTILINE)[1]) >= 30


@pytest.mark.timeout(320)
def test_each_fault_and_each_screen_has_a_defined_end_on_phones_as_they_are():
    said = _slice("--only", "faults")
    assert len(_rows(said)) > 24, _rows(said)
    assert int(re.search(r"^(\d+) cells and stops, 0 wrong", said, flags=re.MULTILINE)[1]) >= 30


def _rows(said):
    return set(re.findall(r"^(.+?) / .+ / .+: \S+, [\d.]+ s, next", said, flags=re.MULTILINE))


@pytest.mark.phone
@pytest.mark.timeout(320)
def test_a_stop_at_each_screen_takes_effect_in_less_than_a_second(record_property):
    said = _slice("--only", "stops")
    record_property("stops", said)
    found = re.search(
        r"^(\d+) stops of running tasks: p50 ([\d.]+) s, p95 ([\d.]+) s, at most ([\d.]+) s", said, re.MULTILINE
    )
    assert int(found[1]) >= 30
    assert float(found[2]) < 1.0
    assert float(found[4]) < SLOWEST_STOP_S
