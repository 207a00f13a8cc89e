"""Writes docs/fault-matrix.md: what came of the cells and of the stops, as tables."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from cells import Cell
from elsewhere import ELSEWHERE
from places import JOURNEYS, Journey
from results import ROOT, Results
from rows import POSTED, Row
from stops import Stop
from this_machine import machine

from fleetlane.simulator.faults import KINDS

PAGE = ROOT / "docs" / "fault-matrix.md"
_SERIAL = re.compile(r"127\.0\.0\.1:\d+")

_HEAD = """# The fault matrix
<!-- Written by `make matrix`; do not edit. -->

Every [fault](faults.md) at every screen of a post, on **simulated phones only**: real adb, the real server as a
process of its own, apps that are models. It says what Fleetlane does when a phone fails, not how a real phone fails.

Date: {date}. Commit: {commits}. Machine: {machine}. At most {at_once} phones at work at the same time.
Settings: {settings}; `upload_wait_time` {upload_wait} s. The simulated apps run at a quarter of their delays; an
upload takes 1 s.

How it was done: a post is started on a phone of its own, and the fault strikes it at the place that heads the
column. When the post has ended, what does not pass by itself is put right (who is logged out is signed in again,
and so on), and a second post is asked for. Then the phone's own ledger is compared with what the API says: a post
is never out twice, one that is called not published is not out, one that is called published is, and the second
one is published, once.

**{cells} cells, {wrong} wrong, {stuck} stuck.** The lane went on after {median:.1f} s (median) to {most:.1f} s, the
time a fault lasts included.
"""

_CELLS = """
## Faults

A cell says how the post that was struck ended (`posted`: completed and published; else its
[error code](errors.md), status 3), and how many seconds after the fault the next task of the lane began.
"""

_STOPS = """
## Stops

A task was stopped at each of the places above, with the phone healthy and up to 0.4 s after a fault had struck it.
The seconds are from the request to the end of the task, by which its lane is free. Where the task had ended by
itself before the request, there is nothing to measure. After its stops each phone published one more post.

**{spread}; {wrong} wrong.**
"""


def write(results: Results, settings: Mapping[str, str], upload_wait_s: int, at_once: int) -> None:
    """Write the page."""
    cells, stops = results.cells, results.stops
    spans = [cell.next_s for cell in cells]
    parts = [
        _HEAD.format(
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            commits=", ".join(f"`{commit}`" for commit in results.commits),
            machine=machine(),
            at_once=at_once,
            settings=", ".join(f"`{name}={value}`" for name, value in settings.items()),
            upload_wait=upload_wait_s,
            cells=len(cells),
            wrong=sum(bool(cell.problems) for cell in cells),
            stuck=sum(cell.end == "stuck" for cell in cells),
            median=statistics.median(spans),
            most=max(spans),
        ),
        _rows(cells),
        _CELLS,
        *(_journey(journey, cells) for journey in JOURNEYS),
        _remarks(cells),
        _stops(stops),
        _elsewhere(),
    ]
    PAGE.write_text("\n".join(part.strip("\n") + "\n" for part in parts), encoding="utf-8")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _rows(cells: Sequence[Cell]) -> str:
    """Say what each row is, and what its seconds hang on."""
    rows = list({cell.row.name: cell.row for cell in cells}.values())
    return _table(
        ("fault", "what happens", "with", "the seconds are bounded by"),
        ((f"`{row.name}`", KINDS[row.kind], _options(row), row.bound or "-") for row in rows),
    )


def _options(row: Row) -> str:
    return ", ".join(f"`{name}` {value:g}" for name, value in row.options.items()) or "-"


def _journey(journey: Journey, cells: Sequence[Cell]) -> str:
    mine = [cell for cell in cells if cell.journey.name == journey.name]
    found = {(cell.row.name, cell.place.name): cell for cell in mine}
    names = list(dict.fromkeys(cell.row.name for cell in mine))
    lines = ((f"`{name}`", *(_cell(found.get((name, place.name))) for place in journey.places)) for name in names)
    heads = (f"`{place.name}`" if " " not in place.name else place.name for place in journey.places)
    return f"### {journey.name}\n\n" + _table(("fault", *heads), lines)


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    end = POSTED if cell.end == POSTED else f"`{cell.end}`"
    return f"{end} {cell.next_s:.1f}" + (" **wrong**" if cell.problems else "")


def _remarks(cells: Sequence[Cell]) -> str:
    said: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if cell.end != POSTED:
            remark = _SERIAL.sub("SERIAL", cell.remark).replace("|", "\\|")
            names = said.setdefault((cell.end, remark), [])
            if cell.row.name not in names:
                names.append(cell.row.name)
    lines = ((f"`{code}`", remark, ", ".join(names)) for (code, remark), names in sorted(said.items()))
    return "## What the remarks say\n\n" + _table(("error_code", "remark", "after"), lines)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def spread(stops: Sequence[Stop]) -> str:
    """Return in a line how long stops took."""
    took = [stop.took_s for stop in stops if stop.took_s is not None]
    if not took:
        return "no stop met a task that ran"
    p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
    return f"{len(took)} stops of running tasks: p50 {p50:.2f} s, p95 {p95:.2f} s, at most {max(took):.2f} s"


def _stops(stops: Sequence[Stop]) -> str:
    head = _STOPS.format(spread=spread(stops), wrong=sum(bool(stop.problems) for stop in stops))
    by_row = _by("the phone", stops, lambda stop: f"`{stop.row.name}`" if stop.row.kind else stop.row.name)
    by_place = _by("place", stops, lambda stop: f"{stop.journey.app}: {stop.place.name}")
    return f"{head}\n{by_row}\n{by_place}"


def _by(what: str, stops: Sequence[Stop], key: Callable[[Stop], str]) -> str:
    groups: dict[str, list[float]] = {}
    over: dict[str, int] = {}
    for stop in stops:
        group = groups.setdefault(key(stop), [])
        over.setdefault(key(stop), 0)
        if stop.took_s is None:
            over[key(stop)] += 1
        else:
            group.append(stop.took_s)
    lines = ((name, *_spread(group), str(over[name])) for name, group in groups.items())
    return _table((what, "stops", "p50", "p95", "max", "had ended before"), lines)


def _spread(values: Sequence[float]) -> tuple[str, ...]:
    if not values:
        return "0", "-", "-", "-"
    measured = (percentile(values, 0.5), percentile(values, 0.95), max(values))
    return (str(len(values)), *(f"{value:.2f} s" for value in measured))


def _elsewhere() -> str:
    lines = (
        (f"{app}: " + ", ".join(f"`{screen}`" for screen in screens), why)
        for app, reasons in ELSEWHERE.items()
        for why, screens in reasons.items()
    )
    head = "## Screens of the packs that no column names\n\n"
    return head + _table(("screens", "where they are tried"), lines)
