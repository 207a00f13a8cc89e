"""Runs cells in virtual time or on the wire, and stops on the wire, several phones of it at the same time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import stops
from cells import Cell, run_cell
from checkpoints import Journey, Place
from rows import Row
from stops import Stop
from virtual_lane import VirtualLane
from wire import WireLane, bench

_FLEET = 64

Wanted = tuple[Journey, Place, Row]


def run_cells(wanted: Sequence[Wanted]) -> Iterator[Cell]:
    """Run cells in virtual time, one after another."""
    for one in wanted:
        yield _shown(run_cell(VirtualLane(*one), *one))


def run_cells_on_the_wire(wanted: Sequence[Wanted], at_once: int) -> Iterator[Cell]:
    """Run cells, each on a phone of its own; those that last long first."""
    beside = sorted((cell for cell in wanted if not cell[2].alone), key=lambda cell: not cell[2].is_long)
    for start in range(0, len(beside), _FLEET):
        yield from _run_fleet(beside[start : start + _FLEET], at_once)
    if alone := [cell for cell in wanted if cell[2].alone]:
        yield from _run_fleet(alone, 1)


def _run_fleet(wanted: Sequence[Wanted], at_once: int) -> Iterator[Cell]:
    with bench(len(wanted)) as phones, ThreadPoolExecutor(at_once) as pool:
        jobs = zip(phones.phones.fleet.serials, wanted, strict=True)
        for cell in pool.map(lambda job: run_cell(WireLane(phones, job[0]), *job[1]), jobs):
            yield _shown(cell)


def run_stops(wanted: Sequence[tuple[Journey, Row]], at_once: int, draw: random.Random) -> Iterator[Stop]:
    """Run the stops of journeys, each on a phone of its own."""
    if not wanted:
        return
    with bench(len(wanted)) as phones, ThreadPoolExecutor(at_once) as pool:
        seeds = [random.Random(draw.random()) for _ in wanted]
        jobs = zip(phones.phones.fleet.serials, wanted, seeds, strict=True)
        for found in pool.map(lambda job: list(stops.run_stops(phones, job[0], *job[1], job[2])), jobs):
            for stop in found:
                took = "ended before" if stop.took_s is None else f"{stop.took_s:.2f} s"
                _show(f"stop / {stop.row.name} / {stop.journey.name} / {stop.place.name}: {took}", stop.problems)
                yield stop


def _shown(cell: Cell) -> Cell:
    place = f"{cell.row.name} / {cell.journey.name} / {cell.place.name}"
    _show(f"{place}: {cell.end}, {cell.ended_s:.1f} s, next {cell.next_s:.1f} s | {cell.remark}", cell.problems)
    return cell


def _show(line: str, problems: Sequence[str]) -> None:
    print(line, flush=True)
    for problem in problems:
        print(f"   WRONG: {problem}", flush=True)
