"""The calendar: days of the server's zone, days with much, and what leads from it to lists and to a new task."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from fleetlane.dashboard.calendar import day_of
from support.server import ServerThread

HOUR_MS = 60 * 60 * 1000


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with ServerThread(tmp_path_factory.mktemp("data"), time_zone="Asia/Shanghai") as server:
        yield server


def cell(text, day):
    return text.partition(f'data-day="{day}"')[2].partition("</li>")[0]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Rome", date(2026, 3, 29), 23),
        ("Europe/Rome", date(2026, 10, 25), 25),
        ("America/Havana", date(2026, 3, 8), 23),  # clocks go forward at midnight: the day begins at 1:00
        ("Asia/Shanghai", date(2026, 3, 29), 24),
    ],
)
def test_a_day_is_as_long_as_it_is_in_the_servers_zone(zone, day, hours):
    begin, end = day_of(day, ZoneInfo(zone))
    assert end - begin == hours * HOUR_MS


def test_a_task_is_on_its_day_in_the_servers_zone_and_a_full_day_leads_to_its_list(plain):
    [late] = plain.create(["x"], start_at="2031-05-09T16:30:00Z")  # half past midnight in Shanghai
    plain.create([f"p{n}" for n in range(7)], start_at="2031-05-10T06:00:00Z")
    text = plain.http.get("/calendar?on=2031-05-20").text
    assert text.count("data-day=") == 35
    assert f'href="/tasks/{late}"' in cell(text, "2031-05-10")
    assert "00:30" in cell(text, "2031-05-10")
    assert "4 more" in cell(text, "2031-05-10")
    assert 'href="/tasks/' not in cell(text, "2031-05-09")
    place = "/tasks?due_on=2031-05-10&amp;sort=scheduled_at"
    assert place in cell(text, "2031-05-10")
    listed = plain.http.get(place.replace("&amp;", "&")).text
    assert listed.count("<tr data-task=") == 8
    assert "due_on=2031-05-10" in listed.partition("tasks.csv?")[2][:60]
    week = plain.http.get("/calendar?span=week&on=2031-05-10").text
    assert week.count("data-day=") == 7
    assert cell(week, "2031-05-10").count('href="/tasks/') == 8


def test_its_words_are_those_of_the_language(plain):
    for language, month in {"zh": "2031年5月", "it": "maggio 2031", "en": "May 2031"}.items():
        text = plain.http.get("/calendar?on=2031-05-20", headers={"Accept-Language": language}).text
        assert f" · {month}</h1>" in text


def test_its_ends_are_pages(plain):
    for last in ("on=1970-03-01", "on=9999-10-01", "span=week&on=1970-03-01", "span=week&on=9999-10-01"):
        assert plain.http.get(f"/calendar?{last}").status_code == 200, last
    for wrong in ("on=1969-01-01", "on=x", "span=year", "on=9999-12-31"):
        assert plain.http.get(f"/calendar?{wrong}").status_code == 400, wrong
