"""The calendar: what is due on which day, in the server's time zone; a month or a week of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from fleetlane.core.ports.tasks import DueSpan
from fleetlane.core.schedule import instant_on
from fleetlane.dashboard.dates import DateWords
from fleetlane.dashboard.page import PageRoute, render, translate_text
from fleetlane.web.wiring import Wired

_MOST_COUNTED = 1000
_DAY = timedelta(days=1)

Day = Annotated[date, Field(ge=date(1970, 3, 1), le=date(9999, 10, 1))]
"""A day that a page can be asked for."""

router = APIRouter(prefix="/calendar", route_class=PageRoute)


class Span(StrEnum):
    """How much is shown."""

    MONTH = "month"
    WEEK = "week"


_SHOWN = {Span.MONTH: 4, Span.WEEK: 25}


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day, and what is due on it. `is_outside` means that it fills up a week of the month."""

    day: date
    due: DueSpan
    is_today: bool
    is_past: bool
    is_outside: bool

    @property
    def more(self) -> int:
        """Return how many tasks are not shown."""
        return self.due.count - len(self.due.first)

    @property
    def is_too_much(self) -> bool:
        """Return whether there may be more tasks than were counted."""
        return self.due.count >= _MOST_COUNTED


@router.get("")
async def show_calendar(
    request: Request,
    services: Wired,
    span: Span = Span.MONTH,
    on: Day | None = None,
) -> HTMLResponse:
    """Show the month or the week that a day lies in; today's unless one is given."""
    words = DateWords(partial(translate_text, request))
    today = datetime.now(services.zone).date()
    chosen = on or today
    days = _days(span, chosen)
    bounds = [_begin(day, services.zone) for day in (*days, days[-1] + _DAY)]
    found = await services.queries.due(bounds, _SHOWN[span], _MOST_COUNTED)
    shown = [
        CalendarDay(day, due, day == today, day < today, span is Span.MONTH and day.month != chosen.month)
        for day, due in zip(days, found, strict=True)
    ]
    return render(
        request,
        "calendar.html",
        weeks=[shown[n : n + 7] for n in range(0, len(shown), 7)],
        span=span.value,
        spans=[one.value for one in Span],
        title=words.month(chosen),
        weekdays=[words.short_weekday(day) for day in days[:7]],
        whole=words.day,
        clock=partial(_clock, zone=services.zone),
        chosen=chosen,
        today=today,
        earlier=_step(span, chosen, -1),
        later=_step(span, chosen, 1),
        zone=str(services.zone),
    )


def _clock(at_ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%H:%M")


def day_of(day: date, zone: tzinfo) -> tuple[int, int]:
    """Return when a day begins and ends, in milliseconds since the epoch, also where clocks change on it."""
    return _begin(day, zone), _begin(day + _DAY, zone)


def _begin(day: date, zone: tzinfo) -> int:
    return int(instant_on(day, time.min, zone).timestamp()) * 1000


def _days(span: Span, chosen: date) -> list[date]:
    """Return whole weeks, from Monday on."""
    first = chosen.replace(day=1) if span is Span.MONTH else chosen
    last = _step(Span.MONTH, first, 1) - _DAY if span is Span.MONTH else chosen
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    return [monday + timedelta(days=n) for n in range(7 * weeks)]


def _step(span: Span, chosen: date, direction: int) -> date:
    if span is Span.WEEK:
        return chosen + timedelta(days=7 * direction)
    month = chosen.year * 12 + chosen.month - 1 + direction
    return date(month // 12, month % 12 + 1, 1)
