"""Writes docs/reference/fault-matrix.md: what came of the cells and of the stops, as tables."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from after_post import ELSEWHERE
from cells import Cell
from checkpoints import JOURNEYS, Journey
from results import ROOT, Results
from rows import NEVER_KNOWN, POSTED, UNKNOWN, Row
from stops import Stop
from this_machine import machine
from virtual_lane import LIKE, VERIFY_WAIT_S
from wire import SETTINGS, UPLOAD_WAIT_S

from fleetlane.simulator.faults import KINDS

PAGE = ROOT / "docs" / "reference" / "fault-matrix.md"
_SERIAL = re.compile(r"127\.0\.0\.1:\d+")

_HEAD = """# The fault matrix
<!-- Written by `make matrix`; do not edit. -->

Every [fault](faults.md) at every screen of a post, and stops there, on **simulated phones only**: apps that are models.
It says what Fleetlane does when a phone fails, not how a real phone fails.

{runs}
On the wire `tests/matrix` lets each fault strike once and at each screen once, too.
"""

_IN_VIRTUAL_TIME = (
    f"**in virtual time**: phones like `{LIKE}` ([what that is](simulated-phones.md#what-they-are-like)), "
    "the real driver and the real script; no sockets, no server"
)
_ON_THE_WIRE = (
    "**on the wire**: real adb, the real server as a process of its own; phones like `ideal`, at a quarter of their "
    "apps' delays"
)
_CELLS = """
## Faults

How it was done: a post is started on a phone of its own, and the fault strikes it at the place that heads the column.
When that attempt has ended, what does not pass without help is put right (who is logged out is signed in again, and so
on). A post in doubt is looked for as a server's lane does: before anything else where the phone was away, else after
the next post and then between pauses that grow, for {verify_min:.0f} minutes at most. A second post follows. Then the
phone's own ledger is compared with what was said: a post is never out twice, one that is called not published is not
out, one that is called published is, and the second one is published, once. All waits are those of a server that
nobody has set anything for.

**{cells} cells, {wrong} wrong, {stuck} stuck.** {ends} The next task began {median:.1f} s (median) to {most:.1f} s
after the fault.

`outcome_unknown`: {unknown} of {cells} ({unknown_share:.1f} %); {out} of these posts are out.
{why_unknown}

{rows}
A cell says how the post that was struck ended in the end (`posted`: completed and published; else its
[error code](errors.md), status 3), and how many seconds after the fault the next task of the lane began. **All these
seconds are virtual ones**: what calls, apps and pauses take on such phones.
"""

_STOPS = """
## Stops

A task was stopped at each of the places above, with the phone healthy and up to 0.4 s after a fault had struck it; at
most {at_once} phones at work at the same time. Settings: {settings}; `upload_wait_time` {upload_wait} s; an upload
takes 1 s. The seconds are real ones, from the request to the end of the task, by which its lane is free. Where the
task had ended on its own before the request, there is nothing to measure. After its stops each phone published one more
post.

**{spread}; {wrong} wrong.**
"""
_STOPS_LINE = re.compile(r"^\| stops \| .* \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def write(results: Results, at_once: int) -> None:
    """Write the page. Without new stops those that it has are kept, with their date and commit."""
    cells = results.cells
    stops, measured = _new_stops(results, at_once) if results.stops else _former_stops()
    runs = (("faults", _IN_VIRTUAL_TIME, *_measured(results, Cell)), ("stops", _ON_THE_WIRE, *measured))
    head = _HEAD.format(runs=_table(("", "how it was run", "date", "commit", "machine"), runs))
    parts = [
        head,
        _faults(cells),
        *(_journey(journey, cells) for journey in JOURNEYS),
        _remarks(cells),
        stops,
        _elsewhere(),
    ]
    PAGE.write_text("\n".join(part.strip("\n") + "\n" for part in parts), encoding="utf-8")


def _measured(results: Results, kind: type[Cell | Stop]) -> tuple[str, str, str]:
    """Return the dates, the commits and the machine."""
    commits = ", ".join(f"`{commit}`" for commit in results.commits(kind))
    return ", ".join(results.dates(kind)), commits, machine()


def _new_stops(results: Results, at_once: int) -> tuple[str, tuple[str, str, str]]:
    return _stops(results.stops, at_once), _measured(results, Stop)


def _former_stops() -> tuple[str, tuple[str, str, str]]:
    page = PAGE.read_text(encoding="utf-8")
    found = _STOPS_LINE.search(page)
    if found is None:
        raise SystemExit("The page has no stops yet: run `make matrix ARGS='--only stops --go-on'`.")
    section = page.partition("\n## Stops\n")[2].partition("\n## ")[0]
    return f"## Stops\n{section}", (found[1], found[2], found[3])


def _faults(cells: Sequence[Cell]) -> str:
    spans = [cell.next_s for cell in cells]
    unknown = [cell for cell in cells if cell.end == UNKNOWN]
    out = sum(cell.posts for cell in unknown)
    return _CELLS.format(
        verify_min=VERIFY_WAIT_S / 60,
        cells=len(cells),
        wrong=sum(bool(cell.problems) for cell in cells),
        stuck=sum(cell.end == "stuck" for cell in cells),
        ends=_ends(cells),
        median=statistics.median(spans),
        most=max(spans),
        unknown=len(unknown),
        unknown_share=100 * len(unknown) / len(cells),
        out=out,
        why_unknown=_why_unknown(cells),
        rows=_rows(cells),
    )


def _ends(cells: Sequence[Cell]) -> str:
    counted = Counter(cell.end for cell in cells).most_common()
    return "How they ended: " + ", ".join(f"{end if end == POSTED else f'`{end}`'} {n}" for end, n in counted) + "."


def _why_unknown(cells: Sequence[Cell]) -> str:
    """Say by which rows posts stay unknown, and what forces it."""
    by_row = Counter(cell.row.name for cell in cells if cell.end == UNKNOWN)
    others = sum(number for name, number in by_row.items() if name not in NEVER_KNOWN)
    lines = ((f"`{name}`", str(n), NEVER_KNOWN.get(name, "nothing forces it")) for name, n in by_row.items())
    head = f"In {others} of them nothing forces that; what does in the others:\n\n"
    return head + _table(("fault", "unknown", "why nobody can tell"), lines)


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
    shown = {**row.options, **({"also": ", ".join(row.also)} if row.also else {})}
    return ", ".join(f"`{name}` {_number(value)}" for name, value in shown.items() if name != "trait") or "-"


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


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


def _stops(stops: Sequence[Stop], at_once: int) -> str:
    head = _STOPS.format(
        at_once=at_once,
        settings=", ".join(f"`{name}={value}`" for name, value in SETTINGS.items()),
        upload_wait=UPLOAD_WAIT_S,
        spread=spread(stops),
        wrong=sum(bool(stop.problems) for stop in stops),
    )
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
