"""The clock of computers that share a store: whatever their own says, what is due is so for all at the same instant."""

from __future__ import annotations

import pytest

from fleetlane.adapters.clock import SharedClock
from fleetlane.core.errors import StoreBusyError
from support.clock import ManualClock

HOUR_S = 3600.0


@pytest.mark.parametrize("off_s", [HOUR_S, -HOUR_S])
def test_a_clock_that_is_wrong_or_jumps_changes_nothing(off_s):
    there, own = ManualClock(1_000.0), ManualClock(1_000.0 + off_s)
    clock = SharedClock(own, there.now_ms)
    clock.set()
    assert clock.now_ms() == there.now_ms()
    for moved in (there, own):
        moved.advance(10)
    own.jump(-off_s)
    assert clock.now_ms() == there.now_ms()
    assert clock.monotonic_s() == own.monotonic_s()


def test_while_nobody_can_be_asked_it_goes_on():
    there, own = ManualClock(1_000.0), ManualClock(5_000.0)

    def ask():
        if there.now_s() > 5:
            raise StoreBusyError("away")
        return there.now_ms()

    clock = SharedClock(own, ask)
    assert clock.now_ms() == own.now_ms(), "before it is set, it is the computer's own"
    clock.set()
    for moved in (there, own):
        moved.advance(10)
    with pytest.raises(StoreBusyError):
        clock.set()
    assert clock.now_ms() == there.now_ms()


def test_what_the_way_to_the_database_takes_is_halved():
    there, own = ManualClock(1_000.0), ManualClock(1_000.0)

    def ask():
        there.advance(1)
        own.advance(1)
        at_ms = there.now_ms()
        there.advance(1)
        own.advance(1)
        return at_ms

    clock = SharedClock(own, ask)
    clock.set()
    assert clock.now_ms() == there.now_ms()
