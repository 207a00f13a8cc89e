"""Runs cells and stops on fleets of simulated phones, several phones at the same time."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import stops
from cells import Bench, Cell, run_cell
from places import Journey, Place
from rows import Row
from server_process import ServerProcess, ServerProcessError, wait_for
from stops import Stop

from fleetlane.simulator.fleet import FleetSettings, FleetThread

SETTINGS = {"FLEETLANE_UNKNOWN_SCREEN_PATIENCE_S": "2", "FLEETLANE_TASK_TIMEOUT_S": "90"}
PHONES = {"app_delay_factor": 0.25, "upload_s": 1.0, "first_port": 26000}
_FLEET = 64

Wanted = tuple[Journey, Place, Row]


def run_cells(wanted: Sequence[Wanted], at_once: int) -> Iterator[Cell]:
    """Run cells, each on a phone of its own; those that last long first."""
    beside = sorted((cell for cell in wanted if not cell[2].alone), key=lambda cell: not cell[2].is_long)
    for start in range(0, len(beside), _FLEET):
        yield from _run_fleet(beside[start : start + _FLEET], at_once)
    if alone := [cell for cell in wanted if cell[2].alone]:
        yield from _run_fleet(alone, 1)


def _run_fleet(wanted: Sequence[Wanted], at_once: int) -> Iterator[Cell]:
    with _bench(len(wanted)) as bench, ThreadPoolExecutor(at_once) as pool:
        jobs = zip(bench.phones.fleet.serials, wanted, strict=True)
        for cell in pool.map(lambda job: run_cell(bench, job[0], *job[1]), jobs):
            place = f"{cell.row.name} / {cell.journey.name} / {cell.place.name}"
            _show(f"{place}: {cell.end}, {cell.ended_s:.1f} s, next {cell.next_s:.1f} s | {cell.remark}", cell.problems)
            yield cell


def run_stops(wanted: Sequence[tuple[Journey, Row]], at_once: int, draw: random.Random) -> Iterator[Stop]:
    """Run the stops of journeys, each on a phone of its own."""
    if not wanted:
        return
    with _bench(len(wanted)) as bench, ThreadPoolExecutor(at_once) as pool:
        seeds = [random.Random(draw.random()) for _ in wanted]
        jobs = zip(bench.phones.fleet.serials, wanted, seeds, strict=True)
        for found in pool.map(lambda job: list(stops.run_stops(bench, job[0], *job[1], job[2])), jobs):
            for stop in found:
                took = "ended before" if stop.took_s is None else f"{stop.took_s:.2f} s"
                _show(f"stop / {stop.row.name} / {stop.journey.name} / {stop.place.name}: {took}", stop.problems)
                yield stop


def _show(line: str, problems: Sequence[str]) -> None:
    print(line, flush=True)
    for problem in problems:
        print(f"   WRONG: {problem}", flush=True)


@contextmanager
def _bench(phones: int) -> Iterator[Bench]:
    """Start phones and a server."""
    with (
        tempfile.TemporaryDirectory(prefix="fleetlane-matrix-") as folder,
        FleetThread(FleetSettings(phones=phones, **PHONES)) as fleet,
        ServerProcess(Path(folder), fleet.fleet.adb.port, SETTINGS) as server,
    ):
        server.start()
        if server.is_dead:
            raise ServerProcessError(f"The server did not start: {server.log.read_text(encoding='utf-8')[-2000:]}")
        wait_for(lambda: server.ready_phones() == phones, 60, "the phones to be ready")
        try:
            yield Bench(fleet, server)
        finally:
            server.end()
