from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetlane.core.schedule import instant_on, next_start, parse_hhmm, parse_instant, rfc3339

ROME = ZoneInfo("Europe/Rome")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("text", ["24:00", "7:30", "07:60", "07:30:00", "", "ab:cd", "٠٧:٣٠", "07:30 ", "-1:00"])
def test_anything_but_hhmm_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match="HH:MM"):
        parse_hhmm(text)


def test_the_current_minute_means_now():
    now = ms("2026-11-21T14:30:45+01:00")
    assert next_start(time(14, 30), now, ROME) == now


def test_a_later_time_means_today_and_an_earlier_one_tomorrow():
    now = ms("2026-11-21T14:30:45+01:00")
    assert next_start(time(14, 31), now, ROME) == ms("2026-11-21T14:31:00+01:00")
    assert next_start(time(14, 29), now, ROME) == ms("2026-11-22T14:29:00+01:00")


def test_a_time_in_a_gap_becomes_the_first_valid_instant():
    assert instant_on(date(2026, 3, 29), time(2, 30), ROME) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_an_ambiguous_time_becomes_its_first_occurrence():
    assert instant_on(date(2026, 10, 25), time(2, 30), ROME) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),
    st.times(),
    st.sampled_from(["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca"]),
)
def test_a_start_is_never_in_the_past_and_at_most_two_days_away(now, at, name):
    zone = ZoneInfo(name)
    now_ms = int(now.replace(tzinfo=UTC).timestamp() * 1000)
    start = next_start(at.replace(second=0, microsecond=0), now_ms, zone)
    assert now_ms <= start <= now_ms + timedelta(hours=25).total_seconds() * 1000 + 3_600_000


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-01T14:30:00", "now", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z"]
)
def test_an_instant_needs_a_date_a_time_and_an_offset(text):
    with pytest.raises(ValueError, match="offset"):
        parse_instant(text)


def test_instants_go_out_as_rfc3339_with_the_offset_of_the_zone():
    assert rfc3339(parse_instant("2026-03-01T14:30:00+08:00"), ROME) == "2026-03-01T07:30:00.000+01:00"
