"""`make fleet`: posts over all phones of a fleet, compared with the phones' ledgers, and what it took."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from network import network_for
from orders import Orders
from server_process import wait_for
from this_machine import machine
from whole_fleet import Plan, WholeFleet

_SECONDS_A_POST = 3.0
_LEAST_WAIT_S = 120.0
_POLL_S = 0.02
_LONGEST_PAUSE_S = 1.5
_IDLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    CPU is seconds of processor a post; `idle_cpu` is what all of them use in a second while nothing is to do. Dispatch
    and stop are (p50, p95) in milliseconds. `refused` counts requests that the server answered with "try again".
    """

    hosts: int
    phones: int
    posts: int
    seconds: float
    posts_per_s: float
    server_cpu: float
    hosts_cpu: float
    postgres_cpu: float
    idle_cpu: float
    refused: int
    dispatch_ms: tuple[float, float]
    stop_ms: tuple[float, float]


def main(arguments: Sequence[str]) -> int:
    """Measure a fleet, print its figures, and write them to a file. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make fleet", description=__doc__)
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--phones", type=int, default=50, help="for each host")
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=40, help="of the delays of dispatch and stop, each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loopback", action="store_true", help="no network namespaces")
    parser.add_argument("--json", type=Path, default=None, help="write the figures to this file, too")
    options = parser.parse_args(arguments)
    plan = Plan(hosts=options.hosts, phones=options.phones, seed=options.seed)
    network, why = network_for(plan.names, namespaces=not options.loopback)
    print(why or f"{plan.hosts} hosts, each in a network namespace of its own.", flush=True)
    with tempfile.TemporaryDirectory(prefix="fleetlane-fleet-") as folder, network:
        Path(folder).chmod(0o755)  # PostgreSQL's user must get in
        with WholeFleet(Path(folder), plan, network) as fleet:
            return _measured(fleet, options)


def _measured(fleet: WholeFleet, options: argparse.Namespace) -> int:
    orders, idle_cpu = Orders(fleet, "fleet"), _idle_cpu(fleet)
    seconds, cpu = _post(orders, options.posts)
    problems = _problems(orders)
    asked = len(orders.asked)
    draw = random.Random(options.seed)
    dispatch, stop = _dispatch_ms(orders, options.samples, draw), _stop_ms(orders, options.samples, draw)
    problems = problems or _problems(orders, stopped=True)
    figures = Figures(
        hosts=fleet.plan.hosts,
        phones=fleet.plan.hosts * fleet.plan.phones,
        posts=asked,
        seconds=round(seconds, 1),
        posts_per_s=round(asked / seconds, 2),
        server_cpu=round(cpu["server"] / asked, 3),
        hosts_cpu=round(cpu["hosts"] / asked, 3),
        postgres_cpu=round(cpu["postgres"] / asked, 3),
        idle_cpu=round(idle_cpu, 3),
        refused=orders.refused,
        dispatch_ms=_percentiles(dispatch),
        stop_ms=_percentiles(stop),
    )
    _report(figures, options.json)
    print("\n".join(problems) or "every post is out once, on its phone, with its caption and its file", flush=True)
    return 1 if problems else 0


def _idle_cpu(fleet: WholeFleet) -> float:
    """Return the seconds of processor a second that the fleet uses by being there: it grows with hosts, not posts."""
    before, began = sum(fleet.cpu_s().values()), time.monotonic()
    time.sleep(_IDLE_S)  # what is measured
    return (sum(fleet.cpu_s().values()) - before) / (time.monotonic() - began)


def _post(orders: Orders, count: int) -> tuple[float, dict[str, float]]:
    """Post over all phones. Returns how long it took from the first request to the last end, and the CPU used."""
    fleet, before, began = orders.fleet, orders.fleet.cpu_s(), time.monotonic()
    orders.post_over_all(count)
    lanes = fleet.plan.hosts * fleet.plan.phones
    print(f"{count} posts asked for on {lanes} phones", flush=True)
    orders.wait_for_end(max(_LEAST_WAIT_S, _SECONDS_A_POST * count), settle=False)
    seconds, after = time.monotonic() - began, fleet.cpu_s()
    return seconds, {who: after[who] - before[who] for who in after}


def _problems(orders: Orders, *, stopped: bool = False) -> list[str]:
    """Return what is not as it was asked for; a task that was stopped may be out or not."""
    orders.wait_for_end(_LEAST_WAIT_S)
    verdict = orders.judged()
    found = [*verdict.wrong, *orders.broken_rules()]
    if not stopped and (short := verdict.failed + verdict.unknown):
        found.append(f"{short} tasks did not publish: {orders.remarks()}")
    return found


def _dispatch_ms(orders: Orders, samples: int, draw: random.Random) -> list[float]:
    """Post on idle lanes, one at a time. Returns the milliseconds from a task's creation to its attempt's start."""
    serials = [serial for host in orders.fleet.hosts for serial in host.serials]
    found: list[float] = []
    for number in range(samples):
        serial = serials[number % len(serials)]
        wait_for(lambda serial=serial: not _works(orders.fleet, serial), _LEAST_WAIT_S, f"{serial} to be idle")
        time.sleep(draw.uniform(0.2, 0.7))  # a lane that has just ended is looked at anyway
        task_id = orders.post(serial)
        wait_for(lambda task_id=task_id: _started(orders.fleet, task_id), _LEAST_WAIT_S, "a start", _POLL_S)
        [(created_ms, started_ms)] = _started(orders.fleet, task_id)
        found.append(started_ms - created_ms)
    return found


def _stop_ms(orders: Orders, samples: int, draw: random.Random) -> list[float]:
    """Stop posts somewhere on their way. Returns the milliseconds from the request to the attempt's stored end."""
    serials = [serial for host in orders.fleet.hosts for serial in host.serials]
    found: list[float] = []
    for number in range(samples):
        serial = serials[number % len(serials)]
        wait_for(lambda serial=serial: not _works(orders.fleet, serial), _LEAST_WAIT_S, f"{serial} to be idle")
        task_id = orders.post(serial)
        wait_for(lambda task_id=task_id: _started(orders.fleet, task_id), _LEAST_WAIT_S, "a start", _POLL_S)
        time.sleep(draw.uniform(0.1, _LONGEST_PAUSE_S))  # the instant is what is drawn
        asked_ms = time.time_ns() / 1e6
        answer = orders.fleet.server.ask("POST", f"/task/{task_id}/stop")
        [(ended_ms,)] = orders.fleet.rows("SELECT max(ended_ms) FROM attempts WHERE task_id = %s", task_id)
        if answer["code"] == 0 and ended_ms is not None and ended_ms >= asked_ms - 1:
            found.append(max(ended_ms - asked_ms, 0.0))  # else it had ended before
    return found


def _works(fleet: WholeFleet, serial: str) -> bool:
    return bool(fleet.rows("SELECT 1 FROM tasks WHERE serial = %s AND status IN (0, 1)", serial))


def _started(fleet: WholeFleet, task_id: int) -> list[tuple[int, int]]:
    query = "SELECT t.created_ms, a.started_ms FROM tasks t JOIN attempts a ON a.task_id = t.id WHERE t.id = %s"
    return fleet.rows(f"{query} ORDER BY a.number LIMIT 1", task_id)


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile; zeros of nothing."""
    ordered = sorted(values) or [0.0]
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return round(p50, 1), round(p95, 1)


def _report(figures: Figures, path: Path | None) -> None:
    values = asdict(figures)
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    print(json.dumps(values), file=sys.stdout)
    print(
        f"\n{day}, {machine()}:\n\n"
        "| hosts | phones | posts | posts/s | CPU s a post: server | hosts | PostgreSQL | all idle, CPU s/s "
        "| dispatch p50 / p95, ms | stop p50 / p95, ms |\n|---|---|---|---|---|---|---|---|---|---|\n"
        f"| {figures.hosts} | {figures.phones} | {figures.posts:,} | {figures.posts_per_s} | {figures.server_cpu} "
        f"| {figures.hosts_cpu} | {figures.postgres_cpu} | {figures.idle_cpu} "
        f"| {_pair(figures.dispatch_ms)} | {_pair(figures.stop_ms)} |\n",
        flush=True,
    )
    if path is not None:
        path.write_text(json.dumps({"day": day, "machine": machine(), **values}, indent=2) + "\n", encoding="utf-8")


def _pair(values: tuple[float, float]) -> str:
    return f"{values[0]:.0f} / {values[1]:.0f}"
