"""Start times in every time zone there is: each HH:MM that is asked for starts exactly once, on the day it means.

What is right is found another way: by walking along a zone's wall clock, minute by minute.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from fleetlane.core.schedule import instant_on, next_start

pytestmark = pytest.mark.slow

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]
NOONS = [int(datetime.combine(day, time(12), tzinfo=UTC).timestamp()) for day in DAYS]
ZONES = sorted(available_timezones() - {"localtime"})
TIMES = [time(hour, minute) for hour in range(24) for minute in range(60)]
TELLING_MINUTES = (0, 1, 14, 15, 29, 30, 31, 45, 59)


class Wall:
    """A zone's wall clock over some days, and when it first shows a time or, past a gap, a later one."""

    def __init__(self, zone, first: date, days: int):
        start = int(datetime.combine(first, time(), tzinfo=UTC).timestamp()) // 60 - 1440
        self.minutes = range(start, start + (days + 2) * 1440)
        self.shown = [datetime.fromtimestamp(m * 60, zone).replace(tzinfo=None) for m in self.minutes]
        self._furthest = list(accumulate(self.shown, max))

    def first_ms(self, day: date, at: time) -> int:
        return self.minutes[bisect_left(self._furthest, datetime.combine(day, at))] * 60_000

    def start_ms(self, at: time, now_ms: int) -> int:
        """Return the first start for `at` that is not over; one in this minute, or this minute itself, is now."""
        minute = now_ms // 60_000
        shown = self.shown[minute - self.minutes.start]
        if shown.time() == at:
            return now_ms
        days = (shown.date() + timedelta(days=n) for n in range(4))
        return max(now_ms, next(ms for ms in (self.first_ms(d, at) for d in days) if ms // 60_000 >= minute))


def changes(zone) -> list[int]:
    """Return the instants (seconds) at which a zone's offset changes in the two years."""

    def offset(second):
        return datetime.fromtimestamp(second, zone).utcoffset()

    def first_with_another(low, high):
        before = offset(low)
        return bisect_left(range(high), True, low, key=lambda second: offset(second) != before)

    return [first_with_another(low, high) for low, high in pairwise(NOONS) if offset(low) != offset(high)]


def kinds_of_change() -> dict[tuple, tuple[str, int]]:
    """Return a zone and an instant for each kind: the wall clock's reading before and after."""
    found = {}
    for name in ZONES:
        for second in changes(ZoneInfo(name)):
            before, after = (datetime.fromtimestamp(s, ZoneInfo(name)) for s in (second - 60, second))
            kind = (before.time(), before.utcoffset(), after.time(), after.utcoffset())
            found.setdefault(kind, (name, second))
    return found


def check_around(name: str, second: int) -> None:
    zone = ZoneInfo(name)
    day = datetime.fromtimestamp(second, zone).date()
    days = [day + timedelta(days=n) for n in (-2, -1, 0, 1)]
    wall = Wall(zone, days[0] - timedelta(days=2), 9)
    for at in TIMES:
        starts = [wall.first_ms(d, at) for d in days]
        assert [round(instant_on(d, at, zone).timestamp() * 1000) for d in days] == starts, (name, at)
    for seconds in (-86_400, -5400, -1800, -60, -1, 0, 30, 1800, 3599, 5400):
        now_ms = (second + seconds) * 1000
        for at in TIMES:
            if at.minute in TELLING_MINUTES:
                assert next_start(at, now_ms, zone) == wall.start_ms(at, now_ms), (name, at, seconds)


def test_every_kind_of_change_in_two_years_of_all_zones():
    kinds = kinds_of_change()
    assert len(kinds) > 10
    for name, second in kinds.values():
        check_around(name, second)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
    ids=["back over midnight", "forward over a whole day"],
)
def test_changes_of_other_times_that_may_come_again(name, change):
    check_around(name, int(change.timestamp()))


def test_who_asks_again_after_each_start_gets_one_start_for_every_day_of_two_years_in_every_zone():
    draw = random.Random(50809)
    assert len(ZONES) > 400
    for name in ZONES:
        zone, at = ZoneInfo(name), draw.choice(TIMES)
        now_ms = round(datetime.combine(DAYS[0], time(), zone).timestamp()) * 1000
        for day in DAYS:
            start_ms = next_start(at, now_ms, zone)
            shown, minute_before = (
                datetime.fromtimestamp(start_ms // 1000 - s, zone).replace(tzinfo=None) for s in (0, 60)
            )
            assert minute_before < datetime.combine(day, at) <= shown, (name, at, day)
            now_ms = start_ms + 60_000
