"""From a wall-clock time to an instant: `HH:MM` in a time zone, with the rules for daylight saving.

Instants are milliseconds since the Unix epoch, UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_HHMM = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def parse_hhmm(text: str) -> time:
    """Return the time of day for "HH:MM" (24 hours).

    Raises:
        ValueError: with a sentence, when the text is anything else.
    """
    found = _HHMM.fullmatch(text)
    if not found:
        raise ValueError(f'must be a time of day as "HH:MM", from "00:00" to "23:59", not {text[:40]!r}')
    return time(int(found[1]), int(found[2]))


def instant_on(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the UTC instant of the wall-clock time `at` on `day` in `zone`.

    A time inside a gap (clocks go forward) becomes the first valid instant after the gap; an
    ambiguous one (clocks go back) its first occurrence.
    """
    wall = datetime.combine(day, at)
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # In a gap, fold=1 (the offset after it) lands before the change and fold=0 after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _first_instant_after_change(before, instant, zone)


def _first_instant_after_change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    offset_before = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset_before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def next_start(hhmm: time, now_ms: int, zone: tzinfo) -> int:
    """Return when a task for the time of day `hhmm` starts: on the first day from today on when it is not over.

    The current minute means now.
    """
    now = datetime.fromtimestamp(now_ms / 1000, zone)
    if (now.hour, now.minute) == (hhmm.hour, hhmm.minute):
        return now_ms
    day = now.date()
    while (start_ms := int(instant_on(day, hhmm, zone).timestamp()) * 1000) // 60_000 < now_ms // 60_000:
        day += timedelta(days=1)  # twice where clocks went back over midnight: tomorrow's is over as well
    return max(start_ms, now_ms)


def parse_instant(text: str) -> int:
    """Return the instant of an RFC 3339 time with an offset, such as "2026-03-01T14:30:00+08:00".

    Raises:
        ValueError: with a sentence, when it is not one, has no offset, or lies outside 1970 to 9999.
    """
    problem = f'must be a time with an offset such as "2026-03-01T14:30:00+08:00", not {text[:60]!r}'
    try:
        parsed = datetime.fromisoformat(text)
        instant_ms = int(parsed.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise ValueError(problem) from error
    if parsed.tzinfo is None or "T" not in text.upper() or instant_ms < 0:
        raise ValueError(problem)
    return instant_ms


def rfc3339(instant_ms: int, zone: tzinfo) -> str:
    """Return an instant as RFC 3339 with the offset of `zone`, to the millisecond."""
    return datetime.fromtimestamp(instant_ms / 1000, zone).isoformat(timespec="milliseconds")
