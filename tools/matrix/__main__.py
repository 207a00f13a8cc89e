"""`make matrix`: every fault at every screen of a post, in virtual time, and stops there, on the wire.

It writes docs/reference/fault-matrix.md. `--faults`, `--places` and `--journeys` run only some of it, `--slice` every
fault and every place once: they write nothing, unless they `--go-on` with a run that was stopped. With `--wire` the
faults strike on the wire, too: real adb, and a server that is a process of its own. Nothing of that is written either.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))  # for support
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for server_process

import page
from cells import Cell
from checkpoints import JOURNEYS, Journey
from results import Results
from rows import ROWS, Row
from runs import Wanted, run_cells, run_cells_on_the_wire, run_stops
from stops import BLOCKING, STOP_ROWS, Stop

_SEED = 7


def main() -> int:
    """Run the matrix. Returns 1 when something in it is wrong."""
    options = _options()
    began = time.monotonic()
    wanted, phones = _wanted(options), _stopped(options)
    if options.slice:
        wanted, phones = _slice(wanted), _stop_slice(phones)
    is_part = bool(
        options.wire or options.slice or options.only or options.faults or options.places or options.journeys
    )
    results = None if is_part and not options.go_on else Results(go_on=options.go_on)
    if results is not None:
        wanted = [cell for cell in wanted if not results.is_right(Cell, cell[2].name, cell[0].name, cell[1].name)]
        phones = [phone for phone in phones if not _is_done(results, *phone)]
    found: list[Cell | Stop] = []
    for one in _run(options, wanted, phones):
        found.append(one)
        if results is not None:
            results.add(one)
    wrong = sum(bool(one.problems) for one in found)
    print(f"{len(found)} cells and stops, {wrong} wrong, {time.monotonic() - began:.0f} s")
    print(page.spread([one for one in found if isinstance(one, Stop)]))
    if results is not None and results.cells:
        page.write(results, options.at_once)
        print(f"written: {page.PAGE}")
    return 1 if wrong else 0


def _run(
    options: argparse.Namespace, wanted: Sequence[Wanted], phones: Sequence[tuple[Journey, Row]]
) -> Iterator[Cell | Stop]:
    if options.only != "stops":
        yield from run_cells_on_the_wire(wanted, options.at_once) if options.wire else run_cells(wanted)
    if options.only != "faults":
        yield from run_stops(phones, options.at_once, random.Random(_SEED))


def _is_done(results: Results, journey: Journey, row: Row) -> bool:
    return all(results.is_right(Stop, row.name, journey.name, place.name) for place in journey.places)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=8, help="how many phones work at the same time, on the wire")
    parser.add_argument("--wire", action="store_true", help="let the faults strike on the wire, not in virtual time")
    parser.add_argument("--slice", action="store_true", help="every fault, place and stop at least once")
    parser.add_argument("--go-on", action="store_true", help="keep what a run that was stopped has found right")
    parser.add_argument("--only", choices=("faults", "stops"), help="without the other half")
    parser.add_argument("--faults", nargs="*", default=[], help="only these rows, by the beginning of their names")
    parser.add_argument("--places", nargs="*", default=[], help="only these places, likewise")
    parser.add_argument("--journeys", nargs="*", default=[], help="only these journeys, likewise")
    return parser.parse_args()


def _is_named(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or any(name.startswith(beginning) for beginning in wanted)


def _wanted(options: argparse.Namespace) -> list[Wanted]:
    return [
        (journey, place, row)
        for row in ROWS
        for journey in JOURNEYS
        for place in journey.places
        if row.applies(place)
        and not (options.wire and row.is_of_a_trait)  # phones on the wire here are ideal ones
        and _is_named(row.name, options.faults)
        and _is_named(place.name, options.places)
        and _is_named(journey.name, options.journeys)
    ]


def _stopped(options: argparse.Namespace) -> list[tuple[Journey, Row]]:
    return [
        (journey, row)
        for row in STOP_ROWS
        for journey in JOURNEYS
        if _is_named(row.name, options.faults) and _is_named(journey.name, options.journeys)
    ]


def _slice(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Return a cell for each place, with the rows taken in turn: there are more places than rows."""
    taken: Counter[str] = Counter()
    picked: list[Wanted] = []
    for _, cells in groupby(sorted(wanted, key=_place), key=_place):
        picked.append(min(cells, key=lambda cell: taken[cell[2].name]))
        taken[picked[-1][2].name] += 1
    return picked


def _place(cell: Wanted) -> tuple[str, str]:
    journey, place, _ = cell
    return journey.name, place.name


def _stop_slice(wanted: Sequence[tuple[Journey, Row]]) -> list[tuple[Journey, Row]]:
    """Return every journey with a healthy phone, and each fault that keeps a call waiting on a short one."""
    shortest = min(JOURNEYS, key=lambda journey: len(journey.places))
    return [(journey, row) for journey, row in wanted if not row.kind or (journey is shortest and row.kind in BLOCKING)]


if __name__ == "__main__":
    sys.exit(main())
