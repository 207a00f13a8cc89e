"""When a task is too late to begin automatically, and how that is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.lateness import LATE_REMARKS, Span, how_late, late_by_ms, may_begin_until, says_how_late, worked_ms
from fleetlane.core.outcome import failed
from fleetlane.core.task import Source, Status, Task

MIN = 60_000
START = 1_000_000_000
TASK = Task(
    1, "b", 0, "post", {}, "a", None, Source.API, 1, Status.PENDING, 0, START, START,
    late_after_ms=120 * MIN, late_at_ms=START + 120 * MIN,
)  # fmt: skip


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (1, "1 min"),
        (59 * MIN, "59 min"),
        (125 * MIN, "2 h 5 min"),
        (24 * 60 * MIN - 1, "1 d 0 h"),
        (3 * 24 * 60 * MIN + 130 * MIN, "3 d 2 h"),
    ],
)
def test_a_lateness_is_said_in_its_largest_units(late, said):
    assert str(how_late(LATE_REMARKS, late)) == f"It was {said} late."


def test_a_remark_says_how_late_its_task_began_and_nothing_when_it_was_not():
    assert says_how_late(failed("app_crashed"), None) == failed("app_crashed")
    assert str(says_how_late(failed("app_crashed"), 5 * MIN).remark) == "The app crashed. It was 5 min late."


def test_time_in_which_the_lane_worked_does_not_count():
    work = [Span(START - 5 * MIN, START + 10 * MIN), Span(START + 60 * MIN, START + 80 * MIN)]
    assert may_begin_until(TASK, [], START) == START + 120 * MIN
    assert may_begin_until(TASK, work, START + 120 * MIN) == START + 150 * MIN
    assert may_begin_until(TASK, work, START + 70 * MIN) == START + 140 * MIN


def test_what_has_no_start_time_is_in_doubt_or_was_let_begin_is_never_late():
    for task in (replace(TASK, late_at_ms=None), replace(TASK, late_after_ms=None), replace(TASK, outcome="unknown")):
        assert may_begin_until(task, [], START + 10**12) is None


def test_a_clock_that_was_set_back_makes_no_lateness_negative():
    assert late_by_ms(TASK, START - 10**9) == MIN
    assert late_by_ms(replace(TASK, held_ms=START + 130 * MIN), START - 10**9) == 130 * MIN


def test_hours_that_clocks_skip_or_repeat_change_no_lateness():
    rome = ZoneInfo("Europe/Rome")
    before = datetime(2026, 3, 29, 1, 30, tzinfo=rome)
    after = datetime(2026, 3, 29, 3, 30, tzinfo=rome)  # one hour later: 2:00 to 3:00 is skipped
    task = replace(TASK, scheduled_ms=int(before.astimezone(UTC).timestamp() * 1000))
    assert late_by_ms(task, int(after.astimezone(UTC).timestamp() * 1000)) == 60 * MIN


@given(
    spans=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50)), max_size=8),
    since=st.integers(0, 100),
    length=st.integers(0, 150),
)
def test_the_time_worked_is_what_any_span_covers(spans, since, length):
    work = [Span(begin, begin + lasted) for begin, lasted in spans]
    covered = sum(any(one.start_ms <= at < one.end_ms for one in work) for at in range(since, since + length))
    assert worked_ms(work, since, since + length) == covered
